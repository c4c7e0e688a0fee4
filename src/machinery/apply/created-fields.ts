// Which fields the creator of an object owns, for objects of a form that was seen before.
//
// Contract: the fields follow from which members an object has, from the keys of its list items, and from which of its values
// are those of an empty object: its form. `createdForm` follows the form step by step through those of earlier objects and
// answers where it came to, the same place for two objects only when they own the same fields; undefined for objects that it can
// not say that of. What the fields of a form are is worked out once.
import { identical, isObject } from "../equal.ts";
import type { Schema, Schemas } from "../schema.ts";
import type { FieldSet } from "./field-set.ts";
import { type TypedNode, typedNode } from "./typed.ts";

export interface CreatedTypes {
  readonly schema: Schema;
  readonly schemas: Schemas;
  readonly resetFields?: FieldSet;
}

/** Forms of one kind; `zero` is the object that nothing is set in. */
export interface CreatedForms {
  readonly zero: unknown;
  readonly plan: Plan;
  start: Step;
  /** Steps from the start on. */
  steps: number;
}

/** One step of a form: what came before it is the way from the start to here. */
class Step {
  /** The first step on from here; most have no other. By a member's name, or a key of a list item. */
  #name: string | number | undefined;
  #next: Step | undefined;
  #others: Map<string | number, Step> | undefined;
  #marked: (Step | undefined)[] | undefined;
  /** Of a form that ends here; undefined for objects that own nothing. */
  fields: Record<string, unknown> | undefined;
  known = false;

