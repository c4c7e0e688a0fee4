// Jobs leave their pods behind when the deletion does not say what to do with them. Upstream: registry/batch/job/storage.
import type { KindHooks } from "../../core.ts";

export const jobHooks: KindHooks = {
  deleteWarnings: ({ propagationPolicy, orphanDependents }) =>
    propagationPolicy === undefined && orphanDependents === undefined
      ? [
          "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
        ]
      : [],
};
