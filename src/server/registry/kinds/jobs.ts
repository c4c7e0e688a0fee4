// Jobs leave their pods behind when the deletion does not say what to do with them. Upstream: registry/batch/job/storage.
import type { KubeObject } from "../../../machinery/index.ts";
import type { KindHooks } from "../../core.ts";

const generated: ReadonlySet<string> = new Set([
  "batch.kubernetes.io/controller-uid",
  "batch.kubernetes.io/job-name",
  "controller-uid",
  "job-name",
]);

/** Labels that the server made for the template alone are the job's own by default only: SetDefaults_Job, when it is read. */
function hasDefaultLabels(object: KubeObject): boolean {
  const { spec, metadata } = object as KubeObject & {
    readonly spec?: { readonly template?: { readonly metadata?: { readonly labels?: Record<string, string> } } };
  };
  const ofTemplate = Object.keys(spec?.template?.metadata?.labels ?? {});
  const own = Object.keys(metadata.labels ?? {});
  return [ofTemplate, own].every(
    (names) => names.length === generated.size && names.every((name) => generated.has(name)),
  );
}

export const jobHooks: KindHooks = {
  storedIncomplete: hasDefaultLabels,
  deleteWarnings: ({ propagationPolicy, orphanDependents }) =>
    propagationPolicy === undefined && orphanDependents === undefined
      ? [
          "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
        ]
      : [],
};
