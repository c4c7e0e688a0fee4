// One requirement of a label selector and the checks of its key and values. Upstream: labels.NewRequirement.
import { labelValue, qualifiedName } from "../names.ts";

export type Labels = Readonly<Record<string, string>>;
export type LabelOperator = "in" | "notin" | "=" | "==" | "!=" | "exists" | "!" | "gt" | "lt";

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** Text that is no selector, or a requirement that asks nonsense. */
export class SelectorError extends Error {
  override readonly name = "SelectorError";
}

/** strconv.ParseInt(text, 10, 64). */
export function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** Checks key, number of values and values. Throws SelectorError with upstream's texts (labels.NewRequirement). */
export function checkedRequirement(requirement: LabelRequirement): LabelRequirement {
  const { key, operator, values } = requirement;
  const errors: string[] = [];
  const keyErrors = qualifiedName(key);
  if (keyErrors.length > 0) errors.push(`key: Invalid value: ${JSON.stringify(key)}: ${keyErrors.join("; ")}`);
  errors.push(...countErrors(operator, values));
  values.forEach((value, index) => {
    const found = labelValue(value);
    if (found.length > 0)
      errors.push(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${found.join("; ")}`);
  });
  const distinct = [...new Set(errors)];
  if (distinct.length === 1) throw new SelectorError(distinct[0]);
  if (distinct.length > 1) throw new SelectorError(`[${distinct.join(", ")}]`);
  return requirement;
}

function countErrors(operator: LabelOperator, values: readonly string[]): string[] {
  const shown = values.length === 0 ? "null" : JSON.stringify(values);
  switch (operator) {
    case "in":
    case "notin":
      return values.length === 0
        ? [`values: Invalid value: ${shown}: for 'in', 'notin' operators, values set can't be empty`]
        : [];
    case "=":
    case "==":
    case "!=":
      return values.length === 1
        ? []
        : [`values: Invalid value: ${shown}: exact-match compatibility requires one single value`];
    case "exists":
    case "!":
      return values.length === 0
        ? []
        : [`values: Invalid value: ${shown}: values set must be empty for exists and does not exist`];
    case "gt":
    case "lt": {
      const errors =
        values.length === 1
          ? []
          : [`values: Invalid value: ${shown}: for 'Gt', 'Lt' operators, exactly one value is required`];
      values.forEach((value, index) => {
        if (parseInt64(value) === undefined)
          errors.push(
            `values[${index}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
          );
      });
      return errors;
    }
  }
}
