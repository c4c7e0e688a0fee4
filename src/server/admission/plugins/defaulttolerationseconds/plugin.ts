// Pods stay five minutes on a node that is not ready or not reached, unless they say otherwise.
import { type Pod, pods } from "../../../../api/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain } from "../../framework.ts";

const standard = { notReady: 300, unreachable: 300 };

export const createDefaultTolerationSeconds = ({
  tolerationSeconds: seconds = standard,
}: Pick<AdmissionHost, "tolerationSeconds">): AdmissionPlugin => ({
  name: "DefaultTolerationSeconds",
  handles: (attributes) =>
    (attributes.operation === "CREATE" || attributes.operation === "UPDATE") && isMain(attributes, pods),
  admit(attributes) {
    const { spec } = draftOf<Pod>(attributes);
    if (spec === undefined) return;
    const tolerations = spec.tolerations ?? [];
    const wanted = [
      { key: "node.kubernetes.io/not-ready", tolerationSeconds: seconds.notReady },
      { key: "node.kubernetes.io/unreachable", tolerationSeconds: seconds.unreachable },
    ];
    const missing = wanted.filter(
      ({ key }) =>
        !tolerations.some((each) => (each.key === key || !each.key) && (each.effect === "NoExecute" || !each.effect)),
    );
    if (missing.length === 0) return;
    spec.tolerations = [
      ...tolerations,
      ...missing.map(({ key, tolerationSeconds }) => ({
        key,
        operator: "Exists" as const,
        effect: "NoExecute" as const,
        tolerationSeconds,
      })),
    ];
  },
});
