import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import fc from "fast-check";
import { configMaps } from "../../../api/index.ts";
import { seededRng, silentLogger, VirtualClock } from "../../../base/index.ts";
import {
  type ApiRequest,
  type ApiResponse,
  type KubeObject,
  objectKey,
  type Transport,
  type WatchFollower,
  type WatchFrame,
} from "../../../machinery/index.ts";
import { createClient } from "../../client.ts";
import { createInformerFactory } from "../../informer.ts";
import { createTinyServer } from "../../testing.ts";
import { answerOver } from "./answering.ts";
import { askOver } from "./asking.ts";
import { type Answered, type Batch, portWindow, streamWindow } from "./protocol.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Enough for a message there, the answer, and what follows from it. */
const settled = async (): Promise<void> => {
  for (let turns = 0; turns < 12; turns++) await turn();
};

type Handle = (request: ApiRequest, seat: number) => Promise<ApiResponse>;

/** Both ends, in one thread. */
async function between(handle: Handle, work: (transport: (seat: number) => Transport) => Promise<void>): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  answerOver({ port: port1, handle });
  const asking = askOver(port2);
  try {
    await work(asking.transport);
  } finally {
    asking.close();
    port1.close();
  }
}

const get = (more: Partial<ApiRequest> = {}): ApiRequest => ({ method: "GET", path: "/x", headers: {}, ...more });
const text = (bytes: readonly Uint8Array[] | undefined): string => Buffer.concat(bytes ?? []).toString();
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

test("requests arrive as they were made, bodies as bytes, in the name of their seat; answers come back whole", async () => {
  const seen: unknown[] = [];
  let released = 0;
  const handle: Handle = async ({ method, path, query, headers, body }, seat) => {
    assert.ok(body === undefined || body instanceof Uint8Array);
    seen.push([seat, method, path, query?.toString(), headers["accept"], body && text([body])]);
    const warning = ["299 - one", "299 - two"];
    return { status: 201, headers: { warning }, bytes: [bytes("ab"), bytes("c")], release: () => released++ };
  };
  await between(handle, async (transport) => {
    const query = new URLSearchParams({ labelSelector: "a in (b,c)", limit: "5" });
    const [first, second] = await Promise.all([
      transport(3).request(get({ query, headers: { accept: "application/json", none: undefined } })),
      transport(7).request(get({ method: "POST", body: { data: { é: "ü" } } })),
    ]);
    assert.deepEqual(
      [first?.status, first?.headers, text(first?.bytes), text(second?.bytes)],
      [201, { warning: ["299 - one", "299 - two"] }, "abc", "abc"],
    );
    assert.equal(released, 2);
    assert.deepEqual(seen, [
      [3, "GET", "/x", "labelSelector=a+in+%28b%2Cc%29&limit=5", "application/json", undefined],
      [7, "POST", "/x", undefined, undefined, '{"data":{"é":"ü"}}'],
    ]);
  });
});

test("an answer of nothing, one of an object, one that does not come", async () => {
  const handle: Handle = async ({ path }) => {
    if (path === "/fails") throw new Error("out of luck");
    return path === "/object" ? { status: 200, headers: {}, object: { a: 1 } } : { status: 204, headers: {} };
  };
  await between(handle, async (transport) => {
    const { request } = transport(0);
    assert.deepEqual(await request(get()), { status: 204, headers: {}, bytes: [] });
    assert.equal(text((await request(get({ path: "/object" }))).bytes), '{"a":1}');
    await assert.rejects(request(get({ path: "/fails" })), /out of luck/);
  });
});

