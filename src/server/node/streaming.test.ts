// Logs, proxying and upgrades over real sockets: client → listener → pipeline's decision → a kubelet made for the test.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttps, type Server } from "node:https";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { after, before, describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import { nodes, pods } from "../../api/index.ts";
import { seededRng, silentLogger, systemClock } from "../../base/index.ts";
import type { ApiRequest, ApiResponse, KubeObject } from "../../machinery/index.ts";
import { alwaysAllow, alwaysDeny } from "../authz/modes.ts";
import { memoryObjects } from "../authz/reader.fixture.ts";
import type { Authorizer } from "../contract.ts";
import type { ConnectTarget, UpgradeDecision } from "../streaming/connect.ts";
import { connectHandler } from "../streaming/handler.ts";
import { testAuthority } from "./certificates.fixture.ts";
import { type Listener, servePlain } from "./listen.ts";
import { type NodeConnections, nodeConnections } from "./outbound/dialer.ts";
import { addressesOf } from "./outbound/lookup.ts";
import { upgradeHandler } from "./upgrade.ts";

const object = (kind: string, name: string, rest: object, namespace?: string): KubeObject =>
  ({
    apiVersion: "v1",
    kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
    ...rest,
  }) as KubeObject;

describe("streaming to a kubelet", () => {
  const authority = testAuthority(seededRng(3));
  const serving = authority.issue({ commonName: "kubelet", hosts: ["127.0.0.1"], usage: "server" });
  const client = authority.issue({ commonName: "apiserver", usage: "client" });
  const seen: string[] = [];
  let kubelet: Server;
  let connections: NodeConnections;
  let listener: Listener;
  let authorizer: Authorizer = alwaysAllow;
  let closedLogs = 0;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const socket = request.socket as TLSSocket;
    seen.push(`${request.method} ${request.url} ${socket.authorized} ${socket.getPeerCertificate().subject?.CN}`);
    if (request.url?.startsWith("/containerLogs/ns/p/c?follow")) {
      response.on("close", () => closedLogs++);
      response.write("first\n");
    } else if (request.url?.startsWith("/containerLogs")) response.end("line\n");
    else {
      response.statusCode = 403;
      response.end("no");
    }
  }

  const objects = memoryObjects();
  function targetOf(request: ApiRequest): ConnectTarget {
    const [, , , , namespace = "", resource = "", name = "", subresource = ""] = request.path.split("/");
    const query = request.query ?? new URLSearchParams();
    return {
      resource: resource as "pods",
      subresource,
      namespace,
      name,
      path: "",
      query,
      user: { username: "ann", groups: [] },
      request,
      reader: objects.reader,
      object: objects.reader.get(pods, namespace, name),
    };
  }

  before(async () => {
    kubelet = createHttps(
      { cert: serving.cert, key: serving.key, ca: authority.cert, requestCert: true, rejectUnauthorized: true },
      answer,
    );
    kubelet.on("upgrade", (request: IncomingMessage, socket, head) => {
      seen.push(
        `upgrade ${request.url} ${JSON.stringify([request.headers.authorization, request.headers["sec-websocket-protocol"]])}`,
      );
      if (request.url?.includes("/refuse")) {
        socket.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
        // A kubelet that keeps the connection open would take whatever comes next as a new request.
        socket.on("data", (chunk: Uint8Array) => seen.push(`leaked ${chunk}`));
        return;
      }
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Kubelet: yes\r\n\r\nhello ",
      );
      socket.write(head);
      socket.pipe(socket);
    });
    kubelet.listen(0, "127.0.0.1");
    await once(kubelet, "listening");
    const port = (kubelet.address() as AddressInfo).port;
    const status = {
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    };
    objects.set(nodes, object("Node", "n", { status }));
    objects.set(pods, object("Pod", "p", { spec: { nodeName: "n", containers: [{ name: "c" }] } }, "ns"));
    objects.set(pods, object("Pod", "refuse", { spec: { nodeName: "n", containers: [{ name: "c" }] } }, "ns"));
    objects.set(
      nodes,
      object("Node", "dead", { status: { ...status, daemonEndpoints: { kubeletEndpoint: { Port: 1 } } } }),
    );
    objects.set(pods, object("Pod", "dead", { spec: { nodeName: "dead", containers: [{ name: "c" }] } }, "ns"));
    connections = nodeConnections({ cert: client.cert, key: client.key, ca: authority.cert });
    const rng = seededRng(1);
    const connect = connectHandler({ dialer: connections, rng, lookup: addressesOf });
    const handle = (request: ApiRequest): Promise<ApiResponse> => connect(targetOf(request));
    const decideUpgrade = async (request: ApiRequest): Promise<UpgradeDecision> => ({
      type: "connect",
      target: targetOf(request),
    });
    const asked: Authorizer = {
      authorize: (attributes) => authorizer.authorize(attributes),
      rulesFor: alwaysAllow.rulesFor,
    };
    listener = await servePlain({
      handle,
      upgrade: upgradeHandler(
        { decideUpgrade, handle, authorizer: asked },
        { connections, log: silentLogger, rng, lookup: addressesOf },
      ),
      clock: systemClock,
      log: silentLogger,
    });
  });
  after(async () => {
    await listener.close();
    connections.close();
    kubelet.closeAllConnections();
    kubelet.close();
  });

  /** What comes back on a raw connection until it ends or holds `until`. */
  async function talk(
    path: string,
    options: { until?: string; method?: string; more?: string; headers?: string } = {},
  ): Promise<string> {
    const socket = connectTcp(listener.port, "127.0.0.1");
    socket.setEncoding("utf8");
    socket.write(
      `${options.method ?? "GET"} /api/v1/namespaces/ns/pods/${path} HTTP/1.1\r\nhost: api\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\nauthorization: Bearer secret\r\n${options.headers ?? ""}\r\n${options.more ?? ""}`,
    );
    let got = "";
    for await (const chunk of socket) {
      got += chunk;
      if (options.until !== undefined && got.includes(options.until)) break;
    }
    return got;
  }

  it("passes an upgrade through, early bytes and all", async () => {
    const got = await talk("p/exec?command=sh&stdin=true", { method: "POST", more: "early", until: "early" });
    assert.match(got, /^HTTP\/1\.1 101 Switching Protocols\r\n.*X-Kubelet: yes\r\n\r\nhello early$/s);
    assert.equal(seen.at(-1), "upgrade /exec/ns/p/c?command=sh&input=1 [null,null]");
  });

  it("keeps a browser's token to itself", async () => {
    const headers = "sec-websocket-protocol: base64url.bearer.authorization.k8s.io.c2VjcmV0, v5.channel.k8s.io\r\n";
    await talk("p/exec?command=sh", { headers, until: "hello" });
    assert.equal(seen.at(-1), 'upgrade /exec/ns/p/c?command=sh [null,"v5.channel.k8s.io"]');
  });

  it("gives a kubelet that refuses nothing more of the client's", async () => {
    const got = await talk("refuse/exec", { method: "POST", more: "GET /pods HTTP/1.1\r\n\r\n" });
    assert.match(got, /^HTTP\/1\.1 403 Forbidden\r\n.*no$/s);
    assert.ok(!seen.some((line) => line.startsWith("leaked")));
  });

  it("asks for create where a WebSocket begins with GET", async () => {
    authorizer = alwaysDeny;
    const got = await talk("p/exec?command=sh");
    authorizer = alwaysAllow;
    assert.match(got, /^HTTP\/1\.1 403 /);
    assert.match(got, /pods \\"p\\" is forbidden: Everything is forbidden\./);
  });

  it("says that a backend can not be reached", async () => {
    const got = await talk("dead/exec", { method: "POST" });
    assert.match(got, /^HTTP\/1\.1 500 .*error dialing backend: dial tcp 127\.0\.0\.1:1: connect: connection refused/s);
  });

  it("reads a log with the API server's certificate", async () => {
    const response = await fetch(`http://127.0.0.1:${listener.port}/api/v1/namespaces/ns/pods/p/log`);
    assert.deepEqual(
      [response.status, response.headers.get("content-type"), await response.text()],
      [200, "text/plain", "line\n"],
    );
    assert.equal(seen.at(-1), "GET /containerLogs/ns/p/c true apiserver");
  });

  it("ends a followed log when the client goes", async () => {
    const gone = new AbortController();
    const response = await fetch(`http://127.0.0.1:${listener.port}/api/v1/namespaces/ns/pods/p/log?follow=true`, {
      signal: gone.signal,
    });
    const reader = response.body!.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "first\n");
    gone.abort();
    while (closedLogs === 0) await once(kubelet, "never", { signal: AbortSignal.timeout(5) }).catch(() => {});
    assert.equal(closedLogs, 1);
  });
});
