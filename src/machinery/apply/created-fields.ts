// Which fields the creator of an object owns, for objects of a form that was seen before.
//
// Contract: the fields follow from which members an object has, from the keys of its list items, and from which of its values
// are those of an empty object: its form. `createdForm` writes the form as a text, the same for two objects only when they
// own the same fields; undefined for objects that it can not say that of. What the fields of a form are is worked out once.
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
  /** fieldsV1 by form; undefined for objects that own nothing. */
  readonly known: Map<string, Record<string, unknown> | undefined>;
  readonly plan: Plan;
  size: number;
}

/** Characters of the forms that are remembered for one kind, and of the longest of them. */
const mostRemembered = 1 << 18;
const longest = 1 << 14;

const formsOf = new WeakMap<Schemas, WeakMap<Schema, Map<FieldSet | undefined, CreatedForms>>>();

export function createdForms(types: CreatedTypes, makeZero: () => unknown): CreatedForms {
  let ofSchemas = formsOf.get(types.schemas);
  if (ofSchemas === undefined) formsOf.set(types.schemas, (ofSchemas = new WeakMap()));
  let ofSchema = ofSchemas.get(types.schema);
  if (ofSchema === undefined) ofSchemas.set(types.schema, (ofSchema = new Map()));
  let forms = ofSchema.get(types.resetFields);
  if (forms === undefined) {
    forms = { zero: makeZero(), known: new Map(), plan: planOf(types.schema, types.schemas), size: 0 };
    ofSchema.set(types.resetFields, forms);
  }
  return forms;
}

export function rememberForm(forms: CreatedForms, form: string, fields: Record<string, unknown> | undefined): void {
  forms.size += form.length;
  if (forms.size > mostRemembered) {
    forms.known.clear();
    forms.size = form.length;
  }
  forms.known.set(form, fields);
}

/** `object` without managedFields. */
export function createdForm(forms: CreatedForms, object: unknown): string | undefined {
  const walk: Walk = { text: "", plain: true };
  changedForm({ plan: forms.plan, zero: forms.zero, value: object }, walk);
  return walk.plain && walk.text.length <= longest ? walk.text : undefined;
}

interface Walk {
  text: string;
  plain: boolean;
}

/** A schema node with what its values look like in a form. */
interface Plan {
  readonly node: TypedNode["kind"] | "deduced" | "whole";
  readonly keys: readonly string[];
  readonly item: Plan | undefined;
  member(key: string): Member;
}

interface Member {
  /** The name with its length before it: no text within can be taken for the end of it. */
  readonly label: string;
  /** Of a member that has no members itself. */
  readonly leaf: string;
  readonly plan: Plan;
}

function memberOf(key: string, plan: Plan): Member {
  const label = labelOf(key);
  return { label, leaf: `${label};`, plan };
}

const labelOf = (text: string): string => `${text.length}:${text}`;
const noMember = (): never => {
  throw new Error("a value without members was asked for one");
};

const deduced: Plan = {
  node: "deduced",
  keys: [],
  item: undefined,
  member: (key) => memberOf(key, deduced),
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
  const named = new Map<string, Member>();
  return {
    node: "map",
    keys: [],
    item: undefined,
    member: (key) => {
      const known = named.get(key);
      if (known !== undefined) return known;
      const found = node.member(key);
      const member = memberOf(key, planOf(found.schema, schemas));
      // Other keys are data: there is no end of them.
      if (found.named) named.set(key, member);
      return member;
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
    walk.text += identical(zero, value) ? "=" : "#";
    wholeForm(plan, value, walk);
    return;
  }
  walk.text += "{";
  for (const key in value) {
    const below = value[key];
    if (below === undefined) continue;
    const { label, plan: belowPlan } = plan.member(key);
    walk.text += label;
    changedForm({ plan: belowPlan, zero: zero[key], value: below }, walk);
  }
  walk.text += "}";
}

/** Of a value where the empty object has none. */
function wholeForm(plan: Plan, value: unknown, walk: Walk): void {
  if (value === null || typeof value !== "object") {
    walk.text += ";";
    return;
  }
  switch (plan.node) {
    case "scalar":
      // Not what the schema says: others tell the client.
      walk.plain = false;
      return;
    case "whole":
      walk.text += ";";
      return;
    case "list":
      if (Array.isArray(value) && value.length > 0) itemsForm(plan, value, walk);
      else walk.text += ";";
      return;
    default:
      if (Array.isArray(value)) walk.text += ";";
      else membersForm(plan, value as Record<string, unknown>, walk);
  }
}

function membersForm(plan: Plan, value: Readonly<Record<string, unknown>>, walk: Walk): void {
  walk.text += "{";
  for (const key in value) {
    const below = value[key];
    if (below === undefined) continue;
    if (walk.text.length > longest) {
      walk.plain = false;
      return;
    }
    const member = plan.member(key);
    if (below === null || typeof below !== "object") walk.text += member.leaf;
    else {
      walk.text += member.label;
      wholeForm(member.plan, below, walk);
    }
  }
  walk.text += "}";
}

function itemsForm({ keys, item }: Plan, items: readonly unknown[], walk: Walk): void {
  walk.text += "[";
  for (const each of items) {
    if (keys.length === 0) keyForm(each, walk);
    else if (isObject(each)) for (const key of keys) keyForm(each[key], walk);
    else walk.plain = false;
    if (!walk.plain) return;
    wholeForm(item!, each, walk);
  }
  walk.text += "]";
}

/** What tells an item from the others. */
function keyForm(value: unknown, walk: Walk): void {
  if (typeof value === "string") walk.text += labelOf(value);
  else if (typeof value === "number") walk.text += `n${value} `;
  else if (value === undefined) walk.text += "u";
  else walk.plain = false;
}
