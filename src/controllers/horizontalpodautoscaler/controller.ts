// HorizontalPodAutoscalers: every 15 seconds each asks its metrics how many replicas its target should have, and scales it.
// Upstream: pkg/controller/podautoscaler/horizontal.go. Reads `options.horizontalPodAutoscaler` (HorizontalPodAutoscalerSettings).

import { type autoscaling_v2, horizontalPodAutoscalers, type Pod, pods, type Scale } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { EventRecorder, ResourceClient } from "../../client/index.ts";
import {
  deepEqual,
  formatTime,
  isConflict,
  type KubeObject,
  type LabelMatcher,
  objectKey,
  parseApiVersion,
  parseLabelSelector,
  quantityMilliValue,
} from "../../machinery/index.ts";
import { type ControllerContext, featureEnabled, newQueue, runLoop, watch } from "../lib/index.ts";
import { conditionIs, removeCondition, setCondition } from "./conditions.ts";
import { type Evaluation, evaluate } from "./evaluate.ts";
import { createKindFinder, type KindFinder } from "./kinds.ts";
import { createMetricsReader, type MetricsReader } from "./metrics.ts";
import { normalize, type Past, remember } from "./normalize.ts";
import type { Tolerances } from "./replicas.ts";

type Autoscaler = autoscaling_v2.HorizontalPodAutoscaler;
type Status = autoscaling_v2.HorizontalPodAutoscalerStatus;

/** Times in milliseconds; names are those of kube-controller-manager's flags. */
export interface HorizontalPodAutoscalerSettings {
  readonly syncPeriodMs: number;
  readonly downscaleStabilizationMs: number;
  readonly cpuInitializationPeriodMs: number;
  readonly initialReadinessDelayMs: number;
  readonly tolerance: number;
}

const defaults: HorizontalPodAutoscalerSettings = {
  syncPeriodMs: 15_000,
  downscaleStabilizationMs: 300_000,
  cpuInitializationPeriodMs: 300_000,
  initialReadinessDelayMs: 30_000,
  tolerance: 0.1,
};

interface Work {
  readonly context: ControllerContext;
  readonly settings: HorizontalPodAutoscalerSettings;
  readonly recorder: EventRecorder;
  readonly kinds: KindFinder;
  readonly reader: MetricsReader;
  readonly pasts: Map<string, Past>;
  /** Which pods each autoscaler counts: two of them must not count the same. */
  readonly selectors: Map<string, LabelMatcher>;
  readonly podsOf: (namespace: string, selector: LabelMatcher) => readonly Pod[];
}

export async function runHorizontalPodAutoscalers(context: ControllerContext): Promise<void> {
  const settings = { ...defaults, ...(context.options["horizontalPodAutoscaler"] as object | undefined) };
  const queue = newQueue(context, "horizontalpodautoscaler");
  const later = (autoscaler: Autoscaler): void => queue.addAfter(objectKey(autoscaler), settings.syncPeriodMs);
  const informer = watch(context, horizontalPodAutoscalers, { add: later, update: (_, after) => later(after) });
  const podInformer = watch(context, pods);
  const kinds = createKindFinder(context);
  const work: Work = {
    context,
    settings,
    recorder: context.recorder("horizontal-pod-autoscaler"),
    kinds,
    reader: createMetricsReader(context.client, (group, kind) => kinds.find(group, kind)),
    pasts: new Map(),
    selectors: new Map(),
    podsOf: (namespace, selector) => podInformer.list(namespace).filter((pod) => selector.matches(pod.metadata.labels)),
  };
  await runLoop(context, {
    queue,
    informers: [informer, podInformer],
    reconcile: async (key) => {
      const autoscaler = informer.byKey(key);
      if (autoscaler === undefined) {
        work.pasts.delete(key);
        work.selectors.delete(key);
        return undefined;
      }
      try {
        await reconcile(work, autoscaler);
      } catch (error) {
        // Told on the object; the next period is the next try.
        context.log.debug("could not autoscale", { key, error });
      }
      return settings.syncPeriodMs;
    },
  });
}

interface ScaleTarget {
  readonly client: ResourceClient<KubeObject>;
  readonly scale: Scale;
}

