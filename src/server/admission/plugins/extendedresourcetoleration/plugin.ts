// Pods that ask for extended resources tolerate the taints that keep other pods off their nodes.
// Upstream: plugin/pkg/admission/extendedresourcetoleration.
import { type Pod, pods, type Toleration } from "../../../../api/index.ts";
import { deepEqual, qualifiedName } from "../../../../machinery/index.ts";
import type { AdmissionPlugin } from "../../../contract.ts";
import { draftOf } from "../../framework.ts";
import { isWrite } from "../../lib/writes.ts";

const isExtended = (name: string): boolean =>
  name.includes("/") &&
  !name.includes("kubernetes.io/") &&
  !name.startsWith("requests.") &&
  qualifiedName(`requests.${name}`).length === 0;

const isSameRule = (a: Toleration, b: Toleration): boolean =>
  (a.key ?? "") === (b.key ?? "") &&
  (a.effect ?? "") === (b.effect ?? "") &&
  (a.operator ?? "") === (b.operator ?? "") &&
  (a.value ?? "") === (b.value ?? "");

export const createExtendedResourceToleration = (): AdmissionPlugin => ({
  name: "ExtendedResourceToleration",
  handles: (attributes) => isWrite(attributes, pods),
  admit(attributes) {
    const { spec } = draftOf<Pod>(attributes);
    const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
    const names = containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {})).filter(isExtended);
    for (const key of [...new Set(names)].sort()) {
      const wanted: Toleration = { key, operator: "Exists", effect: "NoSchedule" };
      const list = spec.tolerations ?? [];
      const same = list.some((each) => isSameRule(each, wanted));
      if (!same) spec.tolerations = [...list, wanted];
      else if (!list.some((each) => deepEqual(each, wanted)))
        spec.tolerations = list.map((each) => (isSameRule(each, wanted) ? wanted : each));
    }
  },
});
