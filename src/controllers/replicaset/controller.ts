// ReplicaSets: as many pods as asked for. The core is lib/pods/replicas.ts.
import { replicaSets } from "../../api/index.ts";
import { labelSelectorMatcher } from "../../machinery/index.ts";
import { type ControllerContext, runReplicaController } from "../lib/index.ts";

export const runReplicaSets = (context: ControllerContext): Promise<void> =>
  runReplicaController(context, {
    kind: replicaSets,
    component: "replicaset-controller",
    selector: (replicaSet) => labelSelectorMatcher(replicaSet.spec?.selector),
    tellsTerminating: true,
  });
