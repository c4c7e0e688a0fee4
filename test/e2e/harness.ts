// A real cluster for end-to-end tests: `./t8s up` with its own name, data directory and ports, and an unchanged kubectl.
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { scopeOf } from "./machine.ts";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const t8s = join(root, "t8s");

export interface Output {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Kills the program after this time; a guard against hanging, never an expectation. */
  readonly limitMs?: number;
}

export function runProgram(command: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      [...args],
      { env: { ...process.env, ...options.env }, timeout: options.limitMs ?? 90_000, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({
          status,
          stdout: String(stdout),
          stderr: error?.killed ? `${stderr}\n(killed: it took too long)` : String(stderr),
        });
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}

export interface TestCluster {
  readonly name: string;
  readonly dataDirectory: string;
  readonly directory: string;
  readonly kubeconfig: string;
  /** Fails the test when kubectl fails; yields what it printed. */
  kubectl(...args: (string | RunOptions)[]): Promise<string>;
  /** kubectl that may fail. */
  tryKubectl(...args: (string | RunOptions)[]): Promise<Output>;
  /** Repeats until `done` holds of kubectl's output; fails with the last output. */
  eventually(args: readonly string[], done: (output: string) => boolean, limitMs?: number): Promise<string>;
  apply(manifest: object | readonly object[]): Promise<string>;
  /** A program in the network that the cluster is in. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<Output>;
  /** The `up` process. */
  readonly process: ChildProcess;
  readonly log: () => string;
  t8s(verb: string, ...args: string[]): Promise<Output>;
  /** `t8s delete`, and the temporary directory with it. */
  remove(): Promise<void>;
}

export interface ClusterOptions {
  readonly name?: string;
  /** Kept from an earlier start. */
  readonly dataDirectory?: string;
  readonly flags?: readonly string[];
  /** Of the cluster's processes, besides this one's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** A network namespace of its own in which there is only loopback: no address, no route, nobody else. */
  readonly offline?: boolean;
}

/** A cluster's name of this run alone: a machine has each name once, and what a killed run left keeps its own. */
export const called = (name: string): string => `${name}-${process.pid}`;

/** Runs what follows in a network of its own; the process keeps its number. */
const offlineWords = ["unshare", "--net", "--", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];

/** Starts `t8s up` and resolves when it says that the cluster is ready. */
export async function startTestCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const name = options.name ?? called("e2e");
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), "t8s-"));
  const directory = join(dataDirectory, name);
  const kubeconfig = join(directory, "kubeconfig");
  const scope = scopeOf(name, dataDirectory);
  let log = "";
  const [command = t8s, ...words] = [...(options.offline ? offlineWords : []), t8s, "up", ...scope];
  const child = spawn(command, [...words, ...(options.flags ?? [])], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  const ready = new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      log += chunk;
      if (/^ *stop /m.test(log)) resolve();
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("exit", (status) => reject(new Error(`t8s up ended with status ${status}:\n${log}`)));
  });
  await ready;
  const runInside: TestCluster["run"] = (program, args, run) =>
    options.offline
      ? runProgram("nsenter", [`--net=/proc/${child.pid}/ns/net`, program, ...args], run)
      : runProgram(program, args, run);
  const split = (args: (string | RunOptions)[]): [string[], RunOptions] => [
    args.filter((arg) => typeof arg === "string"),
    args.find((arg) => typeof arg === "object") ?? {},
  ];
  const tryKubectl = (...args: (string | RunOptions)[]): Promise<Output> => {
    const [words, run] = split(args);
    const env = { KUBECONFIG: kubeconfig, HOME: dataDirectory, ...run.env };
    return runInside("kubectl", words, { ...run, env });
  };
  const kubectl = async (...args: (string | RunOptions)[]): Promise<string> => {
    const output = await tryKubectl(...args);
    if (output.status !== 0)
      assert.fail(`kubectl ${split(args)[0].join(" ")}\n${output.stdout}${output.stderr}\n${await picture()}`);
    return output.stdout;
  };
  /** What a person would look at next. */
  const picture = async (): Promise<string> => {
    const all = await tryKubectl("get", "deployments,replicasets,statefulsets,jobs,pods", "-A", "-o", "wide");
    const events = await tryKubectl("get", "events", "-A", "--sort-by=.metadata.creationTimestamp");
    return [all.stdout, events.stdout.split("\n").slice(-40).join("\n"), log.slice(-4_000)].join("\n");
  };
  return {
    name,
    dataDirectory,
    directory,
    kubeconfig,
    kubectl,
    tryKubectl,
    run: runInside,
    process: child,
    log: () => log,
    t8s: (verb, ...args) => runProgram(t8s, [verb, ...scope, ...args]),
    apply: (manifest) =>
      kubectl("apply", "-f", "-", {
        input: [manifest]
          .flat()
          .map((each) => JSON.stringify(each))
          .join("\n"),
      }),
    async eventually(args, done, limitMs = 60_000) {
      const deadline = performance.now() + limitMs;
      for (;;) {
        const output = await tryKubectl(...args);
        if (output.status === 0 && done(output.stdout)) return output.stdout;
        if (performance.now() > deadline)
          assert.fail(
            `kubectl ${args.join(" ")} never showed what was awaited; last:\n${output.stdout}${output.stderr}\n${await picture()}`,
          );
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    async remove() {
      if (child.exitCode === null && child.signalCode === null) {
        // Not SIGINT: the launcher leaves that one to the terminal, which sends it to the whole group.
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      // What is given up here stays on the machine.
      const output = await runProgram(t8s, ["delete", ...scope], { limitMs: 600_000 });
      assert.equal(output.status, 0, output.stderr);
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** A pod of the busybox image that every cluster has. */
export const busyboxPod = (name: string, command: readonly string[], over: object = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: name } },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "main", image: busyboxImage, command }], ...over },
});

export const busyboxImage = "t8s.local/busybox:1";
