/**
 * Paths into values: a variable or the result of an expression, and what is selected from it. A path is one
 * step of a program, as in cel-go, whose costs depend on that: each selection costs 1 and the path itself 1
 * more, except where it is a branch of a conditional.
 * Source: cel-spec "Field selection"; github.com/google/cel-go/interpreter/attributes.go.
 */
import {
  CelError,
  CelList,
  CelMap,
  CelOptional,
  CelStruct,
  CelUint,
  NONE,
  type Result,
  type Value,
} from "../values.ts";
import { elementAt } from "./arithmetic.ts";
import { NO_SUCH_OVERLOAD } from "./compare.ts";
import { describe, typeOfValue } from "./describe.ts";
import { charge, type Frame, type Step } from "./frame.ts";

/** One selection: a constant or computed key. */
export interface Qualifier {
  readonly key: Value | Step;
  /** `.?` or `[?]`: from here on what is absent is none. */
  readonly optional: boolean;
  /** The last one of `has(…)`. */
  readonly test: boolean;
}

export type Attribute =
  | { readonly kind: "value"; readonly read: Step; readonly qualifiers: Qualifier[] }
  | { readonly kind: "conditional"; readonly condition: Step; readonly yes: Attribute; readonly no: Attribute };

/** Extends a path; both branches of a conditional are extended. */
export function addQualifier(attribute: Attribute, qualifier: Qualifier): void {
  if (attribute.kind === "value") {
    attribute.qualifiers.push(qualifier);
    return;
  }
  addQualifier(attribute.yes, qualifier);
  addQualifier(attribute.no, qualifier);
}

/** What follows a path, without the cost of the path itself. All qualifiers must be added before. */
export function resolver(attribute: Attribute): Step {
  if (attribute.kind === "conditional") {
    const { condition } = attribute;
    const yes = resolver(attribute.yes);
    const no = resolver(attribute.no);
    return (frame) => {
      const chosen = condition(frame);
      if (chosen === true) return yes(frame);
      if (chosen === false) return no(frame);
      return chosen instanceof CelError ? chosen : NO_SUCH_OVERLOAD;
    };
  }
  const { read, qualifiers } = attribute;
  if (qualifiers.length === 0) return read;
  const plain = qualifiers.every((qualifier) => !qualifier.optional && !qualifier.test);
  if (!plain) return (frame) => applyAll(frame, read(frame), qualifiers);
  return (frame) => {
    let at = read(frame);
    if (at instanceof CelOptional) return applyAll(frame, at, qualifiers);
    for (const qualifier of qualifiers) {
      if (at instanceof CelError) return at;
      at = select(frame, at, qualifier);
    }
    return at;
  };
}

function applyAll(frame: Frame, start: Result, qualifiers: readonly Qualifier[]): Result {
  if (start instanceof CelError) return start;
  let optional = start instanceof CelOptional;
  let at: Result = start;
  if (start instanceof CelOptional) {
    if (start.value === undefined) return start;
    at = start.value;
  }
  for (const qualifier of qualifiers) {
    optional ||= qualifier.optional;
    if (at instanceof CelError) return at;
    if (!optional) {
      at = qualifier.test ? present(frame, at, qualifier) : select(frame, at, qualifier);
      continue;
    }
    const found = selectIfPresent(frame, at, qualifier);
    if (found === undefined) return NONE;
    at = found;
  }
  if (at instanceof CelError) return at;
  return optional ? new CelOptional(at) : at;
}

function keyOf(frame: Frame, qualifier: Qualifier): Result {
  if (typeof qualifier.key !== "function") return qualifier.key;
  const key = qualifier.key(frame);
  return key instanceof CelError || isKey(key) ? key : invalidKey(key);
}

/** Whether a value can select something. */
export function isKey(key: Value): boolean {
  return (key !== null && typeof key !== "object") || key instanceof CelUint;
}

export function invalidKey(key: Value): CelError {
  return new CelError(`invalid qualifier type: ${goType(key)}`);
}

/** How Go names the class of a value in `%T`. */
export function goType(value: Value): string {
  const { kind } = typeOfValue(value);
  switch (kind) {
    case "null":
      return "types.Null";
    case "list":
      return "*types.baseList";
    case "map":
      return "*types.baseMap";
    case "opaque":
      return value instanceof CelOptional ? "*types.Optional" : `*${typeOfValue(value).name}`;
    case "type":
      return "*types.Type";
    default:
      return `types.${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
  }
}

/** The member of a value, or undefined when it has none. */
function member(at: Value, key: Value): Result | undefined {
  if (at instanceof CelMap) return at.find(key);
  if (at instanceof CelList) return elementAt(at, key);
  if (at instanceof CelStruct)
    return typeof key === "string" ? at.field(key) : new CelError(`unsupported index type '${typeOfValue(key).name}'`);
  return undefined;
}

function absent(at: Value, key: Value): CelError {
  if (at instanceof CelList) return new CelError(`index out of bounds: ${describe(key)}`);
  if (at instanceof CelStruct) return new CelError(`no such field '${describe(key)}'`);
  return new CelError(`no such key: ${describe(key)}`);
}

function select(frame: Frame, at: Value, qualifier: Qualifier): Result {
  charge(frame, 1);
  const key = keyOf(frame, qualifier);
  if (key instanceof CelError) return key;
  const found = member(at, key);
  return found === undefined ? absent(at, key) : found;
}

function present(frame: Frame, at: Value, qualifier: Qualifier): Result {
  charge(frame, 1);
  const key = keyOf(frame, qualifier);
  if (key instanceof CelError) return key;
  if (at instanceof CelStruct && typeof key === "string") return at.has(key) ?? absent(at, key);
  const found = member(at, key);
  return found instanceof CelError ? found : found !== undefined;
}

function selectIfPresent(frame: Frame, at: Value, qualifier: Qualifier): Result | undefined {
  const key = keyOf(frame, qualifier);
  if (key instanceof CelError) return key;
  let found: Result | undefined;
  if (at instanceof CelStruct && typeof key === "string") {
    const isSet = at.has(key);
    if (isSet === undefined) return absent(at, key);
    found = isSet ? at.field(key) : undefined;
  } else found = member(at, key);
  if (qualifier.test || (found !== undefined && !(found instanceof CelError))) charge(frame, 1);
  return found;
}
