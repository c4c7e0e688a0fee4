import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { test } from "node:test";
import { type DecodedPacket, decode, encode, type Packet } from "dns-packet";
import { type Clock, seededRng, silentLogger, systemClock, VirtualClock } from "../../../base/index.ts";
import type { DnsView } from "../answer.ts";
import { type DnsServer, serveDns } from "./server.ts";

const endpoint = (index: number) => ({ addresses: [`10.244.${index >> 8}.${index & 255}`] });
const meta = { name: "many", namespace: "ns", uid: "u", resourceVersion: "1", creationTimestamp: "" };
const view: DnsView = {
  namespaceExists: () => true,
  service: (_, name) =>
    name === "many" ? { apiVersion: "v1", kind: "Service", metadata: meta, spec: { clusterIP: "None" } } : undefined,
  slices: () => [
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: meta,
      addressType: "IPv4",
      endpoints: Array.from({ length: 200 }, (_, index) => endpoint(index)),
    },
  ],
  serviceByIp: () => undefined,
  endpointNamesByIp: () => [],
  serial: () => 1,
};

const serve = (over: { upstreams?: string[]; view?: DnsView; clock?: Clock } = {}): Promise<DnsServer> =>
  serveDns({
    view,
    clusterDomain: "cluster.local",
    upstreams: [],
    addresses: ["127.0.0.1"],
    port: 0,
    clock: systemClock,
    rng: seededRng(1),
    log: silentLogger,
    ...over,
  });

const query = (name: string, edns?: number): Packet => ({
  type: "query",
  id: 4711,
  flags: 0x0100,
  questions: [{ type: "A", name }],
  additionals: edns
    ? [
        {
          type: "OPT",
          name: ".",
          udpPayloadSize: edns,
          flags: 0,
          extendedRcode: 0,
          ednsVersion: 0,
          flag_do: false,
          options: [],
        },
      ]
    : [],
});

function askUdp(port: number, packet: Packet): Promise<DecodedPacket & { bytes: number }> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    socket.on("error", reject);
    socket.on("message", (message) => {
      socket.close();
      resolve({ ...decode(message), bytes: message.length });
    });
    socket.send(encode(packet), port, "127.0.0.1");
  });
}

function askTcp(port: number, packet: Packet): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const bytes = encode(packet);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    let answer = Buffer.alloc(0);
    // In two pieces: a server must not rely on a message coming in one.
    const socket = connect(port, "127.0.0.1", () => {
      socket.setNoDelay(true);
      socket.write(length);
      socket.write(bytes);
    });
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length < 2 || answer.length < 2 + answer.readUInt16BE()) return;
      socket.destroy();
      resolve(decode(answer.subarray(2)));
    });
  });
}

test("an answer too long for UDP is cut and marked, and whole over TCP", async () => {
  const server = await serve();
  try {
    const plain = await askUdp(server.port, query("many.ns.svc.cluster.local"));
    assert.ok(plain.bytes <= 512 && plain.flag_tc && plain.flag_aa);
    const edns = await askUdp(server.port, query("many.ns.svc.cluster.local", 4096));
    assert.ok(edns.bytes <= 1232 && edns.flag_tc && edns.bytes > 512);
    const whole = await askTcp(server.port, query("many.ns.svc.cluster.local"));
    assert.equal(whole.answers?.length, 200);
    assert.equal(whole.flag_tc, false);
  } finally {
    await server.close();
  }
});

test("other names go to the upstream resolver", async () => {
  const upstream = await serve({
    view: {
      ...view,
      service: (_, name) => ({
        apiVersion: "v1",
        kind: "Service",
        metadata: { ...meta, name },
        spec: { clusterIP: "192.0.2.9", clusterIPs: ["192.0.2.9"] },
      }),
    },
  });
  const server = await serve({
    upstreams: [`127.0.0.1#${upstream.port}`],
    view: { ...view, namespaceExists: () => false },
  });
  try {
    const other = await serveDns({
      view,
      clusterDomain: "other.zone",
      upstreams: [`127.0.0.1#${upstream.port}`],
      addresses: ["127.0.0.1"],
      port: 0,
      clock: systemClock,
      rng: seededRng(2),
      log: silentLogger,
    });
    const answer = await askUdp(other.port, query("x.ns.svc.cluster.local"));
    assert.deepEqual(
      answer.answers?.map((each) => ("data" in each ? each.data : undefined)),
      ["192.0.2.9"],
    );
    assert.equal(answer.flag_aa, false);
    await other.close();
  } finally {
    await server.close();
    await upstream.close();
  }
});

test("without an upstream other names fail, and noise gets no answer", async () => {
  const server = await serve();
  try {
    const failed = await askUdp(server.port, query("example.org"));
    assert.equal((failed as { rcode?: string }).rcode, "SERVFAIL");
    const noise = createSocket("udp4");
    noise.send(Buffer.from("not dns"), server.port, "127.0.0.1");
    assert.ok(await askUdp(server.port, query("many.ns.svc.cluster.local")));
    noise.close();
  } finally {
    await server.close();
  }
});

test("an upstream that cannot be reached is a failure of that name alone", async () => {
  // Nothing is ever routed to the limited broadcast address: the kernel refuses a socket that would.
  const server = await serve({ upstreams: ["255.255.255.255#53"] });
  try {
    const failed = await askUdp(server.port, query("example.org"));
    assert.equal((failed as { rcode?: string }).rcode, "SERVFAIL");
    assert.equal((await askTcp(server.port, query("many.ns.svc.cluster.local"))).answers?.length, 200);
  } finally {
    await server.close();
  }
});

test("an upstream that answers nothing outlives the server", async () => {
  const silent = createSocket("udp4");
  const asked = new Promise<void>((resolve) => silent.once("message", () => resolve()));
  await new Promise<void>((resolve) => silent.bind(0, "127.0.0.1", resolve));
  const clock = new VirtualClock();
  const server = await serve({ clock, upstreams: [`127.0.0.1#${silent.address().port}`] });
  const client = createSocket("udp4");
  client.send(encode(query("example.org")), server.port, "127.0.0.1");
  await asked;
  await server.close();
  await clock.advance(60_000);
  client.close();
  silent.close();
});

test("a question that cannot be answered is told, and the next one is answered", async () => {
  const told: string[] = [];
  const broken: DnsView = {
    ...view,
    service: (namespace, name) => {
      if (name === "broken") throw new Error("what is known of it is not to be had");
      return view.service(namespace, name);
    },
  };
  const log = { ...silentLogger, warn: (message: string) => void told.push(message) };
  const server = await serveDns({
    ...{ view: broken, clusterDomain: "cluster.local", upstreams: [], addresses: ["127.0.0.1"], port: 0 },
    ...{ clock: systemClock, rng: seededRng(1), log },
  });
  const noise = createSocket("udp4");
  try {
    noise.send(encode(query("broken.ns.svc.cluster.local")), server.port, "127.0.0.1");
    const answer = await askUdp(server.port, query("many.ns.svc.cluster.local"));
    assert.equal((answer.answers ?? []).length > 0, true);
    assert.deepEqual(told, ["a DNS query is not answered"]);
  } finally {
    noise.close();
    await server.close();
  }
});
