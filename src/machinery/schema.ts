// What decoding, patching and field tracking ask of a schema. The built-in kinds' schemas come from facts/schema.json,
// those of custom resources are converted into the same shape.
import bundle from "../../facts/schema.json" with { type: "json" };
import shapes from "./data/go-shapes.json" with { type: "json" };

/** Compact schema node; see facts/generate.ts for how it is made. */
export interface Schema {
  /** Name of another definition. */
  readonly r?: string;
  readonly t?: "string" | "integer" | "number" | "boolean" | "array" | "object";
  readonly f?: string;
  readonly i?: Schema;
  readonly a?: Schema;
  /** An object with neither `p` nor `a` is open: anything in it is kept. `p: {}` closes it. */
  readonly p?: Readonly<Record<string, Schema>>;
  /** List type: atomic (default), set or map; `k` are the keys of a map. */
  readonly l?: "atomic" | "set" | "map";
  readonly k?: readonly string[];
  readonly m?: "atomic" | "granular";
  /** Patch strategy (`merge`, `replace`, `retainKeys`, comma separated) and merge key of strategic merge patch. */
  readonly s?: string;
  readonly g?: string;
  readonly q?: readonly string[];
  readonly e?: readonly string[];
  readonly d?: unknown;
}

export interface SchemaBundle {
  /** `group/version/Kind` → definition name. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

/**
 * How upstream's Go types write a field, where the schema does not tell: field → `mode|type|path`, each part may be empty.
 * mode: k absent stays absent and zero values are kept (pointer), d zero values are dropped (omitempty), e always written,
 * n written as null when absent. type: the Go type as error messages name it. path: names of embedded structs, dotted.
 * data/go-shapes.json was made by reflection over k8s.io/api v0.36.3.
 */
export type Shape = Readonly<Record<string, string>>;

/** Looks schemas up by kind and follows references. */
export interface Schemas {
  ofKind(gvk: { group: string; version: string; kind: string }): Schema | undefined;
  /** The node itself, or what it refers to; keywords beside the reference (list type, patch strategy) are kept. */
  resolve(schema: Schema): Schema;
  /** Name of a resolved definition; undefined for nodes that are none. */
  nameOf?(definition: Schema): string | undefined;
  /** Go shape of a definition, by name. Without one objects are decoded as they are. */
  shapeOf?(definitionName: string): Shape | undefined;
}

export function createSchemas(source: SchemaBundle, goShapes?: Readonly<Record<string, Shape>>): Schemas {
  const names = new Map(Object.entries(source.definitions).map(([name, definition]) => [definition, name]));
  const schemas: Schemas = {
    ofKind: (gvk) => {
      const name = source.kinds[`${gvk.group}/${gvk.version}/${gvk.kind}`];
      return name === undefined ? undefined : source.definitions[name];
    },
    resolve: (schema) => {
      if (schema.r === undefined) return schema;
      const target = source.definitions[schema.r];
      if (target === undefined) throw new Error(`schema refers to unknown definition ${schema.r}`);
      return target;
    },
    nameOf: (definition) => names.get(definition),
  };
  return goShapes === undefined
    ? schemas
    : {
        ...schemas,
        shapeOf: (name) => (source.definitions[name] === undefined ? undefined : (goShapes[name] ?? noShape)),
      };
}
const noShape: Shape = {};

let builtin: Schemas | undefined;

/** The schemas of all built-in kinds. */
export function builtinSchemas(): Schemas {
  return (builtin ??= createSchemas(bundle as SchemaBundle, shapes as Record<string, Shape>));
}
