// ReplicationControllers: as many pods as asked for. The core is lib/pods/replicas.ts.
import { replicationControllers } from "../../api/index.ts";
import { type LabelMatcher, labelSelectorMatcher, labelsMatcher } from "../../machinery/index.ts";
import { type ControllerContext, runReplicaController } from "../lib/index.ts";

/** No selector selects nothing; the API server fills it from the template. */
const selectorOf = (selector: Readonly<Record<string, string>> | undefined): LabelMatcher =>
  selector === undefined || Object.keys(selector).length === 0
    ? labelSelectorMatcher(undefined)
    : labelsMatcher(selector);

export const runReplicationControllers = (context: ControllerContext): Promise<void> =>
  runReplicaController(context, {
    kind: replicationControllers,
    component: "replication-controller",
    selector: (controller) => selectorOf(controller.spec?.selector),
    tellsTerminating: false,
  });
