// Ends everything that a cluster has on the machine, whoever was its owner: called at the end of `up` and, when `up` was
// killed, by `down` and `delete`.
import { existsSync } from "node:fs";
import { type Clock, type Logger, systemClock } from "../../base/index.ts";
import {
  type ClusterConfig,
  type ClusterLayout,
  containerdReady,
  containerSupport,
  hasLeftovers,
  importsEnded,
  isAlive,
  readRecord,
  removeLeftovers,
  removeRecord,
  startContainerd,
  stopContainerd,
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
    const running = isAlive(readRecord(layout.containerd.processFile));
    if (running || hasLeftovers(layout, config)) await stopSandboxes(layout, clock, log);
    await stopContainerd(layout, clock);
    const { removeRules } = await import("../../network/node/index.ts");
    await removeRules({ cluster: config.name });
    await removeLeftovers(layout, config, clock);
  }
  removeRecord(layout.processFile);
}

/** Takes down every pod's containers and network through the runtime. A runtime that died is started for that. */
async function stopSandboxes(layout: ClusterLayout, clock: Clock, log: Logger): Promise<void> {
  if (!isAlive(readRecord(layout.containerd.processFile))) startContainerd(layout);
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
