// The spec of a Job, also as a template in CronJobs. Upstream: pkg/apis/batch/validation, pkg/api/job/warnings.go.
import type {
  JobSpec,
  PodFailurePolicy,
  PodFailurePolicyRule,
  SuccessPolicy,
  SuccessPolicyRule,
} from "../../../../facts/types/batch.v1.ts";
import { field, qualifiedName, quoteGoList, utf8Length } from "../../../machinery/index.ts";
import { domainPrefixedPath } from "../domain-path.ts";
import { indexesError, indexesTotal } from "../index-intervals.ts";
import { internalForm } from "../internal-form.ts";
import { defaultPodTemplate } from "../pod-spec/defaults.ts";
import { podTemplate } from "../pod-spec/spec.ts";
import {
  type Check,
  child,
  each,
  type Findings,
  item,
  named,
  notNegative,
  optional,
  worthChecking,
} from "../validate.ts";
import { templateWarnings } from "./workload.ts";

const mostIndexes = 100_000;
const mostAtHighCompletions = 10_000;
const mostRules = 20;
const mostExitCodes = 255;
const longestManager = 63;
const longestIndexes = 64 * 1024;

/** Defaults that a Job and the template of a CronJob share. */
function defaultPolicies(spec: JobSpec | undefined): void {
  for (const { onPodConditions } of spec?.podFailurePolicy?.rules ?? [])
    for (const pattern of onPodConditions ?? []) pattern.status ||= "True";
}

export function defaultJobSpec(spec: JobSpec): void {
  defaultPolicies(spec);
  defaultPodTemplate((spec.template ??= {}));
}

/** A finding that does not print the value. */
const invalidWhole = (path: string, detail: string) => ({
  type: "FieldValueInvalid" as const,
  field: path,
  message: `Invalid value: ${detail}`,
});

const missingOneOf = (values: readonly string[]): string => `valid values: ${quoteGoList(values)}`;

const requiredOneOf =
  (...values: readonly string[]): Check<string | undefined> =>
  (value, at, found) => {
    if (!value) found.push(field.required(at, missingOneOf(values)));
    else if (!values.includes(value)) found.push(field.notSupported(at, value, values));
  };

const managedBy: Check<string> = (value, at, found) => {
  domainPrefixedPath(value, at, found);
  if (utf8Length(value) > longestManager) found.push(field.tooLong(at, longestManager));
};

const exitCodes =
  (containers: ReadonlySet<string>): Check<NonNullable<PodFailurePolicyRule["onExitCodes"]>> =>
  (value, at, found) => {
    requiredOneOf("In", "NotIn")(value.operator, child(at, "operator"), found);
    const { containerName } = value;
    const values = value.values ?? [];
    if (containerName !== undefined && !containers.has(containerName))
      found.push(
        field.invalid(
          child(at, "containerName"),
          containerName,
          "must be one of the container or initContainer names in the pod template",
        ),
      );
    const path = child(at, "values");
    if (values.length === 0) found.push(field.invalid(path, value.values ?? null, "at least one value is required"));
    else if (values.length > mostExitCodes) found.push(field.tooMany(path, values.length, mostExitCodes));
    const seen = new Set<number>();
    for (const [index, code] of worthChecking(values, found)) {
      if (value.operator === "In" && code === 0)
        found.push(field.invalid(item(path, index), code, "must not be 0 for the In operator"));
      if (seen.has(code)) found.push(field.duplicate(item(path, index), code));
      seen.add(code);
    }
    if (values.some((code, index) => index > 0 && (values[index - 1] as number) > code))
      found.push(field.invalid(path, values, "must be ordered"));
  };

const podConditions: Check<NonNullable<PodFailurePolicyRule["onPodConditions"]>> = (list, at, found) => {
  if (list.length > mostRules) found.push(field.tooMany(at, list.length, mostRules));
  for (const [index, pattern] of worthChecking(list, found)) {
    named(qualifiedName)(pattern.type, child(item(at, index), "type"), found);
    requiredOneOf("False", "True", "Unknown")(pattern.status, child(item(at, index), "status"), found);
  }
};

