/** Environments: libraries and variables put together, and what can be done with expressions in them. */
import { check } from "./check/checker.ts";
import type { Declarations, FunctionEntry } from "./check/environment.ts";
import type {
  CheckedAst,
  Compiled,
  EnvOptions,
  FunctionDecl,
  Library,
  MacroDecl,
  OverloadCost,
  OverloadDecl,
  Program,
  ProgramOptions,
  VariableDecl,
} from "./contract.ts";
import { COST_EXCEEDED, CostExceeded, type Frame, InternalFailure, type Step } from "./runtime/frame.ts";
import type { PlanContext } from "./runtime/place.ts";
import { PlanFailure, planStep } from "./runtime/planner.ts";
import { macroKey } from "./syntax/parse-call.ts";
import { type Parsed, parse } from "./syntax/parser.ts";
import { createIssues, issuesText } from "./syntax/source.ts";
import { CelError, type Result } from "./values.ts";

type Costs = PlanContext["costs"];

/** What libraries amount to; shared by environments that differ in variables only. */
interface Linked {
  readonly functions: ReadonlyMap<string, FunctionEntry>;
  readonly macros: ReadonlyMap<string, MacroDecl>;
  readonly constants: ReadonlyMap<string, VariableDecl>;
  readonly costs: Costs;
  readonly optionalSyntax: boolean;
}

/** An environment to compile expressions in. Immutable. */
export interface Env {
  readonly options: EnvOptions;
  readonly linked: Linked;
  readonly declarations: Declarations;
}

function mergeOverloads(known: readonly OverloadDecl[], added: readonly OverloadDecl[]): readonly OverloadDecl[] {
  const merged = [...known];
  for (const overload of added) {
    const index = merged.findIndex((other) => other.id === overload.id);
    if (index < 0) merged.push(overload);
    else if (overload.evaluate !== undefined) merged[index] = overload;
  }
  return merged;
}

function mergeFunction(known: FunctionEntry | undefined, added: FunctionDecl): FunctionEntry {
  return {
    name: added.name,
    overloads: known === undefined ? added.overloads : mergeOverloads(known.overloads, added.overloads),
    evaluate: known?.evaluate ?? added.evaluate,
  };
}

function link(libraries: readonly Library[]): Linked {
  const functions = new Map<string, FunctionEntry>();
  const macros = new Map<string, MacroDecl>();
  const constants = new Map<string, VariableDecl>();
  const costs = new Map<string, OverloadCost>();
  for (const library of libraries) {
    for (const fn of library.functions ?? []) functions.set(fn.name, mergeFunction(functions.get(fn.name), fn));
    for (const macro of library.macros ?? []) macros.set(macroKey(macro.name, macro.argCount, macro.receiver), macro);
    for (const variable of library.variables ?? []) constants.set(variable.name, variable);
    for (const [id, cost] of Object.entries(library.costs ?? {})) costs.set(id, cost);
  }
  return { functions, macros, constants, costs, optionalSyntax: libraries.some((library) => library.optionalSyntax) };
}

function build(options: EnvOptions, linked: Linked): Env {
  const variables = new Map(linked.constants);
  for (const variable of options.variables ?? []) variables.set(variable.name, variable);
  return {
    options,
    linked,
    declarations: {
      container: options.container ?? "",
      variables,
      functions: linked.functions,
      provider: options.provider,
      homogeneousLiterals: options.homogeneousLiterals ?? false,
      crossTypeNumericComparisons: options.crossTypeNumericComparisons ?? false,
    },
  };
}

/** An environment of these libraries and variables. Later declarations of a name replace earlier ones. */
export function createEnv(options: EnvOptions): Env {
  return build(options, link(options.libraries));
}

/** The environment with more libraries and variables, and other options where they are given. */
export function extendEnv(env: Env, extension: Partial<EnvOptions>): Env {
  const libraries = extension.libraries ?? [];
  const options: EnvOptions = {
    ...env.options,
    ...extension,
    libraries: [...env.options.libraries, ...libraries],
    variables: [...(env.options.variables ?? []), ...(extension.variables ?? [])],
    validators: [...(env.options.validators ?? []), ...(extension.validators ?? [])],
  };
  return build(options, libraries.length === 0 ? env.linked : link(options.libraries));
}

/** The syntax tree of an expression, with macros expanded, before any name has a meaning. */
function parseExpression(env: Env, source: string): Parsed {
  return parse(source, {
    macros: env.linked.macros,
    optionalSyntax: env.linked.optionalSyntax,
    escapedIdentifiers: env.options.escapedIdentifiers ?? false,
    keepMacroCalls: env.options.keepMacroCalls ?? false,
  });
}

/** Parses, checks and validates an expression. */
export function compile(env: Env, source: string): Compiled {
  const parsed = parseExpression(env, source);
  if (parsed.ast === undefined) return parsed;
  const issues = createIssues(source);
  const ast = check(parsed.ast, env.declarations, issues);
  const report = (id: number, message: string): void => issues.add(ast.positions.get(id) ?? -1, message);
  if (issues.count === 0) for (const validator of env.options.validators ?? []) validator(ast, report);
  if (issues.count > 0) return { ast: undefined, issues: issues.list(), text: issuesText(source, issues) };
  return { ast, issues: [], text: "" };
}

/** The expression as a program, or why it can never run. */
export function createProgram(env: Env, ast: CheckedAst, options: ProgramOptions = {}): Program | CelError {
  const context: PlanContext = {
    ast,
    decls: env.declarations,
    costs: env.linked.costs,
    options,
    variables: [],
    slots: 0,
  };
  let step: Step;
  try {
    step = planStep({ context, scope: undefined }, ast.expr);
  } catch (error) {
    if (error instanceof PlanFailure) return error.failure;
    throw error;
  }
  const limit = options.costLimit ?? Number.POSITIVE_INFINITY;
  return {
    ast,
    evaluate(activation, costLimit = limit) {
      const frame: Frame = { activation, variables: [], slots: [], limit: costLimit, cost: 0 };
      return { value: evaluateStep(frame, step), cost: frame.cost };
    },
  };
}

function evaluateStep(frame: Frame, step: Step): Result {
  try {
    return step(frame);
  } catch (error) {
    if (error instanceof CostExceeded) return COST_EXCEEDED;
    if (error instanceof InternalFailure) return new CelError(`internal error: ${error.message}`);
    throw error;
  }
}
