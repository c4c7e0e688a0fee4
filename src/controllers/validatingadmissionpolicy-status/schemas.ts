// Schemas of kinds in the form that CEL's types are made of: of built-in kinds from the descriptions that are part of the
// program, of others from the API server's OpenAPI document.
import type { Client } from "../../client/index.ts";
import type { RuleSchema } from "../../machinery/cel/admission/index.ts";
import { builtinSchemas, type GroupVersionKind, isObject, type Schema, type Schemas } from "../../machinery/index.ts";

/** Undefined when nobody knows the kind. */
export async function schemaOf(client: Client, kind: GroupVersionKind): Promise<RuleSchema | undefined> {
  const schemas = builtinSchemas();
  const own = schemas.ofKind(kind);
  return own === undefined ? publishedSchema(client, kind) : ruleSchema(own, schemas, new Set());
}

/** A type that holds itself ends where it does for the second time. */
function ruleSchema(schema: Schema, schemas: Schemas, above: ReadonlySet<Schema>): RuleSchema {
  const target = schemas.resolve(schema);
  if (above.has(target)) return { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const within = new Set([...above, target]);
  const { t, f, i, a, p, l, k, q } = target;
  return {
    ...(t === undefined ? {} : { type: t }),
    ...(f === undefined ? {} : { format: f }),
    ...(i === undefined ? {} : { items: ruleSchema(i, schemas, within) }),
    ...(a === undefined ? {} : { additionalProperties: ruleSchema(a, schemas, within) }),
    ...(p === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(p).map(([name, each]) => [name, ruleSchema(each, schemas, within)]),
          ),
        }),
    ...(l === undefined ? {} : { "x-kubernetes-list-type": l }),
    ...(k === undefined ? {} : { "x-kubernetes-list-map-keys": k }),
    ...(q === undefined ? {} : { required: q }),
  };
}

interface Published extends RuleSchema {
  readonly "x-kubernetes-group-version-kind"?: readonly GroupVersionKind[];
}

async function publishedSchema(client: Client, kind: GroupVersionKind): Promise<RuleSchema | undefined> {
  const path = kind.group === "" ? `/openapi/v3/api/${kind.version}` : `/openapi/v3/apis/${kind.group}/${kind.version}`;
  const { status, text } = await client.raw(path);
  if (status !== 200) return undefined;
  const document = JSON.parse(text) as { components?: { schemas?: Record<string, Published> } };
  return Object.values(document.components?.schemas ?? {}).find((schema) =>
    schema["x-kubernetes-group-version-kind"]?.some(
      (each) => isObject(each) && each.group === kind.group && each.version === kind.version && each.kind === kind.kind,
    ),
  );
}
