// One simulated node, over any client.
import type { InformerFactory } from "../client/index.ts";
import type { ComponentBase } from "./components.ts";

export interface SimulatedNodeSettings {
  readonly name: string;
  /** Addresses of its pods. */
  readonly podCidr: string;
  readonly address: string;
}

export interface SimulatedNodeOptions {
  /** Called when it is registered and takes pods. */
  readonly ready?: () => void;
  /** What it watches together with others; by itself when not given. */
  readonly informers?: InformerFactory;
}

/** A node whose containers only pretend: the real kubelet on a simulated runtime and host. */
export async function runSimulatedNode(
  base: ComponentBase,
  node: SimulatedNodeSettings,
  { ready = () => {}, informers }: SimulatedNodeOptions = {},
): Promise<void> {
  const [{ createKubelet, createSimulatedHost }, { createFakeRuntime }] = await Promise.all([
    import("../kubelet/index.ts"),
    import("../runtime/fake/index.ts"),
  ]);
  const { clock, rng, client, metrics, signal } = base;
  const kubelet = createKubelet({
    client,
    ...(informers === undefined ? {} : { informers }),
    clock,
    rng,
    metrics,
    log: base.log,
    nodeName: node.name,
    runtime: createFakeRuntime({ clock, podCidr: node.podCidr }),
    host: createSimulatedHost({ clock, machine: { hostname: node.name, addresses: [node.address] } }),
    config: {
      podCidr: node.podCidr,
      nodeIps: [node.address],
      // Simulated containers ask nobody, but pods without a name server make the kubelet complain.
      clusterDns: ["10.96.0.10"],
      materializePods: false,
      // Simulated containers tell of all that happens to them: a look without a reason, every minute for each pod of a fleet, finds nothing.
      syncFrequencySeconds: 600,
    },
  });
  kubelet.ready.then(ready, () => {}); // what failed is told by run
  await kubelet.run(signal);
}
