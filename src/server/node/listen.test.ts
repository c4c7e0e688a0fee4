import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { connect as connectTcp } from "node:net";
import { after, before, describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { seededRng, silentLogger, systemClock, VirtualClock } from "../../base/index.ts";
import type { ApiRequest, ApiResponse, Handle, Identity, WatchFrame } from "../../machinery/index.ts";
import { type Authority, testAuthority } from "./certificates.fixture.ts";
import { type Listener, serveHttps, servePlain } from "./listen.ts";

const text = (value: string): readonly Uint8Array[] => [new TextEncoder().encode(value)];

/** What the server under test saw, and how each path answers. */
class World {
  readonly seen: { request: ApiRequest; identity: Identity }[] = [];
  aborted = 0;
  readonly abortSeen: Promise<void>;
  #abort!: () => void;
  returned = 0;

  constructor() {
    this.abortSeen = new Promise((resolve) => {
      this.#abort = resolve;
    });
  }

  readonly handle: Handle = async (request, identity): Promise<ApiResponse> => {
    this.seen.push({ request, identity });
    const headers = { "content-type": "application/json" };
    switch (request.path) {
      case "/watch":
        return { status: 200, headers, watch: this.#frames(3) };
      case "/endless":
        return { status: 200, headers, watch: this.#endless(request.signal!) };
      case "/flood":
        return { status: 200, headers, stream: this.#flood() };
      case "/empty":
        return { status: 204, headers: {} };
      case "/warned":
        return { status: 200, headers: { ...headers, warning: ['299 - "a"', '299 - "b"'] }, bytes: text("{}") };
      case "/broken":
        throw new Error("boom");
      default: {
        const body = request.body instanceof Uint8Array ? request.body.length : 0;
        return { status: 200, headers, bytes: [...text(`{"body":`), ...text(`${body}}`)] };
      }
    }
  };

  async *#frames(count: number): AsyncGenerator<readonly WatchFrame[]> {
    for (let index = 0; index < count; index++) yield [{ type: "ADDED", bytes: text(`{"n":${index}}\n`)[0]! }];
  }
  async *#endless(signal: AbortSignal): AsyncGenerator<readonly WatchFrame[]> {
    yield [{ type: "ADDED", bytes: text("{}\n")[0]! }];
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    this.aborted++;
    this.#abort();
  }
  async *#flood(): AsyncGenerator<Uint8Array> {
    const chunk = new Uint8Array(1 << 16);
    try {
      for (;;) yield chunk;
    } finally {
      this.returned++;
      this.#abort();
    }
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

function over2(
  session: ClientHttp2Session,
  path: string,
  options: { method?: string; body?: Uint8Array } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(
      { ":path": path, ":method": options.method ?? "GET" },
      { endStream: options.body === undefined },
    );
    let headers: Record<string, unknown> = {};
    let body = "";
    stream.setEncoding("utf8");
    stream.on("response", (got) => {
      headers = got;
    });
    stream.on("data", (chunk: string) => {
      body += chunk;
    });
    stream.on("end", () => resolve({ status: Number(headers[":status"]), headers, body }));
    stream.on("error", reject);
    if (options.body !== undefined) stream.end(options.body);
  });
}

function over1(
  port: number,
  path: string,
  options: { method?: string; body?: Uint8Array; tls?: object } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const make = options.tls === undefined ? httpRequest : httpsRequest;
    const request = make(
      { host: "127.0.0.1", port, path, method: options.method ?? "GET", agent: false, ...options.tls },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(options.body);
  });
}

