// `t8s status`: which clusters there are, which of them run, and how their nodes are.

import process from "node:process";
import type { Node } from "../api/index.ts";
import { errorText } from "../base/index.ts";
import { clusterLayout, clusterNames, isAlive, readConfig } from "../cluster/index.ts";
import { clusterFlags, readFlags } from "./lib.ts";
import { isReady } from "./up/node-watch.ts";
import { readProcess } from "./up/process-record.ts";

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags(
    { name: "status", about: "Shows the clusters of the data directory, or one of them.", flags: clusterFlags },
    words,
  );
  if (parsed === undefined) return 0;
  const dataDirectory = parsed.values["data-dir"];
  const known = clusterNames(dataDirectory);
  const names = parsed.given.has("name") ? known.filter((name) => name === parsed.values.name) : known;
  if (names.length === 0) {
    process.stdout.write(
      parsed.given.has("name")
        ? `there is no cluster ${parsed.values.name} in ${dataDirectory}\n`
        : `there are no clusters in ${dataDirectory}\n`,
    );
    return parsed.given.has("name") ? 1 : 0;
  }
  for (const name of names) await describe(name, dataDirectory);
  return 0;
}

async function describe(name: string, dataDirectory: string): Promise<void> {
  const layout = clusterLayout(name, dataDirectory);
  const config = readConfig(layout);
  const record = readProcess(layout);
  const line = (key: string, value: string): void => void process.stdout.write(`  ${key.padEnd(11)} ${value}\n`);
  const alive = isAlive(record);
  process.stdout.write(
    `${name}: ${alive ? "running" : record === undefined ? "stopped" : "ended without cleaning up (t8s up resumes it, t8s down cleans up)"}\n`,
  );
  if (alive && record !== undefined) {
    line("process", `${record.pid}${record.ready ? "" : " (starting)"}`);
    line("nodes", record.mode === "containers" ? "real containers" : "simulated");
    line("API", `https://127.0.0.1:${config?.ports.api}`);
    await showWorkload(layout.kubeconfigFile, line);
  }
  line("kubeconfig", layout.kubeconfigFile);
  line("data", layout.directory);
}

async function showWorkload(kubeconfigFile: string, line: (key: string, value: string) => void): Promise<void> {
  const { createClient } = await import("../client/index.ts");
  const { httpTransport, loadKubeconfig } = await import("../client/node/index.ts");
  const { nodes, pods } = await import("../api/index.ts");
  const transport = httpTransport(loadKubeconfig(kubeconfigFile).transport);
  try {
    const client = createClient(transport, { userAgent: "t8s" });
    const [allNodes, allPods] = await Promise.all([client.of(nodes).list(), client.of(pods).list()]);
    const ready = allNodes.items.filter(isReady);
    line(
      "ready",
      `${ready.length} of ${allNodes.items.length} nodes, ${allPods.items.filter((pod) => pod.status?.phase === "Running").length} of ${allPods.items.length} pods running`,
    );
    for (const node of allNodes.items.slice(0, mostNodesShown)) line("", describeNode(node));
    if (allNodes.items.length > mostNodesShown) line("", `and ${allNodes.items.length - mostNodesShown} more`);
  } catch (error) {
    line("ready", `the API does not answer: ${errorText(error)}`);
  } finally {
    transport.close();
  }
}

const mostNodesShown = 20;

const describeNode = (node: Node): string => {
  const address = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "";
  return `${node.metadata.name.padEnd(24)} ${isReady(node) ? "ready    " : "not ready"} ${address}`.trimEnd();
};
