// Makes feature-gates.json: every feature gate of v1.36 that kube-apiserver knows, with stage, default and lock.
//
//   node facts/generate-gates.ts metrics.txt [feature-gates.tsv]
//
// metrics.txt is /metrics of a fresh kube-apiserver (its kubernetes_feature_enabled lines name every gate as the flag spells it);
// the table adds which gates are locked. A row is [stage, on by default, locked].
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [metricsFile, tableFile] = process.argv.slice(2);
if (metricsFile === undefined || tableFile === undefined) {
  console.error("usage: node facts/generate-gates.ts METRICS_TXT FEATURE_GATES_TSV");
  process.exit(2);
}

/** The table names two gates by their Go identifiers. */
const spelled: Readonly<Record<string, string>> = {
  CPUCFSQuotaPeriod: "CustomCPUCFSQuotaPeriod",
  RuntimeClassInImageCriAPI: "RuntimeClassInImageCriApi",
};
/** Locked gates that the table leaves out. */
const locked = new Set(["SchedulerQueueingHints", "SidecarContainers"]);
for (const line of readFileSync(tableFile, "utf8").split("\n").slice(1)) {
  const [gate = "", , , , lock] = line.split("\t");
  if (lock === "locked") locked.add(spelled[gate] ?? gate);
}

const gates: Record<string, [stage: string, on: boolean, locked: boolean]> = {};
for (const [, name = "", stage = "", on] of readFileSync(metricsFile, "utf8").matchAll(
  /^kubernetes_feature_enabled\{name="(\w+)",stage="(\w*)"\} ([01])$/gm,
))
  gates[name] = [stage === "" ? "GA" : stage, on === "1", locked.has(name)];

const rows = Object.entries(gates)
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, gate]) => `${JSON.stringify(name)}:${JSON.stringify(gate)}`);
writeFileSync(join(here, "feature-gates.json"), `{\n${rows.join(",\n")}\n}\n`);
