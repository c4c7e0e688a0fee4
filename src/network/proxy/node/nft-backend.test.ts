// Real rules and real packets, in network namespaces that this file makes: `outside` — node — bridge — pods.
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import fc from "fast-check";
import { silentLogger } from "../../../base/index.ts";
import { createNftHostPorts } from "../../hostports/node/backend.ts";
import { runNft } from "../../node/nft.ts";
import { type Place, proxyCases, samplePlan, samplePort } from "../conformance.ts";
import { recordedWorld } from "../recorded-world.fixture.ts";
import { rulesOf, transaction } from "../rules.ts";
import { createNftBackend } from "./nft-backend.ts";

const run = promisify(execFile);
const tag = `t8sp${process.pid % 10_000}`;
const names = { node: `${tag}-n`, outside: `${tag}-o`, p1: `${tag}-1`, p2: `${tag}-2` };
const servers: ChildProcess[] = [];

const sh = (script: string): void => {
  const result = spawnSync("sh", ["-ec", script], { encoding: "utf8" });
  assert.equal(result.status, 0, result.stderr);
};

/** Answers every connection and datagram with `name remote-address`. */
const serverCode = `
  const [name] = process.argv.slice(1);
  require("net").createServer((s) => s.end(name + " " + s.remoteAddress.replace("::ffff:", ""))).listen(8080, () => console.log("ready"));
  const u = require("dgram").createSocket("udp4"); u.on("message", (_, from) => u.send(name + " " + from.address, from.port, from.address)); u.bind(5353);
`;
/**
 * Asks for each line `number host port protocol` and answers `number` with what it was told, or the error's code. A machine
 * that is busy may come to the timer before it has read what has arrived, so the timer looks twice.
 */
const clientCode = `
  const { createConnection } = require("net"), { createSocket } = require("dgram");
  require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const [number, host, port, protocol] = line.split(" ");
    const socket = protocol === "udp" ? createSocket("udp4") : createConnection(+port, host);
    let open = true;
    const done = (text) => {
      if (!open) return;
      open = false;
      console.log(number + " " + text);
      if (protocol === "udp") socket.close(); else socket.destroy();
    };
    setTimeout(() => setImmediate(() => setImmediate(done, "timeout")), 1500);
    socket.on("error", (error) => done(error.code));
    if (protocol === "udp") socket.on("message", (message) => done(String(message))).connect(+port, host, () => socket.send("x"));
    else socket.on("data", (data) => done(String(data)));
  });
  console.log("ready");
`;

/** A client that stays, in one of the places. */
interface Asker {
  readonly child: ChildProcess;
  readonly waiting: Map<number, (answer: string) => void>;
}
const askers = new Map<Place, Asker>();
let questions = 0;

