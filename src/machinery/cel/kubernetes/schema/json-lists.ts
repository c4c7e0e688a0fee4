/**
 * Lists of JSON values that are sets or maps: membership by scalar value or by key fields.
 * Source: k8s.io/apiserver/pkg/cel/common/valuesunstructured.go, unstructuredSetList and unstructuredMapList.
 */
import { isObject } from "../../../equal.ts";

/** Scalars by type and value: 1 is not "1". Anything else is itself. */
const scalarKey = (value: unknown): unknown => {
  if (typeof value === "bigint") return `int:${value}`;
  if (typeof value === "number") return Number.isSafeInteger(value) ? `int:${value}` : `double:${value}`;
  if (value === null || value === undefined) return "null";
  return typeof value === "object" ? value : `${typeof value}:${String(value)}`;
};

/** A list whose elements occur once. */
export class SetListOfValues {
  readonly #values: readonly unknown[];
  readonly #known: ReadonlySet<unknown>;

  constructor(values: readonly unknown[]) {
    this.#values = values;
    this.#known = new Set(values.map(scalarKey));
  }

  hasAll(others: readonly unknown[]): boolean {
    return others.every((other) => this.#known.has(scalarKey(other)));
  }

  /** The values and behind them those of the others that are not there yet. */
  with(others: readonly unknown[]): readonly unknown[] {
    const known = new Set(this.#known);
    const added = others.filter((other) => {
      const key = scalarKey(other);
      if (known.has(key)) return false;
      known.add(key);
      return true;
    });
    return [...this.#values, ...added];
  }
}

/** A list whose elements are told apart by some of their fields. */
export class MapListOfValues {
  readonly #values: readonly unknown[];
  readonly #keyFields: readonly string[];
  readonly #byKey = new Map<unknown, number>();

  constructor(values: readonly unknown[], keyFields: readonly string[]) {
    this.#values = values;
    this.#keyFields = keyFields;
    for (const [index, value] of values.entries()) this.#byKey.set(this.#keyOf(value), index);
  }

  #keyOf(value: unknown): unknown {
    if (!isObject(value)) return value;
    return this.#keyFields.map((field) => String(scalarKey(value[field]))).join("\u0000");
  }

  /** The element with the keys of another one. */
  find(other: unknown): unknown {
    const index = this.#byKey.get(this.#keyOf(other));
    return index === undefined ? undefined : this.#values[index];
  }

  /** The values, replaced by those of the others with the same keys, and behind them the rest of the others. */
  with(others: readonly unknown[]): readonly unknown[] {
    const result = [...this.#values];
    for (const other of others) {
      const index = this.#byKey.get(this.#keyOf(other));
      if (index === undefined) result.push(other);
      else result[index] = other;
    }
    return result;
  }
}
