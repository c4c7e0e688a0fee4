// Real rules and real packets, in network namespaces that this file makes: `outside` — node — bridge — pods.
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import fc from "fast-check";
import { silentLogger } from "../../../base/index.ts";
import { createNftHostPorts } from "../../hostports/node/backend.ts";
import { proxyCases, samplePlan, samplePort } from "../conformance.ts";
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
/** Prints what it is told, or the error's code. */
const clientCode = `
  const [host, port, protocol] = process.argv.slice(1);
  const done = (text) => { console.log(text); process.exit(); };
  setTimeout(() => done("timeout"), 1500);
  if (protocol === "udp") { const u = require("dgram").createSocket("udp4"); u.on("message", (m) => done(String(m))); u.on("error", (e) => done(e.code)); u.connect(+port, host, () => u.send("x")); }
  else { const s = require("net").connect(+port, host); s.on("data", (d) => done(String(d))); s.on("error", (e) => done(e.code)); }
`;

async function ask(
  from: keyof typeof names,
  host: string,
  port: number,
  protocol: "tcp" | "udp" = "tcp",
): Promise<string> {
  const { stdout } = await run("ip", [
    "netns",
    "exec",
    names[from],
    process.execPath,
    "-e",
    clientCode,
    host,
    String(port),
    protocol,
  ]);
  return stdout.trim();
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
    ip -n ${names.outside} route add default via 10.78.0.1
    ip -n ${names.node} route add default via 10.78.0.9
    ${pod(names.p1, 2)}
    ${pod(names.p2, 3)}
  `);
  for (const name of ["p1", "p2"] as const) {
    const server = spawn("ip", ["netns", "exec", names[name], process.execPath, "-e", serverCode, name], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    servers.push(server);
    await once(server.stdout!, "data");
  }
});

after(() => {
  for (const server of servers) server.kill("SIGKILL");
  for (const name of Object.values(names)) spawnSync("ip", ["netns", "delete", name]);
});

async function nft(text: string): Promise<void> {
  const child = spawn("ip", ["netns", "exec", names.node, "nft", "-f", "-"], { stdio: ["pipe", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  child.stdin.end(text);
  const [code] = await once(child, "close");
  assert.equal(code, 0, errors + text);
}

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