async function startAsker(place: Place): Promise<void> {
  const child = spawn("ip", ["netns", "exec", names[place], process.execPath, "-e", clientCode], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const waiting = new Map<number, (answer: string) => void>();
  askers.set(place, { child, waiting });
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  createInterface({ input: child.stdout! }).on("line", (line) => {
    if (line === "ready") return resolve();
    const [number = "", ...answer] = line.split(" ");
    waiting.get(Number(number))?.(answer.join(" "));
    waiting.delete(Number(number));
  });
  await ready;
}

function ask(from: Place, host: string, port: number, protocol: "tcp" | "udp" = "tcp"): Promise<string> {
  const { child, waiting } = askers.get(from)!;
  const number = ++questions;
  return new Promise((resolve) => {
    waiting.set(number, resolve);
    child.stdin!.write(`${number} ${host} ${port} ${protocol}\n`);
  });
}

before(async () => {
  const pod = (name: string, index: number): string => `
    ip netns add ${name}
    ip link add ${name} type veth peer name eth0 netns ${name}
    ip link set ${name} netns ${names.node}
    ip -n ${names.node} link set ${name} master br0 up
    ip netns exec ${names.node} sh -c 'echo 1 > /sys/class/net/${name}/brport/hairpin_mode'
    ip -n ${name} addr add 10.77.0.${index}/24 dev eth0
    ip -n ${name} link set eth0 up
    ip -n ${name} link set lo up
    ip -n ${name} route add default via 10.77.0.1`;
  sh(`
    ip netns add ${names.node}
    ip -n ${names.node} link set lo up
    ip -n ${names.node} link add br0 type bridge
    ip -n ${names.node} addr add 10.77.0.1/24 dev br0
    ip -n ${names.node} link set br0 up
    ip netns exec ${names.node} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv4/conf/br0/route_localnet'
    ip netns add ${names.outside}
    ip link add ${names.outside} type veth peer name eth0 netns ${names.outside}
    ip link set ${names.outside} netns ${names.node}
    ip -n ${names.node} addr add 10.78.0.1/24 dev ${names.outside}
    ip -n ${names.node} link set ${names.outside} up
    ip -n ${names.outside} addr add 10.78.0.9/24 dev eth0
    ip -n ${names.outside} link set eth0 up
    ip -n ${names.outside} link set lo up
    ip netns exec ${names.outside} sh -c 'echo 0 > /proc/sys/net/ipv4/ip_forward'
    ip -n ${names.outside} route add default via 10.78.0.1
    ip -n ${names.node} route add default via 10.78.0.9
    ${pod(names.p1, 2)}
    ${pod(names.p2, 3)}
  `);
  // Else a kernel says only so often to one address that a UDP port is closed.
  for (const name of Object.values(names))
    sh(`ip netns exec ${name} sh -c 'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit'`);
  for (const name of ["p1", "p2"] as const) {
    const server = spawn("ip", ["netns", "exec", names[name], process.execPath, "-e", serverCode, name], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    servers.push(server);
    await once(server.stdout!, "data");
  }
  await Promise.all((["node", "outside", "p1", "p2"] as const).map(startAsker));
});

after(() => {
  for (const server of servers) server.kill("SIGKILL");
  for (const { child } of askers.values()) child.kill("SIGKILL");
  for (const name of Object.values(names)) spawnSync("ip", ["netns", "delete", name]);
});

const nft = (text: string): Promise<void> => runNft(text, `/run/netns/${names.node}`);

const backend = () =>
  createNftBackend({ cluster: "t", clusterCidrs: ["10.77.0.0/24"], log: silentLogger, runRules: nft });
for (const { name, run: check } of proxyCases) test(name, () => check({ backend, ask }));

test("host ports lead to their pod from everywhere, localhost and the pod itself included", async () => {
  const hostPorts = createNftHostPorts({ cluster: "t", log: silentLogger, runRules: nft });
  const entry = { protocol: "tcp", podIp: "10.77.0.2", podPort: 8080, pod: "ns/p1" } as const;
  await hostPorts.apply("ipv4", [
    { ...entry, hostPort: 9080 },
    { ...entry, hostPort: 9081, hostIp: "127.0.0.1" },
    { ...entry, hostPort: 9053, protocol: "udp", podPort: 5353 },
  ]);
  assert.equal(await ask("outside", "10.78.0.1", 9080), "p1 10.78.0.9", "the client's address stays");
  assert.equal(await ask("node", "127.0.0.1", 9080), "p1 10.77.0.1");
  assert.equal(await ask("p1", "10.78.0.1", 9080), "p1 10.77.0.1");
  assert.equal(await ask("p2", "10.77.0.1", 9080), "p1 10.77.0.3");
  assert.equal(await ask("node", "127.0.0.1", 9081), "p1 10.77.0.1");
  assert.equal(await ask("outside", "10.78.0.1", 9081), "ECONNREFUSED");
  assert.equal(await ask("outside", "10.78.0.1", 9053, "udp"), "p1 10.78.0.9");
  await hostPorts.apply("ipv4", []);
  assert.equal(await ask("outside", "10.78.0.1", 9080), "ECONNREFUSED");
});

const arbitraryPort = fc
  .record({
    index: fc.integer({ min: 0, max: 3 }),
    targets: fc.uniqueArray(fc.integer({ min: 2, max: 9 }), { maxLength: 4 }),
    local: fc.boolean(),
    affinitySeconds: fc.constantFrom(0, 60, 120),
    nodePort: fc.boolean(),
    ranges: fc.boolean(),
  })
  .map(({ index, targets, local, affinitySeconds, nodePort, ranges }) =>
    samplePort({
      id: `ns/svc${index}/tcp/http`,
      clusterIps: [`10.96.0.${10 + index}`],
      nodePort: nodePort ? 30_000 + index : 0,
      clusterTargets: targets.map((last) => ({ ip: `10.77.0.${last}`, port: 80 })),
      externalLocal: local,
      localTargets: local ? targets.slice(0, 1).map((last) => ({ ip: `10.77.0.${last}`, port: 80 })) : [],
      anyEndpoint: targets.length > 0,
      affinitySeconds,
      loadBalancerIps: ranges ? [`10.79.0.${index}`] : [],
      sourceRanges: ranges ? ["10.0.0.0/8"] : [],
    }),
  );
const arbitraryPlan = fc
  .uniqueArray(arbitraryPort, { maxLength: 4, selector: (each) => each.id })
  .map((ports) => samplePlan(...ports));

/** The table as the kernel has it, without handles and in a fixed order. */
async function kernel(): Promise<string[]> {
  const { stdout } = await run("ip", ["netns", "exec", names.node, "nft", "-j", "list", "table", "ip", "t8s-proxy-p"]);
  const strip = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(strip)
      : value !== null && typeof value === "object"
        ? Object.fromEntries(
            Object.entries(value)
              .filter(([key]) => key !== "handle" && key !== "metainfo")
              .map(([key, inner]) => [
                key,
                key === "elem" && Array.isArray(inner)
                  ? inner.map((each) => JSON.stringify(strip(each))).sort()
                  : strip(inner),
              ]),
          )
        : value;
  const objects = (JSON.parse(stdout).nftables as object[]).map((each) => JSON.stringify(strip(each)));
  const rules = objects.filter((each) => each.startsWith('{"rule"'));
  return [
    ...objects.filter((each) => !each.startsWith('{"rule"')).sort(),
    ...new Set(rules.map((rule) => /"chain":"([^"]+)"/.exec(rule)![1]!)),
  ]
    .concat(
      [...Map.groupBy(rules, (rule) => /"chain":"([^"]+)"/.exec(rule)![1]!)]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, each]) => each),
    )
    .filter((each) => each.startsWith("{"));
}

test("changing rules step by step ends where writing them anew ends", async () => {
  const context = { cluster: "p", family: "ipv4" } as const;
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryPlan, { minLength: 2, maxLength: 4 }), async (plans) => {
      let inForce: ReturnType<typeof rulesOf> | undefined;
      for (const each of plans) {
        const next = rulesOf(each, { clusterCidr: "10.77.0.0/24" });
        const text = transaction(inForce, next, context);
        if (text !== "") await nft(text);
        inForce = next;
      }
      const stepwise = await kernel();
      await nft(transaction(undefined, rulesOf(plans.at(-1)!, { clusterCidr: "10.77.0.0/24" }), context));
      assert.deepEqual(stepwise, await kernel());
      assert.equal(transaction(inForce, inForce!, context), "");
    }),
    { numRuns: 25, seed: 7 },
  );
});