test("what is aborted before, during and after its answer", async () => {
  const signals: AbortSignal[] = [];
  const answers: ((answer: ApiResponse) => void)[] = [];
  const handle: Handle = ({ signal }) => {
    signals.push(signal!);
    return new Promise((resolve) => answers.push(resolve));
  };
  await between(handle, async (transport) => {
    const { request } = transport(0);
    await assert.rejects(request(get({ signal: AbortSignal.abort(new Error("before")) })), /before/);
    const during = new AbortController();
    const asked = request(get({ signal: during.signal }));
    await settled();
    during.abort(new Error("during"));
    await assert.rejects(asked, /during/);
    await settled();
    assert.deepEqual([signals.length, signals[0]?.aborted], [1, true]);
    // An answer that nobody waits for any more gives back what it holds.
    let released = false;
    answers[0]?.({ status: 200, headers: {}, bytes: [bytes("late")], release: () => (released = true) });
    const after = new AbortController();
    const again = request(get({ signal: after.signal }));
    await settled();
    assert.ok(released);
    answers[1]?.({ status: 200, headers: {} });
    assert.equal((await again).status, 200);
    after.abort();
    await settled();
    assert.equal(signals[1]?.aborted, false);
  });
});

/** A watch of which the test is the server. */
function followed() {
  let follower: WatchFollower | undefined;
  let wentOn = 0;
  let offered = 0;
  const frame = (size: number): WatchFrame => ({ type: "ADDED", bytes: new Uint8Array(size).fill(120) });
  const answer = (signal: AbortSignal | undefined): ApiResponse => {
    signal?.addEventListener("abort", () => follower?.ended());
    const watch = {
      follow(given: WatchFollower) {
        follower = given;
        return () => void wentOn++;
      },
      async *[Symbol.asyncIterator]() {},
    };
    return { status: 200, headers: {}, watch };
  };
  return {
    answer,
    /** Until it is not taken any more; how many were. */
    offer(size: number): number {
      let count = 0;
      do {
        count++;
        offered += size;
      } while (follower?.take(frame(size)) === true && count < 10_000);
      return count;
    },
    end: (error?: Error) => follower?.ended(error),
    wentOn: () => wentOn,
    offered: () => offered,
  };
}

test("a watch is not ahead of its reader by more than its window, goes on as it is read, and ends", async () => {
  const watch = followed();
  await between(
    async ({ signal }) => watch.answer(signal),
    async (transport) => {
      const { stream } = await transport(0).request(get());
      await settled();
      const size = 1000;
      assert.equal(watch.offer(size), Math.ceil(streamWindow / size));
      await settled();
      assert.equal(watch.wentOn(), 0);
      const reader = stream![Symbol.asyncIterator]();
      let read = (await reader.next()).value!.length;
      await settled();
      assert.equal(watch.wentOn(), 1);
      const more = watch.offer(size);
      assert.equal(more, Math.ceil(streamWindow / size));
      watch.end();
      for (let next = await reader.next(); next.done !== true; next = await reader.next()) read += next.value.length;
      assert.equal(read, watch.offered());
    },
  );
});

test("who stops reading cancels; a stream that breaks says why", async () => {
  const watch = followed();
  let aborted = false;
  const handle: Handle = async ({ path, signal }) => {
    signal?.addEventListener("abort", () => (aborted = true));
    if (path === "/watch") return watch.answer(signal);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield bytes("a");
      yield bytes("b");
      throw new Error("torn");
    }
    return { status: 200, headers: {}, stream: chunks() };
  };
  await between(handle, async (transport) => {
    const { request } = transport(0);
    const { stream } = await request(get({ path: "/watch" }));
    watch.offer(streamWindow);
    for await (const _ of stream!) break;
    await settled();
    assert.ok(aborted);
    const torn = await request(get());
    let read = "";
    await assert.rejects(async () => {
      for await (const chunk of torn.stream!) read += text([chunk]);
    }, /torn/);
    assert.equal(read, "ab");
  });
});

