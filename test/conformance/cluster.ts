// The cluster that is judged: one that this command starts, with the images that the tests ask for, or one that is already there.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { auditPolicy } from "./audit.ts";
import { buildImages, importImages } from "./images/build.ts";
import { binDirectory, cacheDirectory } from "./programs.ts";
import { type LocalRegistry, pullFrom, startRegistry } from "./registry.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const t8s = join(root, "t8s");

export interface JudgedCluster {
  readonly kubeconfig: string;
  /** Files, oldest first; none when nobody said where they are. */
  readonly auditLogs: () => readonly string[];
  /** Of the cluster's own process. */
  readonly log: string | undefined;
  end(): void;
}

export const existingCluster = (kubeconfig: string, auditLog: string | undefined): JudgedCluster => {
  if (!existsSync(kubeconfig)) throw new Error(`--kubeconfig ${kubeconfig}: there is no such file`);
  return { kubeconfig, auditLogs: () => (auditLog === undefined ? [] : [auditLog]), log: undefined, end: () => {} };
};

export interface ClusterSettings {
  readonly name: string;
  readonly nodes: number;
  readonly keep: boolean;
  readonly say: (line: string) => void;
}

/** Starts a cluster of its own, imports the images into every node, and says how to reach it. */
export async function startCluster({ name, nodes, keep, say }: ClusterSettings): Promise<JudgedCluster> {
  const dataDirectory = join(cacheDirectory, "clusters");
  const directory = join(dataDirectory, name);
  const scope = ["--name", name, "--data-dir", dataDirectory];
  run(["down", ...scope], { mayFail: true });
  run(["delete", ...scope], { mayFail: true });
  mkdirSync(dataDirectory, { recursive: true });
  const policy = join(dataDirectory, `${name}-audit-policy.yaml`);
  const auditLog = join(dataDirectory, `${name}-audit`, "audit.log");
  rmSync(dirname(auditLog), { recursive: true, force: true });
  writeFileSync(policy, auditPolicy);
  say(`starting cluster ${name} with ${nodes} node${nodes === 1 ? "" : "s"}`);
  const audit = ["--audit-policy-file", policy, "--audit-log-path", auditLog];
  run(["up", "--detach", ...scope, ...(nodes > 1 ? ["--nodes", String(nodes)] : []), ...audit]);
  let registry: LocalRegistry | undefined;
  const end = (): void => {
    registry?.end();
    // A cluster that stays pulls as any other does.
    rmSync(join(directory, "registries"), { recursive: true, force: true });
    if (keep) {
      say(
        `the cluster stays: export KUBECONFIG=${join(directory, "kubeconfig")}; ./t8s delete ${scope.join(" ")} removes it`,
      );
      return;
    }
    run(["down", ...scope], { mayFail: true });
    run(["delete", ...scope], { mayFail: true });
  };
  try {
    registry = await provideImages(directory, say);
  } catch (error) {
    end();
    throw error;
  }
  return {
    kubeconfig: join(directory, "kubeconfig"),
    auditLogs: () => globSync(join(dirname(auditLog), "audit*.log")).sort(),
    log: join(directory, "t8s.log"),
    end,
  };
}

function run(words: readonly string[], { mayFail = false } = {}): void {
  const { status, stdout, stderr } = spawnSync(t8s, [...words], { encoding: "utf8" });
  if (status !== 0 && !mayFail) throw new Error(`t8s ${words.join(" ")} failed:\n${stdout}${stderr}`);
}

/** Every node has a containerd of its own, somewhere below the cluster's directory. What is pulled all the same comes from a registry of ours. */
async function provideImages(directory: string, say: (line: string) => void): Promise<LocalRegistry> {
  const store = join(cacheDirectory, "images");
  const images = await buildImages({ binDir: binDirectory, cacheDir: store, log: say });
  for (const socket of globSync(join(directory, "**", "containerd.sock"))) {
    say(`importing ${images.length} images into ${socket}`);
    await importImages(images, { socket });
  }
  const registry = await startRegistry({ images, store }, nodeAddress(join(directory, "kubeconfig")));
  pullFrom(registry.url, { clusterDirectory: directory, images });
  return registry;
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
  readonly focus: string;
  readonly procs: number;
  readonly reportDirectory: string;
  readonly limit: string;
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
      ? [e2eTest, [`--ginkgo.focus=${settings.focus}`, "--ginkgo.no-color", `--ginkgo.timeout=${settings.limit}`]]
      : [
          ginkgo,
          [
            `--procs=${settings.procs}`,
            `--focus=${settings.focus}`,
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
    stdio: ["ignore", file, file],
    env: { ...process.env, KUBECONFIG: settings.kubeconfig },
  });
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => resolve());
  });
  const reports = globSync(join(reportDirectory, "junit*.xml"));
  if (reports.length === 0)
    throw new Error(
      `the suite wrote no report; the end of ${output}:\n${readFileSync(output, "utf8").trim().split("\n").slice(-15).join("\n")}`,
    );
  return reports.map((path) => readFileSync(path, "utf8")).join("\n");
}
