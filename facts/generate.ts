// Makes the project's tables of Kubernetes facts from the public v1.36 API descriptions.
//
//   node facts/generate.ts SOURCE_DIR      (SOURCE_DIR holds openapi-defs.json, api-resources.tsv, proto/, …)
//
// Writes, beside this file: types/<group>.<version>.ts (TypeScript types, erased at run time), types/index.ts (the
// preferred version of every kind under its plain name), schema.json (what decoding, patching and field tracking ask
// of a schema, nothing else) and resources.json (names, scope, verbs of every resource). Nothing here is edited by hand.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface Definition {
  readonly type?: string;
  readonly format?: string;
  readonly $ref?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly items?: Definition;
  readonly additionalProperties?: Definition;
  readonly properties?: Readonly<Record<string, Definition>>;
  readonly required?: readonly string[];
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-patch-merge-key"?: string;
}

const here = dirname(fileURLToPath(import.meta.url));
const source = process.argv[2];
if (source === undefined) {
  console.error("usage: node facts/generate.ts SOURCE_DIR");
  process.exit(2);
}
const definitions: Record<string, Definition> = JSON.parse(readFileSync(join(source, "openapi-defs.json"), "utf8"));

/** Splits `io.k8s.api.core.v1.Pod` into its module (`core.v1`) and its plain name (`Pod`). */
function split(definitionName: string): { module: string; name: string } {
  const parts = definitionName.split(".");
  const name = parts.pop() as string;
  const version = parts.pop() as string;
  const group = parts.pop() as string;
  if (name === "Quantity" || name === "IntOrString" || name === "RawExtension") return { module: "meta.v1", name };
  return { module: /^v\d/.test(version) ? `${group}.${version}` : `${version}`, name };
}

const refTarget = (ref: string): string => ref.slice("#/definitions/".length);

const modules = new Map<string, { definitionName: string; name: string; definition: Definition }[]>();
for (const [definitionName, definition] of Object.entries(definitions)) {
  const { module, name } = split(definitionName);
  const list = modules.get(module) ?? [];
  list.push({ definitionName, name, definition });
  modules.set(module, list);
}

/** Fields that every stored object has although the OpenAPI document calls them optional. */
const alwaysThere = new Set(["name", "uid", "resourceVersion", "creationTimestamp"]);
const metaName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

function typeOf(schema: Definition, module: string, imports: Set<string>, topLevel: boolean): string {
  if (schema.$ref !== undefined) {
    const target = refTarget(schema.$ref);
    const { module: targetModule, name } = split(target);
    let text = name;
    if (targetModule !== module) {
      imports.add(targetModule);
      text = `${alias(targetModule)}.${name}`;
    }
    return target === metaName && !topLevel ? `Partial<${text}>` : text;
  }
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  switch (schema.type) {
    case "string":
      return schema.format === "int-or-string" ? "number | string" : "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "array": {
      const item = typeOf(schema.items as Definition, module, imports, false);
      return /[ |]/.test(item) ? `(${item})[]` : `${item}[]`;
    }
    case "object":
      if (schema.additionalProperties !== undefined)
        return `Record<string, ${typeOf(schema.additionalProperties, module, imports, false)}>`;
      return "Record<string, unknown>";
    default:
      return "unknown";
  }
}

const alias = (module: string): string => module.replaceAll(".", "_").replaceAll("-", "_");

function isKind(entry: { definitionName: string; name: string; definition: Definition }): boolean {
  const gvk = entry.definition["x-kubernetes-group-version-kind"];
  return gvk?.some((each) => each.kind === entry.name) ?? false;
}

