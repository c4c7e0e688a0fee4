// Evaluates expressions of admission against one request, with budgets.
// Upstream: k8s.io/apiserver/pkg/admission/plugin/cel/{activation,composition,condition}.go, pkg/cel/lazy.

import {
  type AuthorizerValue,
  type ResourceCheckTarget,
  requestResourceValue,
} from "../kubernetes/libraries/authorizer.ts";
import { perCallLimit } from "../kubernetes/limits.ts";
import { dynamicValue } from "../kubernetes/schema/json-values.ts";
import { unescapeName } from "../kubernetes/text/escaping.ts";
import { CelError, CelMap, isError, type Result, type Value } from "../values.ts";
import type { CompiledExpression } from "./contract.ts";

/** The variables of an expression; JSON values are read in place. */
export interface Bindings {
  readonly object: unknown;
  readonly oldObject: unknown;
  readonly request: unknown;
  /** Absent: null. */
  readonly params?: unknown;
  /** Absent: null. */
  readonly namespaceObject?: unknown;
  readonly authorizer?: {
    readonly value: AuthorizerValue;
    readonly requestResource: ResourceCheckTarget;
  };
}

/** An expression with its text. */
export interface Expression {
  readonly text: string;
  readonly compiled: CompiledExpression;
}

export interface NamedExpression extends Expression {
  readonly name: string;
}

export type Evaluated = { readonly value: Value; readonly error?: undefined } | { readonly error: string };

/** The budget is spent: nothing more is evaluated. */
export class OutOfBudget extends Error {
  override readonly name = "OutOfBudget";
}

/** One pass over a request, within one budget; composed variables are evaluated once in it, when they are needed. */
export interface EvaluationPass {
  /** Throws OutOfBudget. */
  evaluate(expression: Expression): Evaluated;
  /** Cost units that are left. */
  readonly remaining: number;
}

export interface PassOptions {
  readonly bindings: Bindings;
  readonly variables: readonly NamedExpression[];
  readonly budget: number;
}

export function createPass({ bindings, variables, budget }: PassOptions): EvaluationPass {
  const activation = activate(bindings);
  const composed = new ComposedVariables(variables, activation);
  activation["variables"] = composed;
  let remaining = budget;
  const spend = (cost: number): void => {
    if (cost > remaining)
      throw new OutOfBudget(
        "validation failed due to running out of cost budget, no further validation rules will be run",
      );
    remaining -= cost;
  };
  return {
    get remaining() {
      return remaining;
    },
    evaluate({ text, compiled }) {
      if (compiled.error !== undefined) return { error: `compilation error: ${compiled.error.detail}` };
      const { value, cost } = compiled.evaluate(activation, perCallLimit);
      spend(composed.takeCost());
      spend(cost);
      return isError(value) ? { error: `expression '${text}' resulted in error: ${value.message}` } : { value };
    },
  };
}

function activate(bindings: Bindings): Record<string, Result | undefined> {
  const { object, oldObject, request, params, namespaceObject, authorizer } = bindings;
  const activation: Record<string, Result | undefined> = {
    object: dynamicValue(object),
    oldObject: dynamicValue(oldObject),
    params: dynamicValue(params),
    request: dynamicValue(request),
    namespaceObject: dynamicValue(namespaceObject),
  };
  if (authorizer !== undefined) {
    const { value, requestResource } = authorizer;
    activation["authorizer"] = value;
    activation["authorizer.requestResource"] = requestResourceValue(value, requestResource);
  }
  return activation;
}

/** `variables`: each evaluated on first use, with its cost kept until it is taken. */
class ComposedVariables extends CelMap {
  readonly #variables: ReadonlyMap<string, NamedExpression>;
  readonly #activation: Readonly<Record<string, Result | undefined>>;
  readonly #values = new Map<string, Result>();
  #cost = 0;

  constructor(variables: readonly NamedExpression[], activation: Readonly<Record<string, Result | undefined>>) {
    super();
    this.#variables = new Map(variables.map((variable) => [variable.name, variable]));
    this.#activation = activation;
  }

  get size(): number {
    return this.#variables.size;
  }

  takeCost(): number {
    const cost = this.#cost;
    this.#cost = 0;
    return cost;
  }

  find(key: Value): Result | undefined {
    if (typeof key !== "string") return new CelError("no such overload");
    const name = unescapeName(key);
    const variable = name === undefined ? undefined : this.#variables.get(name);
    if (variable === undefined) return undefined;
    let value = this.#values.get(variable.name);
    if (value === undefined) {
      value = this.#evaluate(variable);
      this.#values.set(variable.name, value);
    }
    return value;
  }

  keys(): Iterable<Value> {
    return this.#variables.keys();
  }

  #evaluate({ name, compiled }: NamedExpression): Result {
    const label = `composited variable ${JSON.stringify(name)}`;
    if (compiled.error !== undefined) return new CelError(`${label} fails to compile: ${compiled.error.detail}`);
    const { value, cost } = compiled.evaluate(this.#activation, perCallLimit);
    this.#cost += cost;
    return isError(value) ? new CelError(`${label} fails to evaluate: ${value.message}`, value.reason) : value;
  }
}
