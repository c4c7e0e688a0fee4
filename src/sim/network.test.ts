import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRng, VirtualClock } from "../base/index.ts";
import type { ApiRequest, ApiResponse, WatchFrame } from "../machinery/index.ts";
import { createLink, type Weather } from "./network.ts";

const user = { username: "someone", groups: [] };
const get: ApiRequest = { method: "GET", path: "/api", headers: {} };
const watch: ApiRequest = { ...get, query: new URLSearchParams({ watch: "true" }) };

function over(weather: Partial<Weather>, answer: (request: ApiRequest) => Promise<ApiResponse>) {
  const clock = new VirtualClock();
  const gone = new AbortController();
  const asked: ApiRequest[] = [];
  const handle = (request: ApiRequest): Promise<ApiResponse> => {
    asked.push(request);
    return answer(request);
  };
  const server = { up: true };
  const link = createLink({
    clock,
    rng: seededRng(1),
    server: () => (server.up ? { handle, gone: gone.signal } : undefined),
  });
  Object.assign(link.weather, weather);
  return { clock, gone, asked, link, server, transport: link.transport(user) };
}
const fine = async (): Promise<ApiResponse> => ({ status: 200, headers: {}, object: {} });

test("a request that is lost after the server took it was made all the same", async () => {
  const { transport, asked } = over({ lostAfter: 1 }, fine);
  await assert.rejects(transport.request(get), /connection reset by peer while waiting/);
  assert.equal(asked.length, 1);
});

test("one that is lost before was not", async () => {
  const { transport, asked } = over({ lostBefore: 1 }, fine);
  await assert.rejects(transport.request(get), /connection reset by peer/);
  assert.equal(asked.length, 0);
});

test("what HTTP clients repeat may arrive twice, a POST may not", async () => {
  const { transport, asked } = over({ duplicated: 1 }, fine);
  await transport.request(get);
  await transport.request({ ...get, method: "POST" });
  assert.deepEqual(
    asked.map(({ method }) => method),
    ["GET", "GET", "POST"],
  );
});

test("a server that is down refuses; one that goes down resets", async () => {
  const { transport, server, gone } = over({}, () => new Promise(() => {}));
  const waiting = transport.request(get);
  const rejected = assert.rejects(waiting, /gone away/);
  await Promise.resolve();
  gone.abort(new Error("gone away"));
  server.up = false;
  await rejected;
  await assert.rejects(transport.request(get), /connection refused/);
});

test("watch events come late and in order; a cut ends the stream with an error", async () => {
  const names = ["1", "2", "3", "4"];
  const { transport, clock, link } = over({ watchDelayMs: 1_000 }, async ({ signal }) => ({
    status: 200,
    headers: {},
    watch: (async function* (): AsyncGenerator<readonly WatchFrame[]> {
      for (const name of names)
        yield [{ type: "ADDED", object: { metadata: { name } } as WatchFrame["object"] & object }];
      await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
    })(),
  }));
  const seen: string[] = [];
  const ended = (async () => {
    const answer = await transport.request(watch);
    for await (const frames of answer.watch!) seen.push(...frames.map((frame) => frame.object!.metadata.name));
  })();
  const failed = assert.rejects(ended, /connection reset by peer/);
  await clock.advance(0);
  assert.deepEqual(seen, []);
  await clock.advance(4_000);
  assert.deepEqual(seen, names);
  link.cutWatches();
  await clock.advance(0);
  await failed;
});

test("a killed process asks no more and is answered no more", async () => {
  const { transport, link, asked } = over({}, () => new Promise(() => {}));
  const rejected = assert.rejects(transport.request(get), /the process is gone/);
  link.kill();
  await rejected;
  await assert.rejects(transport.request(get), /the process is gone/);
  assert.ok(asked.length <= 1);
});
