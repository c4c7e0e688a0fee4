// Hostile heads over real sockets, HTTP/1.1 and HTTP/2: each is answered or its connection ends, within a second of CPU time, and
// the next client is served. Bytes are written as they are, since no client library would send them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { FrameReader, frameType, HeaderBlocks } from "../../src/base/http2/index.ts";
import { silentLogger, systemClock } from "../../src/base/index.ts";
import { block, frame, preface, requestFields, settings } from "../../src/server/http2/peer.fixture.ts";
import { type Listener, servePlain } from "../../src/server/node/listen.ts";
import type { TestServer } from "../../src/server/testing.ts";
import { encoder, filled, long, maps } from "./bodies.ts";
import { adminToken, hostileServer } from "./hostile-server.ts";
import { cpuSeconds, mostRounds, roundsOf } from "./rounds.ts";

/** A status code, or how the connection ended. */
type Outcome = number | "closed" | "reset";

interface Head {
  readonly name: string;
  readonly bytes: () => Uint8Array;
  readonly outcomes: readonly Outcome[];
}

let server: TestServer;
let listener: Listener;
before(async () => {
  server = await hostileServer();
  listener = await servePlain({ handle: server.handle, clock: systemClock, log: silentLogger });
});
after(async () => {
  await listener.close();
  await server.close();
});

const repeated = (count: number, piece: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => piece(index)).join("");

const credentials = `host: a\r\nauthorization: Bearer ${adminToken}\r\n`;
const http1 = (name: string, text: () => string, outcomes: readonly Outcome[]): Head => ({
  name: `HTTP/1.1: ${name}`,
  bytes: () => encoder.encode(text()),
  outcomes,
});
const asked = (path: string, headers = ""): string => `GET ${path} HTTP/1.1\r\n${credentials}${headers}\r\n`;
const posted = (headers: string, body: string): string =>
  `POST ${maps} HTTP/1.1\r\n${credentials}content-type: application/json\r\n${headers}\r\n${body}`;
const list = "/api/v1/namespaces";

const oldHeads: readonly Head[] = [
  http1(
    "very many headers",
    () =>
      asked(
        list,
        repeated(60_000, (i) => `x-${i}: v\r\n`),
      ),
    [200, 431],
  ),
  http1(
    "one header again and again",
    () =>
      asked(
        list,
        repeated(100_000, () => "accept: a/b\r\n"),
      ),
    [200, 406, 431],
  ),
  http1("a header of 900 KB", () => asked(list, `x: ${long("a", 900_000)}\r\n`), [200]),
  http1("a header of 2 MB", () => asked(list, `x: ${long("a", 2_000_000)}\r\n`), [431]),
  http1("an Accept header of 900 KB", () => asked(list, `accept: ${long("a/b;q=0.1,", 90_000)}\r\n`), [200, 406]),
  http1(
    "a token of 900 KB",
    () => `GET ${list} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${long("a.", 450_000)}\r\n\r\n`,
    [401],
  ),
  http1("a user agent of 900 KB", () => asked(list, `user-agent: ${long("kubectl/", 110_000)}\r\n`), [200]),
  http1("a path of 900 KB", () => asked(`/${long("a/", 450_000)}`), [404]),
  http1("a path of per cent signs", () => asked(`/api/v1/namespaces/${long("%41", 300_000)}`), [404]),
  http1("very many parameters", () => asked(`${list}?${filled((i) => `p${i}=1`, "&", 900_000)}`), [200, 400]),
  http1(
    "one parameter again and again",
    () => asked(`${list}?${filled(() => "labelSelector=a", "&", 900_000)}`),
    [200, 400],
  ),
  http1(
    "impersonated extras",
    () => asked(list, `impersonate-user: u\r\n${repeated(30_000, (i) => `impersonate-extra-e${i}: v\r\n`)}`),
    [200, 403],
  ),
  http1(
    "impersonated groups",
    () => asked(list, `impersonate-user: u\r\n${repeated(30_000, (i) => `impersonate-group: g${i}\r\n`)}`),
    [200, 403],
  ),
  http1(
    "a body in chunks of a byte",
    () => posted("transfer-encoding: chunked\r\n", `${repeated(400_000, () => "1\r\n[\r\n")}0\r\n\r\n`),
    [400, 413],
  ),
  http1(
    "an extension of a chunk without end",
    () => posted("transfer-encoding: chunked\r\n", `1;${long("a", 2_000_000)}`),
    [400, 413, "closed"],
  ),
  http1(
    "trailers without end",
    () => posted("transfer-encoding: chunked\r\n", `2\r\n{}\r\n0\r\n${repeated(200_000, (i) => `t${i}: v\r\n`)}`),
    [400, 413, 422, 431, "closed"],
  ),
  http1("a length of many digits", () => posted(`content-length: ${long("9", 900_000)}\r\n`, ""), [400, 413, 431]),
  http1("two lengths", () => posted("content-length: 2\r\ncontent-length: 3\r\n", "{}"), [400]),
  http1("requests one behind the other", () => repeated(2_000, () => asked("/version")), [200]),
];

