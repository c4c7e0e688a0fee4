// The strategic merge patch that turns one pod status into another. Conditions merge by type and podIPs/hostIPs by ip, so that what
// others write in between stays; the rest of the status is replaced field by field. Conditions of others are not touched, whatever the new
// status says of them: it was made of an older look at the pod. Upstream: mergePodStatus of pkg/kubelet/status/status_manager.go.
import type { PodStatus } from "../../api/index.ts";
import { deepEqual } from "../../machinery/index.ts";
import { isTerminalPhase } from "../pod.ts";
import { ownConditions } from "./conditions.ts";

/** Written by others: never removed by the kubelet. */
const foreign: ReadonlySet<string> = new Set([
  "nominatedNodeName",
  "resourceClaimStatuses",
  "extendedResourceClaimStatus",
  "nodeAllocatableResourceClaimStatuses",
  "resize",
]);
const mergeKeys: Readonly<Record<string, string>> = { conditions: "type", podIPs: "ip", hostIPs: "ip" };

/** Undefined when nothing differs. */
export function statusPatch(from: PodStatus | undefined, to: PodStatus): Record<string, unknown> | undefined {
  const before = (from ?? {}) as Record<string, unknown>;
  const after = to as Record<string, unknown>;
  const patch: Record<string, unknown> = {};
  const ends = !isTerminalPhase(from?.phase) && isTerminalPhase(to.phase);
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = before[name];
    const next = after[name];
    if (next === undefined) {
      if (!foreign.has(name)) patch[name] = null;
    } else if (mergeKeys[name] !== undefined) {
      const list = listPatch(mergeKeys[name], (old ?? []) as Item[], writable(name, next as Item[], ends));
      if (list !== undefined) patch[name] = list;
    } else if (old === undefined || !deepEqual(old, next)) patch[name] = mapPatch(old, next);
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

type Item = Record<string, unknown>;

/** What the kubelet may write: its own conditions, and why the node put the pod out, together with the pod's end. */
const writable = (field: string, items: readonly Item[], ends: boolean): readonly Item[] =>
  field === "conditions"
    ? items.filter(({ type }) => ownConditions.has(type as string) || (ends && type === "DisruptionTarget"))
    : items;

function listPatch(key: string, before: readonly Item[], after: readonly Item[]): Item[] | undefined {
  const patch: Item[] = [];
  for (const item of after) {
    const old = before.find((each) => each[key] === item[key]);
    if (old === undefined) patch.push(item);
    else if (!deepEqual(without(old), without(item))) patch.push({ ...mapPatch(old, item), [key]: item[key] });
  }
  for (const item of before)
    if (!after.some((each) => each[key] === item[key]) && (key !== "type" || ownConditions.has(item[key] as string)))
      patch.push({ [key]: item[key], $patch: "delete" });
  return patch.length === 0 ? undefined : patch;
}

/** `lastProbeTime: null` in stored objects means the same as its absence. */
const without = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null && value !== undefined));

/** Maps merge: keys that are no longer there must be named with null. */
function mapPatch(before: unknown, after: unknown): Item {
  if (!isMap(before) || !isMap(after)) return after as Item;
  const patch: Item = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (after[key] === undefined || after[key] === null) {
      if (before[key] !== undefined && before[key] !== null) patch[key] = null;
    } else if (!deepEqual(before[key], after[key]))
      patch[key] = isMap(before[key]) && isMap(after[key]) ? mapPatch(before[key], after[key]) : after[key];
  }
  return patch;
}

const isMap = (value: unknown): value is Item => typeof value === "object" && value !== null && !Array.isArray(value);
