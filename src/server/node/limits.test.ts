import assert from "node:assert/strict";
import { connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { type Clock, silentLogger, systemClock, VirtualClock } from "../../base/index.ts";
import type { Handle } from "../../machinery/index.ts";
import { servePlain } from "./listen.ts";

const ok = { status: 200, headers: { "content-type": "text/plain" }, bytes: [new TextEncoder().encode("done")] };

test("a body that does not come in time is answered 504", async () => {
  const clock = new VirtualClock();
  const armed = Promise.withResolvers<void>();
  const watched: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (callback, delayMs) => {
      if (delayMs === 5000) armed.resolve();
      return clock.setTimeout(callback, delayMs);
    },
  };
  const listener = await servePlain({ handle: async () => ok, clock: watched, log: silentLogger, bodyTimeoutMs: 5000 });
  const socket = connectTcp(listener.port, "127.0.0.1");
  const answer = new Promise<string>((resolve) => socket.once("data", (bytes) => resolve(String(bytes))));
  socket.write("POST /api/v1/pods HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{");
  // The timer is there when the head has been read.
  await armed.promise;
  await clock.advance(5001);
  assert.match(await answer, /^HTTP\/1\.1 504 /);
  socket.destroy();
  await listener.close();
});

test("on close with grace what is being answered is answered, streams are ended", async () => {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const handle: Handle = async (request) => {
    if (request.path === "/watch")
      return {
        status: 200,
        headers: {},
        stream: (async function* () {
          yield new TextEncoder().encode("first");
          await new Promise<void>((resolve) => request.signal!.addEventListener("abort", () => resolve()));
        })(),
      };
    begun.resolve();
    await gate.promise;
    return ok;
  };
  const listener = await servePlain({ handle, clock: systemClock, log: silentLogger });
  const session = connect(`http://127.0.0.1:${listener.port}`);
  session.on("error", () => {});
  const watch = session.request({ ":path": "/watch" });
  watch.on("error", () => {});
  await new Promise<void>((resolve) => watch.once("data", () => resolve()));
  const slow = session.request({ ":path": "/slow" });
  let text = "";
  slow.on("data", (bytes) => {
    text += bytes;
  });
  const ended = new Promise<void>((resolve) => slow.once("end", () => resolve()));
  const watchClosed = new Promise<void>((resolve) => watch.once("close", () => resolve()));
  await begun.promise;
  const closed = listener.close(60_000);
  gate.resolve();
  await ended;
  assert.equal(text, "done");
  await closed;
  await watchClosed;
});

test("one connection opens no more exchanges than are allowed", async () => {
  const listener = await servePlain({ handle: async () => ok, clock: systemClock, log: silentLogger, maxStreams: 7 });
  const session = connect(`http://127.0.0.1:${listener.port}`);
  const settings = await new Promise<{ maxConcurrentStreams?: number }>((resolve) =>
    session.once("remoteSettings", resolve),
  );
  assert.equal(settings.maxConcurrentStreams, 7);
  session.destroy();
  await listener.close();
});
