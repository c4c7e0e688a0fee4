/** What names mean while an expression is checked: variables in scopes, functions, types. */
import type { FunctionDecl, OverloadDecl, TypeProvider, VariableDecl } from "../contract.ts";
import { CelType, INT, typeOf } from "../types.ts";
import { CelUint } from "../values.ts";

/** A function's overloads in the order of their declaration. */
export interface FunctionEntry {
  readonly name: string;
  readonly overloads: readonly OverloadDecl[];
  /** Implements overloads without one of their own. */
  readonly evaluate: FunctionDecl["evaluate"];
}

/** The declarations of an environment. */
export interface Declarations {
  readonly container: string;
  readonly variables: ReadonlyMap<string, VariableDecl>;
  readonly functions: ReadonlyMap<string, FunctionEntry>;
  readonly provider: TypeProvider | undefined;
  readonly homogeneousLiterals: boolean;
  readonly crossTypeNumericComparisons: boolean;
}

/** A block of variables that hides outer ones. */
export interface Scope {
  readonly parent: Scope | undefined;
  readonly variables: Map<string, VariableDecl>;
}

/** The names a name may mean, the innermost namespace first. */
function candidates(container: string, name: string): readonly string[] {
  if (name.startsWith(".")) return [name.slice(1)];
  if (container === "") return [name];
  const parts = container.split(".");
  const names: string[] = [];
  for (let length = parts.length; length > 0; length--) names.push(`${parts.slice(0, length).join(".")}.${name}`);
  names.push(name);
  return names;
}

function findInScopes(scope: Scope | undefined, name: string): VariableDecl | undefined {
  for (let at = scope; at !== undefined; at = at.parent) {
    const found = at.variables.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findInProvider(provider: TypeProvider, name: string): VariableDecl | undefined {
  const type = provider.findType(name);
  if (type !== undefined) return { name, type: typeOf(type), value: type };
  const constant = provider.findConstant?.(name);
  if (constant === undefined) return undefined;
  if (constant instanceof CelType) return { name, type: typeOf(constant), value: constant };
  if (typeof constant === "bigint" || constant instanceof CelUint) return { name, type: INT, value: constant };
  return undefined;
}

/** The variable, constant or type a name means. */
export function findIdent(decls: Declarations, scope: Scope | undefined, name: string): VariableDecl | undefined {
  for (const candidate of candidates(decls.container, name)) {
    const found = findInScopes(scope, candidate) ?? decls.variables.get(candidate);
    if (found !== undefined) return found;
    const provided = decls.provider === undefined ? undefined : findInProvider(decls.provider, candidate);
    if (provided !== undefined) return provided;
  }
  return undefined;
}

export function findFunction(decls: Declarations, name: string): FunctionEntry | undefined {
  for (const candidate of candidates(decls.container, name)) {
    const found = decls.functions.get(candidate);
    if (found !== undefined) return found;
  }
  return undefined;
}
