// The cluster that is judged: one that this command starts, with the images that the tests ask for, or one that is already there.
import { spawn, spawnSync } from "node:child_process";
import { globSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { onAbort } from "../../src/base/index.ts";
import { beginRun, type SuiteRun } from "../../tools/suite-run.ts";
import { auditPolicy } from "./audit.ts";
import { type BuiltImage, buildImages, importImages } from "./images/build.ts";
import { binDirectory, cacheDirectory } from "./programs.ts";
import { type LocalRegistry, pullFrom, startRegistry } from "./registry.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const t8s = join(root, "t8s");
const imageStore = join(cacheDirectory, "images");

export interface JudgedCluster {
  readonly kubeconfig: string;
  /** Files, oldest first; none when nobody said where they are. */
  readonly auditLogs: () => readonly string[];
  /** Of the cluster's own process. */
  readonly log: string | undefined;
  /** The run that has it; a cluster that was there already has none. */
  readonly run: SuiteRun | undefined;
  end(): void;
}

export const existingCluster = (kubeconfig: string, auditLog: string | undefined): JudgedCluster => {
  if (!statSync(kubeconfig, { throwIfNoEntry: false })?.isFile())
    throw new Error(`--kubeconfig ${kubeconfig}: there is no such file`);
  return {
    kubeconfig,
    auditLogs: () => (auditLog === undefined ? [] : [auditLog]),
    ...{ log: undefined, run: undefined },
    end: () => {},
  };
};

export interface ClusterSettings {
  readonly name: string;
  readonly nodes: number;
  readonly keep: boolean;
  /** More flags of `t8s up`. */
  readonly flags: readonly string[];
  /** Whether claims that name no class get a volume. Tests beyond conformance leave themselves out without. */
  readonly defaultStorage: boolean;
  readonly say: (line: string) => void;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/** Starts a cluster of its own, imports the images into every node, and says how to reach it. */
export async function startCluster(settings: ClusterSettings): Promise<JudgedCluster> {
  const { name, nodes, keep, flags, defaultStorage, say, signal } = settings;
  const dataDirectory = join(cacheDirectory, "clusters");
  const directory = join(dataDirectory, name);
  const scope = ["--name", name, "--data-dir", dataDirectory];
  // What the images need of the machine is told before anything is started.
  const images = await buildImages({ binDir: binDirectory, cacheDir: imageStore, log: say });
  signal.throwIfAborted();
  const own = await beginRun({ suite: "conformance", name, dataDirectory, say });
  // One that an earlier run kept.
  run(["delete", ...scope], { mayFail: true });
  mkdirSync(dataDirectory, { recursive: true });
  const policy = join(dataDirectory, `${name}-audit-policy.yaml`);
  const auditLog = join(dataDirectory, `${name}-audit`, "audit.log");
  rmSync(dirname(auditLog), { recursive: true, force: true });
  writeFileSync(policy, auditPolicy);
  say(`starting cluster ${name} with ${nodes} node${nodes === 1 ? "" : "s"}`);
  const audit = ["--audit-policy-file", policy, "--audit-log-path", auditLog];
  const storage = defaultStorage ? ["--enable-hostpath-provisioner"] : [];
  run(["up", "--detach", ...scope, ...(nodes > 1 ? ["--nodes", String(nodes)] : []), ...audit, ...storage, ...flags]);
  let registry: LocalRegistry | undefined;
  const end = (): void => {
    registry?.end();
    // A cluster that stays pulls as any other does.
    rmSync(join(directory, "registries"), { recursive: true, force: true });
    if (keep) {
      own.end();
      say(
        `the cluster stays: export KUBECONFIG=${join(directory, "kubeconfig")}; ./t8s delete ${scope.join(" ")} removes it`,
      );
      return;
    }
    run(["delete", ...scope], { mayFail: true });
    own.end();
  };
  try {
    if (defaultStorage) provideStorage(join(directory, "kubeconfig"));
    registry = await provideImages(directory, images, say);
    await takeSignals(signal);
  } catch (error) {
    end();
    throw error;
  }
  return {
    kubeconfig: join(directory, "kubeconfig"),
    auditLogs: () => globSync(join(dirname(auditLog), "audit*.log")).sort(),
    log: join(directory, "t8s.log"),
    run: own,
    end,
  };
}

function run(words: readonly string[], { mayFail = false } = {}): void {
  const { status, stdout, stderr } = spawnSync(t8s, [...words], { encoding: "utf8" });
  if (status !== 0 && !mayFail) throw new Error(`t8s ${words.join(" ")} failed:\n${stdout}${stderr}`);
}

/** Every node has a containerd of its own, somewhere below the cluster's directory. What is pulled all the same comes from a registry of ours. */
async function provideImages(
  directory: string,
  images: readonly BuiltImage[],
  say: (line: string) => void,
): Promise<LocalRegistry> {
  for (const socket of globSync(join(directory, "**", "containerd.sock"))) {
    say(`importing ${images.length} images into ${socket}`);
    await importImages(images, { socket });
  }
  const registry = await startRegistry({ images, store: imageStore }, nodeAddress(join(directory, "kubeconfig")));
  pullFrom(registry.url, { clusterDirectory: directory, images });
  return registry;
}

const storageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: "kubernetes.io/host-path",
};

/** The class that upstream's own local cluster has: directories, which all nodes of this machine share. */
function provideStorage(kubeconfig: string): void {
  const words = ["--kubeconfig", kubeconfig, "apply", "-f", "-"];
  const input = JSON.stringify(storageClass);
  const { status, stderr } = spawnSync(join(binDirectory, "kubectl"), words, { encoding: "utf8", input });
  if (status !== 0) throw new Error(`kubectl ${words.join(" ")} failed:\n${stderr}`);
}

/** As Go reads it: `90s`, `1h30m`. Throws before the suite would, which has a cluster by then. */
export function durationOf(limit: string): string {
  if (!/^(\d+(\.\d+)?(h|m|s|ms))+$/.test(limit)) throw new Error(`--limit ${limit}: give a time as in 30m or 1h30m`);
  return limit;
}

/** Of the first node, which is this machine: the others reach it there. */
function nodeAddress(kubeconfig: string): string {
  const path = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}';
  const words = ["--kubeconfig", kubeconfig, "get", "nodes", "-o", `jsonpath=${path}`];
  const { status, stdout, stderr } = spawnSync(join(binDirectory, "kubectl"), words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`kubectl ${words.join(" ")} failed:\n${stderr}`);
  return stdout.trim();
}

