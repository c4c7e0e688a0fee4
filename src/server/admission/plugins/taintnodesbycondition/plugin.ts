// New nodes begin with the taint that the node lifecycle controller takes away once they are ready. KEP-382.
import { type Node, nodes } from "../../../../api/index.ts";
import type { AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain } from "../../framework.ts";

const notReady = "node.kubernetes.io/not-ready";

export const createTaintNodesByCondition = (): AdmissionPlugin => ({
  name: "TaintNodesByCondition",
  handles: (attributes) => attributes.operation === "CREATE" && isMain(attributes, nodes),
  admit(attributes) {
    const node = draftOf<Node>(attributes);
    const spec = (node.spec ??= {});
    const taints = spec.taints ?? [];
    if (taints.some((taint) => taint.key === notReady && taint.effect === "NoSchedule")) return;
    spec.taints = [...taints, { key: notReady, effect: "NoSchedule" }];
  },
});
