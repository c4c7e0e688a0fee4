// `t8s kubeconfig`: prints the administrator's kubeconfig of a cluster.
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { clusterFlags, layoutOf, readFlags } from "./lib.ts";

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags(
    { name: "kubeconfig", about: "Prints a cluster's kubeconfig (its administrator's).", flags: clusterFlags },
    words,
  );
  if (parsed === undefined) return 0;
  const layout = layoutOf(parsed.values);
  if (!existsSync(layout.kubeconfigFile))
    throw new Error(
      `there is no cluster ${layout.name} in ${parsed.values["data-dir"]}: start one with t8s up --name ${layout.name}`,
    );
  process.stdout.write(readFileSync(layout.kubeconfigFile, "utf8"));
  return 0;
}
