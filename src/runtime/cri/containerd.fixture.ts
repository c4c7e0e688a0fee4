// A containerd for a test: own root, state, socket, CNI configuration and bridge, so that it meets no other containerd of the machine.
// `stop` leaves containers running (containerd's shims outlive it); `destroy` takes everything away.
import type { ChildProcess } from "node:child_process";
import { type Clock, errorText, type Logger, sleep } from "../../base/index.ts";
import { connectCri } from "./connect.ts";
import { containerdConfig } from "./containerd-config.ts";

export interface ContainerdOptions {
  /** Absolute; made when absent. Everything of this containerd is below it. */
  readonly directory: string;
  /** Image of sandboxes: must be imported or to be had by pulling. */
  readonly sandboxImage: string;
  /** Pod addresses of the bridge network. */
  readonly podCidr: string;
  /** Name of the bridge interface, at most 15 characters. */
  readonly bridge: string;
  readonly cniBinDirectory: string;
  readonly snapshotter?: "overlayfs" | "native";
  readonly containerdBinary?: string;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface OwnContainerd {
  readonly socket: string;
  readonly configPath: string;
  /** Loads an image archive (docker save, OCI layout) into the CRI's namespace. */
  importImage(tarPath: string): Promise<void>;
  stop(): Promise<void>;
  destroy(): Promise<void>;
}

/** A bridge with host-local addresses. Nothing is masqueraded or forwarded: rules of the machine stay as they are. */
const bridgeNetwork = (options: Pick<ContainerdOptions, "directory" | "podCidr" | "bridge">): string =>
  `${JSON.stringify(
    {
      cniVersion: "0.4.0",
      name: options.bridge,
      plugins: [
        {
          ...{ type: "bridge", bridge: options.bridge, isGateway: true, ipMasq: false, hairpinMode: true },
          ipam: {
            type: "host-local",
            dataDir: `${options.directory}/cni/addresses`,
            ranges: [[{ subnet: options.podCidr }]],
            routes: [{ dst: "0.0.0.0/0" }],
          },
        },
      ],
    },
    undefined,
    2,
  )}\n`;

const startLimitMs = 20_000;

/** Rejects, with the last lines of its log, when containerd does not come up. */
export async function startContainerd(options: ContainerdOptions): Promise<OwnContainerd> {
  const [fs, { spawn }] = await Promise.all([import("node:fs/promises"), import("node:child_process")]);
  const { directory, log } = options;
  const socket = `${directory}/containerd.sock`;
  const configPath = `${directory}/config.toml`;
  await fs.mkdir(`${directory}/cni/net.d`, { recursive: true });
  await fs.writeFile(
    configPath,
    containerdConfig({
      ...{ root: `${directory}/root`, state: `${directory}/state`, socket },
      ...{ cniPlugins: options.cniBinDirectory, cniConfig: `${directory}/cni/net.d` },
      ...{ sandboxImage: options.sandboxImage, snapshotter: options.snapshotter ?? "overlayfs" },
    }),
  );
  await fs.writeFile(`${directory}/cni/net.d/10-bridge.conflist`, bridgeNetwork(options));
  const output = await fs.open(`${directory}/containerd.log`, "a");
  const child = spawn(options.containerdBinary ?? "containerd", ["--config", configPath], {
    stdio: ["ignore", output.fd, output.fd],
    detached: true,
  });
  child.once("error", (error) => log.error("containerd does not start", { error }));
  await output.close();
  try {
    await untilItAnswers(options, socket, child);
  } catch (error) {
    child.kill("SIGKILL");
    const tail = (await fs.readFile(`${directory}/containerd.log`, "utf8")).split("\n").slice(-8).join("\n");
    throw new Error(`containerd in ${directory} does not come up: ${errorText(error)}\n${tail}`);
  }
  const stop = (): Promise<void> => ended(child);
  return {
    socket,
    configPath,
    importImage: (tarPath) => run("ctr", ["-a", socket, "-n", "k8s.io", "images", "import", tarPath]),
    stop,
    destroy: () => destroy(options, { socket, stop }),
  };
}

async function untilItAnswers({ clock, log }: ContainerdOptions, socket: string, child: ChildProcess): Promise<void> {
  const untilMs = clock.monotonic() + startLimitMs;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    try {
      const runtime = await connectCri({ socket, log, clock, requestTimeoutMs: 1000 });
      try {
        if ((await runtime.info()).ready) return;
      } finally {
        await runtime.close();
      }
    } catch (error) {
      if (clock.monotonic() > untilMs) throw error;
    }
    await sleep(clock, 50);
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { execFile } = await import("node:child_process");
  return new Promise((resolve, reject) => {
    execFile(command, [...args], (error, _, stderr) =>
      error === null ? resolve() : reject(new Error(`${command} ${args.join(" ")}: ${stderr.trim() || error.message}`)),
    );
  });
}

async function destroy(
  options: ContainerdOptions,
  { socket, stop }: { socket: string; stop: () => Promise<void> },
): Promise<void> {
  const fs = await import("node:fs/promises");
  const { directory, bridge, log, clock } = options;
  const runtime = await connectCri({ socket, log, clock });
  for (const sandbox of await runtime.listPodSandboxes()) {
    await runtime.stopPodSandbox(sandbox.id);
    await runtime.removePodSandbox(sandbox.id);
  }
  await runtime.close();
  await stop();
  const mounts = (await fs.readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const mount of mounts.filter((each) => each.startsWith(`${directory}/`)).reverse()) await run("umount", [mount]);
  await run("ip", ["link", "delete", bridge]).catch((error: Error) => {
    if (!/Cannot find device/.test(error.message)) throw error;
  });
  await fs.rm(directory, { recursive: true, force: true });
}