  named(name: string | number, forms: CreatedForms): Step {
    if (this.#name === name) return this.#next!;
    if (this.#name === undefined) {
      this.#name = name;
      return (this.#next = added(forms));
    }
    this.#others ??= new Map();
    let next = this.#others.get(name);
    if (next === undefined) this.#others.set(name, (next = added(forms)));
    return next;
  }

  marked(mark: Mark, forms: CreatedForms): Step {
    this.#marked ??= [];
    return (this.#marked[mark] ??= added(forms));
  }
}

function added(forms: CreatedForms): Step {
  forms.steps++;
  return new Step();
}

/** What a form says besides names. Names that are no member's begin behind `key`. */
const mark = { leaf: 0, members: 1, items: 2, end: 3, asZero: 4, unlikeZero: 5, key: 6, noKey: 7 } as const;
type Mark = (typeof mark)[keyof typeof mark];

/** Steps that are remembered for one kind, and those of the longest form. */
const mostRemembered = 1 << 14;
const longest = 1 << 13;

const formsOf = new WeakMap<Schemas, WeakMap<Schema, Map<FieldSet | undefined, CreatedForms>>>();

export function createdForms(types: CreatedTypes, makeZero: () => unknown): CreatedForms {
  let ofSchemas = formsOf.get(types.schemas);
  if (ofSchemas === undefined) formsOf.set(types.schemas, (ofSchemas = new WeakMap()));
  let ofSchema = ofSchemas.get(types.schema);
  if (ofSchema === undefined) ofSchemas.set(types.schema, (ofSchema = new Map()));
  let forms = ofSchema.get(types.resetFields);
  if (forms === undefined) {
    forms = { zero: makeZero(), plan: planOf(types.schema, types.schemas), start: new Step(), steps: 1 };
    ofSchema.set(types.resetFields, forms);
  }
  return forms;
}

/** `object` without managedFields. */
export function createdForm(forms: CreatedForms, object: unknown): Step | undefined {
  if (forms.steps > mostRemembered) {
    forms.start = new Step();
    forms.steps = 1;
  }
  const walk: Walk = { forms, step: forms.start, left: longest, plain: true };
  changedForm({ plan: forms.plan, zero: forms.zero, value: object }, walk);
  return walk.plain ? walk.step : undefined;
}

interface Walk {
  readonly forms: CreatedForms;
  step: Step;
  left: number;
  plain: boolean;
}

function tell(walk: Walk, what: Mark): void {
  if (--walk.left < 0) walk.plain = false;
  else walk.step = walk.step.marked(what, walk.forms);
}

function name(walk: Walk, what: string | number): void {
  if (--walk.left < 0) walk.plain = false;
  else walk.step = walk.step.named(what, walk.forms);
}

/** A schema node with what its values look like in a form. */
interface Plan {
  readonly node: TypedNode["kind"] | "deduced" | "whole";
  readonly keys: readonly string[];
  readonly item: Plan | undefined;
  member(key: string): Plan;
}

const noMember = (): never => {
  throw new Error("a value without members was asked for one");
};

const deduced: Plan = {
  node: "deduced",
  keys: [],
  item: undefined,
  member: () => deduced,
};
const whole: Plan = { node: "whole", keys: [], item: undefined, member: noMember };
const scalar: Plan = { node: "scalar", keys: [], item: undefined, member: noMember };

const plansOf = new WeakMap<Schemas, WeakMap<Schema, Plan>>();

function planOf(schema: Schema | undefined, schemas: Schemas): Plan {
  if (schema === undefined) return deduced;
  let plans = plansOf.get(schemas);
  if (plans === undefined) plansOf.set(schemas, (plans = new WeakMap()));
  let plan = plans.get(schema);
  if (plan === undefined) plans.set(schema, (plan = makePlan(schema, schemas)));
  return plan;
}

function makePlan(schema: Schema, schemas: Schemas): Plan {
  if (schema.r?.endsWith(".runtime.RawExtension")) return whole;
  const target = schemas.resolve(schema);
  if (target.t === undefined && target.f === undefined && target.p === undefined) return deduced;
  const node = typedNode(schema, undefined, schemas);
  if (node.kind === "scalar") return scalar;
  if (node.atomic) return whole;
  if (node.kind === "list") {
    let item: Plan | undefined;
    return {
      node: "list",
      keys: node.keys,
      get item() {
        return (item ??= planOf(node.item, schemas));
      },
      member: noMember,
    };
  }
  const named = new Map<string, Plan>();
  return {
    node: "map",
    keys: [],
    item: undefined,
    member: (key) => {
      const known = named.get(key);
      if (known !== undefined) return known;
      const found = node.member(key);
      const plan = planOf(found.schema, schemas);
      // Other keys are data: there is no end of them.
      if (found.named) named.set(key, plan);
      return plan;
    },
  };
}

/** Of a value where the empty object has `zero`. */
function changedForm({ plan, zero, value }: { plan: Plan; zero: unknown; value: unknown }, walk: Walk): void {
  if (zero === undefined) {
    wholeForm(plan, value, walk);
    return;
  }
  const isMap = (plan.node === "map" || plan.node === "deduced") && isObject(zero) && isObject(value);
  if (!isMap || Object.keys(value).length === 0) {
    if (Array.isArray(zero) && zero.length > 0) walk.plain = false;
    tell(walk, identical(zero, value) ? mark.asZero : mark.unlikeZero);
    wholeForm(plan, value, walk);
    return;
  }
  tell(walk, mark.members);
  for (const key in value) {
    const below = value[key];
    if (below === undefined) continue;
    name(walk, key);
    if (!walk.plain) return;
    changedForm({ plan: plan.member(key), zero: zero[key], value: below }, walk);
  }
  tell(walk, mark.end);
}

/** Of a value where the empty object has none. */
function wholeForm(plan: Plan, value: unknown, walk: Walk): void {
  if (value === null || typeof value !== "object") {
    tell(walk, mark.leaf);
    return;
  }
  switch (plan.node) {
    case "scalar":
      // Not what the schema says: others tell the client.
      walk.plain = false;
      return;
    case "whole":
      tell(walk, mark.leaf);
      return;
    case "list":
      if (Array.isArray(value) && value.length > 0) itemsForm(plan, value, walk);
      else tell(walk, mark.leaf);
      return;
    default:
      if (Array.isArray(value)) tell(walk, mark.leaf);
      else membersForm(plan, value as Record<string, unknown>, walk);
  }
}

function membersForm(plan: Plan, value: Readonly<Record<string, unknown>>, walk: Walk): void {
  tell(walk, mark.members);
  for (const key in value) {
    const below = value[key];
    if (below === undefined) continue;
    name(walk, key);
    if (!walk.plain) return;
    if (below === null || typeof below !== "object") tell(walk, mark.leaf);
    else wholeForm(plan.member(key), below, walk);
  }
  tell(walk, mark.end);
}

function itemsForm({ keys, item }: Plan, items: readonly unknown[], walk: Walk): void {
  tell(walk, mark.items);
  for (const each of items) {
    if (keys.length === 0) keyForm(each, walk);
    else if (isObject(each)) for (const key of keys) keyForm(each[key], walk);
    else walk.plain = false;
    if (!walk.plain) return;
    wholeForm(item!, each, walk);
  }
  tell(walk, mark.end);
}

/** What tells an item from the others. */
function keyForm(value: unknown, walk: Walk): void {
  if (typeof value === "string" || typeof value === "number") {
    tell(walk, mark.key);
    name(walk, value);
  } else if (value === undefined) tell(walk, mark.noKey);
  else walk.plain = false;
}
