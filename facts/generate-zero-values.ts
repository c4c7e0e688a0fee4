// Makes zero-values.json: what the API's Go types do with empty fields when they are written as JSON.
//
//   node facts/generate-zero-values.ts API_DIR META_DIR      (the Go modules k8s.io/api and k8s.io/apimachinery, v0.36)
//
// For every struct, by `<group>.<version>.<Type>`:
//   drop  fields that are left out when empty ("", 0, false, [], {}): `omitempty` on anything but a pointer
//   fill  fields that are always written, with what they hold when nobody set them
//   into  fields that hold another struct or a list of it, or (with a star) a map of it
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface Entry {
  drop?: string[];
  fill?: Record<string, unknown>;
  into?: Record<string, string>;
}

const [apiDir, metaDir] = process.argv.slice(2);
if (apiDir === undefined || metaDir === undefined) {
  console.error("usage: node facts/generate-zero-values.ts API_DIR META_DIR");
  process.exit(2);
}

interface Source {
  readonly module: string;
  readonly text: string;
}

const sources: Source[] = [
  ...["types.go", "group_version.go"].map((file) => ({
    module: "meta.v1",
    text: readFileSync(join(metaDir, "pkg/apis/meta/v1", file), "utf8"),
  })),
];
const here = dirname(fileURLToPath(import.meta.url));
for (const group of readdirSync(apiDir)) {
  for (const version of existsSync(join(apiDir, group, "types.go")) ? [] : listDirectories(join(apiDir, group))) {
    if (!existsSync(join(here, "types", `${group}.${version}.ts`))) continue;
    const directory = join(apiDir, group, version);
    for (const file of readdirSync(directory).filter((name) => /^types.*\.go$/.test(name))) {
      sources.push({ module: `${group}.${version}`, text: readFileSync(join(directory, file), "utf8") });
    }
  }
}

function listDirectories(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? [each.name] : []));
  } catch {
    return [];
  }
}

interface Field {
  readonly json: string;
  readonly goType: string;
  readonly inline: boolean;
  readonly omitEmpty: boolean;
  readonly omitZero: boolean;
}

const structs = new Map<string, Field[]>();
/** Named types that are not structs: `core.v1.ResourceName` → `string`. */
const named = new Map<string, string>();

for (const { module, text } of sources) {
  for (const [, name, body] of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    structs.set(`${module}.${name}`, fieldsOf(body as string));
  }
  for (const [, name] of text.matchAll(/^type (\w+) struct\s*\{\s*\}/gm)) structs.set(`${module}.${name}`, []);
  for (const [, name, target] of text.matchAll(/^type (\w+) (?!struct)(?:= )?([\w[\]*.]+)/gm)) {
    named.set(`${module}.${name}`, target as string);
  }
}

function fieldsOf(body: string): Field[] {
  const fields: Field[] = [];
  for (const line of body.split("\n")) {
    const match = /^\s*(?:\w+\s+)?([\w.*[\]]+)\s+`[^`]*json:"([^"]*)"/.exec(line);
    if (match === null) continue;
    const [json, ...options] = (match[2] as string).split(",");
    fields.push({
      json: json as string,
      goType: match[1] as string,
      inline: options.includes("inline"),
      omitEmpty: options.includes("omitempty"),
      omitZero: options.includes("omitzero"),
    });
  }
  return fields;
}

const opaque: Readonly<Record<string, unknown>> = {
  "meta.v1.Time": null,
  "meta.v1.MicroTime": null,
  "meta.v1.Duration": "0s",
  "resource.Quantity": "0",
  "intstr.IntOrString": 0,
  "runtime.RawExtension": null,
};
const scalars: Readonly<Record<string, unknown>> = {
  string: "",
  bool: false,
  int32: 0,
  int64: 0,
  int: 0,
  float64: 0,
  byte: 0,
};