async function reconcile(work: Work, autoscaler: Autoscaler): Promise<void> {
  const { recorder } = work;
  let status: Status = autoscaler.status ?? { desiredReplicas: 0 };
  let target: ScaleTarget;
  const able = (is: "True" | "False", reason: string, message: string): void => {
    status = setCondition(status, { type: "AbleToScale", status: is, reason, message }, work.context.clock.now());
  };
  try {
    target = await findTarget(work, autoscaler);
  } catch (error) {
    recorder.event(autoscaler, { type: "Warning", reason: "FailedGetScale", message: errorText(error) });
    able(
      "False",
      "FailedGetScale",
      `the HPA controller was unable to get the target's current scale: ${errorText(error)}`,
    );
    await writeStatus(work, autoscaler, status);
    return;
  }
  able("True", "SucceededGetScale", "the HPA controller was able to get the target's current scale");
  const current = target.scale.spec?.replicas ?? 0;
  const past = pastOf(work, autoscaler, current);
  const decision = await decide(work, { autoscaler, scale: target.scale, status, past });
  status = decision.status;
  const replicas = { currentReplicas: current, currentMetrics: decision.metrics };
  if (decision.desired === undefined) {
    await writeStatus(work, autoscaler, { ...status, ...replicas });
    recorder.event(autoscaler, {
      type: "Warning",
      reason: "FailedComputeMetricsReplicas",
      message: decision.error ?? "",
    });
    return;
  }
  const { desired, reason } = decision;
  if (!decision.rescale) {
    await writeStatus(work, autoscaler, { ...status, ...replicas, desiredReplicas: current });
    return;
  }
  try {
    await rescale(target, autoscaler, desired);
  } catch (error) {
    const message = `New size: ${desired}; reason: ${reason}; error: ${errorText(error)}`;
    recorder.event(autoscaler, { type: "Warning", reason: "FailedRescale", message });
    able("False", "FailedUpdateScale", `the HPA controller was unable to update the target scale: ${errorText(error)}`);
    await writeStatus(work, autoscaler, { ...status, ...replicas });
    return;
  }
  able("True", "SucceededRescale", `the HPA controller was able to update the target scale to ${desired}`);
  const message = `New size: ${desired}; reason: ${reason}`;
  recorder.event(autoscaler, { type: "Normal", reason: "SuccessfulRescale", message });
  const { clock } = work.context;
  remember(past, { from: current, to: desired, nowMs: clock.monotonic() }, autoscaler.spec.behavior);
  status = tellZero(work, { autoscaler, status, current, desired });
  const lastScaleTime = formatTime(clock.now());
  await writeStatus(work, autoscaler, { ...status, ...replicas, desiredReplicas: desired, lastScaleTime });
}

function pastOf({ pasts, context }: Work, autoscaler: Autoscaler, current: number): Past {
  const key = objectKey(autoscaler);
  let past = pasts.get(key);
  if (past === undefined) {
    past = { recommendations: [{ replicas: current, atMs: context.clock.monotonic() }], ups: [], downs: [] };
    pasts.set(key, past);
  }
  return past;
}

async function findTarget({ kinds, context }: Work, { metadata, spec }: Autoscaler): Promise<ScaleTarget> {
  const { apiVersion, kind, name } = spec.scaleTargetRef;
  const resource = await kinds.find(parseApiVersion(apiVersion ?? "").group, kind);
  const client = context.client.dynamic(resource);
  const scale = await client.getSubresource<Scale>({ namespace: metadata.namespace ?? "", name }, "scale");
  return { client, scale };
}

/** Upstream's number of tries when others write too. */
const rescaleTries = 5;

async function rescale({ client, scale }: ScaleTarget, { metadata, spec }: Autoscaler, to: number): Promise<void> {
  const name = { namespace: metadata.namespace ?? "", name: spec.scaleTargetRef.name };
  let latest = scale;
  for (let tries = 1; ; tries++) {
    try {
      await client.updateSubresource(name, "scale", { ...latest, spec: { ...latest.spec, replicas: to } });
      return;
    } catch (error) {
      if (!isConflict(error) || tries >= rescaleTries) throw error;
      latest = await client.getSubresource<Scale>(name, "scale");
    }
  }
}

interface Situation {
  readonly autoscaler: Autoscaler;
  readonly scale: Scale;
  readonly status: Status;
  readonly past: Past;
}

interface Decision {
  readonly status: Status;
  /** Undefined when the metrics do not say. */
  readonly desired: number | undefined;
  readonly rescale: boolean;
  readonly reason: string;
  readonly metrics: Status["currentMetrics"];
  readonly error?: string | undefined;
}

