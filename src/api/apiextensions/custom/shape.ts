// A schema as the hot path of a write walks it: members by name, and what a whole part of an object need not be looked at for.
//
// Contract: worked out once for each schema, when the first object needs it; says nothing that the schema does not say.
import { additionalOf, hasDefault, isEmbedded, itemsOf, type JsonSchema, preservesUnknown } from "./schema.ts";

export interface Shape {
  readonly schema: JsonSchema;
  readonly properties: ReadonlyMap<string, Shape>;
  /** Of additional properties, when they have a schema. */
  readonly additional: Shape | undefined;
  /** Other names than those of `properties` may be there. */
  readonly isOpen: boolean;
  readonly items: Shape | undefined;
  readonly isEmbedded: boolean;
  readonly preserves: boolean;
  /** null stays null: it is a value, or gives way to a default. */
  readonly keepsNull: boolean;
  /** Properties that have a default, in the schema's order. */
  readonly defaulted: readonly (readonly [name: string, schema: JsonSchema])[];
  /** Here or somewhere below. */
  readonly hasDefaults: boolean;
  readonly hasEmbedded: boolean;
  /** Lists that are sets or maps. */
  readonly hasKeyedLists: boolean;
}

const shapes = new WeakMap<JsonSchema, Shape>();

export function shapeOf(schema: JsonSchema): Shape {
  let shape = shapes.get(schema);
  if (shape === undefined) shapes.set(schema, (shape = makeShape(schema)));
  return shape;
}

const isKeyed = (schema: JsonSchema): boolean =>
  schema["x-kubernetes-list-type"] === "set" || schema["x-kubernetes-list-type"] === "map";

function makeShape(schema: JsonSchema): Shape {
  const named = Object.entries(schema.properties ?? {});
  const properties = new Map(named.map(([name, property]) => [name, shapeOf(property)]));
  const [ofItems, ofAdditional] = [itemsOf(schema), additionalOf(schema)];
  const items = ofItems === undefined ? undefined : shapeOf(ofItems);
  const additional = ofAdditional === undefined ? undefined : shapeOf(ofAdditional);
  const below = [...properties.values(), ...(items === undefined ? [] : [items]), ...(additional ? [additional] : [])];
  return {
    schema,
    properties,
    additional,
    isOpen: schema.additionalProperties !== undefined,
    items,
    isEmbedded: isEmbedded(schema),
    preserves: preservesUnknown(schema),
    keepsNull: schema.nullable === true || hasDefault(schema),
    defaulted: named.filter(([, property]) => hasDefault(property)),
    hasDefaults: hasDefault(schema) || below.some((each) => each.hasDefaults),
    hasEmbedded: isEmbedded(schema) || below.some((each) => each.hasEmbedded),
    hasKeyedLists: isKeyed(schema) || below.some((each) => each.hasKeyedLists),
  };
}
