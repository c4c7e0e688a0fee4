// What every proxy backend does with packets, as cases over a backend and something that sends packets in its world:
// a node (10.77.0.1 to pods, 10.78.0.1 to the outside, 127.0.0.1), pods p1 (10.77.0.2) and p2 (10.77.0.3), a machine
// outside (10.78.0.9). Servers answer `name client-address`: TCP at 8080, UDP at 5353.
import { assert } from "../../base/index.ts";
import type { ProxyBackend } from "./backend.ts";
import type { ProxyPlan, ServicePortPlan } from "./plan.ts";

export type Place = "node" | "outside" | "p1" | "p2";

export interface ProxyWorld {
  /** A backend that starts anew over what an earlier one left. */
  readonly backend: () => ProxyBackend;
  /** What the server said; or the error: ECONNREFUSED, timeout. */
  readonly ask: (from: Place, host: string, port: number, protocol?: "tcp" | "udp") => Promise<string>;
}

function equal(actual: string, expected: string, what = "answer"): void {
  assert(actual === expected, `${what}: got "${actual}", not "${expected}"`);
}
function matches(actual: string, expected: RegExp, what = "answer"): void {
  assert(expected.test(actual), `${what}: got "${actual}", not ${expected}`);
}

export interface ProxyCase {
  readonly name: string;
  run(world: ProxyWorld): Promise<void>;
}

const p1 = { ip: "10.77.0.2", port: 8080 };
const p2 = { ip: "10.77.0.3", port: 8080 };

export const samplePort = (over: Partial<ServicePortPlan> = {}): ServicePortPlan => ({
  id: "ns/web/tcp/",
  service: "ns/web",
  protocol: "tcp",
  port: 80,
  clusterIps: ["10.96.0.5"],
  externalIps: [],
  loadBalancerIps: [],
  nodePort: 30080,
  clusterTargets: [p1, p2],
  localTargets: [],
  internalLocal: false,
  externalLocal: false,
  affinitySeconds: 0,
  sourceRanges: [],
  anyEndpoint: true,
  ...over,
});
export const samplePlan = (...ports: ServicePortPlan[]): ProxyPlan => ({
  family: "ipv4",
  ports,
  nodeAddresses: ["10.78.0.1", "127.0.0.1"],
  healthChecks: [],
});

