// Hard anti-affinity is by host alone: one that spans a zone would keep everybody else out of it.
// Upstream: plugin/pkg/admission/antiaffinity.
import { type Pod, pods } from "../../../../api/index.ts";
import { forbidden } from "../../../../machinery/index.ts";
import type { AdmissionPlugin } from "../../../contract.ts";
import { draftOf } from "../../framework.ts";
import { isWrite } from "../../lib/writes.ts";

const hostname = "kubernetes.io/hostname";

export const createLimitPodHardAntiAffinityTopology = (): AdmissionPlugin => ({
  name: "LimitPodHardAntiAffinityTopology",
  handles: (attributes) => isWrite(attributes, pods),
  validate(attributes) {
    const { metadata, spec } = draftOf<Pod>(attributes);
    const terms = spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const other = terms.find(({ topologyKey }) => topologyKey !== hostname);
    if (other !== undefined)
      throw forbidden(
        pods,
        metadata.name,
        `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${other.topologyKey} but only key ${hostname} is allowed`,
      );
  },
});
