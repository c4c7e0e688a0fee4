// Components as processes of their own: their certificates, kubeconfigs and ends.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRng } from "../../src/base/index.ts";
import { type ClusterPki, type KeyPair, kubeconfig, loadOrCreatePki } from "../../src/cluster/pki/index.ts";
import { root } from "./harness.ts";

/** Guards against hanging, never expectations. */
const limitMs = 45_000;

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  server.close();
  await once(server, "close");
  return address.port;
}

export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) assert.fail(`${what} never came; last error: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export interface Component {
  readonly process: ChildProcess;
  readonly log: () => string;
  /** Ends it with a signal; yields the exit status, or the signal that killed it. */
  end(signal: NodeJS.Signals): Promise<number | string>;
}

/** Processes and files of one cluster, and their end. */
export class Workshop {
  readonly directory = mkdtempSync(join(tmpdir(), "t8s-components-"));
  readonly #running = new Set<ChildProcess>();
  readonly pki: ClusterPki = loadOrCreatePki({
    directory: join(this.directory, "pki"),
    clock: systemClock,
    rng: systemRng,
    serviceIP: "10.96.0.1",
    nodes: [{ name: "worker", addresses: ["192.0.2.1"] }],
  });

  start(name: string, ...flags: string[]): Component {
    const node = readFileSync(join(root, ".t8s/node-path"), "utf8").trim();
    // The program itself, not its launcher: the process that a signal goes to.
    const child = spawn(node, [join(root, "dist/t8s.js"), name, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
    this.#running.add(child);
    let log = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (log += chunk));
    const exited = once(child, "exit").finally(() => this.#running.delete(child));
    return {
      process: child,
      log: () => log,
      async end(signal) {
        child.kill(signal);
        const [status, killedBy] = (await exited) as [number | null, string | null];
        return status ?? killedBy ?? "unknown";
      },
    };
  }

  file = (name: string): string => join(this.directory, "pki", name);

  kubeconfig(userName: string, port: number, as: { readonly client?: KeyPair; readonly token?: string }): string {
    const path = join(this.directory, `${userName}.kubeconfig`);
    writeFileSync(path, kubeconfig({ userName, server: `https://127.0.0.1:${port}`, ca: this.pki.ca.cert, ...as }));
    return path;
  }

  apiServer(port: number, ...flags: string[]): Component {
    return this.start(
      "apiserver",
      `--secure-port=${port}`,
      "--bind-address=127.0.0.1",
      `--cert-dir=${join(this.directory, "certs")}`,
      `--tls-cert-file=${this.file("apiserver.crt")}`,
      `--tls-private-key-file=${this.file("apiserver.key")}`,
      `--client-ca-file=${this.file("ca.crt")}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${this.file("sa.pub")}`,
      `--service-account-signing-key-file=${this.file("sa.key")}`,
      `--kubelet-client-certificate=${this.file("apiserver-kubelet-client.crt")}`,
      `--kubelet-client-key=${this.file("apiserver-kubelet-client.key")}`,
      "--service-cluster-ip-range=10.96.0.0/16",
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      ...flags,
    );
  }

  async clear(): Promise<void> {
    for (const child of this.#running) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
