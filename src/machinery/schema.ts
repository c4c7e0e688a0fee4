// What decoding, patching and field tracking ask of a schema. The built-in kinds' schemas come from facts/schema.json,
// those of custom resources will be converted into the same shape.

/** Compact schema node; see facts/generate.ts for how it is made. */
export interface Schema {
  /** Name of another definition. */
  readonly r?: string;
  readonly t?: "string" | "integer" | "number" | "boolean" | "array" | "object";
  readonly f?: string;
  readonly i?: Schema;
  readonly a?: Schema;
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

/** Looks schemas up by kind and follows references. */
export interface Schemas {
  ofKind(gvk: { group: string; version: string; kind: string }): Schema | undefined;
  /** The node itself, or what it refers to; keywords beside the reference (list type, patch strategy) are kept. */
  resolve(schema: Schema): Schema;
}

export function createSchemas(bundle: SchemaBundle): Schemas {
  return {
    ofKind: (gvk) => {
      const name = bundle.kinds[`${gvk.group}/${gvk.version}/${gvk.kind}`];
      return name === undefined ? undefined : bundle.definitions[name];
    },
    resolve: (schema) => {
      if (schema.r === undefined) return schema;
      const target = bundle.definitions[schema.r];
      if (target === undefined) throw new Error(`schema refers to unknown definition ${schema.r}`);
      return target;
    },
  };
}