const literal = (name: string, value: string): readonly [string, string] => [name, value];
const getFields = (path = list): (readonly [string, string])[] => [
  ...requestFields("GET", path),
  literal("authorization", `Bearer ${adminToken}`),
];

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A header block in frames of the largest size that everybody takes; END_STREAM. */
function inFrames(whole: Uint8Array, flags = 1): Uint8Array {
  const most = 16_384;
  const frames: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < whole.length; at += most) {
    const last = at + most >= whole.length ? 4 : 0;
    frames.push(
      frame(at === 0 ? frameType.headers : frameType.continuation, {
        flags: (at === 0 ? flags : 0) | last,
        stream: 1,
        payload: whole.subarray(at, at + most),
      }),
    );
  }
  return joined(frames);
}

const http2 = (name: string, frames: () => Uint8Array, outcomes: readonly Outcome[]): Head => ({
  name: `HTTP/2: ${name}`,
  bytes: () => joined([preface, settings(), frames()]),
  outcomes,
});
const withFields = (
  name: string,
  fields: () => readonly (readonly [string, string])[],
  outcomes: readonly Outcome[],
): Head => http2(name, () => inFrames(block([...getFields(), ...fields()])), outcomes);
const count = (size: number, piece: (index: number) => readonly [string, string]): (readonly [string, string])[] =>
  Array.from({ length: size }, (_, index) => piece(index));

/** A field that is put into the table, then named by its index again and again. */
const bomb = (times: number): Uint8Array => {
  const [name, value] = ["x", long("b", 3_900)];
  const stored = block([[name, value]]);
  stored[0] = 0x40;
  return inFrames(joined([block(getFields()), stored, new Uint8Array(times).fill(0x80 | 62)]));
};

