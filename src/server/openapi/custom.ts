// Definitions of custom resources. Upstream: apiextensions' controller/openapi/builder and openapi/v2/conversion.
import type { ServedResource } from "../catalog.ts";
import type { Definitions, Dialect, Json } from "./definitions.ts";
import { definitionOf, listDefinitionOf, metaDefinition } from "./operations.ts";

/** Adds the definitions of the kind and of its list. */
export function addCustom(resource: ServedResource, definitions: Definitions, dialect: Dialect): void {
  const { kind, custom } = resource;
  const { group, version } = kind;
  const own = custom?.openApi as Json | undefined;
  const selectable = Object.keys(kind.selectableFields ?? {}).map((fieldPath) => ({ fieldPath }));
  const gvk = (name: string): Json => ({
    "x-kubernetes-group-version-kind": [{ group, kind: name, version }],
    ...(selectable.length === 0 ? {} : { "x-kubernetes-selectable-fields": selectable }),
  });
  const meta = (name: string, description: string | undefined): Json => {
    const ref = definitions.ref(metaDefinition(name));
    return { description, ...(dialect === "v3" ? { allOf: [ref] } : ref) };
  };
  const said = definitions.describe(definitionOf(resource), ["apiVersion", "kind", "metadata"]);
  const listName = listDefinitionOf(resource);
  const saidOfList = definitions.describe(`${definitionOf(resource)}List`, ["apiVersion", "kind", "items", "metadata"]);
  const typeMeta: Json = {
    apiVersion: { description: said["apiVersion"], type: "string" },
    kind: { description: said["kind"], type: "string" },
  };
  const preserved = own === undefined || (dialect === "v2" && own["x-kubernetes-preserve-unknown-fields"] === true);
  const identity: Json = { ...typeMeta, metadata: meta("ObjectMeta", said["metadata"]) };
  const schema: Json = preserved
    ? { type: "object" }
    : withEmbedded(dialect === "v2" ? forVersion2(own) : forVersion3(own), { dialect, identity });
  definitions.add(definitionOf(resource), {
    ...schema,
    // Where any field goes none is named: kubectl would take the named ones for all there are.
    ...(preserved ? {} : { properties: { ...(schema["properties"] as Json | undefined), ...identity } }),
    ...gvk(kind.kind),
  });
  const items = definitions.ref(definitionOf(resource));
  definitions.add(listName, {
    description: saidOfList[""],
    type: "object",
    required: ["items"],
    properties: {
      ...typeMeta,
      items: { description: saidOfList["items"], type: "array", items },
      metadata: meta("ListMeta", saidOfList["metadata"]),
    },
    ...gvk(custom?.listKind ?? `${kind.kind}List`),
  });
}

/** Objects within the object have the fields that every object has, and must say what they are. */
function withEmbedded(schema: Json, by: { readonly dialect: Dialect; readonly identity: Json }): Json {
  const within = (each: unknown): unknown =>
    typeof each === "object" && each !== null && !Array.isArray(each) ? withEmbedded(each as Json, by) : each;
  const out: Json = { ...schema };
  if (out["properties"] !== undefined)
    out["properties"] = Object.fromEntries(
      Object.entries(out["properties"] as Json).map(([name, each]) => [name, within(each)]),
    );
  for (const key of ["items", "additionalProperties"]) if (out[key] !== undefined) out[key] = within(out[key]);
  if (out["x-kubernetes-embedded-resource"] !== true) return out;
  if (by.dialect === "v2" && out["x-kubernetes-preserve-unknown-fields"] === true) return out;
  const required = (out["required"] as readonly string[] | undefined) ?? [];
  const lacking = ["kind", "apiVersion"].filter((name) => !required.includes(name));
  return {
    ...out,
    properties: { ...(out["properties"] as Json | undefined), ...by.identity },
    required: [...required, ...lacking],
  };
}

/** Either of two types is spelled out, as upstream unfolds it. */
function forVersion3(schema: Json): Json {
  const out: Json = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties")
      out[key] = Object.fromEntries(
        Object.entries(value as Json).map(([name, each]) => [name, forVersion3(each as Json)]),
      );
    else if ((key === "items" || key === "additionalProperties") && typeof value === "object" && value !== null)
      out[key] = forVersion3(value as Json);
    else out[key] = value;
  }
  if (schema["x-kubernetes-int-or-string"] === true && schema["anyOf"] === undefined)
    out["anyOf"] = [{ type: "integer" }, { type: "string" }];
  return out;
}

const onlyVersion3 = new Set(["oneOf", "anyOf", "allOf", "not", "nullable", "$schema", "$ref", "default", "id"]);

/** Version 2 knows fewer words; what they said is left out, as upstream leaves it out. */
function forVersion2(schema: Json): Json {
  const out: Json = {};
  for (const [key, value] of Object.entries(schema)) {
    if (onlyVersion3.has(key)) continue;
    if (key === "properties")
      out[key] = Object.fromEntries(
        Object.entries(value as Json).map(([name, each]) => [name, forVersion2(each as Json)]),
      );
    else if ((key === "items" || key === "additionalProperties") && typeof value === "object" && value !== null)
      out[key] = forVersion2(value as Json);
    else out[key] = value;
  }
  const required = requiredInVersion2(schema);
  delete out["required"];
  if (required !== undefined) out["required"] = required;
  if (schema["nullable"] === true || schema["x-kubernetes-int-or-string"] === true) {
    for (const key of ["type", "items", "properties", "additionalProperties"]) delete out[key];
    return out;
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) {
    delete out["items"];
    delete out["properties"];
    delete out["type"];
  }
  return out;
}

/** Null is no value to version 2: what may be null is not required. */
function requiredInVersion2(schema: Json): readonly string[] | undefined {
  const isNullable = (each: unknown): boolean => (each as Json | undefined)?.["nullable"] === true;
  if (isNullable(schema["additionalProperties"])) return undefined;
  const properties = schema["properties"] as Json | undefined;
  const required = schema["required"] as readonly string[] | undefined;
  const kept = required?.filter((name) => !isNullable(properties?.[name]));
  return kept?.length === 0 ? undefined : kept;
}
