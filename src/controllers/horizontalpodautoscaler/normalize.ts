// What of a wish for replicas is granted: bounds, rates of change and the time for which recommendations count.
// Upstream: pkg/controller/podautoscaler/horizontal.go (normalizeDesiredReplicas and what it calls).
import type { autoscaling_v2 } from "../../api/index.ts";

type Behavior = autoscaling_v2.HorizontalPodAutoscalerBehavior;
type Rules = autoscaling_v2.HPAScalingRules;

interface Recommendation {
  readonly replicas: number;
  readonly atMs: number;
}

interface Change {
  /** Always positive. */
  readonly by: number;
  readonly atMs: number;
}

/** What one autoscaler wished and did of late. It lives in memory, as upstream's: after a restart all begins anew. */
export interface Past {
  recommendations: readonly Recommendation[];
  ups: readonly Change[];
  downs: readonly Change[];
}

export interface Wish {
  readonly desired: number;
  readonly current: number;
  readonly min: number;
  readonly max: number;
  readonly nowMs: number;
  /** For autoscalers that do not say it themselves. */
  readonly downscaleStabilizationMs: number;
}

interface Reason {
  readonly reason: string;
  readonly message: string;
}

export interface Granted {
  readonly replicas: number;
  /** Of condition AbleToScale, which is true. */
  readonly able: Reason;
  /** Of condition ScalingLimited. */
  readonly limited: Reason & { readonly status: "True" | "False" };
}

const inRange: Reason = {
  reason: "DesiredWithinRange",
  message: "the desired count is within the acceptable range",
};
const ready: Reason = { reason: "ReadyForNewScale", message: "recommended size matches current size" };
const highest: Reason = {
  reason: "ScaleDownStabilized",
  message: "recent recommendations were higher than current one, applying the highest recent recommendation",
};
const lowest: Reason = {
  reason: "ScaleUpStabilized",
  message: "recent recommendations were lower than current one, applying the lowest recent recommendation",
};
const tooFast: Reason = {
  reason: "ScaleUpLimit",
  message: "the desired replica count is increasing faster than the maximum scale rate",
};
const tooFastDown: Reason = {
  reason: "ScaleDownLimit",
  message: "the desired replica count is decreasing faster than the maximum scale rate",
};
const tooMany: Reason = {
  reason: "TooManyReplicas",
  message: "the desired replica count is more than the maximum replica count",
};
const tooFew: Reason = {
  reason: "TooFewReplicas",
  message: "the desired replica count is less than the minimum replica count",
};

/** Grants a wish and remembers it in `past`. */
export function normalize(wish: Wish, past: Past, behavior: Behavior | undefined): Granted {
  const stable = behavior === undefined ? stabilize(wish, past) : stabilizeBetween(wish, past, behavior);
  const wished = wish.desired === stable;
  const able = wished ? ready : behavior !== undefined && wish.desired >= wish.current ? lowest : highest;
  const asked = { ...wish, desired: stable };
  const { replicas, why } = behavior === undefined ? bound(asked) : boundByRates(asked, past, behavior);
  return { replicas, able, limited: { ...why, status: replicas === stable ? "False" : "True" } };
}

/** The highest of the recent recommendations. */
function stabilize({ desired, nowMs, downscaleStabilizationMs }: Wish, past: Past): number {
  const recent = past.recommendations.filter((each) => each.atMs >= nowMs - downscaleStabilizationMs);
  past.recommendations = [...recent, { replicas: desired, atMs: nowMs }];
  return Math.max(desired, ...recent.map((each) => each.replicas));
}

const windowMs = (rules: Rules | undefined, fallbackMs: number): number =>
  rules?.stabilizationWindowSeconds === undefined ? fallbackMs : rules.stabilizationWindowSeconds * 1000;