export const proxyCases: readonly ProxyCase[] = [
  {
    name: "a service is reached from the node, from pods (itself included) and from outside",
    async run({ backend, ask }) {
      const proxy = backend();
      await proxy.apply([samplePlan(samplePort({ clusterTargets: [p1] }))]);
      equal(await ask("node", "10.96.0.5", 80), "p1 10.77.0.1");
      equal(await ask("p2", "10.96.0.5", 80), "p1 10.77.0.3", "pods keep their address");
      equal(await ask("p1", "10.96.0.5", 80), "p1 10.77.0.1", "a pod reaches itself under the node's address");
      equal(await ask("outside", "10.78.0.1", 30080), "p1 10.77.0.1", "node ports are masqueraded");
      equal(await ask("node", "10.78.0.1", 30080), "p1 10.77.0.1");
      await proxy.apply([samplePlan(samplePort({ clusterTargets: [p2] }))]);
      equal(await ask("node", "10.96.0.5", 80), "p2 10.77.0.1", "the endpoint moved");
    },
  },

  {
    name: "two endpoints share the traffic; affinity keeps a client on one",
    async run({ backend, ask }) {
      const proxy = backend();
      await proxy.apply([samplePlan(samplePort())]);
      const seen = new Set<string>();
      for (let tries = 0; tries < 40 && seen.size < 2; tries++)
        seen.add((await ask("node", "10.96.0.5", 80)).slice(0, 2));
      equal([...seen].sort().join(), "p1,p2");
      await proxy.apply([samplePlan(samplePort({ affinitySeconds: 100 }))]);
      const first = await ask("p1", "10.96.0.5", 80);
      for (let tries = 0; tries < 8; tries++) equal((await ask("p1", "10.96.0.5", 80)).slice(0, 2), first.slice(0, 2));
    },
  },

  {
    name: "without endpoints connections are refused, under every address",
    async run({ backend, ask }) {
      const proxy = backend();
      await proxy.apply([samplePlan(samplePort({ clusterTargets: [], anyEndpoint: false }))]);
      for (const [from, host, number] of [
        ["node", "10.96.0.5", 80],
        ["p1", "10.96.0.5", 80],
        ["outside", "10.78.0.1", 30080],
      ] as const)
        equal(await ask(from, host, number), "ECONNREFUSED", `${from} ${host}`);
      await proxy.apply([samplePlan(samplePort())]);
      equal(await ask("p1", "10.96.0.5", 81), "ECONNREFUSED", "a port that the service does not have");
    },
  },

  {
    name: "external policy Local keeps the client's address, and drops where nothing is local",
    async run({ backend, ask }) {
      const proxy = backend();
      await proxy.apply([samplePlan(samplePort({ externalLocal: true, localTargets: [p1] }))]);
      equal(await ask("outside", "10.78.0.1", 30080), "p1 10.78.0.9");
      await proxy.apply([samplePlan(samplePort({ externalLocal: true, localTargets: [] }))]);
      equal(await ask("outside", "10.78.0.1", 30080), "timeout");
      matches(await ask("node", "10.78.0.1", 30080), /^p[12] /, "the node itself is inside");
    },
  },

  {
    name: "load balancer addresses answer their source ranges only; external IPs answer all",
    async run({ backend, ask }) {
      const proxy = backend();
      await proxy.apply([
        samplePlan(
          samplePort({
            loadBalancerIps: ["10.79.0.1"],
            externalIps: ["10.79.0.2"],
            sourceRanges: ["10.78.0.9/32"],
            clusterTargets: [p1],
          }),
        ),
      ]);
      matches(await ask("outside", "10.79.0.1", 80), /^p1/);
      matches(await ask("outside", "10.79.0.2", 80), /^p1/);
      equal(await ask("node", "10.79.0.1", 80), "timeout", "the node itself is no exception");
      matches(await ask("node", "10.96.0.5", 80), /^p1/, "nor are other addresses bound");
      await proxy.apply([
        samplePlan(
          samplePort({
            loadBalancerIps: ["10.79.0.1"],
            externalIps: ["10.79.0.2"],
            sourceRanges: ["10.1.0.0/16", "10.78.0.1/32"],
            clusterTargets: [p1],
          }),
        ),
      ]);
      equal(await ask("outside", "10.79.0.1", 80), "timeout");
      matches(await ask("outside", "10.79.0.2", 80), /^p1/);
      matches(await ask("node", "10.79.0.1", 80), /^p1/);
    },
  },

  {
    name: "internal policy Local uses this node's endpoints only, and drops where others have some",
    async run({ backend, ask }) {
      const proxy = backend();
      await proxy.apply([samplePlan(samplePort({ internalLocal: true, localTargets: [p2] }))]);
      equal(await ask("p1", "10.96.0.5", 80), "p2 10.77.0.2");
      matches(await ask("outside", "10.78.0.1", 30080), /^p[12] /, "what comes from outside is not bound");
      await proxy.apply([samplePlan(samplePort({ internalLocal: true, localTargets: [] }))]);
      equal(await ask("p1", "10.96.0.5", 80), "timeout");
      await proxy.apply([
        samplePlan(samplePort({ internalLocal: true, clusterTargets: [], localTargets: [], anyEndpoint: false })),
      ]);
      equal(await ask("p1", "10.96.0.5", 80), "ECONNREFUSED");
    },
  },

  {
    name: "UDP is carried",
    async run({ backend, ask }) {
      const proxy = backend();
      const dns = { ...p1, port: 5353 };
      await proxy.apply([
        samplePlan(samplePort({ id: "ns/dns/udp/", protocol: "udp", port: 53, nodePort: 0, clusterTargets: [dns] })),
      ]);
      equal(await ask("p2", "10.96.0.5", 53, "udp"), "p1 10.77.0.3");
    },
  },

  {
    name: "node ports answer under the node's loopback, to the node alone",
    async run({ backend, ask }) {
      const proxy = backend();
      await proxy.apply([samplePlan(samplePort({ clusterTargets: [p1] }))]);
      equal(await ask("node", "127.0.0.1", 30080), "p1 10.77.0.1");
      equal(await ask("p2", "127.0.0.1", 30080), "ECONNREFUSED", "a pod's loopback is its own");
      await proxy.apply([samplePlan(samplePort({ clusterTargets: [], anyEndpoint: false }))]);
      equal(await ask("node", "127.0.0.1", 30080), "ECONNREFUSED");
    },
  },
];
