// Makes flowcontrol-bootstrap.json: the flow schemas and priority levels that every cluster starts with, as kube-apiserver 1.36
// creates them.
//
//   kubectl get flowschemas,prioritylevelconfigurations -o json > cluster.json
//   node facts/flowcontrol-bootstrap.ts cluster.json
//
// asked of a fresh API server. Only names and specs are kept.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: object;
}

const items = process.argv
  .slice(2)
  .flatMap((path) => JSON.parse(readFileSync(path, "utf8")).items as Item[])
  .filter(({ metadata }) => metadata.annotations?.["apf.kubernetes.io/autoupdate-spec"] === "true");
if (items.length === 0) {
  console.error("usage: node facts/flowcontrol-bootstrap.ts cluster.json");
  process.exit(2);
}

const rows = (kind: string): string =>
  items
    .filter((item) => item.kind === kind)
    .map(({ metadata: { name }, spec }) => JSON.stringify({ name, spec }))
    .join(",\n");
writeFileSync(
  join(dirname(fileURLToPath(import.meta.url)), "flowcontrol-bootstrap.json"),
  `{"flowSchemas":[\n${rows("FlowSchema")}\n],"priorityLevels":[\n${rows("PriorityLevelConfiguration")}\n]}\n`,
);
