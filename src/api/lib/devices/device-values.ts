// Attributes and capacities of one device. Upstream: pkg/apis/resource/validation.
import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  Device,
  DeviceAttribute,
  DeviceCapacity,
} from "../../../../facts/types/resource.v1.ts";
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  field,
  parseQuantity,
  quantityValue,
  utf8Length,
} from "../../../machinery/index.ts";
import { internalForm } from "../internal-form.ts";
import { isNative } from "../resources.ts";
import { type Check, child, entry, type Findings, item, worthChecking } from "../validate.ts";
import { limitedSet } from "./collections.ts";

const longestValue = 64;
const mostOptions = 10;

const number = "(0|[1-9]\\d*)";
const preRelease = "(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)";
const build = "[0-9a-zA-Z-]+";
const semver = new RegExp(
  `^${number}\\.${number}\\.${number}(-${preRelease}(\\.${preRelease})*)?(\\+${build}(\\.${build})*)?$`,
);

const text: Check<string> = (value, at, found) => {
  if (utf8Length(value) > longestValue) found.push(field.tooLong(at, longestValue));
};

const version: Check<string> = (value, at, found) => {
  if (!semver.test(value))
    found.push(field.invalid(at, value, "must be a string compatible with semver.org spec 2.0.0"));
  text(value, at, found);
};

const lists = ["bools", "ints", "strings", "versions"] as const;
const attributeFields = ["bool", "int", "string", "version", ...lists] as const;

/** One value, or one list of values that is not empty. */
export const attribute: Check<DeviceAttribute> = (value, at, found) => {
  if (value.string !== undefined) text(value.string, child(at, "string"), found);
  if (value.version !== undefined) version(value.version, child(at, "version"), found);
  for (const name of lists) {
    const list: readonly unknown[] | undefined = value[name];
    const path = child(at, name);
    if (list?.length === 0) found.push(field.invalid(path, list, "must not be empty if specified"));
    for (const [index, each] of worthChecking(list ?? [], found)) {
      if (name === "strings") text(each as string, item(path, index), found);
      if (name === "versions") version(each as string, item(path, index), found);
    }
  }
  const set = attributeFields.filter((name) => value[name] !== undefined);
  const one = "exactly one value must be specified";
  if (set.length === 0) found.push(field.invalid(at, "", one));
  if (set.length > 1) found.push(field.invalid(at, internalForm("resource.DeviceAttribute", value), one));
};

/** Each item of a list counts. */
export const attributeValues = ({ attributes }: Device): number =>
  Object.values(attributes ?? {}).reduce((sum, each) => {
    const items = lists.reduce((count, name) => count + (each[name]?.length ?? 0), 0);
    return sum + Math.max(items, 1);
  }, 0);

const options = (values: readonly string[], of: { fallback: string; most: string; at: string; found: Findings }) => {
  const { fallback, most, at, found } = of;
  for (const [index, value] of worthChecking(values, found)) {
    const before = values[index - 1];
    if (before !== undefined && compareQuantities(before, value) > 0)
      found.push(field.invalid(item(at, index), canonicalQuantity(value), "values must be sorted in ascending order"));
  }
  const option: Check<string> = (value, path) => {
    if (compareQuantities(value, most) > 0)
      found.push(
        field.invalid(
          path,
          canonicalQuantity(value),
          `option is larger than capacity value: ${canonicalQuantity(most)}`,
        ),
      );
  };
  limitedSet(mostOptions, option, (value) => String(quantityValue(value)))(values, at, found);
  const known = values.length <= mostOptions && values.some((value) => compareQuantities(value, fallback) === 0);
  if (!known)
    found.push(
      field.invalid(at, canonicalQuantity(fallback), "default value is not valid according to the requestPolicy"),
    );
};

interface RangeContext {
  readonly fallback: string;
  readonly most: string;
  readonly at: string;
  readonly found: Findings;
}

function step(value: string, range: { min: string; step: string }, at: string, found: Findings): void {
  const steps = BigInt(Math.trunc(quantityValue(range.step)));
  const distance = BigInt(Math.trunc(quantityValue(value))) - BigInt(Math.trunc(quantityValue(range.min)));
  if (steps === 0n || distance % steps !== 0n)
    found.push(
      field.invalid(
        at,
        canonicalQuantity(value),
        `value is not a multiple of a given step (${canonicalQuantity(range.step)}) from (${canonicalQuantity(range.min)})`,
      ),
    );
}

