// Rules of resource names and quantities. Upstream: pkg/apis/core/validation (validateResourceName and its users).
import type { ResourceRequirements } from "../../../facts/types/core.v1.ts";
import {
  compareQuantities,
  type FieldError,
  field,
  mostFindings,
  parseQuantity,
  qualifiedName,
  quantityValue,
} from "../../machinery/index.ts";
import {
  isExtended,
  isHugePage,
  isIntegerResource,
  isNative,
  isOvercommitAllowed,
  isPodLevelResource,
  isStandardContainerResource,
  isStandardQuotaResource,
  isStandardResource,
  type ResourceList,
} from "./resources.ts";
import {
  type Check,
  child,
  dnsLabel,
  entry,
  type Findings,
  item,
  notNegativeText,
  sortedKeys,
  worthChecking,
} from "./validate.ts";

const isQualified = (name: string): boolean => name.includes("/");

export const resourceName: Check<string> = (name, at, found) => {
  const texts = qualifiedName(name);
  for (const text of texts) found.push(field.invalid(at, name, text));
  if (texts.length === 0 && !isQualified(name) && !isStandardResource(name))
    found.push(field.invalid(at, name, "must be a standard resource type or fully qualified"));
};

export const containerResourceName: Check<string> = (name, at, found) => {
  resourceName(name, at, found);
  if (!isQualified(name)) {
    if (!isStandardContainerResource(name))
      found.push(field.invalid(at, name, "must be a standard resource for containers"));
  } else if (!isNative(name) && !isExtendedName(name))
    found.push(field.invalid(at, name, "doesn't follow extended resource name standard"));
};

/** Extended resources must still be a name with `requests.` before it: quota counts them so. */
const isExtendedName = (name: string): boolean => isExtended(name) && qualifiedName(`requests.${name}`).length === 0;

export const podResourceName: Check<string> = (name, at, found) => {
  const before = found.length;
  resourceName(name, at, found);
  if (found.length === before && !isPodLevelResource(name))
    found.push(field.notSupported(at, name, ["cpu", "hugepages-", "memory"]));
};

export const quotaResourceName: Check<string> = (name, at, found) => {
  resourceName(name, at, found);
  if (!isQualified(name) && !isStandardQuotaResource(name))
    found.push(field.invalid(at, name, "must be a standard resource for quota"));
};

const isWhole = (quantity: string): boolean => {
  const { unscaled, scale } = parseQuantity(quantity);
  return scale <= 0 || unscaled % 10n ** BigInt(scale) === 0n;
};

export const quantityRules =
  (name: string): Check<string> =>
  (quantity, at, found) => {
    if (quantity.includes("-") && compareQuantities(quantity, "0") < 0)
      found.push(field.invalid(at, quantity, notNegativeText));
    if (isIntegerResource(name) && !isWhole(quantity)) found.push(field.invalid(at, quantity, "must be an integer"));
  };

/** Every name and amount of a list, in name order. */
export const resourceList =
  (nameRule: Check<string>): Check<Readonly<ResourceList> | undefined> =>
  (list, at, found) => {
    for (const name of sortedKeys(list)) {
      if (found.length >= mostFindings) break;
      nameRule(name, entry(at, name), found);
      quantityRules(name)(list?.[name] as string, entry(at, name), found);
    }
  };

function hugePageSize(name: string, quantity: string, at: string): FieldError[] {
  const size = quantityValueOf(name.slice("hugepages-".length));
  const amount = quantityValueOf(quantity);
  if (size === undefined || amount === undefined || size <= 0 || amount % size !== 0)
    return [field.invalid(at, quantity, `${quantity} is not positive integer multiple of ${name}`)];
  return [];
}

function quantityValueOf(text: string): number | undefined {
  return /^[0-9]/.test(text) ? quantityValue(text) : undefined;
}

function requestAgainstLimit(
  name: string,
  { request, limits, at }: { request: string; limits: Readonly<ResourceList>; at: string },
  found: Findings,
): void {
  const limit = limits[name];
  const requests = child(at, "requests");
  if (limit === undefined) {
    if (!isOvercommitAllowed(name))
      found.push(field.required(child(at, "limits"), "Limit must be set for non overcommitable resources"));
  } else if (!isOvercommitAllowed(name) && compareQuantities(request, limit) !== 0)
    found.push(field.invalid(requests, request, `must be equal to ${name} limit of ${limit}`));
  else if (compareQuantities(request, limit) > 0)
    found.push(field.invalid(requests, request, `must be less than or equal to ${name} limit of ${limit}`));
}

/** Limits, requests and claims of a container (or of a pod). `claims` are the names in spec.resourceClaims. */
export const resourceRequirements =
  (nameRule: Check<string>, claims: ReadonlySet<string>): Check<ResourceRequirements | undefined> =>
  (value, at, found) => {
    if (!value) return;
    const limits: ResourceList = value.limits ?? {};
    const requests: ResourceList = value.requests ?? {};
    const [limited, requested] = [sortedKeys(limits), sortedKeys(requests)];
    for (const name of limited) {
      if (found.length >= mostFindings) break;
      const path = entry(child(at, "limits"), name);
      nameRule(name, path, found);
      quantityRules(name)(limits[name] as string, path, found);
      if (isHugePage(name)) found.push(...hugePageSize(name, limits[name] as string, path));
    }
    for (const name of requested) {
      if (found.length >= mostFindings) break;
      const path = entry(child(at, "requests"), name);
      nameRule(name, path, found);
      quantityRules(name)(requests[name] as string, path, found);
      requestAgainstLimit(name, { request: requests[name] as string, limits, at }, found);
      if (isHugePage(name)) found.push(...hugePageSize(name, requests[name] as string, path));
    }
    if (limited.some(isHugePage) || requested.some(isHugePage)) {
      const names = [...limited, ...requested];
      if (!names.includes("cpu") && !names.includes("memory"))
        found.push(field.forbidden(at, "HugePages require cpu or memory"));
    }
    if (value.claims) claimNames(value.claims, { known: claims, at: child(at, "claims") }, found);
  };

type Claims = NonNullable<ResourceRequirements["claims"]>;

function claimNames(list: Claims, { known, at }: { known: ReadonlySet<string>; at: string }, found: Findings): void {
  const seen = new Set<string>();
  /** How many requests of a claim there are. */
  const requests = new Map<string, number>();
  const where = known.size === 0 ? " which is empty" : `: ${[...known].sort().join(", ")}`;
  for (const [index, { name = "", request = "" }] of worthChecking(list, found)) {
    const path = item(at, index);
    if (name === "") found.push(field.required(path));
    else if (seen.has(name)) found.push(field.duplicate(path, name));
    else {
      if (request !== "") dnsLabel(request, child(path, "request"), found);
      const key = request === "" ? name : `${name}/${request}`;
      if (seen.has(key)) found.push(field.duplicate(path, key));
      else if (request === "")
        for (let count = requests.get(name) ?? 0; count > 0; count--) found.push(field.duplicate(path, name));
      if (request !== "" && !seen.has(key)) requests.set(name, (requests.get(name) ?? 0) + 1);
      seen.add(key);
    }
    if (name !== "" && !known.has(name)) {
      const missing = field.notFound(path, name);
      found.push({
        ...missing,
        message: `${missing.message}: must be one of the names in pod.spec.resourceClaims${where}`,
      });
    }
  }
}
