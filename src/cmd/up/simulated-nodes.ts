// The simulated nodes of a cluster: few live beside everything else, many in threads of their own.
import type { Handle } from "../../machinery/index.ts";
import { type ControlPlane, componentUsers } from "../apiserver/control-plane.ts";
import type { ComponentBase } from "../components.ts";
import { runSimulatedNode, type SimulatedNodeSettings } from "../simulated-node.ts";
import type { AllInOneOptions } from "./all-in-one-options.ts";
import { fleetThreads } from "./fleet.ts";
import { type FleetThread, startFleetThread } from "./fleet-thread.ts";
import { simulatedNetwork } from "./simulated-network.ts";

export interface SimulatedNodesParts {
  readonly plane: ControlPlane;
  readonly base: (client: ComponentBase["client"]) => ComponentBase;
  readonly start: (name: string, task: Promise<void>) => void;
}

/** Starts what their threads need first, as there are threads; then whatever runs in this one may be made. */
export function prepareSimulatedNodes(options: AllInOneOptions, signal: AbortSignal) {
  const level = options.logLevel ?? (() => "warn" as const);
  const threads = Array.from({ length: fleetThreads(options.nodeCount) }, () =>
    startFleetThread({ level: level(), log: options.log, signal }),
  );
  return {
    run: (parts: SimulatedNodesParts): void => run(settingsOf(options), threads, parts),
    /** How much is to be logged has changed. */
    levelChanged(): void {
      for (const thread of threads) thread.setLevel(level());
    },
  };
}

export type SimulatedNodes = ReturnType<typeof prepareSimulatedNodes>;

function settingsOf({ config, nodeCount }: AllInOneOptions): readonly SimulatedNodeSettings[] {
  const network = simulatedNetwork(config.podCidr, nodeCount);
  return Array.from({ length: nodeCount }, (_, index) => ({
    name: nodeCount === 1 ? config.nodeName : `${config.nodeName}-${index}`,
    podCidr: network.nodePodCidr(index),
    address: network.nodeAddress(index),
  }));
}

function run(
  nodes: readonly SimulatedNodeSettings[],
  threads: readonly FleetThread[],
  { plane, base, start }: SimulatedNodesParts,
): void {
  const handle: Handle = (request, identity) => plane.handle(request, identity);
  for (const [number, thread] of threads.entries()) {
    const own = nodes.filter((_, index) => index % threads.length === number);
    start("simulated nodes", thread.run(own, handle));
  }
  if (threads.length > 0) return;
  for (const node of nodes) {
    const client = plane.client(componentUsers.node(node.name), "kubelet/v1.36");
    start(`node ${node.name}`, runSimulatedNode(base(client), node));
  }
}