test("a thread that takes nothing stops every stream, and wakes them when it takes again", async () => {
  const { port1, port2 } = new MessageChannel();
  const watches = [followed(), followed(), ...Array.from({ length: 60 }, followed)];
  answerOver({ port: port1, handle: async ({ signal }, seat) => watches[seat]!.answer(signal) });
  const ask = (id: number) => ({ type: "request", id, seat: id, method: "GET", path: "/", query: "", headers: {} });
  let arrived = 0;
  port2.on("message", ({ said, bytes: all }: Batch<Answered>) => {
    arrived += all.length;
    assert.equal(
      all.length,
      said.reduce((sum, each) => sum + (each.bytes ?? 0), 0),
    );
  });
  port2.postMessage({ said: watches.map((_, id) => ask(id)), bytes: new Uint8Array() });
  await settled();
  for (const watch of watches) watch.offer(streamWindow / 2);
  await settled();
  assert.ok(arrived >= portWindow && arrived < portWindow + watches.length * streamWindow);
  const before = arrived;
  assert.equal(watches.at(-1)!.offer(10), 1);
  assert.deepEqual(
    watches.map((watch) => watch.wentOn()).filter((times) => times > 0),
    [],
  );
  port2.postMessage({ said: [{ type: "received", count: before }], bytes: new Uint8Array() });
  await settled();
  assert.equal(watches.at(-1)!.wentOn(), 1);
  port1.close();
});

test("when the port closes, what is open fails here and is aborted there; what is asked later fails", async () => {
  const signals: AbortSignal[] = [];
  const watch = followed();
  const { port1, port2 } = new MessageChannel();
  answerOver({
    port: port1,
    handle: ({ path, signal }) => {
      signals.push(signal!);
      return path === "/watch" ? Promise.resolve(watch.answer(signal)) : new Promise(() => {});
    },
  });
  const asking = askOver(port2);
  const { request } = asking.transport(0);
  const { stream } = await request(get({ path: "/watch" }));
  const waiting = assert.rejects(request(get()), /is gone/);
  await settled();
  asking.close();
  await waiting;
  await assert.rejects(stream![Symbol.asyncIterator]().next(), /is gone/);
  await settled();
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, true],
  );
  await assert.rejects(request(get()), /is gone/);
});

const names = ["a", "b", "cc", "eé"];
type Step = readonly ["put" | "remove", name: string, value: number] | readonly ["compact" | "error" | "end" | "wait"];
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constantFrom("put" as const, "remove" as const), fc.constantFrom(...names), fc.nat(9)),
  fc.tuple(fc.constantFrom("compact" as const, "error" as const, "end" as const, "wait" as const)),
);

test("an informer over a port follows whatever happens, as over any transport", async () => {
  const property = fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 20 }), async (noInitialEvents, steps) => {
    const server = createTinyServer({ rng: seededRng(1), bytes: true, noInitialEvents });
    const clock = new VirtualClock();
    const life = new AbortController();
    await between(
      (request) => server.transport.request(request),
      async (transport) => {
        const options = { clock, rng: seededRng(7), log: silentLogger, signal: life.signal };
        const client = createClient(transport(0), { userAgent: "test" });
        const factory = createInformerFactory({ client, ...options });
        const informer = factory.informer(configMaps);
        factory.start();
        for (const [what, name, value] of steps) {
          if (what === "put") server.put(name!, value!);
          else if (what === "remove") server.remove(name!);
          else if (what === "compact") server.compact();
          else if (what === "wait") {
            await clock.advance(1500);
            await settled();
          } else server.cut(what);
        }
        for (let times = 0; times < 10; times++) {
          await settled();
          await clock.advance(20_000);
        }
        await settled();
        assert.ok(informer.synced);
        const state = (objects: Iterable<KubeObject>): string[] =>
          [...objects].map((each) => `${objectKey(each)}@${each.metadata.resourceVersion}`).sort();
        assert.deepEqual(state(informer.list()), state(server.objects.values()));
        life.abort();
        await settled();
        assert.equal(server.openWatches, 0);
      },
    );
  });
  await fc.assert(property, { numRuns: 40 });
});