async function decide(work: Work, situation: Situation): Promise<Decision> {
  const { autoscaler, scale, status } = situation;
  const { maxReplicas, minReplicas = 1 } = autoscaler.spec;
  const current = scale.spec?.replicas ?? 0;
  const plain = { status, metrics: undefined, rescale: true };
  const zero = current === 0 && wasScaledToZero(work, status);
  if (current === 0 && !(zero && (minReplicas !== 0 || usesOutsideMetrics(autoscaler)))) {
    const message = "scaling is disabled since the replica count of the target is zero";
    const condition = { type: "ScalingActive", status: "False", reason: "ScalingDisabled", message } as const;
    const told = setCondition(status, condition, work.context.clock.now());
    const kept = featureEnabled(work.context, "HPAScaleToZero") ? told : removeCondition(told, "ScaledToZero");
    return { status: kept, metrics: undefined, desired: 0, rescale: false, reason: "" };
  }
  if (current > maxReplicas)
    return { ...plain, desired: maxReplicas, reason: "Current number of replicas above Spec.MaxReplicas" };
  if (current !== 0 && current < minReplicas)
    return { ...plain, desired: minReplicas, reason: "Current number of replicas below Spec.MinReplicas" };
  return byMetrics(work, situation, { current, minReplicas, zero });
}

async function byMetrics(
  work: Work,
  situation: Situation,
  { current, minReplicas, zero }: { current: number; minReplicas: number; zero: boolean },
): Promise<Decision> {
  const { autoscaler, past } = situation;
  const { behavior, maxReplicas } = autoscaler.spec;
  const { clock } = work.context;
  const measured = await measure(work, situation);
  const { evaluation, status } = measured;
  const metrics = evaluation === undefined ? undefined : [...evaluation.statuses];
  const nothing = { status, metrics, rescale: false, desired: undefined, reason: "" };
  if (evaluation === undefined) return { ...nothing, error: measured.error };
  if (evaluation.best === undefined) return { ...nothing, error: evaluation.error };
  const wished = Math.max(0, evaluation.best.replicas);
  let reason = "";
  if (wished > current) reason = `${evaluation.best.metric} above target`;
  if (wished < current) reason = "All metrics below target";
  const granted = normalize(
    {
      ...{ desired: wished, current, min: minReplicas, max: maxReplicas, nowMs: clock.monotonic() },
      downscaleStabilizationMs: work.settings.downscaleStabilizationMs,
    },
    past,
    behavior,
  );
  let told = setCondition(status, { type: "AbleToScale", status: "True", ...granted.able }, clock.now());
  told = setCondition(told, { type: "ScalingLimited", ...granted.limited }, clock.now());
  let desired = granted.replicas;
  if (zero && desired < minReplicas) {
    desired = minReplicas;
    if (reason === "") reason = "Current number of replicas below Spec.MinReplicas";
  }
  return { status: told, metrics, desired, rescale: desired !== current, reason };
}

interface Measured {
  readonly status: Status;
  /** Undefined when it is not clear which pods count. */
  readonly evaluation: Evaluation | undefined;
  readonly error?: string;
}

async function measure(work: Work, { autoscaler, scale, status }: Situation): Promise<Measured> {
  const { recorder, context, settings } = work;
  const nowMs = context.clock.now();
  const inactive = (reason: string, message: string): Status =>
    setCondition(status, { type: "ScalingActive", status: "False", reason, message }, nowMs);
  const chosen = choosePods(work, autoscaler, scale.status?.selector ?? "");
  if ("reason" in chosen) {
    const { event = chosen.reason, reason, error, message = error } = chosen;
    recorder.event(autoscaler, { type: "Warning", reason: event, message: error });
    return { status: inactive(reason, message), evaluation: undefined, error };
  }
  const evaluation = await evaluate(
    autoscaler.spec.metrics ?? [],
    {
      ...chosen,
      namespace: autoscaler.metadata.namespace ?? "",
      specReplicas: scale.spec?.replicas ?? 0,
      statusReplicas: scale.status?.replicas ?? 0,
      tolerances: tolerancesOf(work, autoscaler),
      timing: {
        nowMs,
        cpuInitializationMs: settings.cpuInitializationPeriodMs,
        initialReadinessDelayMs: settings.initialReadinessDelayMs,
      },
    },
    work.reader,
  );
  for (const { reason, why } of evaluation.failures)
    recorder.event(autoscaler, { type: "Warning", reason, message: why });
  const first = evaluation.failures[0];
  if (evaluation.best === undefined && first !== undefined)
    return {
      status: inactive(first.reason, `the HPA was unable to compute the replica count: ${first.why}`),
      evaluation,
    };
  const message = `the HPA was able to successfully calculate a replica count from ${evaluation.best?.metric ?? ""}`;
  const active = { type: "ScalingActive", status: "True", reason: "ValidMetricFound", message } as const;
  return { status: setCondition(status, active, nowMs), evaluation };
}