const pod = (last: number, protocol: "tcp" | "udp") => ({
  ip: `10.77.0.${last}`,
  port: protocol === "tcp" ? 8080 : 5353,
});

/** Services of every kind. Each has addresses and a node port of its own, by its index. */
const arbitraryService = fc
  .record({
    index: fc.integer({ min: 0, max: 5 }),
    protocol: fc.constantFrom("tcp", "tcp", "udp"),
    pods: fc.subarray([2, 3]),
    local: fc.subarray([2, 3]),
    elsewhere: fc.boolean(),
    internalLocal: fc.boolean(),
    externalLocal: fc.boolean(),
    nodePort: fc.boolean(),
    sourceRanges: fc.subarray(["10.78.0.9/32", "10.78.0.0/24", "10.77.0.0/24", "10.77.0.2/32", "10.1.0.0/16"], {
      maxLength: 3,
    }),
  })
  .map((drawn) => {
    const { index, pods, internalLocal, externalLocal } = drawn;
    const protocol = drawn.protocol as "tcp" | "udp";
    const byPolicy = internalLocal || externalLocal;
    const local = byPolicy ? drawn.local.filter((last) => pods.includes(last)) : [];
    return samplePort({
      id: `ns/svc${index}/${protocol}/p`,
      service: `ns/svc${index}`,
      protocol,
      clusterIps: [`10.96.0.${10 + index}`],
      externalIps: [`10.79.1.${index}`],
      loadBalancerIps: [`10.79.0.${index}`],
      nodePort: drawn.nodePort ? 30_000 + index : 0,
      clusterTargets: pods.map((last) => pod(last, protocol)),
      localTargets: local.map((last) => pod(last, protocol)),
      internalLocal,
      externalLocal,
      sourceRanges: drawn.sourceRanges,
      anyEndpoint: pods.length > 0 || drawn.elsewhere,
    });
  });

test("the kernel and the recorded plan agree on every packet to random services", async () => {
  const places = ["node", "outside", "p1", "p2"] as const;
  const services = fc.uniqueArray(arbitraryService, {
    minLength: 1,
    maxLength: 4,
    selector: (each) => each.clusterIps[0],
  });
  await fc.assert(
    fc.asyncProperty(services, async (ports) => {
      const world = recordedWorld(1);
      for (const each of [backend(), world.backend()]) await each.apply([samplePlan(...ports)]);
      const addresses = ports.flatMap(({ clusterIps, externalIps, loadBalancerIps }) =>
        [...clusterIps, ...externalIps, ...loadBalancerIps].map((host) => [host, 80] as const),
      );
      const nodePorts = [...ports.map(({ nodePort }) => nodePort), 30_999].filter((port) => port > 0);
      const asked = places.flatMap((place) =>
        [
          ...addresses,
          ...nodePorts.flatMap((port) =>
            (place === "node" ? ["10.78.0.1", "127.0.0.1"] : ["10.78.0.1"]).map((host) => [host, port] as const),
          ),
        ].flatMap(([host, port]) =>
          (["tcp", "udp"] as const).map((protocol) => [place, host, port, protocol] as const),
        ),
      );
      const wrong = await Promise.all(
        asked.map(async (question) => {
          const possible = world.possible(...question);
          const answer = await ask(...question);
          return possible.has(answer) ? [] : [`${question.join(" ")}: ${answer}, not ${[...possible].join(" or ")}`];
        }),
      );
      assert.deepEqual(wrong.flat(), []);
    }),
    { numRuns: 6, seed: 11 },
  );
});
