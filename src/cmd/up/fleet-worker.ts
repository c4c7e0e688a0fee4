// A thread of simulated nodes: their kubelets, runtimes and clients, and what they know, in a heap and on a core of their own. It asks the API
// server over a message port, in the name of one node or another.
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import {
  createLogger,
  errorText,
  type LogLevel,
  type LogRecord,
  MetricRegistry,
  systemClock,
  systemRng,
} from "../../base/index.ts";
import { createClient, createInformerFactory } from "../../client/index.ts";
import { askOver } from "../../client/port/node/index.ts";
import { runSimulatedNode, type SimulatedNodeSettings } from "../simulated-node.ts";

/** How the thread begins. */
export interface FleetThreadData {
  readonly level: LogLevel;
}

export type ToFleetThread =
  /** Once. Who answers at the port's other end takes a request's seat for an index of `nodes`. */
  | { readonly type: "run"; readonly nodes: readonly SimulatedNodeSettings[]; readonly port: MessagePort }
  | { readonly type: "level"; readonly level: LogLevel }
  | { readonly type: "stop" };

export type FromFleetThread =
  | { readonly type: "log"; readonly record: LogRecord }
  | { readonly type: "failed"; readonly message: string }
  /** All nodes have ended, as they were told to. */
  | { readonly type: "ended" };

const owner = parentPort!;
const say = (message: FromFleetThread): void => owner.postMessage(message);
const life = new AbortController();
let { level } = workerData as FleetThreadData;

const log = createLogger({
  clock: systemClock,
  component: "",
  level: () => level,
  write: (record) => say({ type: "log", record: { ...record, fields: plainFields(record.fields) } }),
});

/** What can go over to another thread. */
const plainFields = (fields: LogRecord["fields"]): LogRecord["fields"] =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));

function plain(value: unknown): unknown {
  if (value instanceof Error) return errorText(value);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

async function runAll({ nodes, port }: Extract<ToFleetThread, { type: "run" }>): Promise<void> {
  const asking = askOver(port);
  const common = { clock: systemClock, rng: systemRng, log, signal: life.signal };
  const clientOf = (seat: number) => createClient(asking.transport(seat), { userAgent: "kubelet/v1.36" });
  // Services are the same for all: the first node watches them for the others.
  const informers = createInformerFactory({ client: clientOf(0), ...common });
  const running = nodes.map(async (node, seat) => {
    const base = { ...common, client: clientOf(seat), metrics: new MetricRegistry() };
    await runSimulatedNode(base, node, { informers }).catch((error: unknown) => {
      if (!life.signal.aborted) throw new Error(`node ${node.name}: ${errorText(error)}`, { cause: error });
    });
  });
  try {
    await Promise.all(running);
    say({ type: "ended" });
  } catch (error) {
    say({ type: "failed", message: errorText(error) });
  }
}

owner.on("message", (message: ToFleetThread) => {
  switch (message.type) {
    case "run":
      void runAll(message);
      break;
    case "level":
      level = message.level;
      break;
    case "stop":
      life.abort(new DOMException("the cluster stops", "AbortError"));
  }
});
