// What `kubectl explain` says about batch/v1. An empty field name stands for the type itself.

import { conditionFields } from "../lib/descriptions/conditions.ts";
import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  CronJob: {
    "": "Makes a Job at the times of a schedule.",
    spec: "When to make which Job, and how many finished ones to keep.",
    status: "Which Jobs run now and when the schedule last had effect.",
  },
  CronJobSpec: {
    "": "The schedule of a CronJob and the Job that it makes.",
    concurrencyPolicy:
      "What to do when the Job of the last time still runs: Allow (default) runs both, Forbid skips the new one, Replace ends the old one first.",
    failedJobsHistoryLimit: "How many failed Jobs to keep. 1 by default; 0 keeps none.",
    jobTemplate: "The Job to make. Its labels and annotations are put on each Job.",
    schedule:
      'The times in cron form: minute, hour, day of month, month, day of week, e.g. "*/15 8-17 * * 1-5". Also @hourly, @daily, @weekly, @monthly, @yearly. No TZ= in here: use timeZone.',
    startingDeadlineSeconds:
      "How many seconds after its time a Job may still be started. What is later is skipped. Without it there is no deadline; less than 10 may never start, since the controller looks every 10 seconds.",
    successfulJobsHistoryLimit: "How many successful Jobs to keep. 3 by default; 0 keeps none.",
    suspend: "While true, no new Jobs are made. Those that run go on. false by default.",
    timeZone:
      "Name of the time zone of the schedule, e.g. Europe/Berlin, from the IANA database. By default the one of the controller manager.",
  },
  CronJobStatus: {
    "": "What the controller last saw of a CronJob.",
    active: "The Jobs that run now.",
    lastScheduleTime: "The scheduled time for which a Job was last made.",
    lastSuccessfulTime: "When a Job last ended with success.",
  },
  Job: {
    "": "Runs pods until a number of them have ended with success, and starts new ones for those that fail.",
    spec: "Which pods to run, how often, how many at once, and when to give up.",
    status: "How many pods run, have succeeded or failed, and whether the Job is done.",
  },
  JobCondition: {
    "": "One observed aspect of a Job.",
    ...conditionFields,
    lastProbeTime: "When the condition was last looked at.",
    type: "Complete, Failed, Suspended, SuccessCriteriaMet (about to be Complete) or FailureTarget (about to be Failed, pods still end).",
  },
  JobSpec: {
    "": "What a Job is to run and when it is done.",
    activeDeadlineSeconds:
      "Seconds that the Job may run in all, counted from its startTime. Then its pods are ended and it fails with the reason DeadlineExceeded. Time spent suspended does not count.",
    backoffLimit:
      "How many pod failures to accept before the Job fails. 6 by default; with backoffLimitPerIndex there is no limit unless you set one.",
    backoffLimitPerIndex:
      "How many failures to accept for each index before that index fails. Only for Indexed jobs whose pods have the restart policy Never. Immutable.",
    completionMode:
      "NonIndexed (default): all pods are alike, enough successes are enough. Indexed: each pod gets a number from 0 to completions-1, in the annotation and label batch.kubernetes.io/job-completion-index, in JOB_COMPLETION_INDEX and in its host name; each number has to succeed once. Immutable.",
    completions:
      "How many pods have to succeed. Without it the success of any pod ends the Job well, which suits workers on a queue. Can change only for Indexed jobs, together with parallelism.",
    managedBy:
      "Name of the controller that runs this Job, such as example.com/queue. Without it, or with kubernetes.io/job-controller, the built-in one does; it leaves all others alone. Immutable.",
    manualSelector:
      "true: you choose the selector yourself and answer for its being unique. By default the system makes selector and labels.",
    maxFailedIndexes:
      "How many indexes may fail before the whole Job fails at once. Without it all indexes are tried. Only with backoffLimitPerIndex; at most completions.",
    parallelism:
      "How many pods may run at the same time. 1 by default; 0 pauses the Job. Towards the end fewer run, if fewer are left to do.",
    podFailurePolicy:
      "What to do when a pod fails, by exit codes or conditions. Failures that no rule matches count towards backoffLimit. Needs pods with the restart policy Never. Immutable.",
    podReplacementPolicy:
      "When to make the pod that takes another's place: TerminatingOrFailed (default) as soon as the old one is being deleted or has failed, Failed only once it has ended. With podFailurePolicy only Failed is allowed and the default.",
    selector: "Labels by which the Job finds its pods. The system sets it, unless manualSelector is true. Immutable.",
    successPolicy:
      "Which indexes have to succeed for the whole Job to succeed; the other pods are ended then. By default all. Only for Indexed jobs. Immutable.",
    suspend:
      "true: make no pods, and delete those that run. Back to false, the Job starts again and startTime begins anew. false by default.",
    template:
      "The pod to run. Its restart policy must be Never or OnFailure. Immutable, but where it is scheduled and what it requests may change while the Job is suspended.",
    ttlSecondsAfterFinished:
      "Seconds after its end, with success or not, at which the Job and its pods are deleted. 0 deletes them at once; without it they stay.",
  },
  JobStatus: {
    "": "What the controller last saw of a Job.",
    active: "Number of pods that are pending or running and not being deleted. 0 once the Job has ended.",
    completedIndexes: "Indexes that have succeeded, in short form: 1,3-5,7. Only for Indexed jobs.",
    completionTime: "When the Job ended with success. Not set when it failed.",
    conditions:
      "The observed conditions, one for each type. The Job has ended when Complete or Failed is True; it cannot be both.",
    failed: "Number of pods that have failed. It never goes down.",
    failedIndexes: "Indexes that have failed for good, in short form: 1,3-5,7. Only with backoffLimitPerIndex.",
    ready: "Number of active pods that are ready.",
    startTime: "When the controller began to run the Job. It is set anew each time a suspended Job goes on.",
    succeeded: "Number of pods that have ended with success.",
    terminating: "Number of pods that are being deleted and have not ended yet.",
    uncountedTerminatedPods: "Pods that have ended and are not yet part of the numbers above.",
  },
  JobTemplateSpec: {
    "": "The Job that a CronJob makes.",
    metadata: "Labels and annotations for the Jobs. Other metadata is not taken over.",
    spec: "The spec of the Jobs.",
  },
  PodFailurePolicy: {
    "": "Rules for failed pods of a Job.",
    rules: "The rules, in order: the first that matches a failed pod decides. At most 20.",
  },
  PodFailurePolicyOnExitCodesRequirement: {
    "": "Matches failed pods by the exit codes of their containers. Containers that ended with 0 are left out.",
    containerName: "Look only at the container, or init container, of this name. By default at all.",
    operator: "In: one of the exit codes is among the values. NotIn: one of them is not.",
    values: "The exit codes, in ascending order, without duplicates, from 1 to 255 of them. 0 is not allowed with In.",
  },
  PodFailurePolicyOnPodConditionsPattern: {
    "": "Matches failed pods by one condition.",
    status: "Status that the condition must have. True by default.",
    type: "Type that the condition must have, e.g. DisruptionTarget.",
  },
  PodFailurePolicyRule: {
    "": "What to do with failed pods of one sort. Exactly one of onExitCodes and onPodConditions must be given.",
    action:
      "FailJob fails the Job and ends its pods; FailIndex fails only the pod's index; Ignore makes a new pod without counting the failure; Count counts it towards backoffLimit as usual.",
    onExitCodes: "Matches by the exit codes of containers.",
    onPodConditions: "Matches when the pod has one of these conditions. At most 20.",
  },
  SuccessPolicy: {
    "": "When an Indexed job has succeeded, although not all its indexes have.",
    rules: "The rules, in order: the first that is met ends the Job with success. At most 20.",
  },
  SuccessPolicyRule: {
    "": "One way for a Job to succeed. At least one of the fields must be given; both together mean so many of those indexes.",
    succeededCount: "How many indexes must have succeeded: all, or of succeededIndexes if given.",
    succeededIndexes: "Indexes that must have succeeded, in short form: 1,3-5,7.",
  },
  UncountedTerminatedPods: {
    "": "Pods that have ended but are not counted yet. Each is counted when its finalizer is removed, so that none is counted twice.",
    failed: "UIDs of pods that have failed.",
    succeeded: "UIDs of pods that have succeeded.",
  },
};
