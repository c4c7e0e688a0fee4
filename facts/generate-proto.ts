// Makes the table by which protobuf request bodies are read.
//
//   node facts/generate-proto.ts SOURCE_DIR      (SOURCE_DIR holds proto/k8s-api.json)
//
// Writes proto/k8s-api.json beside this file: message → field number → [JSON name, type, repeated]. Types are scalars,
// `map<string,T>` or full message names.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const source = process.argv[2];
if (source === undefined) {
  console.error("usage: node facts/generate-proto.ts SOURCE_DIR");
  process.exit(2);
}
type Field = readonly [number, string, ...string[]];
const { messages }: { messages: Record<string, Record<string, Field>> } = JSON.parse(
  readFileSync(join(source, "proto", "k8s-api.json"), "utf8"),
);

/** Names are relative to the message's package unless they begin with a dot. */
function fullName(type: string, packageName: string): string {
  const map = /^map<string,(.+)>$/.exec(type);
  if (map !== null) return `map<string,${fullName(map[1] as string, packageName)}>`;
  if (type.startsWith(".")) return type.slice(1);
  return /^[A-Z]/.test(type) ? `${packageName}.${type}` : type;
}

/** JSON names that are spelled otherwise than protobuf's in the same place (`json:` tags of k8s.io/api). */
const jsonNames: Readonly<Record<string, string>> = {
  uID: "uid",
  aPIGroup: "apiGroup",
  Webhooks: "webhooks",
  Expression: "expression",
  Name: "name",
};
const jsonName = (field: string): string => jsonNames[field] ?? field;

const lines = Object.entries(messages).map(([name, fields]) => {
  const packageName = name.slice(0, name.lastIndexOf("."));
  const table = Object.fromEntries(
    Object.entries(fields).map(([field, [number, type, ...flags]]) => [
      number,
      flags.includes("repeated")
        ? [jsonName(field), fullName(type, packageName), 1]
        : [jsonName(field), fullName(type, packageName)],
    ]),
  );
  return `${JSON.stringify(name)}:${JSON.stringify(table)}`;
});
writeFileSync(join(here, "proto", "k8s-api.json"), `{\n${lines.join(",\n")}\n}\n`);
