/**
 * The rules of a schema in the shape of the schema, without the parts that have none. Programs are made when an object
 * first reaches them. Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go, NewValidator.
 */
import { type DeclType, declTypeOf } from "../schema/decl-type.ts";
import { additionalOf, hasRules, isEmbedded, itemsOf, propertyOf, type RuleSchema, rulesOf } from "../schema/schema.ts";
import { escapeName } from "../text/escaping.ts";
import { type CompiledRule, compileRulesOf } from "./rule-compile.ts";

export interface RuleTree {
  readonly schema: RuleSchema;
  /** The value is a whole object, or one that is embedded. */
  readonly root: boolean;
  readonly items: RuleTree | undefined;
  readonly properties: ReadonlyMap<string, RuleTree>;
  readonly additionalProperties: RuleTree | undefined;
  readonly allOf: readonly RuleTree[];
  compiled(): CompiledNode;
}

export interface CompiledNode {
  readonly rules: readonly CompiledRule[];
  /** Why the rules cannot be compiled at all. */
  readonly error?: string;
}

/** The tree of a schema; undefined when no rule is in it. `root`: of a whole resource. */
export function ruleTree(schema: RuleSchema, root = true): RuleTree | undefined {
  if (!hasRules(schema)) return undefined;
  return build({ rules: schema, node: schema, root, declType: declTypeOf(schema, root) });
}

/** Rules come from one schema, types from another one: that of which the first is an allOf. */
interface Source {
  readonly rules: RuleSchema;
  readonly node: RuleSchema;
  readonly root: boolean;
  readonly declType: DeclType | undefined;
}

function build({ rules, node, root, declType }: Source): RuleTree | undefined {
  const items = pair(itemsOf(rules), itemsOf(node));
  const additional = pair(additionalOf(rules), additionalOf(node));
  const elemType = declType?.elemType;
  const tree = {
    schema: node,
    root,
    items: items && build({ ...items, declType: elemType }),
    additionalProperties: additional && build({ ...additional, declType: elemType }),
    properties: buildProperties(rules, node, declType),
    allOf: (rules.allOf ?? [])
      .map((allOf) => build({ rules: allOf, node, root, declType }))
      .filter((each) => each !== undefined),
  };
  const own = rulesOf(rules);
  const empty =
    own.length === 0 &&
    tree.items === undefined &&
    tree.additionalProperties === undefined &&
    tree.properties.size === 0 &&
    tree.allOf.length === 0;
  if (empty) return undefined;
  let compiled: CompiledNode | undefined;
  return {
    ...tree,
    compiled: () => (compiled ??= compileNode({ ...node, "x-kubernetes-validations": own }, declType)),
  };
}

const pair = (
  rules: RuleSchema | undefined,
  node: RuleSchema | undefined,
): Pick<Source, "rules" | "node" | "root"> | undefined =>
  rules === undefined || node === undefined ? undefined : { rules, node, root: isEmbedded(node) };

function buildProperties(
  rules: RuleSchema,
  node: RuleSchema,
  declType: DeclType | undefined,
): ReadonlyMap<string, RuleTree> {
  const properties = new Map<string, RuleTree>();
  for (const [name, property] of Object.entries(rules.properties ?? {})) {
    const both = pair(property, propertyOf(node, name));
    if (both === undefined) continue;
    const escaped = escapeName(name);
    // A name that has no escaped form is in no type, but rules below it still apply.
    const type = escaped === undefined ? declTypeOf(both.node, both.root) : declType?.fields?.get(escaped);
    if (type === undefined) continue;
    const tree = build({ ...both, declType: type });
    if (tree !== undefined) properties.set(name, tree);
  }
  return properties;
}

function compileNode(schema: RuleSchema, declType: DeclType | undefined): CompiledNode {
  if (rulesOf(schema).length === 0) return { rules: [] };
  if (declType === undefined) return { rules: [], error: "failed to convert to declType for CEL validation rules" };
  return { rules: compileRulesOf(schema, declType) };
}
