// The owner's end of a thread of simulated nodes (fleet-worker.ts): starts it, answers what its nodes ask, ends it.
import { MessageChannel, Worker } from "node:worker_threads";
import { type Logger, type LogLevel, onAbort } from "../../base/index.ts";
import { answerOver } from "../../client/port/node/index.ts";
import type { Handle, Identity } from "../../machinery/index.ts";
import { componentUsers } from "../apiserver/control-plane.ts";
import type { SimulatedNodeSettings } from "../simulated-node.ts";
import type { FleetThreadData, FromFleetThread, ToFleetThread } from "./fleet-worker.ts";

export interface FleetThreadOptions {
  readonly level: LogLevel;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** What the thread runs; for tests. */
  readonly workerUrl?: URL;
}

export interface FleetThread {
  /** Once. Resolves when the signal has aborted and the nodes have ended; rejects when one fails, or the thread. */
  run(nodes: readonly SimulatedNodeSettings[], handle: Handle): Promise<void>;
  /** The least that its nodes log. */
  setLevel(level: LogLevel): void;
}

const ownWorker = new URL(import.meta.url.endsWith(".ts") ? "./fleet-worker.ts" : "./fleet-worker.js", import.meta.url);

/** Starts a thread that has its program loaded by the time there is an API server for its nodes. It ends with the process. */
export function startFleetThread({ level, log, signal, workerUrl = ownWorker }: FleetThreadOptions): FleetThread {
  const workerData: FleetThreadData = { level };
  const worker = new Worker(workerUrl, { workerData, name: "nodes", execArgv: [] });
  worker.unref();
  const say = (message: ToFleetThread, transfer: readonly MessageChannel["port1"][] = []): void =>
    worker.postMessage(message, transfer);
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  ended.catch(() => {}); // told to who runs nodes
  worker.on("message", (message: FromFleetThread) => {
    switch (message.type) {
      case "log": {
        const { level, component, message: text, fields } = message.record;
        log.child(component)[level](text, fields);
        break;
      }
      case "failed":
        reject(new Error(message.message));
        break;
      case "ended":
        resolve();
    }
  });
  worker.on("error", (error: Error) => reject(new Error(`their thread failed: ${error.message}`, { cause: error })));
  worker.on("exit", (code) => reject(new Error(`their thread ended with code ${code}`)));
  return {
    async run(nodes, handle) {
      const { port1: own, port2: port } = new MessageChannel();
      const identities = nodes.map(({ name }): Identity => ({ kind: "user", user: componentUsers.node(name) }));
      answerOver({
        port: own,
        handle: async (request, seat) => {
          const identity = identities[seat];
          if (identity === undefined) throw new Error(`no node sits at ${seat}`);
          return handle(request, identity);
        },
      });
      own.unref();
      say({ type: "run", nodes, port }, [port]);
      const detach = onAbort(signal, () => say({ type: "stop" }));
      try {
        await ended;
      } finally {
        detach();
        own.close();
        await worker.terminate();
      }
    },
    setLevel: (level) => say({ type: "level", level }),
  };
}
