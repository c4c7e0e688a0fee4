// `t8s up`: starts or resumes a cluster and stays with it.
import { closeSync, existsSync, mkdirSync, readFileSync, writeSync } from "node:fs";
import process from "node:process";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setFlagsFromString } from "node:v8";
import { createLogger, formatRecord, type Logger, type LogLevel, systemClock } from "../../base/index.ts";
import { type FlagDefinitions, FlagError, type FlagValues } from "../../cli/index.ts";
import {
  type ClusterLayout,
  claimName,
  containerSupport,
  furtherNodeNumbers,
  installPackages,
  isAlive,
  mostRealNodes,
  openConfig,
  spawnDetached,
} from "../../cluster/index.ts";
import { featureGates, parseFeatureGates, parseRuntimeConfig } from "../../server/index.ts";
import { auditFlags } from "../apiserver/audit.ts";
import { clusterFlags, layoutOf, levelOf, readFlags, stopSignal } from "../lib.ts";
import { startAllInOne } from "./all-in-one.ts";
import { keepSimulatedNodes, missingFlags, restartForFleet, simulatedNodes } from "./fleet.ts";
import { readProcess, type Stage, writeProcess } from "./process-record.ts";
import { deploySample } from "./sample.ts";
import { teardown } from "./teardown.ts";

const flags = {
  ...clusterFlags,
  detach: {
    type: "boolean",
    help: "return when the cluster is ready and let it run in the background",
    shorthand: "d",
  },
  sample: { type: "boolean", help: "deploy a sample application and show its address" },
  simulated: { type: "boolean", help: "simulate the nodes: everything is real but the containers" },
  nodes: {
    type: "integer",
    help: "number of nodes; those beside the first run in processes and a network of their own. As before when not given",
    default: "1",
  },
  prepare: { type: "boolean", help: "install what the operating system lacks, then return" },
  "audit-policy-file": auditFlags["audit-policy-file"],
  "audit-log-path": auditFlags["audit-log-path"],
  "feature-gates": { type: "list", help: "features to turn on or off, of all components: NAME=true|false" },
  "runtime-config": { type: "list", help: "built-in APIs to turn on or off: api/alpha=true, group/version=true, …" },
  "enable-hostpath-provisioner": {
    type: "boolean",
    help: "provision volumes of classes by kubernetes.io/host-path, as the controller manager's flag of this name does",
  },
  v: { type: "integer", help: "verbosity of the log", shorthand: "v", default: "0" },
} as const satisfies FlagDefinitions;

type Values = FlagValues<typeof flags>;

export async function run(words: readonly string[]): Promise<number> {
  const about = "Starts a cluster, or resumes it, and stays in the foreground. Ctrl-C stops it; its data stays.";
  const parsed = readFlags({ name: "up", about, flags }, words);
  if (parsed === undefined) return 0;
  const { values, given } = parsed;
  if (values.nodes < 1) throw new FlagError(`invalid argument "${values.nodes}" for "--nodes" flag: one at least`);
  enablementOf(values); // nothing is made for a cluster that cannot be
  const layout = layoutOf(values);
  const { mode, note } = prepare(values);
  if (note !== undefined && (values.prepare || values.detach)) print(note);
  if (values.prepare) return 0;
  const running = readProcess(layout);
  if (isAlive(running))
    throw new Error(
      `cluster ${layout.name} is already running (process ${running.pid}); t8s status --name ${layout.name} shows it`,
    );
  if (mode === "containers") claimName(layout);
  else mkdirSync(layout.directory, { recursive: true });
  // What the cluster has stays the same unless somebody says otherwise.
  const known = mode === "simulated" ? simulatedNodes(layout) : furtherNodeNumbers(layout).at(-1);
  const nodes = given.has("nodes") ? values.nodes : (known ?? values.nodes);
  const fleet = mode === "simulated" ? nodes : 0;
  if (values.detach) return detach({ layout, words, fleet });
  if (mode === "simulated") {
    restartForFleet(fleet);
    keepSimulatedNodes(layout, nodes);
  }
  if (note !== undefined) print(note);
  return stay({ ...values, nodes }, layout, mode);
}

/** Throws EnablementError for what there is not. */
function enablementOf(values: Values) {
  const gates = parseFeatureGates(values["feature-gates"]);
  featureGates(gates);
  return { featureGates: gates, runtimeConfig: parseRuntimeConfig(values["runtime-config"]) };
}

/** Decides what the nodes are and installs what containers lack. `note`: what is to be said of it. */
function prepare(values: Values): { readonly mode: "containers" | "simulated"; readonly note?: string } {
  if (values.simulated) return { mode: "simulated", note: "nodes are simulated, as asked: pods pretend to run" };
  const support = containerSupport();
  if (!support.possible) return { mode: "simulated", note: `nodes are simulated: ${support.why}` };
  if (values.nodes > mostRealNodes)
    throw new Error(`at most ${mostRealNodes} nodes with real containers are possible; --simulated takes any --nodes`);
  if (support.missing.length > 0) {
    print(`installing ${support.missing.join(", ")}`);
    installPackages(support.missing);
  }
  return { mode: "containers" };
}

const settleAfterMs = 12_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Set for the process in the background: it says on this file descriptor that the cluster is ready, and how to use it. */
const readyPipe = { variable: "T8S_READY_FD", descriptor: 3 } as const;

