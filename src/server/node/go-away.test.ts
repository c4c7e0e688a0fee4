// `--goaway-chance`. Upstream: apiserver's server/filters/goaway.go.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { Agent, request as httpsRequest } from "node:https";
import { after, before, describe, it } from "node:test";
import { type Rng, seededRng, silentLogger, systemClock } from "../../base/index.ts";
import { httpTransport } from "../../client/node/index.ts";
import { type Authority, testAuthority } from "./certificates.fixture.ts";
import { type Listener, serveHttps } from "./listen.ts";

describe("a chance of GOAWAY", () => {
  let authority: Authority;
  let listener: Listener;
  /** What the next draws are; the chance is 0.01. */
  let draws: number[] = [];
  before(async () => {
    authority = testAuthority(seededRng(3));
    const { cert, key } = authority.issue({ commonName: "api", hosts: ["127.0.0.1"], usage: "server" });
    const rng: Rng = { ...seededRng(1), next: () => draws.shift() ?? 0.5 };
    listener = await serveHttps({
      handle: async ({ path }) => ({ status: 200, headers: {}, bytes: [new TextEncoder().encode(path)] }),
      clock: systemClock,
      log: silentLogger,
      port: 0,
      cert,
      key,
      clientCA: authority.cert,
      goAway: { chance: 0.01, rng },
    });
  });
  after(() => listener.close());
  const open = () => connectHttp2(`https://127.0.0.1:${listener.port}`, { ca: authority.cert });

  it("the answer is whole, then the connection ends; a draw at or above the chance leaves it", async () => {
    draws = [0.01, 0.5, 0.009];
    const session = open();
    const gone = once(session, "goaway");
    for (const path of ["/1", "/2", "/3"]) {
      assert.equal(session.destroyed || session.closed, false, path);
      const stream = session.request({ ":path": path });
      let body = "";
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      await once(stream, "end");
      assert.equal(body, path);
    }
    const [code, lastStream] = await gone;
    assert.deepEqual([code, lastStream], [0, 5]);
    if (!session.destroyed) await once(session, "close");
  });

  it("our own client goes on over a new connection", async () => {
    draws = [0, 0, 0.5];
    const transport = httpTransport({ server: `https://127.0.0.1:${listener.port}`, ca: authority.cert });
    for (const path of ["/a", "/b", "/c"]) {
      const answer = await transport.request({ method: "GET", path, headers: {} });
      assert.equal(answer.status, 200);
    }
    transport.close();
    assert.deepEqual(draws, []);
  });

  it("HTTP/1.1 has no such chance", async () => {
    draws = [0, 0];
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.cert });
    const ports = new Set<number>();
    for (let count = 0; count < 2; count++) {
      const request = httpsRequest({ agent, host: "127.0.0.1", port: listener.port, path: "/x" });
      request.end();
      const [response] = await once(request, "response");
      ports.add(response.socket.localPort);
      assert.notEqual(response.headers.connection, "close");
      response.resume();
      await once(response, "end");
    }
    agent.destroy();
    assert.deepEqual([ports.size, draws.length], [1, 2]);
  });
});
