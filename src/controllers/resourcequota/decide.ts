// What a namespace uses of a quota. Upstream: pkg/controller/resourcequota, apiserver's pkg/quota/v1.
import {
  addResourceList,
  type KindDefinition,
  quotaCountsFor,
  quotaScopesMatch,
  quotaUsageOf,
  type ResourceList,
  type ResourceQuota,
} from "../../api/index.ts";
import { compareQuantities, deepEqual, type KubeObject } from "../../machinery/index.ts";

/** A kind that the quota counts, with the namespace's objects of it. */
export interface Counted {
  readonly kind: Pick<KindDefinition, "group" | "resource">;
  readonly objects: readonly KubeObject[];
}

/** Usage of the names of `spec.hard` that the kinds given can tell. */
export function usageOfQuota(quota: ResourceQuota, counted: readonly Counted[], nowMs: number): ResourceList {
  const names = Object.keys(quota.spec?.hard ?? {});
  const used: ResourceList = {};
  for (const { kind, objects } of counted) {
    const own = names.filter((name) => quotaCountsFor(kind, name));
    const total: ResourceList = {};
    for (const object of objects)
      if (quotaScopesMatch(quota, kind.resource, object)) addResourceList(total, quotaUsageOf(kind, object, nowMs));
    for (const name of own) used[name] = total[name] ?? "0";
  }
  return used;
}

/** The new status; undefined when it says this already. What nobody could count keeps its last value. */
export function nextQuotaStatus(
  quota: ResourceQuota,
  usage: Readonly<ResourceList>,
): ResourceQuota["status"] | undefined {
  const hard: ResourceList = { ...quota.spec?.hard };
  const before = quota.status?.used ?? {};
  const used: ResourceList = {};
  for (const name in hard) {
    const amount = usage[name] ?? before[name];
    if (amount !== undefined) used[name] = amount;
  }
  const same =
    quota.status?.hard !== undefined &&
    quota.status.used !== undefined &&
    deepEqual(quota.status.hard, hard) &&
    sameAmounts(quota.status.used, used);
  return same ? undefined : { hard, used };
}

const sameAmounts = (a: Readonly<ResourceList>, b: Readonly<ResourceList>): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.keys(a).every((name) => b[name] !== undefined && compareQuantities(a[name]!, b[name]) === 0);
