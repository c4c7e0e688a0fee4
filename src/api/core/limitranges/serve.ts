// How the API server serves LimitRange.
import type { LimitRange, LimitRangeItem } from "../../../../facts/types/core.v1.ts";
import { compareQuantities, field, qualifiedName, quantityMilliValue } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { containerResourceName, resourceName } from "../../lib/resource-rules.ts";
import { isOvercommitAllowed, roundResourceList } from "../../lib/resources.ts";
import { type Check, child, entry, findings, item, worthChecking } from "../../lib/validate.ts";

type Amounts = Readonly<Record<string, string>>;
interface Limits {
  readonly min: Amounts;
  readonly max: Amounts;
  readonly default: Amounts;
  readonly defaultRequest: Amounts;
  readonly maxLimitRequestRatio: Amounts;
}

const standardTypes: ReadonlySet<string> = new Set(["Pod", "Container", "PersistentVolumeClaim"]);

const limitType: Check<string> = (type, at, found) => {
  const texts = qualifiedName(type);
  for (const text of texts) found.push(field.invalid(at, type, text));
  if (texts.length === 0 && !type.includes("/") && !standardTypes.has(type))
    found.push(field.invalid(at, type, "must be a standard limit type or fully qualified"));
};

const names =
  (type: string): Check<Amounts> =>
  (amounts, at, found) => {
    const rule = type === "Pod" || type === "Container" ? containerResourceName : resourceName;
    for (const [, name] of worthChecking(Object.keys(amounts).sort(), found)) rule(name, entry(at, name), found);
  };

const greater = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && compareQuantities(a, b) > 0;

/** [first, its name, must not exceed second, its name, where it is reported, the value shown] */
const orders = [
  ["min", "min value", "max", "max value", "min", "min"],
  ["min", "min value", "defaultRequest", "default request value", "defaultRequest", "defaultRequest"],
  ["defaultRequest", "default request value", "max", "max value", "defaultRequest", "defaultRequest"],
  ["defaultRequest", "default request value", "default", "default limit value", "defaultRequest", "defaultRequest"],
  ["min", "min value", "default", "default value", "default", "min"],
  ["default", "default value", "max", "max value", "default", "max"],
] as const;

const amountsOfOne =
  (name: string): Check<Limits> =>
  (limits, at, found) => {
    const where = (part: string): string => entry(child(at, part), name);
    for (const [low, lowName, high, highName, part, shown] of orders) {
      const [a, b] = [limits[low][name], limits[high][name]];
      if (!greater(a, b)) continue;
      const relation = `${lowName} ${a} is greater than ${highName} ${b}`;
      found.push(field.invalid(where(part), limits[shown][name], relation));
    }
    ratio(name)(limits, where("maxLimitRequestRatio"), found);
    const [limit, request] = [limits.default[name], limits.defaultRequest[name]];
    if (
      !isOvercommitAllowed(name) &&
      limit !== undefined &&
      request !== undefined &&
      compareQuantities(limit, request) !== 0
    )
      found.push(
        field.invalid(
          where("defaultRequest"),
          request,
          `default value ${limit} must equal to defaultRequest value ${request} in ${name}`,
        ),
      );
  };

const ratio =
  (name: string): Check<Limits> =>
  (limits, at, found) => {
    const [most, min, max] = [limits.maxLimitRequestRatio[name], limits.min[name], limits.max[name]];
    if (most === undefined) return;
    if (compareQuantities(most, "1") < 0) found.push(field.invalid(at, most, `ratio ${most} is less than 1`));
    if (min === undefined || max === undefined) return;
    const possible = quantityMilliValue(max) / quantityMilliValue(min);
    if (quantityMilliValue(most) / 1000 > possible)
      found.push(field.invalid(at, most, `ratio ${most} is greater than max/min = ${possible.toFixed(6)}`));
  };

const limit: Check<LimitRangeItem> = (value, at, found) => {
  const { type = "", min = {}, max = {}, maxLimitRequestRatio = {} } = value;
  const ofPod = type === "Pod";
  const limits: Limits = {
    min,
    max,
    maxLimitRequestRatio,
    default: ofPod ? {} : (value.default ?? {}),
    defaultRequest: ofPod ? {} : (value.defaultRequest ?? {}),
  };
  names(type)(max, child(at, "max"), found);
  names(type)(min, child(at, "min"), found);
  for (const part of ["default", "defaultRequest"] as const) {
    if (!ofPod) names(type)(limits[part], child(at, part), found);
    else if (Object.keys(value[part] ?? {}).length > 0)
      found.push(field.forbidden(child(at, part), "may not be specified when `type` is 'Pod'"));
  }
  if (type === "PersistentVolumeClaim" && min["storage"] === undefined && max["storage"] === undefined)
    found.push(
      field.required(
        child(at, "limits"),
        "either minimum or maximum storage value is required, but neither was provided",
      ),
    );
  names(type)(maxLimitRequestRatio, child(at, "maxLimitRequestRatio"), found);
  const all = new Set(Object.values(limits).flatMap((amounts: Amounts) => Object.keys(amounts)));
  for (const name of [...all].sort()) amountsOfOne(name)(limits, at, found);
};

const limits: Check<readonly LimitRangeItem[] | undefined> = (list, at, found) => {
  const seen = new Set<string>();
  for (const [index, value] of worthChecking(list ?? [], found)) {
    const type = child(item(at, index), "type");
    limitType(value.type ?? "", type, found);
    if (seen.has(value.type)) found.push(field.duplicate(type, value.type ?? ""));
    seen.add(value.type);
    limit(value, item(at, index), found);
  }
};

const lists = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;

/** A container's limit defaults to the maximum, its request to the limit, else to the minimum. */
function defaultItem(value: LimitRangeItem): void {
  if (value.type === "Container") {
    const limit = { ...value.max, ...value.default };
    const request = { ...value.min, ...limit, ...value.defaultRequest };
    if (Object.keys(limit).length > 0) value.default = limit;
    if (Object.keys(request).length > 0) value.defaultRequest = request;
  }
  for (const list of lists) roundResourceList(value[list]);
}

export const limitRangeRules = defineRules<LimitRange>({
  default: ({ spec }) => {
    for (const each of spec?.limits ?? []) defaultItem(each);
  },
  prepareCreate: ({ metadata }, { uuid }) => {
    if (!metadata.name) metadata.name = uuid();
  },
  metadataOnUpdate: "create",
  createOnUpdate: true,
  validate: ({ spec }) => findings(spec?.limits, limits, "spec.limits"),
});