describe("HTTPS listener", () => {
  let authority: Authority;
  let world: World;
  let listener: Listener;
  let session: ClientHttp2Session;
  before(async () => {
    authority = testAuthority(seededRng(1));
    world = new World();
    const serving = authority.issue({
      commonName: "kube-apiserver",
      hosts: ["127.0.0.1", "localhost"],
      usage: "server",
    });
    listener = await serveHttps({
      handle: world.handle,
      clock: systemClock,
      log: silentLogger,
      port: 0,
      cert: serving.cert,
      key: serving.key,
      clientCA: authority.cert,
    });
    session = connectHttp2(`https://127.0.0.1:${listener.port}`, { ca: authority.cert });
  });
  after(async () => {
    session.destroy();
    await listener.close();
  });

  it("answers over HTTP/2 with the length of the body", async () => {
    const answer = await over2(session, "/api?limit=5&labelSelector=a%3Db");
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-length"], "10");
    assert.equal(answer.body, '{"body":0}');
    const { request } = world.seen.at(-1)!;
    assert.equal(request.path, "/api");
    assert.equal(request.query?.get("labelSelector"), "a=b");
    assert.equal(request.headers["host"], `127.0.0.1:${listener.port}`);
  });

  it("answers over HTTP/1.1", async () => {
    const tls = { ca: authority.cert };
    const answer = await over1(listener.port, "/api", { method: "POST", body: new Uint8Array(70_000), tls });
    assert.deepEqual([answer.status, answer.body, answer.headers["content-length"]], [200, '{"body":70000}', "14"]);
  });

  it("keeps an idle HTTP/1.1 connection as long as upstream", async () => {
    const agent = new HttpsAgent({ keepAlive: true });
    const answer = await over1(listener.port, "/api", { tls: { ca: authority.cert, agent } });
    assert.equal(answer.headers["keep-alive"], "timeout=90");
    agent.destroy();
  });

  it("sends no body for HEAD, 204 and repeats warnings", async () => {
    for (const send of [
      (path: string, method?: string) => over2(session, path, method ? { method } : {}),
      (path: string, method?: string) =>
        over1(listener.port, path, { tls: { ca: authority.cert }, ...(method ? { method } : {}) }),
    ]) {
      const head = await send("/api", "HEAD");
      assert.deepEqual([head.status, head.body, head.headers["content-length"]], [200, "", "10"]);
      assert.equal((await send("/watch", "HEAD")).body, "");
      assert.deepEqual([(await send("/empty")).status, (await send("/empty")).body], [204, ""]);
      assert.equal((await send("/warned")).headers["warning"], '299 - "a", 299 - "b"');
    }
  });

  it("streams a watch to its end", async () => {
    const expected = '{"n":0}\n{"n":1}\n{"n":2}\n';
    assert.equal((await over2(session, "/watch")).body, expected);
    const http1 = await over1(listener.port, "/watch", { tls: { ca: authority.cert } });
    assert.deepEqual([http1.body, http1.headers["transfer-encoding"]], [expected, "chunked"]);
  });

  it("cuts a body above the limit while it arrives", async () => {
    const large = new Uint8Array(3 * 1024 * 1024 + 1);
    const answer = await over2(session, "/api", { method: "POST", body: large });
    assert.equal(answer.status, 413);
    assert.equal(JSON.parse(answer.body).message, "Request entity too large: limit is 3145728");
    const fits = await over2(session, "/api", { method: "POST", body: large.subarray(1) });
    assert.equal(fits.body, '{"body":3145728}');
  });

  it("answers 500 when the pipeline throws", async () => {
    const answer = await over2(session, "/broken");
    assert.equal(answer.status, 500);
    assert.equal(JSON.parse(answer.body).message, "Internal error occurred: boom");
  });

  it("tells the pipeline when the client is gone", async () => {
    const stream = session.request({ ":path": "/endless" });
    await new Promise((resolve) => stream.once("data", resolve));
    stream.close(8);
    await world.abortSeen;
    assert.equal(world.aborted, 1);
  });

  it("takes verified client certificates and no others", async () => {
    const client = authority.issue({
      commonName: "system:node:a, O=x",
      organizations: ["system:nodes", "b"],
      usage: "client",
    });
    await over1(listener.port, "/who", { tls: { ca: authority.cert, cert: client.cert, key: client.key } });
    const identity = world.seen.at(-1)!.identity;
    assert.ok(identity.kind === "peer");
    assert.equal(identity.peer.certificate?.commonName, "system:node:a, O=x");
    assert.deepEqual([...identity.peer.certificate!.organizations].sort(), ["b", "system:nodes"]);

    const stranger = testAuthority(seededRng(2)).issue({
      commonName: "kubernetes-admin",
      organizations: ["system:masters"],
      usage: "client",
    });
    await over1(listener.port, "/who", { tls: { ca: authority.cert, cert: stranger.cert, key: stranger.key } });
    const other = world.seen.at(-1)!.identity;
    assert.ok(other.kind === "peer");
    assert.equal(other.peer.certificate, undefined);
    assert.match(other.peer.certificateError ?? "", /^x509: /);
  });

  it("hands out a reloaded certificate", async () => {
    const next = authority.issue({ commonName: "renewed", hosts: ["127.0.0.1"], usage: "server" });
    listener.reload({ cert: next.cert, key: next.key });
    const socket = connectTls({ host: "127.0.0.1", port: listener.port, ca: authority.cert });
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    assert.equal(socket.getPeerCertificate().subject.CN, "renewed");
    socket.destroy();
  });
});

