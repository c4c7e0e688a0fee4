// What a Job asks of its pods. Upstream: pkg/controller/job {job_controller,indexed_job_utils,pod_failure_policy,backoff_utils}.go.
import type { batch_v1, core_v1 } from "../../api/index.ts";
import { parseTime } from "../../machinery/index.ts";
import { isDeleting, podCondition } from "../lib/index.ts";

export type Job = batch_v1.Job;
export type Pod = core_v1.Pod;

export const uid = (pod: Pod): string => pod.metadata.uid ?? "";
type PodTemplate = core_v1.PodTemplateSpec;

export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
const indexKey = "batch.kubernetes.io/job-completion-index";
const failureCountKey = "batch.kubernetes.io/job-index-failure-count";
const ignoredCountKey = "batch.kubernetes.io/job-index-ignored-failure-count";
const indexVariable = "JOB_COMPLETION_INDEX";

export const isIndexed = (job: Job): boolean => job.spec?.completionMode === "Indexed";
export const isSuspended = (job: Job): boolean => job.spec?.suspend === true;
export const hasPerIndexLimit = (job: Job): boolean => job.spec?.backoffLimitPerIndex !== undefined;
export const completionsOf = (job: Job): number => job.spec?.completions ?? 1;
export const parallelismOf = (job: Job): number => job.spec?.parallelism ?? 1;
export const isFinished = (job: Job): boolean =>
  job.status?.conditions?.some(
    (condition) => (condition.type === "Complete" || condition.type === "Failed") && condition.status === "True",
  ) === true;
/** Someone else manages this job. */
export const isForeign = (job: Job): boolean =>
  job.spec?.managedBy !== undefined && job.spec.managedBy !== "kubernetes.io/job-controller";

export const onlyReplacesFailed = (job: Job): boolean =>
  job.spec?.podReplacementPolicy === "Failed" || job.spec?.podFailurePolicy !== undefined;

export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(trackingFinalizer) === true;
export const untrackPatch = { metadata: { "$deleteFromPrimitiveList/finalizers": [trackingFinalizer] } };

/** -1: none. */
export function completionIndex(pod: Pod): number {
  const text = pod.metadata.annotations?.[indexKey];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : -1;
}

export const isValidIndex = (job: Job, index: number): boolean => index >= 0 && index < completionsOf(job);

/** A pod that is being deleted counts as failed, unless only failed ones are replaced. */
export function isFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === "Failed") return true;
  return !onlyReplacesFailed(job) && isDeleting(pod) && pod.status?.phase !== "Succeeded";
}

const counter = (pod: Pod, key: string): number => {
  const text = pod.metadata.annotations?.[key];
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : 0;
};
export const indexFailures = (pod: Pod): number => counter(pod, failureCountKey);
/** Ignored failures too: they count for the back-off. */
export const allIndexFailures = (pod: Pod): number => indexFailures(pod) + counter(pod, ignoredCountKey);

export interface FailureVerdict {
  /** Why the whole job fails. */
  readonly failsJob?: string;
  readonly failsIndex: boolean;
  readonly counts: boolean;
}

/** The first rule of the pod failure policy that matches; without one the failure counts. */
export function applyFailurePolicy(job: Job, pod: Pod): FailureVerdict {
  const counts: FailureVerdict = { failsIndex: false, counts: true };
  const rules = job.spec?.podFailurePolicy?.rules ?? [];
  for (const [index, rule] of rules.entries()) {
    const why = matchRule(rule, pod);
    if (why === undefined) continue;
    switch (rule.action) {
      case "Ignore":
        return { failsIndex: false, counts: false };
      case "Count":
        return counts;
      case "FailIndex":
        return { failsIndex: true, counts: true };
      case "FailJob":
        return { ...counts, failsJob: `${why} matching FailJob rule at index ${index}` };
    }
  }
  return counts;
}

