/**
 * The macros of the language: `has`, the quantifiers, `map` and `filter`, and their forms with two
 * variables. Source: cel-spec doc/langdef.md "Macros"; cel-go parser/macro.go and ext/comprehensions.go.
 */
import type { MacroDecl } from "../contract.ts";
import type { Expr, ExprFactory, MacroIssue } from "../syntax/ast.ts";

/** What the accumulator was called before it was hidden; still refused as a variable. */
const OLD_ACCUMULATOR = "__result__";

type Expanded = Expr | MacroIssue;

interface Quantifier {
  readonly target: Expr;
  readonly variables: { readonly iterVar: string; readonly iterVar2?: string };
  readonly predicate: Expr;
}

function isReserved(build: ExprFactory, name: string): boolean {
  return name === build.accumulatorName || name === OLD_ACCUMULATOR;
}

function oneVariable(build: ExprFactory, arg: Expr | undefined, notAName: string): string | MacroIssue {
  if (arg === undefined || arg.kind !== "ident") return build.issue(arg?.id ?? 0, notAName);
  if (isReserved(build, arg.name)) return build.issue(arg.id, "iteration variable overwrites accumulator variable");
  return arg.name;
}

function twoVariables(
  build: ExprFactory,
  args: readonly Expr[],
): { readonly iterVar: string; readonly iterVar2: string } | MacroIssue {
  const [first, second] = args;
  if (first?.kind !== "ident") return build.issue(first?.id ?? 0, "argument must be a simple name");
  if (second?.kind !== "ident") return build.issue(second?.id ?? 0, "argument must be a simple name");
  if (first.name === second.name) return build.issue(second.id, `duplicate variable name: ${first.name}`);
  for (const variable of [first, second])
    if (isReserved(build, variable.name))
      return build.issue(variable.id, "iteration variable overwrites accumulator variable");
  return { iterVar: first.name, iterVar2: second.name };
}

function all(build: ExprFactory, { target, variables, predicate }: Quantifier): Expr {
  return build.comprehension({
    range: target,
    ...variables,
    accuInit: build.literal(true),
    condition: build.call("@not_strictly_false", build.accumulator()),
    step: build.call("_&&_", build.accumulator(), predicate),
    result: build.accumulator(),
  });
}

function exists(build: ExprFactory, { target, variables, predicate }: Quantifier): Expr {
  return build.comprehension({
    range: target,
    ...variables,
    accuInit: build.literal(false),
    condition: build.call("@not_strictly_false", build.call("!_", build.accumulator())),
    step: build.call("_||_", build.accumulator(), predicate),
    result: build.accumulator(),
  });
}

function existsOne(build: ExprFactory, { target, variables, predicate }: Quantifier): Expr {
  return build.comprehension({
    range: target,
    ...variables,
    accuInit: build.literal(0n),
    condition: build.literal(true),
    step: build.call(
      "_?_:_",
      predicate,
      build.call("_+_", build.accumulator(), build.literal(1n)),
      build.accumulator(),
    ),
    result: build.call("_==_", build.accumulator(), build.literal(1n)),
  });
}

type Kind = (build: ExprFactory, quantifier: Quantifier) => Expr;

/** `target.name(x, predicate)`. */
function quantifier(name: string, expand: Kind): MacroDecl {
  return {
    name,
    receiver: true,
    argCount: 2,
    expand(build, target, args): Expanded | undefined {
      const [variable, predicate] = args;
      if (target === undefined || predicate === undefined) return undefined;
      const iterVar = oneVariable(build, variable, "argument must be a simple name");
      return typeof iterVar === "string" ? expand(build, { target, variables: { iterVar }, predicate }) : iterVar;
    },
  };
}

/** `target.name(i, x, predicate)`. */
function quantifier2(name: string, expand: Kind): MacroDecl {
  return {
    name,
    receiver: true,
    argCount: 3,
    expand(build, target, args): Expanded | undefined {
      const predicate = args[2];
      if (target === undefined || predicate === undefined) return undefined;
      const variables = twoVariables(build, args);
      return "issue" in variables ? variables : expand(build, { target, variables, predicate });
    },
  };
}

/** A loop that adds to its accumulator, perhaps only where a filter holds. */
interface Collector {
  readonly target: Expr;
  readonly variables: { readonly iterVar: string; readonly iterVar2?: string };
  readonly empty: Expr;
  readonly step: Expr;
  readonly filter: Expr | undefined;
}