describe("plain listener", () => {
  it("speaks both HTTP versions on one port", async () => {
    const world = new World();
    const listener = await servePlain({ handle: world.handle, clock: systemClock, log: silentLogger });
    assert.equal((await over1(listener.port, "/api")).body, '{"body":0}');
    const session = connectHttp2(`http://127.0.0.1:${listener.port}`);
    assert.equal((await over2(session, "/api", { method: "POST", body: new Uint8Array(9) })).body, '{"body":9}');
    session.destroy();
    await listener.close();
  });

  it("ends a client that does not read", { timeout: 20_000 }, async () => {
    const clock = new VirtualClock();
    const world = new World();
    const listener = await servePlain({
      handle: world.handle,
      clock,
      log: silentLogger,
      stallMs: 20_000,
      pingMs: 10_000,
    });
    const socket = connectTcp(listener.port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.pause();
    socket.write("GET /flood HTTP/1.1\r\nhost: x\r\n\r\n");
    while (world.returned === 0) await clock.advance(10_000);
    assert.equal(world.returned, 1);
    socket.resume();
    await closed;
    await listener.close();
  });

  it("ends an HTTP/2 peer that leaves pings unanswered", async () => {
    const clock = new VirtualClock();
    const listener = await servePlain({ handle: new World().handle, clock, log: silentLogger, pingMs: 10_000 });
    const socket = connectTcp(listener.port, "127.0.0.1");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume();
    // The preface and an empty SETTINGS frame, then silence.
    socket.write(
      Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]),
    );
    await new Promise((resolve) => socket.once("data", resolve));
    await clock.advance(30_000);
    await closed;
    await listener.close();
  });

  it("hands an upgrade over, or refuses it with a Status", async () => {
    const world = new World();
    const listener = await servePlain({
      handle: world.handle,
      clock: systemClock,
      log: silentLogger,
      upgrade: async (request) =>
        request.path === "/echo"
          ? {
              takeOver: (socket, head) => {
                socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
                socket.write(head);
                socket.pipe(socket);
              },
            }
          : { status: 403, headers: { "content-type": "application/json" }, bytes: text('{"kind":"Status"}') },
    });
    const talk = async (path: string): Promise<string> => {
      const socket = connectTcp(listener.port, "127.0.0.1");
      socket.setEncoding("utf8");
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nearly`);
      let got = "";
      for await (const chunk of socket) {
        got += chunk;
        if (got.endsWith("early")) socket.end();
      }
      return got;
    };
    assert.match(await talk("/echo"), /^HTTP\/1\.1 101 .*\r\n\r\nearly$/s);
    assert.match(await talk("/no"), /^HTTP\/1\.1 403 .*content-length: 17.*\r\n\r\n\{"kind":"Status"\}$/s);
    await listener.close();
  });
});
