/**
 * What a CEL environment is made of and what comes out of it. Everything is data: an environment is a
 * list of libraries, variables and a type provider; a library is a name, functions with overloads, and macros.
 *
 *   const env = createEnv({ libraries: [STANDARD, STRINGS], variables: [{ name: "self", type: INT }] });
 *   const compiled = compile(env, "self < 10");            // parse + check + validate
 *   if (compiled.issues.length > 0) compiled.text          // cel-go's "ERROR: <input>:1:5: …" form
 *   const program = createProgram(env, compiled.ast, { costLimit: 1000 });   // or a CelError
 *   program.evaluate({ self: 3n })                         // { value: true, cost: 2 }
 *
 * Texts and costs equal cel-go's, the version that Kubernetes 1.36 uses.
 */
import type { Expr, ExprFactory, MacroIssue, ParsedAst } from "./syntax/ast.ts";
import type { CelType } from "./types.ts";
import type { CelError, Result, Value } from "./values.ts";

/** One signature of a function. Overload ids are unique in an environment. */
export interface OverloadDecl {
  readonly id: string;
  /** Whether it is called on its first argument: `a.f(b)`. */
  readonly member?: boolean;
  /** The receiver first, when it is a member. */
  readonly args: readonly CelType[];
  readonly result: CelType;
  /**
   * Called with values that fit `args` at run time (the dispatcher has looked); never with errors.
   * Written with the arguments' own types: `evaluate: (text: string, at: bigint) => …`.
   */
  evaluate?(...args: Value[]): Result;
  /**
   * Asked once when a program is made, with the arguments that are constant: a faster implementation, the
   * error that makes the program impossible (such as a pattern that does not compile), or undefined.
   */
  specialize?(constants: readonly (Value | undefined)[]): Implementation | CelError | undefined;
}

/** What a function does with values. */
export interface Implementation {
  run(...args: Value[]): Result;
}

/** A function with its overloads, tried in this order. Libraries may each add overloads to one name. */
export interface FunctionDecl {
  readonly name: string;
  readonly overloads: readonly OverloadDecl[];
  /** One implementation for overloads that have none of their own. */
  evaluate?(...args: Value[]): Result;
}

/** A syntactic rewrite of a call, before checking. */
export interface MacroDecl {
  readonly name: string;
  readonly receiver: boolean;
  /** Number of arguments without the receiver, or -1 for any number. */
  readonly argCount: number;
  /** The expansion; undefined leaves the call as it is; an issue is an error at an expression. */
  expand(build: ExprFactory, target: Expr | undefined, args: readonly Expr[]): Expr | MacroIssue | undefined;
}

/** A set of functions, macros, constants and checks that are switched on together. */
export interface Library {
  readonly name: string;
  readonly functions?: readonly FunctionDecl[];
  readonly macros?: readonly MacroDecl[];
  /** Names with a type and, for constants, a value. Type names such as `int` are constants of a type type. */
  readonly variables?: readonly VariableDecl[];
  /** Costs of overloads that replace the default, by overload id; asked before the program's own estimator. */
  readonly costs?: Readonly<Record<string, OverloadCost>>;
  /** Switches `a.?b`, `a[?b]`, `[?e]` and `{?k: v}` on. */
  readonly optionalSyntax?: boolean;
}

/** What a call of an overload costs; an argument may be the error it failed with. */
export type OverloadCost = (args: readonly Result[], result: Result) => number;

export interface VariableDecl {
  readonly name: string;
  readonly type: CelType;
  /** Set for constants. */
  readonly value?: Value;
}

/** Object types by name: what the checker asks and how `Type{field: value}` is built. */
export interface TypeProvider {
  /** The object type of this fully qualified name: a struct type, not a type of one. */
  findType(name: string): CelType | undefined;
  findField(typeName: string, field: string): CelType | undefined;
  fieldNames(typeName: string): readonly string[];
  /** A constant or another type name, such as an enum value. */
  findConstant?(name: string): Value | undefined;
  /** Builds an object; fields are checked already unless they are dynamic. */
  construct(typeName: string, fields: ReadonlyMap<string, Value>): Result;
}

export interface EnvOptions {
  readonly libraries: readonly Library[];
  readonly variables?: readonly VariableDecl[];
  readonly provider?: TypeProvider;
  /** The namespace in which names are looked up first; empty by default. */
  readonly container?: string;
  /**
   * Whether `[1, "a"]` does not type-check. Kubernetes leaves this off and uses the validator
   * HOMOGENEOUS_LITERALS, which lets arguments of `format` differ.
   */
  readonly homogeneousLiterals?: boolean;
  /** Whether `1 < 2.0` type-checks. */
  readonly crossTypeNumericComparisons?: boolean;
  /** Checks that run on the checked expression. */
  readonly validators?: readonly Validator[];
  /** Whether "a.`b-c`" is allowed; Kubernetes leaves it off. */
  readonly escapedIdentifiers?: boolean;
  /** Whether a call that a macro replaced is kept, for printing. */
  readonly keepMacroCalls?: boolean;
}

/** A check of the typed expression, such as that literal arguments of `duration` parse. */
export type Validator = (ast: CheckedAst, report: (id: number, message: string) => void) => void;

/** One error of an expression; lines count from 1, columns from 0 in code points. */
export interface Issue {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** What a checked name or call refers to: a variable or constant by name, or overloads by id. */
export interface Reference {
  readonly name?: string;
  readonly value?: Value;
  readonly overloads?: readonly string[];
}

/** A parsed expression with the type of every node and the meaning of every name and call, by node id. */
export interface CheckedAst extends ParsedAst {
  readonly types: ReadonlyMap<number, CelType>;
  readonly references: ReadonlyMap<number, Reference>;
  readonly outputType: CelType;
}

/** A compiled expression, or why there is none. `text` is cel-go's whole error text. */
export type Compiled =
  | { readonly ast: CheckedAst; readonly issues: readonly []; readonly text: "" }
  | { readonly ast: undefined; readonly issues: readonly Issue[]; readonly text: string };

/** A call whose cost is asked at run time. */
export interface CallCost {
  readonly function: string;
  readonly overloadId: string;
  readonly args: readonly Value[];
  readonly result: Result;
}

export interface ProgramOptions {
  /** Evaluations that cost more end with the error "operation cancelled: actual cost limit exceeded". */
  readonly costLimit?: number;
  /** The cost of a call, or undefined for the default. */
  readonly callCost?: (call: CallCost) => number | undefined;
  /** Whether `has(a.b)` costs 1 for the test itself; true by default, Kubernetes turns it off. */
  readonly presenceTestHasCost?: boolean;
}

/**
 * Values of the variables by name: own properties are read, when the expression first needs them, so a
 * getter makes a lazy variable; a CelError is a variable whose value could not be made.
 */
export type Activation = Readonly<Record<string, Result | undefined>>;

export interface Evaluation {
  readonly value: Result;
  /** Cost units spent, also when the value is an error. */
  readonly cost: number;
}

export interface Program {
  readonly ast: CheckedAst;
  /** `costLimit` replaces that of the program for this evaluation. */
  evaluate(activation: Activation, costLimit?: number): Evaluation;
}
