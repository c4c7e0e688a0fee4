// The client's end against the server's end of this project in memory, and against a peer of raw frames where rules are broken.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type Frame,
  FrameReader,
  frameHeadBytes,
  frameType,
  putFrameHead,
  putUint32,
  setting,
} from "../../base/http2/index.ts";
import type { ApiResponse } from "../../machinery/index.ts";
import { Http2Connection } from "../../server/http2/connection.ts";
import type { Http2Stream } from "../../server/http2/stream.ts";
import { ClientConnection } from "./connection.ts";
import { type Request, streamWindow, UnprocessedError } from "./exchange.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface HouseOptions {
  readonly handle: (stream: Http2Stream) => void;
  /** Pieces that the bytes are cut into, in both directions, by turns. */
  readonly cuts?: readonly number[];
  readonly maxStreams?: number;
}

/** Both ends, with bytes in between. */
function house({ handle, cuts = [1 << 20], maxStreams = 100 }: HouseOptions) {
  let cut = 0;
  const bring = (bytes: Uint8Array, to: { receive(chunk: Uint8Array): void }): void => {
    const copy = bytes.slice();
    for (let at = 0; at < copy.length; ) {
      const end = at + cuts[cut++ % cuts.length]!;
      to.receive(copy.subarray(at, end));
      at = end;
    }
  };
  let closings = 0;
  const client: ClientConnection = new ClientConnection({
    sink: {
      write: (bytes, written) => {
        const copy = bytes.slice();
        setImmediate(() => bring(copy, server));
        written();
      },
      flushSoon: () => queueMicrotask(() => client.flush()),
      destroy: () => server.lost(),
    },
    authority: "127.0.0.1:6443",
    closing: () => closings++,
  });
  const server: Http2Connection = new Http2Connection({
    sink: {
      allocate: (bytes) => new Uint8Array(bytes),
      release: () => {},
      write: (bytes, written) => {
        const copy = bytes.slice();
        setImmediate(() => {
          bring(copy, client);
          written();
        });
      },
      flushSoon: () => queueMicrotask(() => server.flush()),
      end: () => client.fail(new Error("ended")),
      destroy: () => client.fail(new Error("destroyed")),
    },
    request: handle,
    failed: (fault) => client.fail(fault),
    maxStreams,
    maxBodyBytes: 4 << 20,
    maxHeaderListBytes: 1 << 20,
  });
  server.open();
  client.open();
  const begun = Promise.withResolvers<void>();
  setImmediate(() => setImmediate(begun.resolve));
  return { client, server, closings: () => closings, begun: begun.promise };
}

const get = (path: string, more: Partial<Request> = {}): Request => ({
  ...{ method: "GET", path, headers: { accept: "application/json" }, body: undefined },
  ...more,
});

async function bytesOf(answer: ApiResponse): Promise<Uint8Array> {
  const chunks = [...(answer.bytes ?? [])];
  if (answer.stream !== undefined) for await (const chunk of answer.stream) chunks.push(chunk.slice());
  return Uint8Array.from(chunks.flatMap((each) => [...each]));
}

