// A DELETE of a CustomResourceDefinition marks it; its finalizer waits for the end of all instances.
// Upstream: apiextensions-apiserver pkg/registry/customresourcedefinition/etcd.go.
import type { CustomResourceDefinition } from "../../../api/index.ts";
import { deepClone, formatTime } from "../../../machinery/index.ts";
import type { KindHooks } from "../../core.ts";

const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

export const definitionHooks: KindHooks = {
  prepareDelete(object, context) {
    if (object.metadata.deletionTimestamp !== undefined) return "proceed";
    const draft = deepClone(object) as CustomResourceDefinition;
    const now = formatTime(context.nowMs);
    draft.metadata.deletionTimestamp = now;
    if (!draft.metadata.finalizers?.includes(cleanupFinalizer))
      draft.metadata.finalizers = [...(draft.metadata.finalizers ?? []), cleanupFinalizer];
    const conditions = draft.status?.conditions ?? [];
    const before = conditions.find((each) => each.type === "Terminating");
    const terminating = {
      type: "Terminating",
      status: "True",
      lastTransitionTime: before?.status === "True" ? (before.lastTransitionTime ?? now) : now,
      reason: "InstanceDeletionPending",
      message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    };
    draft.status = {
      ...draft.status,
      conditions:
        before === undefined
          ? [...conditions, terminating]
          : conditions.map((each) => (each === before ? terminating : each)),
    };
    return draft;
  },
};
