// A stage without containers: control plane, controllers, scheduler and one kubelet on a simulated machine, all on a virtual clock.
// The machine is what the recording's was: `node1`, two processors.
import { MetricRegistry, seededRng, silentLogger, sleep, VirtualClock } from "../../src/base/index.ts";
import { type Client, createClient } from "../../src/client/index.ts";
import { componentUsers, createControlPlane } from "../../src/cmd/apiserver/control-plane.ts";
import { runControllerManager, runScheduler } from "../../src/cmd/components.ts";
import { controllers } from "../../src/controllers/index.ts";
import { createKubelet, createSimulatedHost } from "../../src/kubelet/index.ts";
import { createFakeRuntime } from "../../src/runtime/fake/index.ts";
import { createMemoryStore } from "../../src/store/index.ts";
import { createObserver } from "./observer.ts";
import type { Stage } from "./play.ts";

export interface SimulatedStage extends Stage, AsyncDisposable {
  /** Lets time pass until the work is done. */
  until<T>(work: Promise<T>): Promise<T>;
}

const nodeName = "node1";
const nodeIP = "192.0.2.1";
const podCidr = "10.244.0.0/24";
const serviceClusterIPRange = "10.96.0.0/16";

export async function createSimulatedStage(): Promise<SimulatedStage> {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const store = createMemoryStore({ clock });
  const stop = new AbortController();
  const { signal } = stop;
  const base = (client: Client) => ({ client, clock, rng, signal, log: silentLogger, metrics: new MetricRegistry() });
  const until = async <T>(work: Promise<T>): Promise<T> => {
    let done = false;
    const mark = (): void => {
      done = true;
    };
    work.then(mark, mark);
    for (let turn = 0; !done; turn++) {
      // Some work is done by other threads (signatures, modules read from disk): real time passes for them.
      await new Promise((resolve) => (turn % 50 === 49 ? setTimeout(resolve, 1) : setImmediate(resolve)));
      if (!done) await clock.advance(20);
    }
    return work;
  };
  await Promise.all(controllers.map((entry) => entry.load()));
  const plane = createControlPlane({
    ...{ store, clock, rng, serviceClusterIPRange },
    log: silentLogger,
    metrics: new MetricRegistry(),
    authorizationModes: ["Node", "RBAC"],
    admission: { enable: ["NodeRestriction"], disable: [] },
    allowPrivileged: true,
  });
  await until(plane.start());
  const kubelet = createKubelet({
    ...base(plane.client(componentUsers.node(nodeName), "kubelet/v1.36")),
    nodeName,
    runtime: createFakeRuntime({ clock, podCidr }),
    host: createSimulatedHost({ clock, machine: { hostname: nodeName, addresses: [nodeIP], cpus: 2 } }),
    config: { podCidr, nodeIps: [nodeIP], clusterDns: ["10.96.0.10"], materializePods: false },
  });
  const running = Promise.all([
    runControllerManager(base(plane.client(componentUsers.controllerManager, "kube-controller-manager/v1.36")), {
      names: ["*"],
      rootCa: "CERTIFICATE",
      signToken: async () => "TOKEN",
      transportOf: (account) =>
        plane.transport({
          username: `system:serviceaccount:kube-system:${account}`,
          groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
        }),
    }),
    runScheduler(base(plane.client(componentUsers.scheduler, "kube-scheduler/v1.36"))),
    kubelet.run(signal),
  ]);
  await until(Promise.race([kubelet.ready, running]));
  const transport = plane.transport({
    username: "admin",
    groups: ["system:masters", "system:authenticated"],
    extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${"0".repeat(64)}`] },
  });
  const observer = await until(
    createObserver(createClient(transport, { userAgent: "recorder" }), { clock, rng, signal }),
  );
  // The first heartbeats and leases are through.
  await until(sleep(clock, 5000));
  return {
    ...{ transport, observer, clock, nodeName, nodeIP, until },
    userName: "admin",
    podPrefix: "10.244.",
    servicePrefix: "10.96.",
    kubeletRoot: "/var/lib/kubelet",
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the test is over"));
      await until(running);
      await until(plane.close());
      await store.close();
    },
  };
}