/** `v1.Time` inside core/v1 → `meta.v1.Time`; a bare name → the module's own. */
function qualify(goType: string, module: string): string {
  if (goType in scalars) return goType;
  if (!goType.includes(".")) return `${module}.${goType}`;
  const [alias, name] = goType.split(".") as [string, string];
  if (alias === "metav1") return `meta.v1.${name}`;
  if (alias === "v1") {
    const modules = ["core.v1", "meta.v1", `${module.slice(0, module.indexOf("."))}.v1`];
    return (
      modules.map((each) => `${each}.${name}`).find((each) => structs.has(each) || named.has(each)) ?? `meta.v1.${name}`
    );
  }
  const [, otherGroup, otherVersion] = /^([a-z]+)(v\d\w*)$/.exec(alias) ?? [];
  if (otherGroup !== undefined) return `${otherGroup}.${otherVersion}.${name}`;
  if (alias === "types") return "string";
  return `${alias}.${name}`;
}

type Shape =
  | { kind: "scalar"; zero: unknown }
  | { kind: "list" | "map" | "pointer" | "struct"; of: string }
  | { kind: "opaque"; zero: unknown };

function shapeOf(goType: string, module: string): Shape {
  if (goType.startsWith("*")) return { kind: "pointer", of: elementOf(goType.slice(1), module) };
  if (goType.startsWith("[]")) return { kind: "list", of: elementOf(goType.slice(2), module) };
  if (goType.startsWith("map[")) return { kind: "map", of: elementOf(goType.slice(goType.indexOf("]") + 1), module) };
  const name = qualify(goType, module);
  if (name in scalars) return { kind: "scalar", zero: scalars[name] };
  if (name in opaque) return { kind: "opaque", zero: opaque[name] };
  if (structs.has(name)) return { kind: "struct", of: name };
  const target = named.get(name);
  if (target === undefined) throw new Error(`unknown Go type ${goType} in ${module}`);
  return shapeOf(target, name.slice(0, name.lastIndexOf(".")));
}

function elementOf(goType: string, module: string): string {
  const bare = goType.replace(/^(\*|\[\]|map\[[^\]]*\])+/, "");
  const name = qualify(bare, module);
  if (structs.has(name)) return name;
  const target = named.get(name);
  return target !== undefined && !(target in scalars) ? elementOf(target, name.slice(0, name.lastIndexOf("."))) : "";
}

const skipped = new Set(["meta.v1.TypeMeta", "meta.v1.FieldsV1", "meta.v1.ListMeta"]);

function entryOf(module: string, fields: readonly Field[]): Entry {
  const drop: string[] = [];
  const fill: Record<string, unknown> = {};
  const into: Record<string, string> = {};
  for (const field of fields) {
    if (field.inline) {
      const name = qualify(field.goType.replace("*", ""), module);
      if (skipped.has(name)) continue;
      const inner = entryOf(name.slice(0, name.lastIndexOf(".")), structs.get(name) ?? []);
      drop.push(...(inner.drop ?? []));
      Object.assign(fill, inner.fill);
      Object.assign(into, inner.into);
      continue;
    }
    if (field.json === "" || field.json === "-") continue;
    const shape = shapeOf(field.goType, module);
    if ("of" in shape && shape.of !== "" && !skipped.has(shape.of))
      into[field.json] = shape.kind === "map" ? `${shape.of}*` : shape.of;
    if (shape.kind === "struct") {
      if (!field.omitZero && !skipped.has(shape.of)) fill[field.json] = {};
    } else if (shape.kind === "opaque") {
      if (!field.omitZero) fill[field.json] = shape.zero;
    } else if (shape.kind === "pointer") {
      if (!field.omitEmpty) fill[field.json] = null;
    } else if (field.omitEmpty || field.omitZero) drop.push(field.json);
    else fill[field.json] = shape.kind === "scalar" ? shape.zero : null;
  }
  return {
    ...(drop.length > 0 ? { drop } : {}),
    ...(Object.keys(fill).length > 0 ? { fill } : {}),
    ...(Object.keys(into).length > 0 ? { into } : {}),
  };
}

const entries: Record<string, Entry> = {};
for (const [name, fields] of [...structs].sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (name.endsWith("List") && fields.some((field) => field.json === "items")) continue;
  const entry = entryOf(name.slice(0, name.lastIndexOf(".")), fields);
  if (Object.keys(entry).length > 0) entries[name] = entry;
}
const lines = Object.entries(entries).map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`);
writeFileSync(join(here, "zero-values.json"), `{\n${lines.join(",\n")}\n}\n`);
console.log(`${lines.length} types`);