describe("between both ends", () => {
  const exchange = fc.record({
    request: fc.option(fc.integer({ min: 1, max: 400_000 }), { freq: 3 }),
    answer: fc.integer({ min: 0, max: 400_000 }),
    lengthIsTold: fc.boolean(),
  });

  it("bodies arrive whole, wherever bytes are cut and whatever windows allow", async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 6 });
    const body = (length: number, seed: number): Uint8Array =>
      Uint8Array.from({ length }, (_, at) => (at * 7 + seed) & 0xff);
    await fc.assert(
      fc.asyncProperty(fc.array(exchange, { minLength: 1, maxLength: 6 }), cuts, async (exchanges, pieces) => {
        const { client, server, begun } = house({
          cuts: [...pieces, 9_000],
          maxStreams: 3,
          handle: (stream) => {
            const index = Number(stream.head.url.slice(1));
            const { answer, lengthIsTold } = exchanges[index]!;
            stream.onBody((outcome) => {
              assert.ok(outcome.type === "whole");
              assert.deepEqual(outcome.bytes ?? new Uint8Array(0), body(exchanges[index]!.request ?? 0, index));
              const headers: Record<string, string> = lengthIsTold ? { "content-length": String(answer) } : {};
              stream.respond({ status: 200 + index, headers, endStream: false });
              stream.end(body(answer, index + 1));
              server.handled();
            });
          },
        });
        await begun; // the server's bounds are known
        const answers = await Promise.all(
          exchanges.map(async ({ request }, index) => {
            const sent = request === null ? undefined : body(request, index);
            const answer = await client.request(get(`/${index}`, { method: sent ? "POST" : "GET", body: sent }));
            return { answer, bytes: await bytesOf(answer) };
          }),
        );
        for (const [index, { answer, bytes }] of answers.entries()) {
          assert.equal(answer.status, 200 + index);
          assert.equal(answer.bytes !== undefined, exchanges[index]!.lengthIsTold);
          assert.deepEqual(bytes, body(exchanges[index]!.answer, index + 1));
        }
      }),
      { numRuns: 25 },
    );
  });

  it("what may not be open yet waits; what is given up while it waits is never asked", async () => {
    const streams: Http2Stream[] = [];
    const { client, server, begun } = house({ maxStreams: 2, handle: (stream) => streams.push(stream) });
    await begun;
    const giveUp = new AbortController();
    const answers = ["a", "b", "c", "d"].map((name) =>
      client.request(get(`/${name}`, name === "c" ? { signal: giveUp.signal } : {})),
    );
    await turn();
    await turn();
    assert.deepEqual(
      streams.map(({ head }) => head.url),
      ["/a", "/b"],
    );
    giveUp.abort(new Error("enough"));
    await assert.rejects(answers[2]!, /enough/);
    streams[0]!.respond({ status: 204, headers: {}, endStream: true });
    server.handled();
    assert.deepEqual(await answers[0], { status: 204, headers: {}, bytes: [new Uint8Array(0)] });
    await turn();
    await turn();
    assert.deepEqual(
      streams.map(({ head }) => head.url),
      ["/a", "/b", "/d"],
    );
  });

  it("giving up an open request, or its body, tells the server", async () => {
    const streams: Http2Stream[] = [];
    const { client } = house({ handle: (stream) => streams.push(stream) });
    const giveUp = new AbortController();
    const first = client.request(get("/a", { signal: giveUp.signal }));
    const second = client.request(get("/b"));
    await turn();
    await turn();
    streams[1]!.respond({ status: 200, headers: {}, endStream: false });
    streams[1]!.write(new Uint8Array([1]));
    const { stream } = await second;
    for await (const chunk of stream!) {
      assert.deepEqual(chunk, new Uint8Array([1]));
      break;
    }
    giveUp.abort(new Error("enough"));
    await assert.rejects(first, /enough/);
    await assert.rejects(client.request(get("/c", { signal: giveUp.signal })), /enough/);
    await turn();
    await turn();
    assert.deepEqual(
      streams.map(({ closed }) => closed),
      [true, true],
    );
  });

  it("a body that nobody reads stays within its window, and the others go on", async () => {
    const streams: Http2Stream[] = [];
    const { client } = house({ handle: (stream) => streams.push(stream) });
    const slow = client.request(get("/slow"));
    const quick = client.request(get("/quick"));
    await turn();
    await turn();
    streams[0]!.respond({ status: 200, headers: {}, endStream: false });
    streams[0]!.end(new Uint8Array(3 * streamWindow));
    streams[1]!.respond({ status: 200, headers: {}, endStream: false });
    streams[1]!.end(new Uint8Array([7]));
    const { stream } = await slow;
    assert.deepEqual(await bytesOf(await quick), new Uint8Array([7]));
    for (let turns = 0; turns < 100; turns++) await turn();
    assert.equal(streams[0]!.queuedBytes, 2 * streamWindow);
    let bytes = 0;
    for await (const chunk of stream!) bytes += chunk.length;
    assert.equal(bytes, 3 * streamWindow);
  });

  it("a server that drains ends what runs; what comes later belongs on another connection", async () => {
    const streams: Http2Stream[] = [];
    const { client, server, closings } = house({ handle: (stream) => streams.push(stream) });
    const running = client.request(get("/a"));
    await turn();
    await turn();
    server.drain();
    await turn();
    await turn();
    assert.equal(closings(), 1);
    await assert.rejects(client.request(get("/b")), UnprocessedError);
    streams[0]!.respond({ status: 200, headers: { "content-length": "1" }, endStream: false });
    streams[0]!.end(new Uint8Array([1]));
    assert.equal((await running).status, 200);
  });

  it("a ping that is never answered is noticed", async () => {
    const { client } = house({ handle: () => {} });
    assert.equal(client.checkAlive(), true);
    await turn();
    await turn();
    await turn();
    assert.equal(client.checkAlive(), true);
    assert.equal(client.checkAlive(), false);
  });
});

