/** Short forms in which the libraries below declare their overloads. */
import type { FunctionDecl, OverloadDecl } from "../../contract.ts";
import type { CelType } from "../../types.ts";
import { CelError, CelOpaque, type Result, type Value } from "../../values.ts";

type Evaluate = NonNullable<OverloadDecl["evaluate"]>;

/** `f(a, b)`. */
export const overload = (
  id: string,
  signature: readonly [args: readonly CelType[], result: CelType],
  evaluate: Evaluate,
): OverloadDecl => ({ id, args: signature[0], result: signature[1], evaluate });

/** `a.f(b)`; the receiver comes first in `args`. */
export const method = (
  id: string,
  signature: readonly [args: readonly CelType[], result: CelType],
  evaluate: Evaluate,
): OverloadDecl => ({ ...overload(id, signature, evaluate), member: true });

/** Functions from their overloads by name. */
export const functions = (byName: Readonly<Record<string, readonly OverloadDecl[]>>): readonly FunctionDecl[] =>
  Object.entries(byName).map(([name, overloads]) => ({ name, overloads }));

/** What Kubernetes' own values answer when they are compared with anything else. */
export const noSuchOverload = new CelError("no such overload");

/** A value of a type that knows nothing but how to be compared. */
export abstract class LibraryValue<T> extends CelOpaque {
  readonly content: T;

  constructor(content: T) {
    super();
    this.content = content;
  }

  protected abstract same(other: T): boolean;

  equals(other: Value): Result {
    if (!(other instanceof LibraryValue) || other.type !== this.type) return noSuchOverload;
    return this.same(other.content as T);
  }
}