function writeModule(module: string): void {
  const imports = new Set<string>();
  const lines: string[] = [];
  for (const entry of modules.get(module) ?? []) {
    const { definition, name } = entry;
    if (definition.properties === undefined) {
      const special: Record<string, string> = { Quantity: "string", IntOrString: "number | string" };
      lines.push(`export type ${name} = ${special[name] ?? typeOf(definition, module, imports, true)};`, "");
      continue;
    }
    const kind = isKind(entry);
    const isList = kind && definition.properties["items"] !== undefined && name.endsWith("List");
    lines.push(`export interface ${name} {`);
    for (const [field, schema] of Object.entries(definition.properties)) {
      const required =
        definition.required?.includes(field) ||
        (kind && ["apiVersion", "kind", "metadata", "spec"].includes(field)) ||
        (entry.definitionName === metaName && alwaysThere.has(field));
      const key = /^[A-Za-z_$][\w$]*$/.test(field) ? field : JSON.stringify(field);
      let type = typeOf(schema, module, imports, kind && !isList);
      if (kind && field === "kind") type = JSON.stringify(name);
      if (kind && field === "apiVersion") {
        const gvk = definition["x-kubernetes-group-version-kind"]?.find((each) => each.kind === name);
        const shared = (definition["x-kubernetes-group-version-kind"]?.length ?? 0) > 1;
        type =
          gvk === undefined || shared
            ? "string"
            : JSON.stringify(gvk.group ? `${gvk.group}/${gvk.version}` : gvk.version);
      }
      lines.push(`  ${key}${required ? "" : "?"}: ${type};`);
    }
    lines.push("}", "");
  }
  const head = ["// Generated by facts/generate.ts from the Kubernetes v1.36 API descriptions. Do not edit.", ""];
  for (const other of [...imports].sort()) head.push(`import type * as ${alias(other)} from "./${other}.ts";`);
  if (imports.size > 0) head.push("");
  writeFileSync(join(here, "types", `${module}.ts`), [...head, ...lines].join("\n"));
}

/** The plain names: core first, then stable versions, then betas; a name taken earlier stays taken. */
function writeIndex(): void {
  const rank = (module: string): number =>
    module === "meta.v1" ? 0 : module === "core.v1" ? 1 : /\.v\d+$/.test(module) ? 2 : /beta/.test(module) ? 3 : 4;
  const taken = new Set<string>();
  const lines = ["// Generated by facts/generate.ts from the Kubernetes v1.36 API descriptions. Do not edit.", ""];
  for (const module of [...modules.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))) {
    const fresh = (modules.get(module) ?? []).map((entry) => entry.name).filter((name) => !taken.has(name));
    for (const name of fresh) taken.add(name);
    if (fresh.length > 0) lines.push(`export type { ${fresh.sort().join(", ")} } from "./${module}.ts";`);
    lines.push(`export type * as ${alias(module)} from "./${module}.ts";`);
  }
  writeFileSync(join(here, "types", "index.ts"), `${lines.join("\n")}\n`);
}

// schema.json: { defs: [name…], … } would save little; names stay, extensions get one-letter keys that machinery's
// schema.ts documents: r = $ref, t = type, f = format, i = items, a = additionalProperties, p = properties,
// l = list type, k = list map keys, m = map type, s = patch strategy, g = patch merge key, q = required, e = enum,
// d = default.
const messages: Readonly<Record<string, Readonly<Record<string, readonly [number, string, ...string[]]>>>> = JSON.parse(
  readFileSync(join(source, "proto/k8s-api.json"), "utf8"),
).messages;

/** The same of types that are in no message of k8s-api.json, or in another order there, from their Go sources. */
const goOrders: Readonly<Record<string, readonly string[]>> = JSON.parse(
  readFileSync(join(here, "go-orders.json"), "utf8"),
);

/** Fields of a message in the order of the Go struct, which is how Go prints them; those of embedded structs in their place. */
function* goFields(message: string, properties: object): Generator<string> {
  for (const [field, [, type]] of Object.entries(messages[message] ?? {})) {
    const embedded = `${message.slice(0, message.lastIndexOf("."))}.${type}`;
    if (Object.hasOwn(properties, field)) yield field;
    else if (messages[embedded] !== undefined) yield* goFields(embedded, properties);
  }
}