const nothing = new Uint8Array(0);
const frame = (
  type: number,
  stream: number,
  { flags = 0, payload = nothing }: { flags?: number; payload?: Uint8Array } = {},
): Uint8Array => {
  const bytes = new Uint8Array(frameHeadBytes + payload.length);
  putFrameHead(bytes, 0, { length: payload.length, type, flags, stream });
  bytes.set(payload, frameHeadBytes);
  return bytes;
};
const words = (...values: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(values.length * 4);
  for (const [index, value] of values.entries()) putUint32(bytes, index * 4, value);
  return bytes;
};
const settings = frame(frameType.settings, 0);
/** `:status: 200`, with what comes behind it. */
const ok = (stream: number, flags = 4, more: readonly number[] = []): Uint8Array =>
  frame(frameType.headers, stream, { flags, payload: Uint8Array.from([0x88, ...more]) });
/** content-length, as a literal with the static table's name. */
const lengthOf = (digit: string): number[] => [0x0f, 0x0d, 1, digit.charCodeAt(0)];

/** A connection whose server is the test. */
function alone() {
  const frames: (Pick<Frame, "type" | "stream" | "flags"> & { readonly payload: Uint8Array })[] = [];
  const reader = new FrameReader({
    maxFrameBytes: 1 << 20,
    from: "client",
    take: ({ type, stream, flags, bytes, start, end }) =>
      frames.push({ type, stream, flags, payload: bytes.slice(start, end) }),
  });
  let destroyed = false;
  const client: ClientConnection = new ClientConnection({
    sink: {
      write: (bytes, written) => {
        reader.read(bytes.slice());
        written();
      },
      flushSoon: () => queueMicrotask(() => client.flush()),
      destroy: () => {
        destroyed = true;
      },
    },
    authority: "h",
    closing: () => {},
  });
  client.open();
  const bring = (...pieces: readonly Uint8Array[]): void => {
    for (const piece of pieces) client.receive(piece);
  };
  return { client, frames, bring, destroyed: () => destroyed };
}

