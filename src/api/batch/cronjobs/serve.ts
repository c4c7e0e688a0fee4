// How the API server serves CronJob. Upstream: pkg/apis/batch/v1/defaults.go, pkg/apis/batch/validation,
// pkg/registry/batch/cronjob.
import type { CronJob } from "../../../../facts/types/batch.v1.ts";
import { field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { dropDisabledFields, withoutDisabledFields } from "../../lib/pod-spec/disabled.ts";
import { type Check, child, findings, notNegative, oneOf, optional, required } from "../../lib/validate.ts";
import { defaultJobSpec, jobSpec, jobSpecWarnings } from "../../lib/workloads/job-spec.ts";
import { hostNameWarnings, specChanged } from "../../lib/workloads/workload.ts";
import { scheduleError, timeZoneErrors } from "./schedule.ts";

type Spec = CronJob["spec"];

/** The time of a run is put after the name: 63 without 11. */
const longestName = 52;

const schedule =
  (spec: Spec, old: Spec | undefined): Check<string> =>
  (value, at, found) => {
    const problem = scheduleError(value);
    if (problem !== undefined) found.push(field.invalid(at, value, problem));
    if (!value.includes("TZ")) return;
    if (!old?.schedule.includes("TZ"))
      found.push(field.invalid(at, value, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"));
    else if (spec.timeZone !== undefined)
      found.push(field.invalid(at, value, "cannot use both timeZone field and TZ or CRON_TZ in schedule"));
  };

const spec =
  (old?: Spec): Check<Spec> =>
  (value, at, found) => {
    required(schedule(value, old))(value.schedule, child(at, "schedule"), found);
    optional(notNegative)(value.startingDeadlineSeconds, child(at, "startingDeadlineSeconds"), found);
    const { timeZone } = value;
    if (timeZone !== undefined && (old === undefined || old.timeZone !== timeZone))
      for (const text of timeZoneErrors(timeZone)) found.push(field.invalid(child(at, "timeZone"), timeZone, text));
    required(oneOf("Allow", "Forbid", "Replace"))(value.concurrencyPolicy, child(at, "concurrencyPolicy"), found);
    const job = value.jobTemplate?.spec;
    const path = child(at, "jobTemplate.spec");
    jobSpec(job, path, found);
    if (job?.selector !== undefined)
      found.push(field.invalid(child(path, "selector"), job.selector, "`selector` will be auto-generated"));
    if (job?.manualSelector === true)
      found.push(field.notSupported(child(path, "manualSelector"), true, ["nil", "false"]));
    optional(notNegative)(value.successfulJobsHistoryLimit, child(at, "successfulJobsHistoryLimit"), found);
    optional(notNegative)(value.failedJobsHistoryLimit, child(at, "failedJobsHistoryLimit"), found);
  };

export const cronJobRules = defineRules<CronJob>({
  default: (cronJob) => {
    const own = (cronJob.spec ??= {} as Spec);
    own.concurrencyPolicy ||= "Allow";
    own.suspend ??= false;
    own.successfulJobsHistoryLimit ??= 3;
    own.failedJobsHistoryLimit ??= 1;
    defaultJobSpec(((own.jobTemplate ??= {}).spec ??= {} as NonNullable<Spec["jobTemplate"]["spec"]>));
  },
  generation: true,
  prepareCreate: ({ spec: own }, context) => dropDisabledFields(own.jobTemplate?.spec?.template?.spec, context),
  prepareUpdate: ({ spec: own }, old, context) => {
    const template = own.jobTemplate?.spec?.template;
    if (template?.spec)
      template.spec = withoutDisabledFields(template.spec, old.spec.jobTemplate?.spec?.template?.spec, context);
  },
  validate: ({ metadata, spec: own }) => [
    ...findings(own, spec(), "spec"),
    ...((metadata.name ?? "").length > longestName
      ? [field.invalid("metadata.name", metadata.name, `must be no more than ${longestName} characters`)]
      : []),
  ],
  validateOnUpdate: false,
  validateUpdate: ({ spec: own }, old) => findings(own, spec(old.spec), "spec"),
  status: {},
  warnings: (cronJob, old) => [
    ...(old === undefined ? hostNameWarnings(cronJob) : []),
    ...(old === undefined || specChanged(cronJob, old)
      ? jobSpecWarnings(cronJob.spec?.jobTemplate?.spec, "spec.jobTemplate.spec")
      : []),
    ...(old !== undefined && cronJob.spec?.schedule?.includes("TZ")
      ? [
          "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
        ]
      : []),
  ],
});