function matchRule(rule: batch_v1.PodFailurePolicyRule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (rule.onExitCodes !== undefined) {
    const { operator, values, containerName } = rule.onExitCodes;
    const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
    const found = statuses.find(({ name: container, state }) => {
      const exitCode = state?.terminated?.exitCode ?? 0;
      if (exitCode === 0 || (containerName !== undefined && containerName !== container)) return false;
      return operator === "In" ? values.includes(exitCode) : operator === "NotIn" && !values.includes(exitCode);
    });
    if (found === undefined) return undefined;
    return `Container ${found.name} for pod ${name} failed with exit code ${found.state?.terminated?.exitCode}`;
  }
  const patterns = rule.onPodConditions ?? [];
  const condition = pod.status?.conditions?.find((each) =>
    patterns.some((pattern) => pattern.type === each.type && (pattern.status ?? "True") === each.status),
  );
  return condition === undefined ? undefined : `Pod ${name} has condition ${condition.type}`;
}

/** When the pod ended, in ms since 1970, by the best that is known. */
export function finishedMs(pod: Pod): number {
  const sidecars = new Set(
    pod.spec?.initContainers?.filter((each) => each.restartPolicy === "Always").map((each) => each.name),
  );
  const statuses = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []).filter((each) => sidecars.has(each.name)),
  ];
  const ends = statuses.map((status) => parseTime(status.state?.terminated?.finishedAt));
  if (ends.length > 0 && ends.every((end) => !Number.isNaN(end))) return Math.max(...ends);
  const ready = podCondition(pod, "Ready");
  const unreadyMs = ready?.status === "False" ? parseTime(ready.lastTransitionTime) : Number.NaN;
  if (!Number.isNaN(unreadyMs)) return unreadyMs;
  const deletedMs = parseTime(pod.metadata.deletionTimestamp);
  if (!Number.isNaN(deletedMs)) return deletedMs - (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  return parseTime(pod.metadata.creationTimestamp);
}

export interface NewPod {
  readonly template: PodTemplate;
  readonly generateName?: string;
}

/** A pod for the job, or for one of its indexes. `replaced`: the pod of this index that failed last. */
export function podFor(job: Job, index: number | undefined, replaced?: Pod): NewPod {
  const template = job.spec?.template ?? {};
  const finalizers = template.metadata?.finalizers ?? [];
  const metadata = {
    ...template.metadata,
    finalizers: finalizers.includes(trackingFinalizer) ? finalizers : [...finalizers, trackingFinalizer],
  } as NonNullable<PodTemplate["metadata"]>;
  if (index === undefined) return { template: { ...template, metadata } };
  const spec = template.spec ?? { containers: [] };
  const withIndex = (container: core_v1.Container): core_v1.Container =>
    container.env?.some((variable) => variable.name === indexVariable)
      ? container
      : {
          ...container,
          env: [
            ...(container.env ?? []),
            { name: indexVariable, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } } },
          ],
        };
  return {
    generateName: indexedName(job.metadata.name, index),
    template: {
      ...template,
      metadata: {
        ...metadata,
        labels: { ...metadata.labels, [indexKey]: String(index) },
        annotations: { ...metadata.annotations, [indexKey]: String(index), ...failureCounts(job, replaced) },
      },
      spec: {
        ...spec,
        hostname: `${job.metadata.name}-${index}`,
        containers: spec.containers.map(withIndex),
        ...(spec.initContainers !== undefined ? { initContainers: spec.initContainers.map(withIndex) } : {}),
      },
    },
  };
}

const longestGeneratedName = 58;

function indexedName(jobName: string, index: number): string {
  const suffix = `-${index}-`;
  return jobName.slice(0, longestGeneratedName - suffix.length) + suffix;
}

function failureCounts(job: Job, replaced: Pod | undefined): Record<string, string> {
  if (!hasPerIndexLimit(job)) return {};
  if (replaced === undefined) return { [failureCountKey]: "0" };
  const { counts } = applyFailurePolicy(job, replaced);
  const ignored = counter(replaced, ignoredCountKey) + (counts ? 0 : 1);
  return {
    [failureCountKey]: String(indexFailures(replaced) + (counts ? 1 : 0)),
    ...(ignored > 0 ? { [ignoredCountKey]: String(ignored) } : {}),
  };
}