describe("a server of raw frames", () => {
  const refused = 7;
  it("a stream that was refused, or is above GOAWAY's last, may be asked for again; any other may not", async () => {
    const { client, bring } = alone();
    const [first, second, third, fourth] = ["/1", "/3", "/5", "/7"].map((path) => client.request(get(path)));
    bring(settings, frame(frameType.resetStream, 1, { payload: words(refused) }));
    await assert.rejects(first!, UnprocessedError);
    bring(frame(frameType.resetStream, 3, { payload: words(2) }));
    await assert.rejects(second!, /the server broke the stream off with error 2/);
    bring(frame(frameType.goAway, 0, { payload: words(5, 0) }));
    await assert.rejects(fourth!, UnprocessedError);
    bring(ok(5, 5));
    assert.equal((await third!).status, 200);
  });

  it("a body is sent as far as its window goes, and no further than the answer's end", async () => {
    const { client, bring, frames } = alone();
    const payload = new Uint8Array(6);
    payload[1] = setting.initialWindowSize;
    putUint32(payload, 2, 10);
    bring(frame(frameType.settings, 0, { payload }));
    const answer = client.request(get("/", { method: "POST", body: new Uint8Array(100) }));
    await turn();
    const sent = (): number[] =>
      frames.filter(({ type }) => type === frameType.data).map((each) => each.payload.length);
    assert.deepEqual(sent(), [10]);
    bring(frame(frameType.windowUpdate, 1, { payload: words(20) }));
    await turn();
    assert.deepEqual(sent(), [10, 20]);
    bring(ok(1, 5));
    assert.equal((await answer).status, 200);
    await turn();
    assert.ok(frames.some(({ type, stream }) => type === frameType.resetStream && stream === 1));
  });

  it("100 and trailers are no answer of their own", async () => {
    const { client, bring } = alone();
    const answer = client.request(get("/"));
    bring(settings, frame(frameType.headers, 1, { flags: 4, payload: Uint8Array.from([0x08, 3, 0x31, 0x30, 0x30]) }));
    bring(ok(1, 4, lengthOf("2")), frame(frameType.data, 1, { payload: new Uint8Array([1, 2]) }));
    bring(frame(frameType.headers, 1, { flags: 5, payload: Uint8Array.from([0, 1, 0x78, 1, 0x79]) }));
    assert.deepEqual(await answer, {
      status: 200,
      headers: { "content-length": "2" },
      bytes: [new Uint8Array([1, 2])],
    });
  });

  const data = (length: number, flags = 0): Uint8Array =>
    frame(frameType.data, 1, { flags, payload: new Uint8Array(length) });
  for (const [what, ...pieces] of [
    ["an answer shorter than it says", ok(1, 4, lengthOf("2")), data(1, 1)],
    ["an answer longer than it says", ok(1, 4, lengthOf("2")), data(3)],
    ["a body before its head", data(1)],
    ["a head without status", frame(frameType.headers, 1, { flags: 4 })],
  ] as const)
    it(`${what} breaks its stream alone`, async () => {
      const { client, bring, destroyed } = alone();
      const [broken, other] = [client.request(get("/1")), client.request(get("/3"))];
      bring(settings, ...pieces);
      await assert.rejects(broken, /no HTTP\/2/);
      bring(ok(3, 5));
      assert.equal((await other).status, 200);
      assert.equal(destroyed(), false);
    });

  for (const [what, ...pieces] of [
    ["no settings first", ok(1)],
    ["a push", settings, frame(frameType.pushPromise, 1, { flags: 4, payload: words(2) })],
    ["an answer to nothing", settings, ok(9)],
    ["a window of nothing", settings, frame(frameType.windowUpdate, 0, { payload: words(0) })],
    ["a frame too long", settings, frame(frameType.data, 1, { payload: new Uint8Array(16_385) })],
  ] as const)
    it(`${what} ends the connection`, async () => {
      const { client, bring, destroyed } = alone();
      const broken = client.request(get("/1"));
      bring(...pieces);
      await assert.rejects(broken);
      assert.equal(destroyed(), true);
      await assert.rejects(client.request(get("/3")));
    });

  it("no bytes whatever throw", () => {
    const type = fc.constantFrom(...Object.values(frameType));
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(type, fc.nat(5), fc.nat(255), fc.uint8Array({ maxLength: 20 }))
        .map(([kind, stream, flags, payload]) => frame(kind, stream, { flags, payload })),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const { client, bring } = alone();
        client.request(get("/1")).catch(() => {});
        client.request(get("/3", { method: "POST", body: new Uint8Array(70_000) })).catch(() => {});
        bring(settings, ...pieces);
      }),
    );
  });
});
