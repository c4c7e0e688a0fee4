// JSON of tokens as CEL values. Numbers are doubles, as Go's decoder makes them without a schema; escaped names of keys, such as
// `__dot__`, are read as what they stand for. Upstream: plugin/pkg/authenticator/token/oidc unescapeWrapper, convertCELValueToStringList.
import { isObject } from "../../equal.ts";
import { unescapeName } from "../kubernetes/text/escaping.ts";
import { CelList, CelMap, type Result, type Value } from "../values.ts";

/** The CEL value of parsed JSON. */
export function tokenValue(json: unknown): Value {
  if (json === null || json === undefined) return null;
  if (typeof json === "number" || typeof json === "bigint") return Number(json);
  if (typeof json === "string" || typeof json === "boolean") return json;
  if (Array.isArray(json)) return new TokenList(json);
  if (isObject(json)) return new TokenMap(json);
  throw new TypeError(`${typeof json} is no JSON value`);
}

class TokenList extends CelList {
  readonly #json: readonly unknown[];

  constructor(json: readonly unknown[]) {
    super();
    this.#json = json;
  }

  get size(): number {
    return this.#json.length;
  }

  at(index: number): Result {
    return tokenValue(this.#json[index]);
  }
}

class TokenMap extends CelMap {
  readonly #json: Readonly<Record<string, unknown>>;

  constructor(json: Readonly<Record<string, unknown>>) {
    super();
    this.#json = json;
  }

  get size(): number {
    return Object.keys(this.#json).length;
  }

  find(key: Value): Result | undefined {
    if (typeof key !== "string") return undefined;
    const name = unescapeName(key) ?? key;
    return Object.hasOwn(this.#json, name) ? tokenValue(this.#json[name]) : undefined;
  }

  keys(): Iterable<Value> {
    return Object.keys(this.#json);
  }
}

/** One text or several; empty ones and null count as none. Undefined for what is neither. */
export function textsOf(value: Value): readonly string[] | undefined {
  if (value === null || value === "") return [];
  if (typeof value === "string") return [value];
  if (!(value instanceof CelList)) return undefined;
  const found: string[] = [];
  for (const each of value) {
    if (typeof each !== "string") return undefined;
    if (each !== "") found.push(each);
  }
  return found;
}