interface Unclear {
  readonly reason: string;
  readonly event?: string;
  readonly error: string;
  readonly message?: string;
}

function choosePods(
  work: Work,
  autoscaler: Autoscaler,
  text: string,
): Unclear | Pick<Parameters<typeof evaluate>[1], "selector" | "pods"> {
  if (text === "")
    return {
      reason: "InvalidSelector",
      event: "SelectorRequired",
      error: "selector is required",
      message: "the HPA target's scale is missing a selector",
    };
  let selector: LabelMatcher;
  try {
    selector = parseLabelSelector(text);
  } catch (error) {
    const why = `couldn't convert selector into a corresponding internal selector object: ${errorText(error)}`;
    return { reason: "InvalidSelector", error: why };
  }
  const namespace = autoscaler.metadata.namespace ?? "";
  work.selectors.set(objectKey(autoscaler), selector);
  const chosen = work.podsOf(namespace, selector);
  const all = [...work.selectors].filter(
    ([key, each]) => key.startsWith(`${namespace}/`) && chosen.some((pod) => each.matches(pod.metadata.labels)),
  );
  if (all.length <= 1) return { selector, pods: chosen };
  const keys = all.map(([key]) => key).join(" ");
  return {
    reason: "AmbiguousSelector",
    error: `pods by selector ${text} are controlled by multiple HPAs: [${keys}]`,
  };
}

function tolerancesOf({ settings, context }: Work, { spec }: Autoscaler): Tolerances {
  const { tolerance } = settings;
  if (!featureEnabled(context, "HPAConfigurableTolerance")) return { down: tolerance, up: tolerance };
  const of = (text: string | undefined): number => (text === undefined ? tolerance : quantityMilliValue(text) / 1000);
  return { down: of(spec.behavior?.scaleDown?.tolerance), up: of(spec.behavior?.scaleUp?.tolerance) };
}

const usesOutsideMetrics = ({ spec }: Autoscaler): boolean =>
  (spec.metrics ?? []).some(({ type }) => type === "Object" || type === "External");

const wasScaledToZero = ({ context }: Work, status: Status): boolean =>
  featureEnabled(context, "HPAScaleToZero") && conditionIs(status, "ScaledToZero", "True");

/** After a change, so that the next look knows who made the zero. */
function tellZero(
  { context }: Work,
  {
    autoscaler,
    status,
    current,
    desired,
  }: { autoscaler: Autoscaler; status: Status; current: number; desired: number },
): Status {
  if (!featureEnabled(context, "HPAScaleToZero")) return removeCondition(status, "ScaledToZero");
  const toZero = current > 0 && desired === 0 && autoscaler.spec.minReplicas === 0 && usesOutsideMetrics(autoscaler);
  const told = toZero
    ? { status: "True" as const, reason: "ScaledToZero", message: "the HPA controller scaled the workload to zero" }
    : {
        status: "False" as const,
        reason: "NotScaledToZero",
        message: "the HPA controller did not scale the workload to zero",
      };
  return setCondition(status, { type: "ScaledToZero", ...told }, context.clock.now());
}

async function writeStatus({ context, recorder }: Work, autoscaler: Autoscaler, status: Status): Promise<void> {
  const { observedGeneration: _, ...next } = status;
  if (deepEqual(comparable(next), comparable(autoscaler.status ?? { desiredReplicas: 0 }))) return;
  try {
    await context.client.of(horizontalPodAutoscalers).updateStatus({ ...autoscaler, status: comparable(next) });
  } catch (error) {
    recorder.event(autoscaler, { type: "Warning", reason: "FailedUpdateStatus", message: errorText(error) });
    throw error;
  }
}

/** Without what says nothing: no metrics and zero replicas are left out by upstream's encoder. */
function comparable({ currentMetrics, currentReplicas, ...rest }: Status): Status {
  return {
    ...rest,
    ...(currentReplicas ? { currentReplicas } : {}),
    ...(currentMetrics?.length ? { currentMetrics } : {}),
  };
}