/** As near to the current number as the recent recommendations of both windows allow. */
function stabilizeBetween(wish: Wish, past: Past, { scaleUp, scaleDown }: Behavior): number {
  const { desired, current, nowMs } = wish;
  const upFromMs = nowMs - windowMs(scaleUp, 0);
  const downFromMs = nowMs - windowMs(scaleDown, wish.downscaleStabilizationMs);
  const since = (fromMs: number): number[] =>
    past.recommendations.filter((each) => each.atMs > fromMs).map((each) => each.replicas);
  const lower = Math.min(desired, ...since(upFromMs));
  const upper = Math.max(desired, ...since(downFromMs));
  const kept = past.recommendations.filter((each) => each.atMs >= Math.min(upFromMs, downFromMs));
  past.recommendations = [...kept, { replicas: desired, atMs: nowMs }];
  return Math.min(upper, Math.max(lower, current));
}

interface Bounded {
  readonly replicas: number;
  readonly why: Reason;
}

/** Without rules of its own an autoscaler at most doubles, and may always go to four. */
function bound({ desired, current, min, max }: Wish): Bounded {
  const limit = Math.max(2 * current, 4);
  const most = Math.min(max, limit);
  if (desired < min) return { replicas: min, why: tooFew };
  if (desired > most) return { replicas: most, why: max > limit ? tooFast : tooMany };
  return { replicas: desired, why: inRange };
}

function boundByRates({ desired, current, min, max, nowMs }: Wish, past: Past, behavior: Behavior): Bounded {
  if (desired > current) {
    const limit = Math.max(current, upLimit(current, past, { rules: behavior.scaleUp, nowMs }));
    const most = Math.min(max, limit);
    if (desired > most) return { replicas: most, why: max > limit ? tooFast : tooMany };
  } else if (desired < current) {
    const limit = Math.min(current, downLimit(current, past, { rules: behavior.scaleDown, nowMs }));
    const least = Math.max(min, limit);
    if (desired < least) return { replicas: least, why: min < limit ? tooFastDown : tooFew };
  }
  return { replicas: desired, why: inRange };
}

interface Rate {
  readonly rules: Rules | undefined;
  readonly nowMs: number;
}

/** The number of replicas at the beginning of each policy's period, with the policy. */
function periods(current: number, past: Past, { rules, nowMs }: Rate) {
  const within = (changes: readonly Change[], seconds: number): number =>
    changes.filter((each) => each.atMs > nowMs - seconds * 1000).reduce((sum, each) => sum + each.by, 0);
  return (rules?.policies ?? []).map((policy) => ({
    ...policy,
    start: current - within(past.ups, policy.periodSeconds) + within(past.downs, policy.periodSeconds),
  }));
}

function upLimit(current: number, past: Past, rate: Rate): number {
  const { selectPolicy } = rate.rules ?? {};
  if (selectPolicy === "Disabled") return current;
  // Rounded up: a small share of few replicas is still one more.
  const limits = periods(current, past, rate).map(({ type, value, start }) =>
    type === "Pods" ? start + value : Math.ceil(start * (1 + value / 100)),
  );
  return selectPolicy === "Min" ? Math.min(...limits) : Math.max(...limits);
}

function downLimit(current: number, past: Past, rate: Rate): number {
  const { selectPolicy } = rate.rules ?? {};
  if (selectPolicy === "Disabled") return current;
  const limits = periods(current, past, rate).map(({ type, value, start }) =>
    type === "Pods" ? start - value : Math.trunc(start * (1 - value / 100)),
  );
  return selectPolicy === "Min" ? Math.max(...limits) : Math.min(...limits);
}

/** Remembers a change of scale for as long as a policy asks for it. */
export function remember(
  past: Past,
  { from, to, nowMs }: { readonly from: number; readonly to: number; readonly nowMs: number },
  behavior: Behavior | undefined,
): void {
  if (behavior === undefined) return;
  const longestMs = (rules: Rules | undefined): number =>
    Math.max(0, ...(rules?.policies ?? []).map((policy) => policy.periodSeconds * 1000));
  // Both directions look at both lists.
  const keptMs = Math.max(longestMs(behavior.scaleUp), longestMs(behavior.scaleDown));
  const recent = (changes: readonly Change[]): Change[] => changes.filter((each) => each.atMs >= nowMs - keptMs);
  const change = { by: Math.abs(to - from), atMs: nowMs };
  if (to > from) past.ups = [...recent(past.ups), change];
  else past.downs = [...recent(past.downs), change];
}
