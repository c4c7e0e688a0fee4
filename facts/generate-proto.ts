// Makes the table by which protobuf is read and written.
//
//   node facts/generate-proto.ts SOURCE_DIR GO_MODULES
//
// SOURCE_DIR holds proto/k8s-api.json; GO_MODULES is a directory with the modules of k8s.io as Go's module cache lays them out
// (api@v0.36.3, …), whose struct tags tell JSON names, presence and inlining. Writes proto/k8s-api.json beside this file: message →
// field number → [JSON name, type, flags]. Types are scalars, `map<string,T>` or full message names. Flags: 1 repeated, 2 left out
// when not set (a pointer in Go; other fields are always written), 4 its fields stand in the object around it in JSON.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [source, modules] = process.argv.slice(2);
if (source === undefined || modules === undefined) {
  console.error("usage: node facts/generate-proto.ts SOURCE_DIR GO_MODULES");
  process.exit(2);
}
type Field = readonly [number, string, ...string[]];
const { messages }: { messages: Record<string, Record<string, Field>> } = JSON.parse(
  readFileSync(join(source, "proto", "k8s-api.json"), "utf8"),
);

/** Names are relative to the message's package unless they begin with a dot. */
function fullName(type: string, packageName: string): string {
  const map = /^map<string,\s*(.+)>$/.exec(type);
  if (map !== null) return `map<string,${fullName(map[1] as string, packageName)}>`;
  if (type.startsWith(".")) return type.slice(1);
  return /^[A-Z]/.test(type) ? `${packageName}.${type}` : type;
}

/** APIServices are described by their module alone. */
const aggregator = "k8s.io.kube_aggregator.pkg.apis.apiregistration.v1";
const proto = readFileSync(one("kube-aggregator@*/pkg/apis/apiregistration/v1/generated.proto"), "utf8");
for (const [, name, body] of proto.matchAll(/^message (\w+) \{\n(.*?)^\}/gms)) {
  const fields: Record<string, Field> = {};
  for (const [, label, type, field, number] of body!.matchAll(/^ {2}(optional|repeated) (\S+) (\w+) = (\d+);/gm))
    fields[field!] = [Number(number), type!, ...(label === "repeated" ? ["repeated"] : [])];
  messages[`${aggregator}.${name}`] = fields;
}

function one(pattern: string): string {
  const [file] = globSync(pattern, { cwd: modules as string });
  if (file === undefined) throw new Error(`${modules} has no ${pattern}`);
  return join(modules as string, file);
}

interface GoField {
  readonly json: string;
  readonly optional: boolean;
  readonly inline: boolean;
}

/** `message/number` → what the struct tag says. */
const tags = new Map<string, GoField>();
/** Types that are slices in Go and messages on the wire: nil is not written. */
const wrappedSlices = /^(?:\w+\.)?(Verbs|ExtraValue)$/;

function readStructs(file: string, packageName: string): void {
  const text = readFileSync(file, "utf8");
  for (const [, name, body] of text.matchAll(/^type (\w+) struct \{\n(.*?)^\}/gms))
    for (const [, type, tag] of body!.matchAll(/^\t(?:\w+\s+)?(\S+)\s+`([^`]*protobuf:"[^`]*)`/gm)) {
      const number = /protobuf:"\w+,(\d+)/.exec(tag!)?.[1];
      const [json = "", ...options] = /json:"([^"]*)"/.exec(tag!)?.[1]?.split(",") ?? [];
      if (number === undefined) continue;
      const optional = type!.startsWith("*") || type === "[]byte" || wrappedSlices.test(type!);
      tags.set(`${packageName}.${name}/${number}`, {
        json,
        optional,
        inline: json === "" && options.includes("inline"),
      });
    }
}

for (const packageName of new Set(Object.keys(messages).map((name) => name.slice(0, name.lastIndexOf("."))))) {
  const path = packageName
    .slice("k8s.io.".length)
    .split(".")
    .map((part) => part.replaceAll("_", "-"));
  const folder = path
    .slice(1)
    .join("/")
    .replaceAll("custom-metrics", "custom_metrics")
    .replaceAll("external-metrics", "external_metrics");
  for (const file of globSync(`${path[0]}@*/${folder}/*.go`, { cwd: modules }))
    if (!/_test\.go$|\.pb\.go$/.test(file)) readStructs(join(modules, file), packageName);
}

const lines = Object.entries(messages).map(([name, fields]) => {
  const packageName = name.slice(0, name.lastIndexOf("."));
  const table = Object.fromEntries(
    Object.entries(fields).map(([field, [number, type, ...kinds]]) => {
      const tag = tags.get(`${name}/${number}`);
      const flags = (kinds.includes("repeated") ? 1 : 0) + (tag?.optional ? 2 : 0) + (tag?.inline ? 4 : 0);
      const jsonName = tag === undefined || tag.json === "" || tag.json === "-" ? field : tag.json;
      return [number, [jsonName, fullName(type, packageName), ...(flags > 0 ? [flags] : [])]];
    }),
  );
  return `${JSON.stringify(name)}:${JSON.stringify(table)}`;
});
const untagged = Object.entries(messages).flatMap(([name, fields]) =>
  Object.values(fields).flatMap(([number]) => (tags.has(`${name}/${number}`) ? [] : [`${name}/${number}`])),
);
console.log(`${lines.length} messages; without a struct tag: ${untagged.join(" ")}`);
writeFileSync(join(here, "proto", "k8s-api.json"), `{\n${lines.join(",\n")}\n}\n`);