const newHeads: readonly Head[] = [
  withFields("many fields", () => count(20_000, (i) => literal(`x-${i}`, "v")), [200]),
  withFields("very many fields", () => count(60_000, (i) => literal(`x-${i}`, "v")), [431]),
  withFields("one field again and again", () => count(25_000, () => literal("accept", "a/b")), [200, 406]),
  withFields("crumbs of a cookie", () => count(20_000, (i) => literal("cookie", `c${i}`)), [200]),
  withFields("a field of 900 KB", () => [literal("x", long("a", 900_000))], [200]),
  withFields("a field of 1.9 MB", () => [literal("x", long("a", 1_900_000))], [431, "closed"]),
  withFields("a field without end", () => [literal("x", long("a", 3_000_000))], ["closed"]),
  withFields(
    "impersonated extras",
    () => [literal("impersonate-user", "u"), ...count(15_000, (i) => literal(`impersonate-extra-e${i}`, "v"))],
    [200, 403],
  ),
  withFields(
    "impersonated groups",
    () => [literal("impersonate-user", "u"), ...count(15_000, (i) => literal("impersonate-group", `g${i}`))],
    [200, 403],
  ),
  http2("a path of 900 KB", () => inFrames(block(getFields(`/${long("a/", 450_000)}`))), [404]),
  http2(
    "very many parameters",
    () => inFrames(block(getFields(`${list}?${filled((i) => `p${i}=1`, "&", 900_000)}`))),
    [200, 400],
  ),
  http2("a field named again and again", () => bomb(200), [200]),
  http2("a field named very often", () => bomb(1_000_000), [431]),
  http2("sizes of the table", () => inFrames(joined([new Uint8Array(1_000_000).fill(0x20), block(getFields())])), [
    200,
    "closed",
  ]),
  http2(
    "empty continuations",
    () =>
      joined([
        frame(frameType.headers, { flags: 1, stream: 1, payload: block(getFields()) }),
        ...Array.from({ length: 50_000 }, () => frame(frameType.continuation, { stream: 1 })),
      ]),
    ["closed"],
  ),
  http2(
    "a body in frames of a byte",
    () =>
      joined([
        inFrames(block([...requestFields("POST", maps), literal("authorization", `Bearer ${adminToken}`)]), 0),
        ...Array.from({ length: 50_000 }, () => frame(frameType.data, { stream: 1, payload: [0x5b] })),
        frame(frameType.data, { flags: 1, stream: 1 }),
      ]),
    [400, 413, 415, "closed", "reset"],
  ),
  http2(
    "a body in frames of nothing",
    () =>
      joined([
        inFrames(block([...requestFields("POST", maps), literal("authorization", `Bearer ${adminToken}`)]), 0),
        ...Array.from({ length: 200_000 }, () => frame(frameType.data, { stream: 1 })),
        frame(frameType.data, { flags: 1, stream: 1, payload: [0x7b] }),
      ]),
    [400, 413, 415, "closed", "reset"],
  ),
];

/** What the first answer is, or how the connection ends before there is one. */
function outcomeOf(socket: Socket): Promise<Outcome> {
  const settled = Promise.withResolvers<Outcome>();
  const blocks = new HeaderBlocks(1 << 20);
  const reader = new FrameReader({
    maxFrameBytes: 1 << 20,
    from: "server",
    take: (each) => {
      const section = each.type === frameType.headers ? blocks.headers(each) : undefined;
      const status = section?.block.fields.find(({ name }) => name === ":status");
      if (status !== undefined) settled.resolve(Number(status.value));
      else if (each.type === frameType.resetStream) settled.resolve("reset");
      else if (each.type === frameType.goAway) settled.resolve("closed");
    },
  });
  let text: string | undefined;
  socket.on("data", (bytes) => {
    const all = bytes as Uint8Array;
    text ??= String(bytes);
    if (text.startsWith("HTTP/1.1 ")) settled.resolve(Number(text.slice(9, 12)));
    else reader.read(all);
  });
  // A connection that was closed before all was written is reset.
  socket.on("error", () => {});
  socket.on("close", () => settled.resolve("closed"));
  return settled.promise;
}

async function sent(bytes: Uint8Array): Promise<{ outcome: Outcome; seconds: number }> {
  const socket = connect(listener.port, "127.0.0.1");
  await once(socket, "connect");
  const outcome = outcomeOf(socket);
  const began = process.threadCpuUsage();
  socket.write(bytes);
  try {
    return { outcome: await outcome, seconds: cpuSeconds(began) };
  } finally {
    socket.destroy();
  }
}

describe("heads", () => {
  for (const { name, bytes, outcomes } of [...oldHeads, ...newHeads])
    test(name, async () => {
      const all = bytes();
      let rounds = Number.POSITIVE_INFINITY;
      // What the machine did besides does not count.
      for (let attempt = 0; attempt < 4 && rounds >= mostRounds; attempt++) {
        const { outcome, seconds } = await sent(all);
        assert.ok(outcomes.includes(outcome), `${outcome}`);
        rounds = roundsOf(seconds);
        if (process.env["T8S_FUZZ_SHOW"] !== undefined) console.log(`${seconds.toFixed(2)} s, ${outcome}`, name);
      }
      assert.ok(rounds < mostRounds, `${rounds} rounds`);
      const next = await fetch(`http://127.0.0.1:${listener.port}/version`, {
        headers: { authorization: `Bearer ${adminToken}` },
      });
      assert.equal(next.status, 200);
      await next.text();
    });
});
