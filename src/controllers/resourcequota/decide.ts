// What a namespace uses of a quota. Upstream: pkg/controller/resourcequota, apiserver's pkg/quota/v1.
import {
  addResourceList,
  type DeviceClaim,
  type DeviceClass,
  type DeviceView,
  deviceCountsFor,
  extendedDeviceUsage,
  type KindDefinition,
  type Pod,
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
export function usageOfQuota(
  quota: ResourceQuota,
  counted: readonly Counted[],
  { nowMs, classes = [] }: { readonly nowMs: number; readonly classes?: readonly DeviceClass[] },
): ResourceList {
  const names = Object.keys(quota.spec?.hard ?? {});
  const used: ResourceList = {};
  const devices = deviceView(counted, { nowMs, classes });
  for (const { kind, objects } of counted) {
    const ofDevices = isDeviceClaim(kind) && classes.length > 0;
    const own = names.filter((name) => quotaCountsFor(kind, name) || (ofDevices && deviceCountsFor(name, classes)));
    const total: ResourceList = {};
    for (const object of objects) {
      if (!quotaScopesMatch(quota, kind.resource, object)) continue;
      const usage = quotaUsageOf(kind, object, nowMs);
      addResourceList(total, ofDevices ? extendedDeviceUsage(object as DeviceClaim, usage, devices) : usage);
    }
    // Pods and claims may both use the devices of a class.
    for (const name of own) addResourceList(used, { [name]: total[name] ?? "0" });
  }
  return used;
}

const isDeviceClaim = ({ group, resource }: Counted["kind"]): boolean =>
  group === "resource.k8s.io" && resource === "resourceclaims";

function deviceView(
  counted: readonly Counted[],
  known: { readonly nowMs: number; readonly classes: readonly DeviceClass[] },
): DeviceView {
  const objectsOf = (isKind: (kind: Counted["kind"]) => boolean): readonly KubeObject[] =>
    counted.find(({ kind }) => isKind(kind))?.objects ?? [];
  const claims = objectsOf(isDeviceClaim) as readonly DeviceClaim[];
  return {
    ...known,
    podOf: (_, name) =>
      objectsOf(({ group, resource }) => group === "" && resource === "pods").find(
        ({ metadata }) => metadata.name === name,
      ) as Pod | undefined,
    claimsOf: () => claims,
  };
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
