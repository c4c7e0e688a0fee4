// Resource lists (name → quantity) and resource names. Upstream: pkg/apis/core/helper, pkg/apis/core/v1/defaults.go.
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
} from "../../machinery/index.ts";

export type ResourceList = Record<string, string>;

/** What may be finer than a thousandth. */
const maybeFine = /[nu.eE-]/;

/** Nothing finer than a thousandth is kept. Changes the list in place. */
export function roundResourceList(list: ResourceList | undefined): void {
  if (list === undefined) return;
  for (const name of Object.keys(list)) {
    const text = list[name] as string;
    if (!maybeFine.test(text)) continue;
    const parsed = parseQuantity(text);
    if (parsed.scale <= 3) continue;
    const step = 10n ** BigInt(parsed.scale - 3);
    const floor = parsed.unscaled / step;
    const unscaled = parsed.unscaled % step === 0n ? floor : floor + (parsed.unscaled > 0n ? 1n : -1n);
    list[name] = formatQuantity({ unscaled, scale: 3, format: parsed.format });
  }
}

/** Adds each quantity of `more` to `total` in place. */
export function addResourceList(total: ResourceList, more: Readonly<ResourceList> | undefined): void {
  for (const name in more) {
    const amount = more[name] as string;
    total[name] = name in total ? addQuantities(total[name] as string, amount) : canonicalQuantity(amount);
  }
}

/** Raises each quantity of `total` to that of `other` where it is larger. */
export function maxResourceList(total: ResourceList, other: Readonly<ResourceList> | undefined): void {
  for (const name in other) {
    const amount = other[name] as string;
    if (!(name in total) || compareQuantities(amount, total[name] as string) > 0) total[name] = amount;
  }
}

export const isHugePage = (name: string): boolean => name.startsWith("hugepages-");
export const isNative = (name: string): boolean => !name.includes("/") || name.includes("kubernetes.io/");
const isPrefixedNative = (name: string): boolean => name.includes("kubernetes.io/");
/** Resources of device plugins and the like: a domain other than kubernetes.io. */
export const isExtended = (name: string): boolean => !isNative(name) && !name.startsWith("requests.");
export const isOvercommitAllowed = (name: string): boolean => isNative(name) && !isHugePage(name);
export const isPodLevelResource = (name: string): boolean => name === "cpu" || name === "memory" || isHugePage(name);

const containerResources: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);
export const isStandardContainerResource = (name: string): boolean => containerResources.has(name) || isHugePage(name);

const quotaResources: ReadonlySet<string> = new Set([
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.storage",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "persistentvolumeclaims",
  "configmaps",
  "services.nodeports",
  "services.loadbalancers",
]);
export const isStandardQuotaResource = (name: string): boolean =>
  quotaResources.has(name) || isHugePage(name) || name.startsWith("requests.hugepages-");

const standardResources: ReadonlySet<string> = new Set([
  ...quotaResources,
  "storage",
  "configmaps",
  "count/persistentvolumeclaims",
]);
export const isStandardResource = (name: string): boolean =>
  standardResources.has(name) || isHugePage(name) || name.startsWith("requests.hugepages-");

const integerResources: ReadonlySet<string> = new Set([
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
]);
export const isIntegerResource = (name: string): boolean => integerResources.has(name) || isExtended(name);
export { isPrefixedNative };
