// The transport over TLS, against Node's own HTTP/2 server: an end that is not ours.
import assert from "node:assert/strict";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { seededRng } from "../../base/index.ts";
import type { ApiResponse } from "../../machinery/index.ts";
import { testAuthority } from "../../server/node/certificates.fixture.ts";
import { httpTransport } from "./http-transport.ts";

const authority = testAuthority(seededRng(7));
const server = authority.issue({ commonName: "server", usage: "server", hosts: ["127.0.0.1"] });

async function serve(answer: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void) {
  const sessions: http2.ServerHttp2Session[] = [];
  const house = http2.createSecureServer({ key: server.key, cert: server.cert });
  house.on("session", (session) => sessions.push(session));
  house.on("stream", answer);
  await new Promise<void>((resolve) => house.listen(0, "127.0.0.1", resolve));
  const { port } = house.address() as AddressInfo;
  const transport = httpTransport({ server: `https://127.0.0.1:${port}`, ca: authority.cert, token: "secret" });
  return {
    sessions,
    transport,
    async close() {
      transport.close();
      for (const each of sessions) each.destroy();
      await new Promise((resolve) => house.close(resolve));
    },
  };
}

async function textOf(answer: ApiResponse): Promise<string> {
  const chunks = [...(answer.bytes ?? [])];
  if (answer.stream !== undefined) for await (const chunk of answer.stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("requests and answers of any length; fields that come again", async () => {
  const { transport, close } = await serve((stream, headers) => {
    let body = "";
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    stream.on("end", () => {
      stream.respond({ ":status": 201, "x-own": ["one", "two"] });
      stream.end(`${headers[":method"]} ${headers[":path"]} ${headers.authorization} ${body}`);
    });
  });
  const letters = "x".repeat(300_000);
  const answers = await Promise.all(
    [1, 2, 3].map((index) =>
      transport.request({ method: "POST", path: `/${index}`, headers: {}, body: new TextEncoder().encode(letters) }),
    ),
  );
  for (const [index, answer] of answers.entries()) {
    assert.equal(answer.status, 201);
    assert.deepEqual(answer.headers["x-own"], ["one", "two"]);
    assert.equal(await textOf(answer), `POST /${index + 1} Bearer secret ${letters}`);
  }
  await close();
});

test("a server that ends its sessions is asked on a new one; what runs there goes on", async () => {
  const { transport, sessions, close } = await serve((stream) => {
    stream.respond({ ":status": 200 });
    stream.write("a");
    setImmediate(() => stream.end("b"));
  });
  const first = await transport.request({ method: "GET", path: "/", headers: {} });
  sessions[0]!.goaway();
  assert.equal(await textOf(first), "ab");
  assert.equal(await textOf(await transport.request({ method: "GET", path: "/", headers: {} })), "ab");
  await close();
});

test("a session that breaks fails what runs on it", async () => {
  const { transport, sessions, close } = await serve((stream) => {
    stream.on("error", () => {});
    stream.respond({ ":status": 200 });
    stream.write("a");
  });
  const { stream } = await transport.request({ method: "GET", path: "/", headers: {} });
  const reading = textOf({ status: 200, headers: {}, stream: stream! });
  sessions[0]!.destroy();
  await assert.rejects(reading, /127\.0\.0\.1/);
  await close();
});

test("a signal ends a request, and an answer", async () => {
  const { transport, close } = await serve((stream, headers) => {
    stream.on("error", () => {});
    if (headers[":path"] !== "/never") stream.respond({ ":status": 200 });
  });
  for (const path of ["/never", "/endless"]) {
    const controller = new AbortController();
    const asking = transport.request({ method: "GET", path, headers: {}, signal: controller.signal }).then(textOf);
    setImmediate(() => controller.abort(new Error("enough")));
    await assert.rejects(asking, /enough/);
  }
  await close();
});

test("a renewed certificate is shown on the next connection, and the one before ends", async () => {
  const { cert, key } = server;
  const shown: string[] = [];
  const house = http2.createSecureServer({ key, cert, ca: authority.cert, requestCert: true });
  house.on("stream", (stream: http2.ServerHttp2Stream) => {
    const { subject } = (stream.session!.socket as TLSSocket).getPeerCertificate();
    shown.push(subject.CN as string);
    stream.respond({ ":status": 200 });
    stream.end();
  });
  await new Promise<void>((resolve) => house.listen(0, "127.0.0.1", resolve));
  const { port } = house.address() as AddressInfo;
  let own = authority.issue({ commonName: "first", usage: "client" });
  const transport = httpTransport({
    server: `https://127.0.0.1:${port}`,
    ca: authority.cert,
    certificate: () => own,
  });
  const ask = () => transport.request({ method: "GET", path: "/", headers: {} });
  await ask();
  own = authority.issue({ commonName: "second", usage: "client" });
  await ask();
  transport.reconnect();
  await ask();
  await ask();
  assert.deepEqual(shown, ["first", "first", "second", "second"]);
  transport.close();
  await new Promise((resolve) => house.close(resolve));
});
