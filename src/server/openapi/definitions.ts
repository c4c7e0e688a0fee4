// Definitions of the published documents, from the compact schemas that decoding uses. Version 3 shows the zero values of Go's types
// as defaults, version 2 does not. Upstream: kube-openapi's generators and builder3.

import type { Describe } from "../../api/index.ts";
import type { Schema, Schemas } from "../../machinery/index.ts";
import { goTypeOf, unionsOf } from "./go-types.ts";

export type Json = Record<string, unknown>;
export type Dialect = "v2" | "v3";

const prefixes: Readonly<Record<Dialect, string>> = { v2: "#/definitions/", v3: "#/components/schemas/" };

/** Types that write themselves: they have no zero value in the documents. */
const selfWritten =
  /\.(Time|MicroTime|Duration|Quantity|IntOrString|RawExtension|FieldsV1|Patch|JSON|JSONSchemaPropsOr\w+|CustomResourceSubresourceStatus)$/;
/** Either of two types; version 2 has no words for that. */
const eitherOf: Readonly<Record<string, Json>> = {
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
    format: "int-or-string",
    oneOf: [{ type: "integer" }, { type: "string" }],
  },
  "io.k8s.apimachinery.pkg.api.resource.Quantity": { oneOf: [{ type: "string" }, { type: "number" }] },
};
const zeros: Readonly<Record<string, unknown>> = { string: "", integer: 0, number: 0, boolean: false };

/** Definitions by name, with everything that they refer to. */
export class Definitions {
  readonly #schemas: Schemas;
  readonly #dialect: Dialect;
  readonly #kindsOf: (definition: string) => readonly Json[];
  /** What is said about a definition and its fields. */
  readonly describe: Describe;
  readonly #made: Json = {};

  /** `kindsOf`: which kinds a definition is the body of. */
  constructor(of: {
    readonly schemas: Schemas;
    readonly dialect: Dialect;
    readonly kindsOf: (definition: string) => readonly Json[];
    readonly describe: Describe;
  }) {
    this.#schemas = of.schemas;
    this.#dialect = of.dialect;
    this.#kindsOf = of.kindsOf;
    this.describe = of.describe;
  }

  get all(): Json {
    return Object.fromEntries(Object.entries(this.#made).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A reference to the definition of that name; its content is added. */
  ref(name: string): Json {
    if (this.#made[name] === undefined) {
      this.#made[name] = {}; // Recursive types refer to themselves.
      const kinds = this.#kindsOf(name);
      this.#made[name] = {
        ...this.#definition(name),
        ...(kinds.length === 0 ? {} : { "x-kubernetes-group-version-kind": kinds }),
      };
    }
    return this.#reference(name);
  }

  /** A definition that is there already in the words of the document. */
  add(name: string, content: Json): void {
    this.#made[name] = content;
  }

  #reference(name: string): Json {
    return { $ref: prefixes[this.#dialect] + name };
  }

  #definition(name: string): Json {
    const schema = this.#schemas.resolve({ r: name });
    const descriptions = this.describe(name, Object.keys(schema.p ?? {}));
    const either = this.#dialect === "v3" ? eitherOf[name] : undefined;
    if (either !== undefined) return described(descriptions[""], either);
    if (Object.keys(schema.p ?? {}).length === 0)
      return described(descriptions[""], this.#content(schema, { zero: "none" }));
    const goType = this.#dialect === "v3" ? goTypeOf(name) : undefined;
    const properties = Object.fromEntries(
      Object.entries(schema.p ?? {}).map(([field, each]) => {
        const zero: Zero =
          goType?.isPointer(field) === true ? "none" : schema.q?.includes(field) === true ? "all" : "structs";
        const content = this.#content(each, {
          zero,
          default: goType?.defaultOf(field),
          described: descriptions[field] !== undefined,
        });
        return [field, described(descriptions[field], content)];
      }),
    );
    const unions = unionsOf(name);
    return described(descriptions[""], {
      ...this.#content({ ...schema, p: {} }, { zero: "none" }),
      properties,
      ...(unions === undefined ? {} : { "x-kubernetes-unions": unions }),
    });
  }

  #content(
    schema: Schema,
    of: { readonly zero: Zero; readonly default?: unknown; readonly described?: boolean },
  ): Json {
    const beside: Json = {
      ...(schema.l === undefined ? {} : { "x-kubernetes-list-type": schema.l }),
      ...(schema.k === undefined ? {} : { "x-kubernetes-list-map-keys": schema.k }),
      ...(schema.m === undefined ? {} : { "x-kubernetes-map-type": schema.m }),
      ...(schema.s === undefined ? {} : { "x-kubernetes-patch-strategy": schema.s }),
      ...(schema.g === undefined ? {} : { "x-kubernetes-patch-merge-key": schema.g }),
    };
    const zero = this.#dialect === "v2" ? schema.d : (of.default ?? schema.d ?? zeroOf(schema, of));
    const common: Json = { ...(zero === undefined ? {} : { default: zero }), ...beside };
    if (schema.r !== undefined) {
      const ref = this.ref(schema.r);
      // Nothing may stand beside a reference in version 3, a description neither.
      if (this.#dialect === "v2" || (of.described !== true && Object.keys(common).length === 0))
        return { ...ref, ...common };
      return { ...common, allOf: [ref] };
    }
    return {
      ...(schema.t === undefined ? {} : { type: schema.t }),
      ...(schema.f === undefined ? {} : { format: schema.f }),
      ...(schema.e === undefined ? {} : { enum: schema.e }),
      ...(schema.q === undefined ? {} : { required: schema.q }),
      ...(schema.i === undefined ? {} : { items: this.#content(schema.i, { zero: "all" }) }),
      ...(schema.a === undefined ? {} : { additionalProperties: this.#content(schema.a, { zero: "all" }) }),
      ...common,
    };
  }
}

const described = (description: string | undefined, content: Json): Json =>
  description === undefined ? content : { description, ...content };

/** Which Go values show a zero value: none (pointers), structs alone (omitempty), or scalars too. */
type Zero = "none" | "structs" | "all";

function zeroOf(schema: Schema, of: { readonly zero: Zero; readonly default?: unknown }): unknown {
  if (of.zero === "none") return undefined;
  if (schema.r !== undefined) return selfWritten.test(schema.r) ? undefined : {};
  if (of.zero === "structs" || of.default === null) return undefined;
  if (schema.t === undefined || schema.f === "byte" || schema.f === "int-or-string") return undefined;
  return zeros[schema.t];
}