const failureRule =
  (spec: JobSpec, containers: ReadonlySet<string>): Check<PodFailurePolicyRule> =>
  (rule, at, found) => {
    if (rule.action === "FailIndex") {
      if (spec.backoffLimitPerIndex === undefined)
        found.push(field.invalid(child(at, "action"), rule.action, "requires the backoffLimitPerIndex to be set"));
    } else requiredOneOf("Count", "FailIndex", "FailJob", "Ignore")(rule.action, child(at, "action"), found);
    const { onExitCodes, onPodConditions = [] } = rule;
    if (onExitCodes !== undefined) exitCodes(containers)(onExitCodes, child(at, "onExitCodes"), found);
    podConditions(onPodConditions, child(at, "onPodConditions"), found);
    if (onExitCodes !== undefined && onPodConditions.length > 0)
      found.push(invalidWhole(at, "specifying both OnExitCodes and OnPodConditions is not supported"));
    if (onExitCodes === undefined && onPodConditions.length === 0)
      found.push(invalidWhole(at, "specifying one of OnExitCodes and OnPodConditions is required"));
  };

const failurePolicy =
  (spec: JobSpec): Check<PodFailurePolicy> =>
  (policy, at, found) => {
    const rules = policy.rules ?? [];
    if (rules.length > mostRules) found.push(field.tooMany(child(at, "rules"), rules.length, mostRules));
    const { containers, initContainers } = spec.template?.spec ?? {};
    const names = new Set([...(containers ?? []), ...(initContainers ?? [])].map(({ name }) => name));
    each(failureRule(spec, names))(rules, child(at, "rules"), found);
  };