function collect(build: ExprFactory, { target, variables, empty, step, filter }: Collector): Expr {
  return build.comprehension({
    range: target,
    ...variables,
    accuInit: empty,
    condition: build.literal(true),
    step: filter === undefined ? step : build.call("_?_:_", filter, step, build.accumulator()),
    result: build.accumulator(),
  });
}

function append(build: ExprFactory, element: Expr): Expr {
  return build.call("_+_", build.accumulator(), build.list(element));
}

function mapMacro(argCount: 2 | 3): MacroDecl {
  return {
    name: "map",
    receiver: true,
    argCount,
    expand(build, target, args): Expanded | undefined {
      const transform = args[argCount - 1];
      if (target === undefined || transform === undefined) return undefined;
      const iterVar = oneVariable(build, args[0], "argument is not an identifier");
      if (typeof iterVar !== "string") return iterVar;
      const filter = argCount === 3 ? args[1] : undefined;
      return collect(build, {
        target,
        variables: { iterVar },
        empty: build.list(),
        step: append(build, transform),
        filter,
      });
    },
  };
}

const FILTER: MacroDecl = {
  name: "filter",
  receiver: true,
  argCount: 2,
  expand(build, target, args): Expanded | undefined {
    const [variable, filter] = args;
    if (target === undefined || variable === undefined || filter === undefined) return undefined;
    const iterVar = oneVariable(build, variable, "argument is not an identifier");
    if (typeof iterVar !== "string") return iterVar;
    const step = append(build, variable);
    return collect(build, { target, variables: { iterVar }, empty: build.list(), step, filter });
  },
};

const HAS: MacroDecl = {
  name: "has",
  receiver: false,
  argCount: 1,
  expand(build, _target, args): Expanded | undefined {
    const [field] = args;
    if (field?.kind !== "select") return build.issue(field?.id ?? 0, "invalid argument to has() macro");
    return build.presenceTest(field.operand, field.field);
  },
};

/** The macros every environment has. */
export const STANDARD_MACROS: readonly MacroDecl[] = [
  HAS,
  quantifier("all", all),
  quantifier("exists", exists),
  quantifier("exists_one", existsOne),
  quantifier("existsOne", existsOne),
  mapMacro(2),
  mapMacro(3),
  FILTER,
];

type Transform = (build: ExprFactory, iterVar: string, transform: Expr) => Expr;

function transformMacro(name: string, argCount: 3 | 4, parts: { empty: "list" | "map"; step: Transform }): MacroDecl {
  return {
    name,
    receiver: true,
    argCount,
    expand(build, target, args): Expanded | undefined {
      const transform = args[argCount - 1];
      if (target === undefined || transform === undefined) return undefined;
      const variables = twoVariables(build, args);
      if ("issue" in variables) return variables;
      return collect(build, {
        target,
        variables,
        empty: parts.empty === "list" ? build.list() : build.map([]),
        step: parts.step(build, variables.iterVar, transform),
        filter: argCount === 4 ? args[2] : undefined,
      });
    },
  };
}

const TO_LIST = { empty: "list", step: (build, _key, element) => append(build, element) } as const satisfies {
  empty: string;
  step: Transform;
};
const TO_MAP = {
  empty: "map",
  step: (build, key, value) => build.call("cel.@mapInsert", build.accumulator(), build.ident(key), value),
} as const satisfies { empty: string; step: Transform };
const TO_ENTRIES = {
  empty: "map",
  step: (build, _key, entry) => build.call("cel.@mapInsert", build.accumulator(), entry),
} as const satisfies { empty: string; step: Transform };

/** The macros with two variables: index and element of a list, key and value of a map. */
export const TWO_VARIABLE_MACROS: readonly MacroDecl[] = [
  quantifier2("all", all),
  quantifier2("exists", exists),
  quantifier2("existsOne", existsOne),
  quantifier2("exists_one", existsOne),
  transformMacro("transformList", 3, TO_LIST),
  transformMacro("transformList", 4, TO_LIST),
  transformMacro("transformMap", 3, TO_MAP),
  transformMacro("transformMap", 4, TO_MAP),
  transformMacro("transformMapEntry", 3, TO_ENTRIES),
  transformMacro("transformMapEntry", 4, TO_ENTRIES),
];
