// Opaque parameters for drivers, selectors and taints: parts that claims, classes and slices share.
// Upstream: pkg/apis/resource/validation.
import type {
  DeviceClassConfiguration,
  DeviceSelector,
  DeviceTaint,
  DeviceToleration,
} from "../../../../facts/types/resource.v1.ts";
import { field, goJson, isObject, labelValue, qualifiedName, utf8Length } from "../../../machinery/index.ts";
import { type Check, child, type Findings, item, named, worthChecking } from "../validate.ts";
import { duplicates, limited } from "./collections.ts";
import { driverName } from "./names.ts";
import { selectorProblem } from "./selector-expression.ts";

const longestParameters = 10 * 1024;
const mostSelectors = 32;
const longestExpression = 10 * 1024;
const mostBindingConditions = 4;

/** Stored already: limits that came later do not apply. */
export interface Judged {
  readonly stored: boolean;
  readonly featureEnabled: (gate: string) => boolean;
}

/** A raw JSON value that must be an object. */
export const rawObject =
  (limit: number, stored: boolean): Check<unknown> =>
  (value, at, found) => {
    if (value === undefined || value === null) found.push(field.required(at));
    else if (!stored && utf8Length(goJson(value)) > limit) found.push(field.tooLong(at, limit));
    else if (!isObject(value)) found.push(field.invalid(at, "<value omitted>", "must be a valid JSON object"));
  };

export const configuration =
  ({ stored }: Judged): Check<DeviceClassConfiguration> =>
  ({ opaque }, at, found) => {
    const path = child(at, "opaque");
    if (opaque === undefined || opaque === null) {
      found.push(field.required(path));
      return;
    }
    driverName(opaque.driver, child(path, "driver"), found);
    rawObject(longestParameters, stored)(opaque.parameters, child(path, "parameters"), found);
  };

const selector =
  (judged: Judged): Check<DeviceSelector> =>
  ({ cel }, at, found) => {
    const path = child(at, "cel");
    if (cel === undefined || cel === null) {
      found.push(field.required(path));
      return;
    }
    const where = child(path, "expression");
    const { expression = "" } = cel;
    if (utf8Length(expression) > longestExpression) found.push(field.tooLong(where, longestExpression));
    else {
      const problem = selectorProblem(expression, judged);
      if (problem?.type === "invalid") found.push(field.invalid(where, expression, problem.text));
      if (problem?.type === "costly") found.push(field.forbidden(where, "too complex, exceeds cost limit"));
    }
  };

export const selectors = (judged: Judged): Check<readonly DeviceSelector[] | undefined> =>
  limited(mostSelectors, selector(judged));

const labelKey = named(qualifiedName);
const effects = ["NoExecute", "NoSchedule", "None"];

/** `old`: a taint that was there keeps an effect that is not known any more. */
export function taint(value: DeviceTaint, at: string, of: { old?: DeviceTaint | undefined; found: Findings }): void {
  const { found, old } = of;
  const { effect = "" } = value;
  labelKey(value.key ?? "", child(at, "key"), found);
  if (value.value) named(labelValue)(value.value, child(at, "value"), found);
  if (old !== undefined && (old.effect ?? "") === effect) return;
  if (effect === "") found.push(field.required(child(at, "effect")));
  else if (!effects.includes(effect)) found.push(field.notSupported(child(at, "effect"), effect, effects));
}

export const toleration: Check<DeviceToleration> = (value, at, found) => {
  if (value.key) labelKey(value.key, child(at, "key"), found);
  switch (value.operator ?? "") {
    case "Exists":
      if (value.value)
        found.push(field.invalid(child(at, "value"), value.value, "must be empty for operator `Exists`"));
      break;
    case "Equal":
      named(labelValue)(value.value, child(at, "value"), found);
      break;
    case "":
      found.push(field.required(child(at, "operator")));
      break;
    default:
      found.push(field.notSupported(child(at, "operator"), value.operator, ["Equal", "Exists"]));
  }
  if (value.effect && !effects.includes(value.effect))
    found.push(field.notSupported(child(at, "effect"), value.effect, effects));
};

interface Bound {
  readonly bindingConditions?: readonly string[];
  readonly bindingFailureConditions?: readonly string[];
}

/** Conditions that a device waits for, and those that end the wait: both or none, and no condition in both. */
export const bindingConditions: Check<Bound> = (value, at, found) => {
  const wanted = value.bindingConditions ?? [];
  const failing = value.bindingFailureConditions ?? [];
  const [wantedAt, failingAt] = [child(at, "bindingConditions"), child(at, "bindingFailureConditions")];
  limited(mostBindingConditions, labelKey)(wanted, wantedAt, found);
  limited(mostBindingConditions, labelKey)(failing, failingAt, found);
  duplicates(wanted, wantedAt, { key: (each) => each, found });
  duplicates(failing, failingAt, { key: (each) => each, found });
  for (const [index, each] of worthChecking(failing, found))
    if (wanted.includes(each))
      found.push(
        field.invalid(item(failingAt, index), each, "bindingFailureConditions must not overlap with bindingConditions"),
      );
  if (wanted.length === 0 && failing.length > 0)
    found.push(
      field.invalid(
        wantedAt,
        value.bindingConditions ?? null,
        "bindingConditions are required to use bindingFailureConditions",
      ),
    );
  if (failing.length === 0 && wanted.length > 0)
    found.push(
      field.invalid(
        failingAt,
        value.bindingFailureConditions ?? null,
        "bindingFailureConditions are required to use bindingConditions",
      ),
    );
};
