/**
 * Which type may stand where another is wanted, finding values for type variables on the way.
 * A `Bindings` is immutable to its holder: a failed attempt leaves it as it was.
 * Source: cel-spec doc/langdef.md "Gradual type checking"; the rules are cel-go checker/types.go's.
 */
import { type CelType, DYN, listOf, mapOf, NULL, opaqueType, sameType, typeOf } from "../types.ts";

/** What type variables stand for, by the text of the type they replace. */
export type Bindings = ReadonlyMap<string, CelType>;
type Draft = Map<string, CelType>;

export function isDyn(type: CelType): boolean {
  return type.kind === "dyn" || type.kind === "any";
}

export function isDynOrError(type: CelType): boolean {
  return isDyn(type) || type.kind === "error";
}

function parameter(type: CelType, index: number): CelType {
  return type.parameters[index] ?? DYN;
}

function isEqualOrLessSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === "typeParam") return true;
  if (isDyn(b) || b.kind === "typeParam" || a.kind !== b.kind) return false;
  if (a.kind === "type") return true;
  if (a.kind === "opaque" || a.kind === "list" || a.kind === "map")
    return (
      a.name === b.name &&
      a.parameters.length === b.parameters.length &&
      a.parameters.every((inner, index) => isEqualOrLessSpecific(inner, parameter(b, index)))
    );
  return sameType(a, b) && a.nullable === b.nullable;
}

/** The one of two compatible types that says less. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return isEqualOrLessSpecific(a, b) ? a : b;
}

/** Whether null may stand for a value of this type. */
function takesNull(type: CelType): boolean {
  switch (type.kind) {
    case "opaque":
    case "struct":
    case "any":
    case "duration":
    case "timestamp":
    case "null":
    case "dyn":
      return true;
    default:
      return type.nullable;
  }
}

function occurs(draft: Draft, type: CelType, within: CelType): boolean {
  if (isExact(type, within)) return true;
  if (within.kind === "typeParam") {
    const bound = draft.get(within.toString());
    return bound !== undefined && occurs(draft, type, bound);
  }
  return within.parameters.some((inner) => occurs(draft, type, inner));
}

function isExact(a: CelType, b: CelType): boolean {
  return sameType(a, b) && a.nullable === b.nullable;
}

/** Whether `type` may be what `variable` stands for, and whether that was known before. */
function bind(draft: Draft, type: CelType, variable: CelType): { valid: boolean; known: boolean } {
  if (type.kind === variable.kind && isExact(type, variable)) return { valid: true, known: true };
  const key = variable.toString();
  const bound = draft.get(key);
  if (bound !== undefined) {
    if (isExact(type, bound)) return { valid: true, known: true };
    if (!assign(draft, type, bound)) return { valid: false, known: true };
    const general = mostGeneral(type, bound);
    if (!occurs(draft, variable, general)) draft.set(key, general);
    return { valid: true, known: true };
  }
  if (occurs(draft, variable, type)) return { valid: false, known: false };
  draft.set(key, type);
  return { valid: true, known: false };
}

function assign(draft: Draft, a: CelType, b: CelType): boolean {
  if (b.kind === "typeParam") {
    const { valid, known } = bind(draft, a, b);
    if (valid) return true;
    if (known) return false;
  }
  if (a.kind === "typeParam") return bind(draft, b, a).valid;
  if (isDynOrError(a) || isDynOrError(b)) return true;
  if (a.kind === "null") return takesNull(b);
  if (b.kind === "null") return takesNull(a);
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case "type":
      return true;
    case "struct":
      return a.name === b.name;
    case "opaque":
    case "list":
    case "map":
      return a.name === b.name && assignAll(draft, a.parameters, b.parameters);
    default:
      return true;
  }
}

function assignAll(draft: Draft, a: readonly CelType[], b: readonly CelType[]): boolean {
  return a.length === b.length && a.every((type, index) => assign(draft, type, b[index] ?? NULL));
}

/** The bindings after assigning the types of `b` to those of `a`, or undefined when they do not fit. */
export function assignable(bindings: Bindings, a: readonly CelType[], b: readonly CelType[]): Bindings | undefined {
  const draft = new Map(bindings);
  return assignAll(draft, a, b) ? draft : undefined;
}

/** The type with its variables replaced; variables without a value become dyn when `freeAsDyn`. */
export function substitute(bindings: Bindings, type: CelType, free: "keep" | "dyn"): CelType {
  if (type.kind === "typeParam") {
    const bound = bindings.get(type.toString());
    if (bound !== undefined) return substitute(bindings, bound, free);
    return free === "dyn" ? DYN : type;
  }
  if (type.parameters.length === 0) return type;
  const inner = (index: number): CelType => substitute(bindings, parameter(type, index), free);
  switch (type.kind) {
    case "opaque":
      return opaqueType(type.name, ...type.parameters.map((_, index) => inner(index)));
    case "list":
      return listOf(inner(0));
    case "map":
      return mapOf(inner(0), inner(1));
    case "type":
      return typeOf(inner(0));
    default:
      return type;
  }
}
