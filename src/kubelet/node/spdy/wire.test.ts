import assert from "node:assert/strict";
import { Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import transport from "spdy-transport";
import { connectSpdy } from "./wire.ts";

/** What a server sends that answers one stream with `text` and hangs up. */
async function recorded(text: string): Promise<Buffer> {
  const [near, far] = duplexPair();
  const sent: Buffer[] = [];
  const tap = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk);
      done();
    },
  });
  far.on("data", (chunk: Buffer) => tap.push(chunk));
  const server = transport.connection.create(tap, { protocol: "spdy", isServer: true });
  server.start(3.1);
  const answered = new Promise<void>((resolve) =>
    server.on("stream", (stream) => {
      stream.respond(200, {});
      stream.end(text, () => resolve());
    }),
  );
  const client = connectSpdy(near, new Uint8Array());
  client.on("error", () => {});
  client.start(3.1);
  client.request({ method: "POST", path: "/", host: "localhost", headers: {} }, () => {}).on("error", () => {});
  await answered;
  near.destroy();
  tap.destroy();
  return Buffer.concat(sent);
}

test("what came before the connection closed is handed on, though headers are inflated in the background", async () => {
  const answer = await recorded("said");
  const [near, far] = duplexPair();
  far.resume();
  const connection = connectSpdy(near, new Uint8Array());
  connection.on("error", () => {});
  connection.start(3.1);
  const stream = connection.request({ method: "POST", path: "/", host: "localhost", headers: {} }, () => {});
  stream.on("error", () => {});
  stream._spdyState.needResponse = false;
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk));
  const closed = new Promise<void>((resolve) => connection.on("close", () => resolve()));
  // Everything and the end in one go, as a busy machine reads it.
  far.write(answer, () => {
    far.end();
    near.destroy();
  });
  await closed;
  assert.equal(text, "said");
});

test("a connection that breaks while something is written to it ends", async () => {
  const answer = await recorded("said");
  let broken = false;
  const near = new Duplex({
    autoDestroy: false,
    read() {},
    write: (_chunk, _encoding, done) => done(broken ? new Error("write ECONNRESET") : null),
  });
  const connection = connectSpdy(near, new Uint8Array());
  connection.on("error", () => {});
  connection.start(3.1);
  const stream = connection.request({ method: "POST", path: "/", host: "localhost", headers: {} }, () => {});
  stream.on("error", () => {});
  stream._spdyState.needResponse = false;
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk));
  const closed = new Promise<void>((resolve) => connection.on("close", () => resolve()));
  near.push(answer);
  broken = true;
  stream.write("to nobody");
  setImmediate(() => near.destroy());
  await closed;
  assert.equal(text, "said");
});