export interface SuiteSettings {
  readonly kubeconfig: string;
  readonly e2eTest: string;
  readonly ginkgo: string | undefined;
  readonly kubectl: string;
  /** Expressions, of which one has to match a test's name. */
  readonly focus: readonly string[];
  readonly procs: number;
  readonly reportDirectory: string;
  readonly limit: string;
  /** Interrupts the suite as Ctrl-C does: it cleans up and writes its report. */
  readonly signal: AbortSignal;
  /** Told of the suite's process group. */
  readonly run: SuiteRun | undefined;
}

/** What was asked for while programs ran that this process waited for is heard only now. */
async function takeSignals(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal.throwIfAborted();
}

/** Runs the suite; yields the JUnit file's text, whatever the tests' results. Throws when there is none. */
export async function runSuite(settings: SuiteSettings, say: (line: string) => void): Promise<string> {
  const { reportDirectory, ginkgo, e2eTest } = settings;
  mkdirSync(reportDirectory, { recursive: true });
  const output = join(reportDirectory, "output.log");
  const suiteFlags = [
    "--provider=skeleton",
    `--kubeconfig=${settings.kubeconfig}`,
    `--kubectl-path=${settings.kubectl}`,
    `--report-dir=${reportDirectory}`,
    `--e2e-output-dir=${reportDirectory}`,
    "--allowed-not-ready-nodes=-1",
  ];
  const [command, words] =
    ginkgo === undefined
      ? [
          e2eTest,
          [
            ...settings.focus.map((each) => `--ginkgo.focus=${each}`),
            "--ginkgo.no-color",
            `--ginkgo.timeout=${settings.limit}`,
          ],
        ]
      : [
          ginkgo,
          [
            `--procs=${settings.procs}`,
            ...settings.focus.map((each) => `--focus=${each}`),
            "--no-color",
            "--silence-skips",
            `--timeout=${settings.limit}`,
            e2eTest,
            "--",
          ],
        ];
  say(`running the suite; its output is ${output}`);
  const file = openSync(output, "w");
  const child = spawn(command, [...words, ...suiteFlags], {
    // A group of its own: it is told once that it is to end, whoever tells this process, and it can be ended when this process could not.
    detached: true,
    stdio: ["ignore", file, file],
    env: { ...process.env, KUBECONFIG: settings.kubeconfig },
  });
  if (child.pid !== undefined) settings.run?.owns(child.pid);
  const detach = onAbort(settings.signal, () => child.pid !== undefined && process.kill(-child.pid, "SIGINT"));
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => resolve());
  }).finally(detach);
  const reports = globSync(join(reportDirectory, "junit*.xml"));
  if (reports.length === 0)
    throw new Error(
      `the suite wrote no report; the end of ${output}:\n${readFileSync(output, "utf8").trim().split("\n").slice(-15).join("\n")}`,
    );
  return reports.map((path) => readFileSync(path, "utf8")).join("\n");
}
