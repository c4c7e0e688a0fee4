// `t8s version`: prints the version, and that of Kubernetes whose behaviour this is.
import process from "node:process";
import manifest from "../../package.json" with { type: "json" };
import { kubernetesVersion } from "../machinery/index.ts";
import { readFlags } from "./lib.ts";

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags({ name: "version", about: "Prints the version.", flags: {} }, words);
  if (parsed === undefined) return 0;
  process.stdout.write(`t8s ${manifest.version} (Kubernetes ${kubernetesVersion}, Node ${process.version})\n`);
  return 0;
}
