// A cluster of upstream's processes on one node, started by hand: etcd and kube-apiserver, then the others beside each other, on a
// containerd that runs already. Inside namespaces of its own (test/swap/namespaces.ts). Arguments: a directory, upstream's programs,
// seconds to settle and to measure (0: the start alone). Writes result.json into the directory.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { clientOf, prepare, startStore, World } from "../../test/swap/machine.ts";
import { mixes, type Part, partNames } from "../../test/swap/mixes.ts";
import { commandOf, kubeconfigOf } from "../../test/swap/parts.ts";
import { type Usage, usageOf } from "./cluster-process.ts";
import { measureNode, type NodeFigures, startPods, whenNodeReady } from "./node-load.ts";

export interface UpstreamNode {
  readonly apiMs: number;
  readonly nodeMs: number;
  readonly podMs: number;
  /** Of all its processes until the first pod ran. */
  readonly cpuMs: number;
  readonly figures?: NodeFigures;
}

const readyLimitMs = 60_000;

async function main(
  directory: string,
  upstream: string,
  settleSeconds: number,
  seconds: number,
): Promise<UpstreamNode> {
  const world = new World(directory);
  const place = await prepare(directory, upstream);
  const usage = (): Usage => {
    const all = world.running.map(({ child }) => usageOf(child.pid!));
    return {
      cpuSeconds: all.reduce((total, each) => total + each.cpuSeconds, 0),
      rssBytes: all.reduce((total, each) => total + each.rssBytes, 0),
    };
  };
  const start = (part: Part): void => {
    const { program, args } = commandOf(part, mixes["upstream"]![part], place);
    world.start(part, program, args);
  };
  const startedMs = performance.now();
  const since = (): number => performance.now() - startedMs;
  startStore(world);
  start("apiserver");
  const client = clientOf(kubeconfigOf(place, "admin", place.pki.admin));
  const isReady = (): Promise<boolean> =>
    client.raw("/readyz").then(
      ({ status }) => status === 200,
      () => false,
    );
  while (!(await isReady())) {
    const died = world.died();
    if (died.length > 0 || since() > readyLimitMs) throw new Error(["the API server is not ready", ...died].join("\n"));
    await delay(10);
  }
  const apiMs = since();
  for (const part of partNames) if (part !== "apiserver") start(part);
  await whenNodeReady(client);
  const nodeMs = since();
  await startPods(client, "first", 1);
  const times = { apiMs, nodeMs, podMs: since(), cpuMs: usage().cpuSeconds * 1000 };
  return seconds === 0 ? times : { ...times, figures: await measureNode(client, usage, { settleSeconds, seconds }) };
}

const [directory = "", upstream = "", settle = "0", seconds = "0"] = process.argv.slice(2);
const result = await main(directory, upstream, Number(settle), Number(seconds)).catch((error: Error) => ({
  failed: error.stack ?? error.message,
}));
writeFileSync(join(directory, "result.json"), JSON.stringify(result));
process.exit(0); // everything else ends with this program's namespaces
