// Which pods have to leave the devices they hold, when, and what a DeviceTaintRule tells of it. Plain functions over what there is.
// Upstream: pkg/controller/devicetainteviction, k8s.io/dynamic-resource-allocation/resourceclaim (devicetoleration.go).
import type { DeviceTaintRule, Pod, resource_v1 } from "../../api/index.ts";
import type { Condition } from "../../machinery/index.ts";
import { type ClaimUsers, isReservedFor, notFor } from "../lib/index.ts";

export type ResourceClaim = resource_v1.ResourceClaim;
export type ResourceSlice = resource_v1.ResourceSlice;
type Allocated = NonNullable<
  NonNullable<NonNullable<NonNullable<ResourceClaim["status"]>["allocation"]>["devices"]>["results"]
>[number];

/** What is published and what is said about it. */
export interface Devices {
  /** Slices of one pool, outdated ones among them. */
  slicesOf(pool: string): readonly ResourceSlice[];
  /** Those that end pods. */
  readonly rules: readonly DeviceTaintRule[];
}

export interface Eviction {
  readonly whenMs: number;
  /** The rules that are a reason for it, by uid. */
  readonly rules: ReadonlySet<string>;
}

export const poolKey = (driver: string, pool: string): string => `${driver}/${pool}`;

export const allocatedDevices = (claim: ResourceClaim): readonly Allocated[] =>
  claim.status?.allocation?.devices?.results ?? [];

/** Devices that count: those of a pool's newest generation. */
export function publishedDevices(slices: readonly ResourceSlice[]) {
  const generation = Math.max(...slices.map(({ spec }) => spec.pool.generation));
  return slices.filter(({ spec }) => spec.pool.generation === generation).flatMap(({ spec }) => spec.devices ?? []);
}

export function ruleMatches(
  { spec: { deviceSelector: selector } }: DeviceTaintRule,
  of: { readonly driver: string; readonly pool: string; readonly device: string },
): boolean {
  if (selector === undefined || selector === null) return false;
  return (["driver", "pool", "device"] as const).every(
    (each) => selector[each] === undefined || selector[each] === of[each],
  );
}

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  readonly timeAdded?: string;
}

type Toleration = NonNullable<Allocated["tolerations"]>[number];

/** Only tolerations of this very effect count here: upstream's rule. */
const tolerates = ({ effect, key, operator, value = "" }: Toleration, taint: Taint): boolean =>
  effect === "NoExecute" &&
  (!key || key === taint.key) &&
  (operator === "Exists" || ((operator === undefined || operator === "Equal") && value === (taint.value ?? "")));

/** When a taint ends what uses the device, milliseconds; undefined when it is tolerated for ever. */
function endOf(taint: Taint, tolerations: readonly Toleration[]): number | undefined {
  const addedMs = taint.timeAdded === undefined ? 0 : Date.parse(taint.timeAdded);
  const matching = tolerations.filter((each) => tolerates(each, taint));
  if (matching.some(({ tolerationSeconds }) => tolerationSeconds === undefined || tolerationSeconds === null))
    return undefined;
  if (matching.length === 0) return addedMs;
  return addedMs + 1000 * Math.min(...matching.map(({ tolerationSeconds }) => Math.max(tolerationSeconds!, 0)));
}

/** Undefined when nothing ends what uses the claim. */
function claimEviction(claim: ResourceClaim, { slicesOf, rules }: Devices): Eviction | undefined {
  let whenMs: number | undefined;
  const reasons = new Set<string>();
  for (const allocated of allocatedDevices(claim)) {
    const { driver, pool, device, tolerations = [] } = allocated;
    const published = publishedDevices(slicesOf(poolKey(driver, pool))).find(({ name }) => name === device);
    const note = (taint: Taint, rule?: DeviceTaintRule): void => {
      const endMs = endOf(taint, tolerations);
      if (endMs === undefined) return;
      whenMs = Math.min(whenMs ?? endMs, endMs);
      if (rule !== undefined) reasons.add(rule.metadata.uid ?? "");
    };
    for (const taint of published?.taints ?? []) if (taint.effect === "NoExecute") note(taint);
    for (const rule of rules) if (ruleMatches(rule, allocated)) note(rule.spec.taint, rule);
  }
  return whenMs === undefined ? undefined : { whenMs, rules: reasons };
}

