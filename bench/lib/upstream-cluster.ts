// Runs bench/lib/upstream-node.ts and tells what it measured.
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inNamespaces } from "../../test/swap/namespaces.ts";
import type { RestOptions } from "./node-load.ts";
import type { UpstreamPrograms } from "./upstream.ts";
import type { UpstreamNode } from "./upstream-node.ts";

const program = fileURLToPath(new URL("upstream-node.ts", import.meta.url));
const prefix = "bench-node-";
const nothing: RestOptions = { settleSeconds: 0, seconds: 0 };

/** Whether a directory is the one of such a cluster. */
export const isUpstreamNode = (folder: string): boolean => folder.startsWith(prefix);

/** What the cluster's cgroups are named by. */
export const namespacesId = (folder: string): string => folder.slice(-6).toLowerCase();

/** One cluster from start to end. Without `rest` only its start is measured. */
export async function runUpstreamNode({ directory }: UpstreamPrograms, rest = nothing): Promise<UpstreamNode> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  try {
    const args = [folder, directory, String(rest.settleSeconds), String(rest.seconds)];
    await inNamespaces(program, args, { id: namespacesId(folder), limitMs: 400_000 });
    const file = join(folder, "result.json");
    if (!existsSync(file)) throw new Error("upstream's cluster left no result");
    const result = JSON.parse(readFileSync(file, "utf8")) as UpstreamNode | { readonly failed: string };
    if ("failed" in result) throw new Error(`upstream's cluster failed: ${result.failed}`);
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