interface Detached {
  readonly layout: ClusterLayout;
  readonly words: readonly string[];
  /** How many nodes are simulated. */
  readonly fleet: number;
}

/** Starts the same command in the background and shows what it says once it is ready. */
async function detach({ layout, words, fleet }: Detached): Promise<number> {
  const own = words.filter((word) => !/^(-d|--detach(=.*)?)$/.test(word));
  const child = spawnDetached({
    command: process.execPath,
    args: [...process.execArgv, ...missingFlags(fleet), process.argv[1]!, "up", ...own],
    env: { ...process.env, [readyPipe.variable]: String(readyPipe.descriptor) },
    logFile: layout.logFile,
    pipe: true,
  });
  const said = await text(child.stdio[readyPipe.descriptor] as Readable); // ends when it is ready or gone
  if (said !== "") {
    print(said);
    return 0;
  }
  const log = existsSync(layout.logFile) ? readFileSync(layout.logFile, "utf8") : "";
  throw new Error(`the cluster did not start:\n${log.trim().split("\n").slice(-5).join("\n")}`);
}

/** What tells who started this process in the background, if somebody did. To be asked for before other processes are started. */
function starter(): (summary: string) => void {
  if (process.env[readyPipe.variable] === undefined) return () => {};
  delete process.env[readyPipe.variable];
  return (summary) => {
    try {
      writeSync(readyPipe.descriptor, summary);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error; // it did not wait
    } finally {
      closeSync(readyPipe.descriptor);
    }
  };
}

async function stay(values: Values, layout: ClusterLayout, mode: "containers" | "simulated"): Promise<number> {
  const signal = stopSignal();
  const tellStarter = starter();
  const config = await openConfig(layout);
  let verbosity = values.v;
  const logLevel = (): LogLevel => (verbosity > 0 ? levelOf(verbosity) : "warn");
  const log = consoleLogger(logLevel);
  const setVerbosity = (set: number): void => {
    verbosity = set;
  };
  const stages: Stage[] = [];
  let summary = "";
  let ready = false;
  const save = (): void => writeProcess(layout, { mode, ready, stages, summary });
  const stage = (name: string, detail: string): void => {
    const atMs = systemClock.monotonic();
    stages.push({ name, atMs });
    print(`${(atMs / 1000).toFixed(2).padStart(7)} s  ${name.padEnd(14)} ${detail}`);
    if (name === "node ready" && ++nodesReady === awaited) nodesAreReady();
    save();
  };
  save();
  let nodesReady = 0;
  const awaited = mode === "simulated" ? 1 : values.nodes;
  const { promise: allReady, resolve: nodesAreReady } = Promise.withResolvers<void>();
  print(`Typernetes cluster ${config.name}`);
  let status = 0;
  const fail = (error: unknown): void => {
    if (signal.aborted) return;
    log.error("the cluster failed", { error: error instanceof Error ? (error.stack ?? error.message) : error });
    status = 1;
  };
  try {
    const cluster = await startAllInOne({
      layout,
      config,
      mode,
      nodeCount: values.nodes,
      audit: { file: values["audit-policy-file"], path: values["audit-log-path"] },
      ...enablementOf(values),
      hostPathProvisioner: values["enable-hostpath-provisioner"],
      log,
      logLevel,
      setVerbosity,
      onStage: stage,
    });
    const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    try {
      const addresses = values.sample
        ? await Promise.race([
            deploySample({
              plane: cluster.plane,
              layout,
              mode,
              address: cluster.address,
              nodesReady: allReady,
              onStage: stage,
              signal,
            }),
            stopped,
            cluster.failed,
          ])
        : [];
      if (!values.sample) await Promise.race([allReady, stopped, cluster.failed]);
      if (!signal.aborted) {
        summary = summarize(layout, addresses ?? []);
        ready = true;
        save();
        print(summary);
        tellStarter(summary);
        settleMemory();
      }
      await Promise.race([stopped, cluster.failed]);
    } catch (error) {
      fail(error); // said before the rest is stopped, which takes its time
    } finally {
      if (signal.aborted) print("stopping");
      await cluster.stop();
    }
  } catch (error) {
    fail(error);
  }
  await teardown({ layout, config, log });
  return status;
}

/**
 * V8 collects the whole heap again and again in a process that rests. Once this has given back what the start needed it costs as much
 * processor time as the cluster itself, so it ends; memory that work fills later is collected as that work goes on.
 */
function settleMemory(): void {
  systemClock.setTimeout(() => setFlagsFromString("--no-memory-reducer"), settleAfterMs, { background: true });
}

function summarize(layout: ClusterLayout, addresses: readonly string[]): string {
  const scope = [...(layout.name === "default" ? [] : [`--name ${layout.name}`])].join(" ");
  const rows: (readonly [string, string])[] = [
    ["kubeconfig", `export KUBECONFIG=${layout.kubeconfigFile}`],
    ...addresses.map((address) => ["sample", address] as const),
    ["stop", `Ctrl-C, or: t8s down ${scope}`.trimEnd()],
  ];
  return `\n${rows.map(([name, text]) => `  ${name.padEnd(11)} ${text}`).join("\n")}`;
}

/** Warnings and errors go to the terminal beside the stages; everything does with --v. */
function consoleLogger(level: () => LogLevel): Logger {
  return createLogger({
    clock: systemClock,
    component: "",
    level,
    write: (record) => process.stderr.write(`${formatRecord(record)}\n`),
  });
}
