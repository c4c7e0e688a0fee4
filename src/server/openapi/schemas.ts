// Definitions of the published documents, from the compact schemas that decoding uses.
import type { Schema, Schemas } from "../../machinery/index.ts";

export type Json = Record<string, unknown>;

export interface Dialect {
  /** `#/components/schemas/` or `#/definitions/`. */
  readonly refPrefix: string;
}

export const v3: Dialect = { refPrefix: "#/components/schemas/" };
export const v2: Dialect = { refPrefix: "#/definitions/" };

/** Definitions by name, with everything that they refer to. */
export class Definitions {
  readonly #schemas: Schemas;
  readonly #dialect: Dialect;
  readonly #made: Json = {};

  constructor(schemas: Schemas, dialect: Dialect) {
    this.#schemas = schemas;
    this.#dialect = dialect;
  }

  get all(): Json {
    return Object.fromEntries(Object.entries(this.#made).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A reference to the definition of that name; its content is added. */
  ref(name: string): Json {
    if (this.#made[name] === undefined) {
      this.#made[name] = {}; // Recursive types refer to themselves.
      const content = this.#content(this.#schemas.resolve({ r: name }));
      this.#made[name] = content;
    }
    return { $ref: this.#dialect.refPrefix + name };
  }

  /** Marks a definition as the body of these kinds. */
  mark(name: string, kinds: readonly Json[]): void {
    this.ref(name);
    const definition = this.#made[name] as Json;
    const before = (definition["x-kubernetes-group-version-kind"] as Json[] | undefined) ?? [];
    definition["x-kubernetes-group-version-kind"] = [...before, ...kinds];
  }

  add(name: string, content: () => Json): Json {
    if (this.#made[name] === undefined) {
      this.#made[name] = {};
      this.#made[name] = content();
    }
    return { $ref: this.#dialect.refPrefix + name };
  }

  #content(schema: Schema): Json {
    const extensions: Json = {
      ...(schema.l === undefined ? {} : { "x-kubernetes-list-type": schema.l }),
      ...(schema.k === undefined ? {} : { "x-kubernetes-list-map-keys": schema.k }),
      ...(schema.m === undefined ? {} : { "x-kubernetes-map-type": schema.m }),
      ...(schema.s === undefined ? {} : { "x-kubernetes-patch-strategy": schema.s }),
      ...(schema.g === undefined ? {} : { "x-kubernetes-patch-merge-key": schema.g }),
    };
    const common: Json = { ...(schema.d === undefined ? {} : { default: schema.d }), ...extensions };
    if (schema.r !== undefined) return this.#reference(schema.r, common);
    return {
      ...(schema.t === undefined ? {} : { type: schema.t }),
      ...(schema.f === undefined ? {} : { format: schema.f }),
      ...(schema.e === undefined ? {} : { enum: schema.e }),
      ...(schema.q === undefined ? {} : { required: schema.q }),
      ...(schema.i === undefined ? {} : { items: this.#content(schema.i) }),
      ...(schema.a === undefined ? {} : { additionalProperties: this.#content(schema.a) }),
      ...(schema.p === undefined
        ? {}
        : {
            properties: Object.fromEntries(Object.entries(schema.p).map(([name, each]) => [name, this.#content(each)])),
          }),
      ...common,
    };
  }

  /** Keywords beside a reference are not allowed in version 3: the reference moves into allOf. */
  #reference(name: string, beside: Json): Json {
    const ref = this.ref(name);
    if (Object.keys(beside).length === 0) return ref;
    return this.#dialect === v3 ? { allOf: [ref], ...beside } : { ...ref, ...beside };
  }
}
