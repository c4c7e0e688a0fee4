// Ends everything that a cluster has on the machine, whoever was its owner: called at the end of `up` and, when `up` was
// killed, by `down` and `delete`.
import { existsSync } from "node:fs";
import { type Clock, type Logger, systemClock } from "../../base/index.ts";
import {
  type ClusterConfig,
  type ClusterLayout,
  containerdReady,
  containerSupport,
  type FurtherNode,
  type FurtherNodeLayout,
  furtherNode,
  furtherNodeLayout,
  furtherNodeNumbers,
  hasLeftovers,
  importsEnded,
  inNode,
  isAlive,
  mountsBelow,
  type NodeLayout,
  readRecord,
  removeLeftovers,
  removeNodeSpace,
  removeRecord,
  startContainerd,
  stopContainerd,
  stopProcess,
  unmountBelow,
} from "../../cluster/index.ts";

export interface TeardownOptions {
  readonly layout: ClusterLayout;
  readonly config: ClusterConfig;
  readonly log: Logger;
}

export async function teardown({ layout, config, log }: TeardownOptions): Promise<void> {
  const clock = systemClock;
  await importsEnded(layout);
  if (existsSync(layout.containerd.configFile) && containerSupport().possible) {
    await Promise.all(
      furtherNodeNumbers(layout).map((number) =>
        teardownNode({ layout: furtherNodeLayout(layout, number), node: furtherNode(config, number), log }),
      ),
    );
    const running = isAlive(readRecord(layout.containerd.processFile));
    if (running || hasLeftovers(layout, config)) await stopSandboxes(layout, { clock, log });
    await stopContainerd(layout, clock);
    await removeLeftovers(layout, config, clock);
    // The last, since it may be refused: what else there was is gone by then.
    const { removeRules } = await import("../../network/node/index.ts");
    await removeRules({ cluster: config.name });
  }
  removeRecord(layout.processFile);
}

export interface NodeTeardownOptions {
  readonly layout: FurtherNodeLayout;
  readonly node: FurtherNode;
  readonly log: Logger;
}

const programGraceMs = 5000;

/** Ends a node beside the first: its programs, its pods, its place on the machine. Its data stays. */
export async function teardownNode({ layout, node, log }: NodeTeardownOptions): Promise<void> {
  const clock = systemClock;
  await importsEnded(layout);
  await Promise.all(
    [layout.kubelet, layout.proxy].map(async ({ processFile }) => {
      await stopProcess(readRecord(processFile), clock, programGraceMs);
      removeRecord(processFile);
    }),
  );
  const there = existsSync(node.namespacePath);
  const running = isAlive(readRecord(layout.containerd.processFile));
  // A runtime can be started for it only where its network is; without that nothing of it has outlived.
  if (there && (running || mountsBelow(layout.directory).length > 0))
    await stopSandboxes(layout, { clock, log, within: inNode(node) });
  await stopContainerd(layout, clock);
  unmountBelow(layout.directory);
  if (there) await removeNodeSpace(node);
}

interface StopOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Words that run the runtime in the node's namespaces. */
  readonly within?: readonly string[];
}

/** Takes down every pod's containers and network through the runtime. A runtime that died is started for that. */
async function stopSandboxes(layout: NodeLayout, { clock, log, within }: StopOptions): Promise<void> {
  startContainerd(layout, within);
  await containerdReady(layout, clock);
  const { connectCri } = await import("../../runtime/cri/index.ts");
  const runtime = await connectCri({ socket: layout.containerd.socket, clock, log });
  try {
    const sandboxes = await runtime.listPodSandboxes({ state: "ready" });
    const results = await Promise.allSettled(sandboxes.map((sandbox) => runtime.stopPodSandbox(sandbox.id)));
    results.forEach((result, index) => {
      const sandbox = sandboxes[index]!;
      if (result.status === "rejected")
        log.warn("a pod's sandbox could not be stopped", {
          pod: `${sandbox.namespace}/${sandbox.name}`,
          error: result.reason,
        });
    });
  } finally {
    await runtime.close();
  }
}
