// Clients that ask and never read, over real sockets: what the server keeps for them is bounded, and they are ended.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { silentLogger, systemClock, VirtualClock } from "../../base/index.ts";
import type { Handle, Identity } from "../../machinery/index.ts";
import { type TestServer, testServer } from "../testing.ts";
import { type Listener, servePlain } from "./listen.ts";
import { carryUpgrade } from "./upgrade.ts";

const admin: Identity = { kind: "user", user: { username: "admin", groups: ["system:masters"] } };
const encoder = new TextEncoder();
const megabyte = 1024 * 1024;
const maps = "/api/v1/namespaces/default/configmaps";

/** Bytes outside the JavaScript heap: bodies, frames and what sockets wait with. */
const heldBytes = (): number => {
  const { arrayBuffers, external } = process.memoryUsage();
  return Math.max(arrayBuffers, external);
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Resolves when nothing changes any more: bytes that a socket took, written by who has as much as it wants to send. */
async function settled(bytes: () => number): Promise<number> {
  for (let before = -1, same = 0; same < 50; ) {
    await turn();
    const now = bytes();
    same = now === before ? same + 1 : 0;
    before = now;
  }
  return bytes();
}

/** A client that asks and then leaves what comes in the kernel. */
async function deaf(port: number, path: string): Promise<Socket> {
  const socket = connectTcp(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  return socket;
}

const pinged = (session: ClientHttp2Session): Promise<void> =>
  new Promise((resolve, reject) => void session.ping((error) => (error === null ? resolve() : reject(error))));

describe("clients that never read", () => {
  let server: TestServer;
  let handle: Handle;
  let clock: VirtualClock;
  let listener: Listener;
  /** Answers that were given, and streams that the server still writes. */
  let answered = 0;
  const ended: string[] = [];

  const write = async (method: "POST" | "PUT", path: string, name: string, filling: string): Promise<void> => {
    const body = encoder.encode(JSON.stringify({ metadata: { name }, data: { filling } }));
    const headers = { "content-type": "application/json" };
    const { status } = await server.handle({ method, path, query: new URLSearchParams(), headers, body }, admin);
    assert.ok(status < 300, `${status}`);
  };

  before(async () => {
    server = await testServer();
    const headers = { "content-type": "application/json" };
    const body = encoder.encode('{"metadata":{"name":"default"}}');
    await server.handle(
      { method: "POST", path: "/api/v1/namespaces", query: new URLSearchParams(), headers, body },
      admin,
    );
    for (let index = 0; index < 50; index++) await write("POST", maps, `m${index}`, "x".repeat(1_000_000));
    handle = async (request) => {
      request.signal?.addEventListener("abort", () => ended.push(request.path));
      const answer = await server.handle(request, admin);
      answered++;
      return answer;
    };
    clock = new VirtualClock();
    listener = await servePlain({ handle, clock, log: silentLogger });
  });
  after(async () => {
    await listener.close();
    await server.close();
  });

  it("a list of 50 MB is held once for all of them, and they lose their connections", async () => {
    const before = heldBytes();
    answered = 0;
    const clients = await Promise.all(Array.from({ length: 20 }, () => deaf(listener.port, maps)));
    while (answered < clients.length) await turn();
    // One list of 50 MB where they came together, one more where they did not, and what the sockets' layers copy for each.
    const grown = heldBytes() - before;
    assert.ok(grown < 4 * 50 * megabyte, `${grown / megabyte} MB for ${clients.length} clients`);
    const closed = Promise.all(clients.map((client) => once(client, "close")));
    for (let at = 0; at < 6; at++) await clock.advance(15_001);
    for (const client of clients) client.resume();
    await closed;
  });

  it("a list over HTTP/2 is whole for who reads on when others give up, and its memory is given back behind the last", async () => {
    const sessions = Array.from({ length: 3 }, () => connectHttp2(`http://127.0.0.1:${listener.port}`));
    const before = heldBytes();
    const [quitter, ...readers] = sessions.map((session) => session.request({ ":path": maps }));
    const texts = readers.map(async (stream) => {
      let length = 0;
      const hash = createHash("sha256");
      for await (const chunk of stream) {
        hash.update(chunk);
        length += chunk.length;
      }
      return [length, hash.digest("hex")];
    });
    await once(quitter!, "data");
    quitter!.close(constants.NGHTTP2_CANCEL);
    const [first, second] = await Promise.all(texts);
    assert.deepEqual(first, second);
    assert.ok(Number(first![0]) > 50_000_000);
    for (const session of sessions) session.destroy();
    // The server hears of the last reader's end a little later than the reader itself.
    const grown = (await settled(heldBytes)) - before;
    assert.ok(grown < 40 * megabyte, `${grown / megabyte} MB`);
  });

  it("small answers over HTTP/2 that nobody takes are taken back", async () => {
    const session = connectHttp2(`http://127.0.0.1:${listener.port}`, { settings: { initialWindowSize: 0 } });
    session.on("error", () => {});
    await once(session, "connect");
    const streams = Array.from({ length: 20 }, () => {
      const stream = session.request({ ":path": "/api/v1" });
      stream.on("error", () => {});
      return stream;
    });
    await Promise.all(streams.map((stream) => once(stream, "response")));
    const closed = Promise.all(
      streams.map((stream) => new Promise<void>((resolve) => stream.once("close", () => resolve()))),
    );
    for (let at = 0; at < 6; at++) {
      await clock.advance(15_001);
      // The peer lives: its answer to the server's ping is there before its own second one.
      await pinged(session);
      await pinged(session);
    }
    await closed;
    assert.ok(!session.destroyed, "the connection stays");
    session.destroy();
  });

  it("an HTTP/2 connection that nothing is asked on ends, as upstream's, without an error", async () => {
    const session = connectHttp2(`http://127.0.0.1:${listener.port}`);
    const errors: unknown[] = [];
    session.on("error", (error) => errors.push(error));
    const stream = session.request({ ":path": "/api/v1" });
    stream.resume();
    await once(stream, "close");
    const closed = once(session, "close");
    for (let at = 0; at < 6; at++) {
      await clock.advance(15_001);
      await pinged(session);
      await pinged(session);
      assert.ok(!session.closed, "90 s are not over");
    }
    await clock.advance(15_001);
    await closed;
    assert.deepEqual(errors, []);
  });

  it("a watch of much churn keeps a bounded queue and ends", async () => {
    const client = await deaf(listener.port, `${maps}?watch=true&resourceVersion=0&fieldSelector=metadata.name%3Dm0`);
    answered = 0;
    while (answered < 1) await turn();
    const before = heldBytes();
    for (let index = 0; index < 90; index++) await write("PUT", `${maps}/m0`, "m0", `${index}${"y".repeat(1_000_000)}`);
    const grown = heldBytes() - before;
    // 64 MB wait in the queue; the ring, the store's history and garbage are beside it.
    assert.ok(grown < 400 * megabyte, `${grown / megabyte} MB`);
    // What waited still comes, then the end: the client has to watch anew.
    let bytes = 0;
    client.on("data", (chunk: Uint8Array) => {
      bytes += chunk.length;
    });
    const closed = once(client, "close");
    client.resume();
    await settled(() => bytes);
    assert.ok(bytes < 100 * megabyte, `${bytes / megabyte} MB came`);
    client.end();
    await closed;
  });

  it("a watch that takes nothing at all loses its connection", async () => {
    ended.length = 0;
    const path = `${maps}?watch=true&resourceVersion=0`;
    const client = await deaf(listener.port, path);
    answered = 0;
    while (answered < 1) await turn();
    await settled(heldBytes);
    const closed = once(client, "close");
    for (let at = 0; at < 6; at++) await clock.advance(15_001);
    client.resume();
    await closed;
    assert.deepEqual(ended, [maps]);
  });
});

it("what a program writes to a client of exec that does not read stays with the program", async () => {
  let written = 0;
  const backend = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n");
      const chunk = new Uint8Array(megabyte);
      const more = (): void => {
        while (!socket.destroyed && written < 500 * megabyte) {
          written += chunk.length;
          if (!socket.write(chunk)) break;
        }
      };
      socket.on("drain", more);
      more();
    });
  });
  backend.listen(0, "127.0.0.1");
  await once(backend, "listening");
  const listener = await servePlain({
    handle: async () => ({ status: 404, headers: {} }),
    upgrade: async () => ({
      takeOver: (client, head) =>
        carryUpgrade(
          request({
            port: (backend.address() as AddressInfo).port,
            headers: { connection: "Upgrade", upgrade: "SPDY/3.1" },
          }),
          { client, head },
          (error) => error.message,
        ),
    }),
    clock: systemClock,
    log: silentLogger,
  });
  const client = connectTcp(listener.port, "127.0.0.1");
  client.on("error", () => {});
  client.write("POST /exec HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n\r\n");
  await once(client, "readable");
  client.pause();
  const taken = await settled(() => written);
  assert.ok(taken < 64 * megabyte, `${taken / megabyte} MB left the program`);
  const gone = once(backend, "close");
  client.destroy();
  backend.close();
  await listener.close();
  await gone;
});