const successRule =
  (completions: number): Check<SuccessPolicyRule> =>
  (rule, at, found) => {
    const { succeededCount: count, succeededIndexes: indexes } = rule;
    if (count === undefined && indexes === undefined)
      found.push(field.required(at, "at least one of succeededCount or succeededIndexes must be specified"));
    let total = 0;
    if (indexes !== undefined) {
      const path = child(at, "succeededIndexes");
      if (utf8Length(indexes) > longestIndexes) found.push(field.tooLong(path, longestIndexes));
      const problem = indexesError(indexes, completions);
      if (problem === undefined) total = indexesTotal(indexes);
      else found.push(field.invalid(path, indexes, `error parsing succeededIndexes: ${problem}`));
    }
    if (count === undefined) return;
    const path = child(at, "succeededCount");
    notNegative(count, path, found);
    if (count > completions)
      found.push(
        field.invalid(
          path,
          count,
          `must be less than or equal to ${completions} (the number of specified completions)`,
        ),
      );
    if (indexes !== undefined && count > total)
      found.push(
        field.invalid(
          path,
          count,
          `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
        ),
      );
  };

/** Policies are printed in upstream's internal form. */
export const printedFailurePolicy = (policy: PodFailurePolicy): unknown =>
  internalForm("batch.PodFailurePolicy", policy);

export const printedSuccessPolicy = (policy: SuccessPolicy): object => ({
  Rules: policy.rules?.map(printedRule) ?? null,
});

const printedRule = ({ succeededIndexes, succeededCount }: SuccessPolicyRule): object => ({
  SucceededIndexes: succeededIndexes ?? null,
  SucceededCount: succeededCount ?? null,
});

const successPolicy =
  (spec: JobSpec): Check<SuccessPolicy> =>
  (policy, at, found) => {
    if (spec.completionMode !== "Indexed") {
      found.push(field.invalid(at, printedSuccessPolicy(policy), "requires indexed completion mode"));
      return;
    }
    const path = child(at, "rules");
    const rules = policy.rules ?? [];
    if (rules.length === 0)
      found.push(field.required(path, "at least one rules must be specified when the successPolicy is specified"));
    if (rules.length > mostRules) found.push(field.tooMany(path, rules.length, mostRules));
    each(successRule(spec.completions ?? 0))(rules, path, found);
  };

const atMost = (limit: number, more = ""): string => `must be less than or equal to ${limit}${more}`;

/** Limits that keep the lists of indexes short. */
function indexedLimits(spec: JobSpec, at: string, found: Findings): void {
  const { completions, parallelism = 0, maxFailedIndexes: mostFailed, backoffLimitPerIndex } = spec;
  const failedPath = child(at, "maxFailedIndexes");
  if (completions === undefined)
    found.push(field.required(child(at, "completions"), "when completion mode is Indexed"));
  if (parallelism > mostIndexes)
    found.push(
      field.invalid(child(at, "parallelism"), parallelism, atMost(mostIndexes, " when completion mode is Indexed")),
    );
  if (completions !== undefined && mostFailed !== undefined && mostFailed > completions)
    found.push(field.invalid(failedPath, mostFailed, "must be less than or equal to completions"));
  if (mostFailed !== undefined && mostFailed > mostIndexes)
    found.push(field.invalid(failedPath, mostFailed, atMost(mostIndexes)));
  if (completions === undefined || completions <= mostIndexes || backoffLimitPerIndex === undefined) return;
  const high = ` when completions are above ${mostIndexes} and used with backoff limit per index`;
  if (mostFailed === undefined)
    found.push(field.required(failedPath, `must be specified when completions is above ${mostIndexes}`));
  if (parallelism > mostAtHighCompletions)
    found.push(field.invalid(child(at, "parallelism"), parallelism, atMost(mostAtHighCompletions, high)));
  if (mostFailed !== undefined && mostFailed > mostAtHighCompletions)
    found.push(field.invalid(failedPath, mostFailed, atMost(mostAtHighCompletions, high)));
}

function completionMode(spec: JobSpec, at: string, found: Findings): void {
  const { completionMode: mode } = spec;
  if (mode === "Indexed") indexedLimits(spec, at, found);
  else if (mode === undefined || mode === "NonIndexed") {
    for (const name of ["backoffLimitPerIndex", "maxFailedIndexes"] as const)
      if (spec[name] !== undefined)
        found.push(field.invalid(child(at, name), spec[name], "requires indexed completion mode"));
  } else found.push(field.notSupported(child(at, "completionMode"), mode, ["NonIndexed", "Indexed"]));
}

function restartPolicy(spec: JobSpec, at: string, found: Findings): void {
  const policy = spec.template?.spec?.restartPolicy;
  if (!policy || policy === "Always") found.push(field.required(at, 'valid values: "OnFailure", "Never"'));
  else if (policy !== "OnFailure" && policy !== "Never")
    found.push(field.notSupported(at, policy, ["OnFailure", "Never"]));
  else if (spec.podFailurePolicy !== undefined && policy !== "Never")
    found.push(field.invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified'));
}

const counts = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
] as const;

/** All but the selector, which a Job checks itself. */
export const jobSpec: Check<JobSpec | undefined> = (value, at, found) => {
  const spec = value ?? ({} as JobSpec);
  for (const name of counts) optional(notNegative)(spec[name], child(at, name), found);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    found.push(field.required(child(at, "backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
  optional(managedBy)(spec.managedBy, child(at, "managedBy"), found);
  completionMode(spec, at, found);
  optional(failurePolicy(spec))(spec.podFailurePolicy, child(at, "podFailurePolicy"), found);
  optional(successPolicy(spec))(spec.successPolicy, child(at, "successPolicy"), found);
  const replacement = spec.podReplacementPolicy;
  const allowed = spec.podFailurePolicy === undefined ? ["Failed", "TerminatingOrFailed"] : ["Failed"];
  if (replacement !== undefined && !allowed.includes(replacement))
    found.push(field.notSupported(child(at, "podReplacementPolicy"), replacement, allowed));
  podTemplate(spec.template, child(at, "template"), found);
  restartPolicy(spec, child(at, "template.spec.restartPolicy"), found);
};

export const jobSpecWarnings = (spec: JobSpec | undefined, at: string): string[] => [
  ...(spec?.completionMode === "Indexed" &&
  (spec.completions ?? 0) > mostIndexes &&
  (spec.parallelism ?? 0) > mostAtHighCompletions
    ? [
        `${at}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
      ]
    : []),
  ...templateWarnings(spec?.template, child(at, "template")),
];