/** Names of the pod's claims; `generated` ones have to be the pod's own. */
function claimNames(pod: Pod): { readonly name: string; readonly generated: boolean }[] {
  return (pod.spec?.resourceClaims ?? []).flatMap((entry): { name: string; generated: boolean }[] => {
    const { name, resourceClaimName, resourceClaimTemplateName } = entry;
    if (resourceClaimName !== undefined) return [{ name: resourceClaimName, generated: false }];
    if (resourceClaimTemplateName === undefined) return [];
    const made = pod.status?.resourceClaimStatuses?.find((each) => each.name === name)?.resourceClaimName;
    return made === undefined ? [] : [{ name: made, generated: true }];
  });
}

/** The first of the ends that its claims come to; undefined when it may stay. */
export function podEviction(
  pod: Pod,
  of: Devices & { readonly users: ClaimUsers; claimNamed(name: string): ResourceClaim | undefined },
): Eviction | undefined {
  if (!pod.spec?.nodeName) return undefined;
  const found = claimNames(pod).flatMap(({ name, generated }) => {
    const claim = of.claimNamed(name);
    if (claim?.status?.allocation === undefined) return [];
    if (generated && notFor(pod, claim, of.users) !== undefined) return [];
    if (!isReservedFor(pod, claim, of.users)) return [];
    return claimEviction(claim, of) ?? [];
  });
  if (found.length === 0) return undefined;
  return {
    whenMs: Math.min(...found.map(({ whenMs }) => whenMs)),
    rules: new Set(found.flatMap(({ rules }) => [...rules])),
  };
}

/** What a rule does, or would do. */
export interface RuleEffect {
  readonly pods: number;
  readonly namespaces: number;
  readonly publishedDevices: number;
  readonly allocatedDevices: number;
  /** Since the controller began. */
  readonly evicted: number;
}

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;

/** The condition that tells it, without its time. */
export function ruleCondition(
  { metadata, spec }: DeviceTaintRule,
  effect: RuleEffect,
): Omit<Condition, "lastTransitionTime"> {
  const told = toldOf(spec.taint.effect, effect);
  const since =
    effect.evicted === 0 ? [] : [`${count(effect.evicted, "pod", "pods")} evicted since starting the controller.`];
  return {
    type: "EvictionInProgress",
    status: told.inProgress === true ? "True" : "False",
    reason: told.reason,
    message: [...(told.message === "" ? [] : [told.message]), ...since].join(" "),
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
  };
}

interface Told {
  readonly reason: string;
  readonly message: string;
  readonly inProgress?: true;
}

function toldOf(taintEffect: string, effect: RuleEffect): Told {
  const { pods, namespaces, evicted } = effect;
  const where = count(namespaces, "namespace", "different namespaces");
  switch (taintEffect) {
    case "NoExecute":
      if (pods === 0) return { reason: evicted > 0 ? "Completed" : "NotStarted", message: "" };
      return {
        reason: "PodsPendingEviction",
        message: `${count(pods, "pod needs", "pods need")} to be evicted in ${where}.`,
        inProgress: true,
      };
    case "None":
      return {
        reason: "NoEffect",
        message: `${count(effect.publishedDevices, "published device", "published devices")} selected. ${count(effect.allocatedDevices, "allocated device", "allocated devices")} selected. ${count(pods, "pod", "pods")} would be evicted in ${where} if the effect was NoExecute. This information will not be updated again. Recreate the DeviceTaintRule to trigger an update.`,
      };
    default:
      return { reason: "OtherEffect", message: "Eviction only happens for the NoExecute effect." };
  }
}