function inGoOrder(properties: Readonly<Record<string, Definition>>, name: string | undefined): [string, Definition][] {
  const fields = goOrders[name ?? ""] ?? [...goFields(name?.replace(/^io\.k8s\./, "k8s.io.") ?? "", properties)];
  const ownsType = fields.includes("apiVersion") || fields.includes("kind");
  const order = ownsType ? fields : ["kind", "apiVersion", ...fields];
  const names = new Set([...order.filter((field) => Object.hasOwn(properties, field)), ...Object.keys(properties)]);
  return [...names].map((field) => [field, properties[field] as Definition]);
}

/** A Go struct without fields; the API descriptions do not tell it from a map of anything. */
const isEmptyStruct = (name: string): boolean => {
  const message =
    messages[name.replace(/^io\.k8s\./, "k8s.io.").replace("apiextensions-apiserver", "apiextensions_apiserver")];
  return message !== undefined && Object.keys(message).length === 0;
};

function compact(schema: Definition, name?: string): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  if (schema.$ref !== undefined) out["r"] = refTarget(schema.$ref);
  if (schema.type !== undefined) out["t"] = schema.type;
  if (schema.format !== undefined) out["f"] = schema.format;
  if (schema.items !== undefined) out["i"] = compact(schema.items);
  if (schema.additionalProperties !== undefined) out["a"] = compact(schema.additionalProperties);
  if (schema.properties !== undefined)
    out["p"] = Object.fromEntries(inGoOrder(schema.properties, name).map(([key, value]) => [key, compact(value)]));
  else if (name !== undefined && isEmptyStruct(name)) out["p"] = {};
  if (schema["x-kubernetes-list-type"] !== undefined) out["l"] = schema["x-kubernetes-list-type"];
  if (schema["x-kubernetes-list-map-keys"] !== undefined) out["k"] = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-map-type"] !== undefined) out["m"] = schema["x-kubernetes-map-type"];
  if (schema["x-kubernetes-patch-strategy"] !== undefined) out["s"] = schema["x-kubernetes-patch-strategy"];
  if (schema["x-kubernetes-patch-merge-key"] !== undefined) out["g"] = schema["x-kubernetes-patch-merge-key"];
  if (schema.required !== undefined) out["q"] = schema.required;
  if (schema.enum !== undefined) out["e"] = schema.enum;
  if (schema.default !== undefined) out["d"] = schema.default;
  return out;
}

function writeSchema(): void {
  const kinds: Record<string, string> = {};
  const lines: string[] = [];
  for (const [name, definition] of Object.entries(definitions)) {
    lines.push(`${JSON.stringify(name)}:${JSON.stringify(compact(definition, name))}`);
    for (const gvk of definition["x-kubernetes-group-version-kind"] ?? []) {
      if (gvk.kind === split(name).name) kinds[`${gvk.group}/${gvk.version}/${gvk.kind}`] = name;
    }
  }
  const text = `{"kinds":${JSON.stringify(kinds)},\n"definitions":{\n${lines.join(",\n")}\n}}\n`;
  writeFileSync(join(here, "schema.json"), text);
}

function writeResources(): void {
  const [, ...rows] = readFileSync(join(source as string, "api-resources.tsv"), "utf8")
    .trimEnd()
    .split("\n");
  const records = rows.map((row) => {
    const [group, version, resource, kind, scope, byDefault, stage, shortNames, categories, verbs, gate] =
      row.split("\t");
    const list = (text: string | undefined): string[] => (text ? text.split(",") : []);
    return {
      group: group === "core" ? "" : group,
      version,
      resource,
      kind,
      namespaced: scope === "Namespaced",
      on: byDefault === "on",
      stage,
      shortNames: list(shortNames),
      categories: list(categories),
      verbs: list(verbs),
      ...(gate ? { gate } : {}),
    };
  });
  writeFileSync(join(here, "resources.json"), `[\n${records.map((record) => JSON.stringify(record)).join(",\n")}\n]\n`);
}

mkdirSync(join(here, "types"), { recursive: true });
for (const module of modules.keys()) writeModule(module);
writeIndex();
writeSchema();
writeResources();
