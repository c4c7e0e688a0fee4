// How the API server serves Job. Upstream: pkg/apis/batch/v1/defaults.go, pkg/apis/batch/validation,
// pkg/registry/batch/job.
import type { Job, JobSpec } from "../../../../facts/types/batch.v1.ts";
import type { PodTemplateSpec } from "../../../../facts/types/core.v1.ts";
import { deepClone, deepEqual, dns1123Label, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { dropDisabledFields, withoutDisabledFields } from "../../lib/pod-spec/disabled.ts";
import { labelSelector } from "../../lib/selector-rules.ts";
import { type Check, child, type Findings, findings, immutable, immutableText } from "../../lib/validate.ts";
import {
  defaultJobSpec,
  jobSpec,
  jobSpecWarnings,
  printedFailurePolicy,
  printedSuccessPolicy,
} from "../../lib/workloads/job-spec.ts";
import {
  hostNameWarnings,
  immutableSelector,
  matcherOfSelector,
  matchingLabels,
  specChanged,
} from "../../lib/workloads/workload.ts";
import { jobStatus } from "./status.ts";

const uidLabel = "batch.kubernetes.io/controller-uid";
const nameLabel = "batch.kubernetes.io/job-name";
const oldUidLabel = "controller-uid";
const oldNameLabel = "job-name";

function labelsOfTemplate({ metadata, spec }: Job): void {
  const { labels } = spec.template.metadata ?? {};
  if (Object.keys(metadata.labels ?? {}).length === 0 && labels !== undefined) metadata.labels = { ...labels };
}

/** The selector that finds exactly this job's pods, and the labels that make it so. */
function generateSelector({ metadata, spec }: Job): void {
  const labels = ((spec.template.metadata ??= {}).labels ??= {});
  for (const name of [oldNameLabel, nameLabel]) labels[name] ??= metadata.name ?? "";
  for (const name of [oldUidLabel, uidLabel]) labels[name] ??= metadata.uid;
  const selector = (spec.selector ??= {});
  (selector.matchLabels ??= {})[uidLabel] ??= metadata.uid;
}

function hasLabel(
  template: PodTemplateSpec,
  label: { readonly name: string; readonly value: string },
  found: Findings,
) {
  const labels = template?.metadata?.labels;
  const path = `spec.template.metadata.labels[${label.name}]`;
  const actual = labels?.[label.name];
  if (actual === undefined) found.push(field.required(path, `must be '${label.value}'`));
  else if (actual !== label.value) found.push(field.invalid(path, labels, `must be '${label.value}'`));
}

/** `prefixed`: the labels with a domain have to be there as well, which jobs of old do not have. */
const generatedSelector =
  (prefixed: { readonly prefixed: boolean }): Check<Job> =>
  (job, _at, found) => {
    const { metadata, spec } = job;
    if (spec?.manualSelector === true || !spec?.selector) return;
    const { uid = "", name = "" } = metadata;
    if (uid === "") found.push(field.required("metadata.uid"));
    const expected: Record<string, string> = { [oldUidLabel]: uid, [oldNameLabel]: name };
    if (prefixed.prefixed) Object.assign(expected, { [uidLabel]: uid, [nameLabel]: name });
    for (const [label, value] of Object.entries(expected)) hasLabel(spec.template, { name: label, value }, found);
    const matcher = matcherOfSelector(spec.selector);
    if (matcher !== undefined && !matcher.matches(expected))
      found.push(field.invalid("spec.selector", spec.selector, "`selector` not auto-generated"));
  };

const spec: Check<JobSpec> = (value, at, found) => {
  jobSpec(value, at, found);
  if (!value?.selector) found.push(field.required(child(at, "selector")));
  else labelSelector(value.selector, child(at, "selector"), found);
  const matcher = matcherOfSelector(value?.selector);
  if (matcher !== undefined) matchingLabels(matcher, value?.template, child(at, "template"), found);
};

/** The index is put after the name of an indexed job. */
function indexedName({ metadata, spec: own }: Job, found: Findings): void {
  const completions = own?.completions ?? 0;
  if (own?.completionMode !== "Indexed" || completions <= 0) return;
  const { name = "" } = metadata;
  const longest = `${name}-${completions - 1}`;
  if (dns1123Label(longest).length > 0)
    found.push(field.invalid("metadata.name", name, `will not able to create pod with invalid DNS label: ${longest}`));
}

const whole =
  (prefixed: { readonly prefixed: boolean }): Check<Job> =>
  (job, at, found) => {
    generatedSelector(prefixed)(job, at, found);
    spec(job.spec, "spec", found);
    indexedName(job, found);
  };

function completions(own: JobSpec, old: JobSpec, found: Findings): void {
  if (own.completionMode !== "Indexed") immutable(old.completions)(own.completions, "spec.completions", found);
  else if (own.completions !== undefined && own.completions !== old.completions && own.completions !== own.parallelism)
    found.push(
      field.invalid("spec.completions", own.completions, "can only be modified in tandem with spec.parallelism"),
    );
}

/** Suspended, and no pod of it runs. */
const isAtRest = ({ spec: own, status }: Job): boolean =>
  own.suspend === true &&
  (status?.startTime === undefined ||
    status.conditions?.some((each) => each.type === "Suspended" && each.status === "True") === true) &&
  (status?.active ?? 0) === 0;

/** The old template with what a job at rest may change taken from the new one. */
function withSchedulingOf(old: PodTemplateSpec, now: PodTemplateSpec): PodTemplateSpec {
  const result = deepClone(old) as { -readonly [K in keyof PodTemplateSpec]: PodTemplateSpec[K] };
  const from = now.spec ?? ({} as NonNullable<PodTemplateSpec["spec"]>);
  const into = (result.spec ??= {} as NonNullable<PodTemplateSpec["spec"]>);
  const { nodeAffinity: _, ...otherAffinity } = into.affinity ?? {};
  if (from.affinity === undefined) {
    if (Object.keys(otherAffinity).length === 0) delete into.affinity;
    else into.affinity = otherAffinity;
  } else into.affinity = { ...otherAffinity, ...pick(from.affinity, "nodeAffinity") };
  for (const name of ["nodeSelector", "tolerations", "schedulingGates"] as const) {
    delete into[name];
    Object.assign(into, pick(from, name));
  }
  const { annotations: __, labels: ___, ...meta } = result.metadata ?? {};
  result.metadata = { ...meta, ...pick(now.metadata ?? {}, "annotations"), ...pick(now.metadata ?? {}, "labels") };
  return result;
}

const pick = <T extends object, K extends keyof T>(from: T, name: K): Partial<T> =>
  from[name] === undefined ? {} : ({ [name]: from[name] } as unknown as Partial<T>);

const sameTemplate = (a: PodTemplateSpec, b: PodTemplateSpec): boolean =>
  deepEqual({ metadata: {}, ...a }, { metadata: {}, ...b });

/** Containers of a suspended job may get other resources. */
function withResourcesOf(old: PodTemplateSpec, now: PodTemplateSpec): PodTemplateSpec {
  const result = deepClone(old);
  for (const list of ["containers", "initContainers"] as const) {
    const [before, after] = [result.spec?.[list] ?? [], now.spec?.[list] ?? []];
    if (before.length !== after.length) continue;
    for (const [index, container] of before.entries()) {
      const other = after[index];
      if (other?.name !== container.name) continue;
      delete container.resources;
      Object.assign(container, pick(other, "resources"));
    }
  }
  return result;
}

function templateUpdate(job: Job, old: Job, found: Findings): void {
  const now = job.spec.template;
  const rests = isAtRest(old);
  const before = rests ? withSchedulingOf(old.spec.template, now) : old.spec.template;
  if (!rests) {
    if (!sameTemplate(now, before))
      found.push(field.invalid("spec.template", internalForm("core.PodTemplateSpec", now), "field is immutable"));
  } else if (!deepEqual(now.spec, withResourcesOf(before, now).spec))
    found.push(field.invalid("spec.template.spec", internalForm("core.PodSpec", now.spec), "field is immutable"));
}

const fixedFields = [
  "completionMode",
  "podFailurePolicy",
  "backoffLimitPerIndex",
  "managedBy",
  "successPolicy",
] as const;

function printed(own: JobSpec, name: (typeof fixedFields)[number]): unknown {
  if (name === "podFailurePolicy" && own.podFailurePolicy) return printedFailurePolicy(own.podFailurePolicy);
  if (name === "successPolicy" && own.successPolicy) return printedSuccessPolicy(own.successPolicy);
  return own[name] ?? null;
}

function validateUpdate(job: Job, old: Job): Findings {
  const labels = old.spec.template?.metadata?.labels;
  const prefixed = labels?.[nameLabel] !== undefined && labels[uidLabel] !== undefined;
  const found = findings(job, whole({ prefixed }));
  spec(job.spec, "spec", found);
  completions(job.spec, old.spec, found);
  immutableSelector(old.spec.selector)(job.spec.selector, "spec.selector", found);
  templateUpdate(job, old, found);
  for (const name of fixedFields)
    if (!deepEqual(job.spec[name], old.spec[name]))
      found.push(field.invalid(`spec.${name}`, printed(job.spec, name), immutableText));
  return found;
}

export const jobRules = defineRules<Job>({
  default: (job) => {
    const own = (job.spec ??= {} as JobSpec);
    if (own.completions === undefined && own.parallelism === undefined) own.completions = 1;
    own.parallelism ??= 1;
    own.backoffLimit ??= own.backoffLimitPerIndex === undefined ? 6 : 2147483647;
    const labels = own.template?.metadata?.labels;
    // One map, as upstream has it: labels that are generated for the template show on the job too.
    if (labels !== undefined && Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = labels;
    own.completionMode ??= "NonIndexed";
    own.suspend ??= false;
    own.podReplacementPolicy ??= own.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed";
    own.manualSelector ??= false;
    defaultJobSpec(own);
  },
  generation: true,
  defaultPropagation: "Orphan",
  prepareCreate: (job, context) => {
    if (job.spec.manualSelector !== true) generateSelector(job);
    dropDisabledFields(job.spec.template.spec, context);
  },
  // Defaults once more, when the template has got its labels.
  prepareStored: labelsOfTemplate,
  prepareUpdate: ({ spec: own }, old, context) => {
    if (own.template?.spec)
      own.template.spec = withoutDisabledFields(own.template.spec, old.spec.template?.spec, context);
  },
  metadataOnUpdate: "both",
  validate: (job) => findings(job, whole({ prefixed: true })),
  validateOnUpdate: false,
  validateUpdate,
  status: { validateUpdate: jobStatus },
  warnings: (job, old) => [
    ...(old === undefined ? hostNameWarnings(job) : []),
    ...(old === undefined || specChanged(job, old) ? jobSpecWarnings(job.spec, "spec") : []),
  ],
});
