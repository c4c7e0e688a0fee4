// Makes the table of what OpenAPI documents show of Go's types beyond the schemas: defaults and unions.
//
//   node facts/generate-openapi-extras.ts GO_MODULES
//
// GO_MODULES is a directory with the modules of k8s.io as Go's module cache lays them out. Writes openapi-extras.json beside this file:
// `defaults`: definition → field → its default where it is no zero value of a required field; null for a required field without one.
// `unions`: definition → x-kubernetes-unions.
// `undescribed`: definition → its fields that upstream says nothing about, "" for the type itself.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import bundle from "./schema.json" with { type: "json" };

const here = dirname(fileURLToPath(import.meta.url));
const [modules] = process.argv.slice(2);
if (modules === undefined) {
  console.error("usage: node facts/generate-openapi-extras.ts GO_MODULES");
  process.exit(2);
}
const [file] = globSync("kubernetes@*/pkg/generated/openapi/zz_generated.openapi.go", { cwd: modules });
if (file === undefined) throw new Error(`${modules} has no kubernetes module`);
const source = readFileSync(join(modules, file), "utf8");

/** String constants of k8s.io/api by name. */
const constants = new Map<string, string>();
for (const each of globSync("api@*/*/*/types.go", { cwd: modules }))
  for (const [, name, value] of readFileSync(join(modules, each), "utf8").matchAll(/^\t(\w+)\s+\w+ = "([^"]*)"/gm))
    constants.set(name!, value!);

/** Modules of packages that stand without theirs. */
const moduleOf: Readonly<Record<string, string>> = {
  apiextensions: "apiextensions-apiserver",
  apiregistration: "kube-aggregator",
  meta: "apimachinery",
};

/** `k8sio_api_core_v1_Pod` → `io.k8s.api.core.v1.Pod`; undefined for packages that are not published. */
function definitionOf(name: string): string | undefined {
  const [, short] = /^pkg_apis_([a-z]+)_/.exec(name) ?? [];
  if (short !== undefined && moduleOf[short] !== undefined)
    return `io.k8s.${moduleOf[short]}.${name.replaceAll("_", ".")}`;
  const [, path, type] = /^k8sio_(api|apimachinery|apiextensions_apiserver|kube_aggregator)_(.+)$/.exec(name) ?? [];
  if (path === undefined) return undefined;
  if (path === "api") return `io.k8s.api.${type!.replaceAll("_", ".")}`;
  const dots = `pkg_${type!.replace(/^pkg_/, "")}`.replaceAll("_", ".");
  return `io.k8s.${path.replaceAll("_", "-")}.${dots}`;
}

function defaultValue(text: string): unknown {
  if (text.startsWith("map[string]interface")) return {};
  if (/^-?\d+$|^(true|false)$|^"/.test(text)) return JSON.parse(text);
  const constant = constants.get(text.split(".").at(-1)!);
  if (constant === undefined) throw new Error(`no constant ${text}`);
  return constant;
}

const isZero = (value: unknown): boolean => value === "" || value === 0 || value === false;
const isEmpty = (value: unknown): boolean => typeof value === "object";
const defaults: Record<string, Record<string, unknown>> = {};
const unions: Record<string, unknown> = {};
const undescribed: Record<string, string[]> = {};

for (const [, name, body] of source.matchAll(/^func schema_(\w+)\(.*?\n(.*?)^\}/gms)) {
  const definition = definitionOf(name!);
  if (definition === undefined) continue;
  const required = [...(/^\t{4}Required:\s+\[\]string\{(.*)\}/m.exec(body!)?.[1] ?? "").matchAll(/"([^"]*)"/g)].map(
    ([, field]) => field,
  );
  const published = definition in bundle.definitions;
  if (published && !/^\t{4}Description:/m.test(body!)) (undescribed[definition] ??= []).push("");
  for (const [, field, content] of body!.matchAll(/^\t{5}"([^"]+)": \{\n(.*?)^\t{5}\},/gms)) {
    if (published && !/^\t{7}Description:/m.test(content!)) (undescribed[definition] ??= []).push(field!);
    const text = /^\t{7}Default:\s+(.+),$/m.exec(content!)?.[1];
    const scalar = /^\t{7}Type:\s+\[\]string\{"(string|integer|number|boolean)"\}/m.test(content!);
    const isRequired = required.includes(field!);
    const value = text === undefined ? undefined : defaultValue(text);
    if (isEmpty(value)) continue;
    if (value === undefined ? scalar && isRequired : !(isZero(value) && isRequired))
      (defaults[definition] ??= {})[field!] = value ?? null;
  }
  const union = /"x-kubernetes-unions": \[\]interface\{\}\{(.*?)^\t{5}\},/ms.exec(body!)?.[1];
  if (union !== undefined) {
    const json = union
      .replaceAll("map[string]interface{}{", "{")
      .replaceAll(/,(\s*[}\]])/g, "$1")
      .replace(/,\s*$/, "");
    unions[definition] = JSON.parse(`[${json}]`);
  }
}
const lines = (table: Record<string, unknown>): string =>
  Object.entries(table)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    .join(",\n");
writeFileSync(
  join(here, "openapi-extras.json"),
  `{"defaults":{\n${lines(defaults)}\n},"unions":{\n${lines(unions)}\n},"undescribed":{\n${lines(undescribed)}\n}}\n`,
);
