/** Makes the nodes of one expression: ids, positions and what macros build. */
import type { Value } from "../values.ts";
import type { Expr, ExprFactory, Loop, MacroIssue, MapEntry, StructField } from "./ast.ts";

/** The variable a comprehension accumulates in; no expression can name it. */
export const ACCUMULATOR = "@result";

/** Hands out ids and remembers where their nodes stand. */
export interface Ids {
  /** A new id at an offset in code points. */
  at(offset: number): number;
  readonly positions: ReadonlyMap<number, number>;
}

export function createIds(): Ids {
  const positions = new Map<number, number>();
  let last = 0;
  return {
    at(offset) {
      last++;
      positions.set(last, offset);
      return last;
    },
    positions,
  };
}

/** The factory a macro at `offset` builds with. */
export function createFactory(ids: Ids, offset: number): ExprFactory {
  const next = (): number => ids.at(offset);
  const call = (name: string, target: Expr | undefined, args: readonly Expr[]): Expr => ({
    kind: "call",
    id: next(),
    function: name,
    target,
    args,
  });
  return {
    literal: (value: Value) => ({ kind: "literal", id: next(), value }),
    ident: (name) => ({ kind: "ident", id: next(), name }),
    accumulator: () => ({ kind: "ident", id: next(), name: ACCUMULATOR }),
    accumulatorName: ACCUMULATOR,
    select: (operand, field) => ({ kind: "select", id: next(), operand, field, testOnly: false }),
    presenceTest: (operand, field) => ({ kind: "select", id: next(), operand, field, testOnly: true }),
    call: (name, ...args) => call(name, undefined, args),
    memberCall: (name, target, ...args) => call(name, target, args),
    list: (...elements) => ({ kind: "list", id: next(), elements, optionals: [] }),
    map: (entries) => ({ kind: "map", id: next(), entries }),
    mapEntry: (key, value) => ({ id: next(), key, value, optional: false }),
    struct: (typeName, fields) => ({ kind: "struct", id: next(), typeName, fields }),
    structField: (name, value) => ({ id: next(), name, value, optional: false }),
    comprehension: (loop: Loop) => ({
      kind: "comprehension",
      id: next(),
      range: loop.range,
      iterVar: loop.iterVar,
      iterVar2: loop.iterVar2 ?? "",
      accuVar: loop.accuVar ?? ACCUMULATOR,
      accuInit: loop.accuInit,
      condition: loop.condition,
      step: loop.step,
      result: loop.result,
    }),
    copy: (expr) => copyExpr(expr, ids),
    issue: (id, message): MacroIssue => ({ issue: message, id }),
  };
}

/** A copy whose nodes have new ids at the old positions. */
function copyExpr(expr: Expr, ids: Ids): Expr {
  const copy = (inner: Expr): Expr => copyExpr(inner, ids);
  const renew = (id: number): number => ids.at(ids.positions.get(id) ?? -1);
  const id = renew(expr.id);
  switch (expr.kind) {
    case "select":
      return { ...expr, id, operand: copy(expr.operand) };
    case "call":
      return {
        ...expr,
        id,
        target: expr.target === undefined ? undefined : copy(expr.target),
        args: expr.args.map(copy),
      };
    case "list":
      return { ...expr, id, elements: expr.elements.map(copy) };
    case "map":
      return {
        ...expr,
        id,
        entries: expr.entries.map(
          (entry): MapEntry => ({
            ...entry,
            id: renew(entry.id),
            key: copy(entry.key),
            value: copy(entry.value),
          }),
        ),
      };
    case "struct":
      return {
        ...expr,
        id,
        fields: expr.fields.map((field): StructField => ({ ...field, id: renew(field.id), value: copy(field.value) })),
      };
    case "comprehension":
      return {
        ...expr,
        id,
        range: copy(expr.range),
        accuInit: copy(expr.accuInit),
        condition: copy(expr.condition),
        step: copy(expr.step),
        result: copy(expr.result),
      };
    default:
      return { ...expr, id };
  }
}