function limits(range: CapacityRequestPolicyRange, min: string, of: RangeContext): void {
  const { fallback, most, at, found } = of;
  const wrong = (name: string, value: string, problem: string, bound: string): void => {
    found.push(field.invalid(child(at, name), canonicalQuantity(value), `${problem}: ${canonicalQuantity(bound)}`));
  };
  if (compareQuantities(min, most) > 0) wrong("min", min, "min is larger than capacity value", most);
  if (compareQuantities(fallback, min) < 0) wrong("min", fallback, "default is less than min", min);
  const { max } = range;
  if (max === undefined) return;
  if (compareQuantities(min, max) > 0) wrong("max", min, "min is larger than max", max);
  if (compareQuantities(max, most) > 0) wrong("max", max, "max is larger than capacity value", most);
  if (compareQuantities(fallback, max) > 0) wrong("max", fallback, "default is more than max", max);
}

function range(value: CapacityRequestPolicyRange, of: RangeContext): void {
  const { fallback, most, at, found } = of;
  const { min, max } = value;
  if (min === undefined) {
    found.push(field.required(child(at, "min"), "required when validRange is defined"));
    return;
  }
  limits(value, min, of);
  if (value.step === undefined) return;
  const path = child(at, "step");
  const first = addQuantities(min, value.step);
  if (compareQuantities(first, most) > 0)
    found.push(
      field.invalid(
        path,
        canonicalQuantity(value.step),
        `one step ${first} is larger than capacity value: ${canonicalQuantity(most)}`,
      ),
    );
  step(fallback, { min, step: value.step }, path, found);
  if (max !== undefined) step(max, { min, step: value.step }, path, found);
}

const policy =
  (most: string): Check<CapacityRequestPolicy> =>
  ({ default: fallback, validValues = [], validRange }, at, found) => {
    const needed = (what: string): void => {
      found.push(field.required(child(at, "default"), `required when ${what} is defined`));
    };
    if (validValues.length > 0 && validRange !== undefined)
      found.push(
        field.forbidden(
          at,
          'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
        ),
      );
    else if (validValues.length > 0) {
      if (fallback === undefined) needed("validValues");
      else options(validValues, { fallback, most, at: child(at, "validValues"), found });
    } else if (validRange !== undefined) {
      if (fallback === undefined) needed("validRange");
      else range(validRange, { fallback, most, at: child(at, "validRange"), found });
    }
  };

/** Only a device that several requests may share says how much one may ask for. */
export const capacity =
  ({ shared }: { readonly shared: boolean }): Check<DeviceCapacity> =>
  ({ value = "0", requestPolicy }, at, found) => {
    if (requestPolicy === undefined || requestPolicy === null) return;
    const path = child(at, "requestPolicy");
    if (shared) policy(value)(requestPolicy, path, found);
    else found.push(field.forbidden(path, "allowMultipleAllocations must be true"));
  };

/** What of a node's own resources a device stands for. */
export const mappings: Check<Device> = ({ nodeAllocatableResourceMappings, capacity: capacities }, at, found) => {
  for (const [resource, mapping] of Object.entries(nodeAllocatableResourceMappings ?? {}).sort()) {
    const path = entry(at, resource);
    if (!isNative(resource)) found.push(field.invalid(path, resource, "must be a node allocatable resource name"));
    const { allocationMultiplier: multiplier, capacityKey } = mapping;
    if (multiplier === undefined && capacityKey === undefined)
      found.push(field.invalid(path, "", "at least one of allocationMultiplier or capacityKey must be set"));
    if (multiplier !== undefined && parseQuantity(multiplier).unscaled <= 0n)
      found.push(field.invalid(child(path, "allocationMultiplier"), canonicalQuantity(multiplier), "must be positive"));
    if (capacityKey === "")
      found.push(field.invalid(child(path, "capacityKey"), "", "capacityKey must not be an empty string"));
    else if (capacityKey !== undefined && capacities?.[capacityKey] === undefined)
      found.push(field.notFound(child(path, "capacityKey"), capacityKey));
  }
};
