// A small extension server behind an API server, over real sockets.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { after, before, describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import { type APIService, apiServices, endpointSlices, services } from "../../api/index.ts";
import { seededRng, silentLogger, systemClock } from "../../base/index.ts";
import type { KubeObject, UserInfo } from "../../machinery/index.ts";
import { testAuthority } from "../node/certificates.fixture.ts";
import { type Listener, servePlain } from "../node/listen.ts";
import { createExtensionDialer } from "../node/outbound/extensions.ts";
import { upgradeHandler } from "../node/upgrade.ts";
import { ask } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const ann: UserInfo = {
  username: "ann",
  uid: "7",
  groups: ["readers", "system:authenticated"],
  extra: { "Example.com/Scope": ["a", "b"] },
};

interface Seen {
  readonly line: string;
  readonly headers: IncomingMessage["headersDistinct"];
  readonly peer: string;
}

const seen: Seen[] = [];

/** Answers as an API server with one group version: two widgets, a watch of one event, documents. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const { method, url = "" } = request;
  const peer = String((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
  seen.push({ line: `${method} ${url}`, headers: request.headersDistinct, peer });
  const send = (body: unknown, type = "application/json"): void => {
    response.setHeader("content-type", type);
    response.end(JSON.stringify(body));
  };
  if (url === "/apis") {
    const widgets = { resource: "widgets", scope: "Namespaced", singularResource: "widget", verbs: ["list"] };
    const versions = [{ version: "v1", resources: [widgets], freshness: "Current" }];
    send({ kind: "APIGroupDiscoveryList", items: [{ metadata: { name: "x.example.com" }, versions }] }, aggregatedType);
  } else if (url.includes("watch=true")) {
    response.write(`${JSON.stringify({ type: "ADDED", object: { kind: "Widget", metadata: { name: "w" } } })}\n`);
  } else if (url.endsWith("/redirect")) {
    response.writeHead(302, { location: "https://elsewhere.example.com/" });
    response.end();
  } else if (url === "/openapi/v3")
    send({ paths: { "apis/x.example.com/v1": { serverRelativeURL: "/openapi/v3/apis/x.example.com/v1?hash=1" } } });
  else if (url.startsWith("/openapi/v3/")) send({ openapi: "3.0.0", info: { title: "widgets" } });
  else if (url === "/openapi/v2") {
    const paths = { "/apis/x.example.com/v1/widgets": {}, "/elsewhere": {} };
    send({ swagger: "2.0", paths, definitions: { "com.example.x.Widget": { type: "object" } } });
  } else send({ kind: "WidgetList", apiVersion: "x.example.com/v1", items: [], asked: `${method} ${url}` });
}

const service = (name: string, spec: object): KubeObject =>
  ({ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default" }, spec }) as unknown as KubeObject;

const apiService = (name: string, spec: object): APIService =>
  ({
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name },
    spec: { groupPriorityMinimum: 100, versionPriority: 10, ...spec },
  }) as APIService;

describe("aggregation", () => {
  const authority = testAuthority(seededRng(5));
  const serving = authority.issue({ commonName: "widgets", hosts: ["widgets.default.svc"], usage: "server" });
  const proxy = authority.issue({ commonName: "front-proxy-client", usage: "client" });
  let extension: Server;
  let server: TestServer;
  let listener: Listener;
  let port = 0;

  /** Resolves with the reason once the APIService has it. */
  const reason = (name: string, wanted: string): Promise<string> =>
    new Promise((resolve) => {
      const stop = server.reader.subscribe(apiServices, {
        upsert(each) {
          const [condition] = each.status?.conditions ?? [];
          if (each.metadata.name !== name || condition?.reason !== wanted) return;
          queueMicrotask(() => stop());
          resolve(condition.message ?? "");
        },
        remove: () => {},
      });
    });

  const register = async (): Promise<void> => {
    await server.writer.create(
      apiServices,
      apiService("v1.x.example.com", {
        group: "x.example.com",
        version: "v1",
        caBundle: btoa(authority.cert),
        service: { namespace: "default", name: "widgets", port },
      }),
    );
  };

  before(async () => {
    extension = createServer({ ...serving, ca: authority.cert, requestCert: true, rejectUnauthorized: true }, answer);
    extension.on("upgrade", (request: IncomingMessage, socket) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
      socket.write(`hello ${request.headers["x-remote-user"]}`);
      socket.on("data", (chunk: Uint8Array) => socket.end(chunk));
    });
    extension.listen(0, "127.0.0.1");
    await once(extension, "listening");
    port = (extension.address() as AddressInfo).port;
    server = await testServer({ aggregation: { dialer: createExtensionDialer(proxy) } });
    listener = await servePlain({
      handle: server.handle,
      upgrade: upgradeHandler(server),
      clock: systemClock,
      log: silentLogger,
    });
    const spec = { type: "ExternalName", externalName: "localhost", ports: [{ port }] };
    await server.writer.create(services, service("widgets", spec));
    await register();
    await reason("v1.x.example.com", "Passed");
  });

  after(async () => {
    await listener.close();
    await server.close();
    extension.closeAllConnections();
    extension.close();
  });

  it("passes requests on, with who asks and without the client's credentials", async () => {
    seen.length = 0;
    const headers = { authorization: "Bearer secret", "x-remote-user": "root", "audit-id": "a-1" };
    const { response } = await ask(server, "GET /apis/x.example.com/v1/widgets?limit=2", { user: ann, headers });
    const chunks: string[] = [];
    for await (const chunk of response.stream!) chunks.push(new TextDecoder().decode(chunk));
    assert.equal(response.status, 200);
    assert.equal(JSON.parse(chunks.join("")).asked, "GET /apis/x.example.com/v1/widgets?limit=2");
    const request = seen.find(({ line }) => line.endsWith("?limit=2"));
    assert.equal(request?.peer, "front-proxy-client");
    assert.deepEqual(
      [
        "x-remote-user",
        "x-remote-uid",
        "x-remote-group",
        "x-remote-extra-example.com%2fscope",
        "audit-id",
        "authorization",
      ].map((name) => request?.headers[name]),
      [["ann"], ["7"], ["readers", "system:authenticated"], ["a", "b"], ["a-1"], undefined],
    );
  });

  it("hands objects and watch events to callers in process", async () => {
    const transport = server.transport();
    const list = await transport.request({ method: "GET", path: "/apis/x.example.com/v1/widgets", headers: {} });
    assert.equal((list.object as KubeObject).kind, "WidgetList");
    const gone = new AbortController();
    const watch = await transport.request({
      method: "GET",
      path: "/apis/x.example.com/v1/widgets",
      query: new URLSearchParams({ watch: "true" }),
      headers: {},
      signal: gone.signal,
    });
    for await (const [frame] of watch.watch!) {
      assert.deepEqual([frame?.type, frame?.object?.metadata.name], ["ADDED", "w"]);
      break;
    }
    gone.abort();
  });

  it("answers redirects itself", async () => {
    const { response, text } = await ask(server, "GET /apis/x.example.com/v1/redirect");
    assert.deepEqual(
      [response.status, text],
      [502, "the backend attempted to redirect this request, which is not permitted"],
    );
  });

  it("merges discovery and OpenAPI", async () => {
    const groups = (await ask(server, "GET /apis")).body["groups"] as unknown as { name: string }[];
    assert.equal(groups.at(-1)?.name, "x.example.com");
    assert.deepEqual((await ask(server, "GET /apis/x.example.com")).body["preferredVersion"], {
      groupVersion: "x.example.com/v1",
      version: "v1",
    });
    const { text } = await ask(server, "GET /apis", { headers: { accept: aggregatedType } });
    const list = JSON.parse(text) as {
      items: { versions: { freshness: string; resources: { resource: string }[] }[] }[];
    };
    const [version] = list.items.at(-1)?.versions ?? [];
    assert.deepEqual([version?.freshness, version?.resources[0]?.resource], ["Current", "widgets"]);
    const index = JSON.parse((await ask(server, "GET /openapi/v3")).text) as { paths: Record<string, unknown> };
    assert.ok(index.paths["apis/x.example.com/v1"] !== undefined && index.paths["api/v1"] !== undefined);
    const v3 = await ask(server, "GET /openapi/v3/apis/x.example.com/v1?hash=1");
    assert.equal((v3.body["info"] as unknown as { title: string }).title, "widgets");
    const v2 = (await ask(server, "GET /openapi/v2")).body;
    assert.ok("/apis/x.example.com/v1/widgets" in v2["paths"]! && !("/elsewhere" in v2["paths"]!));
    assert.ok("com.example.x.Widget" in v2["definitions"]! && "io.k8s.api.core.v1.Pod" in v2["definitions"]!);
  });

  it("upgrades connections", async () => {
    // On a busy machine a check of the server may have timed out meanwhile.
    await reason("v1.x.example.com", "Passed");
    const socket = connect(listener.port, "127.0.0.1");
    socket.write(
      "GET /apis/x.example.com/v1/namespaces/n/widgets/w/talk HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
    );
    let got = "";
    socket.on("data", (chunk: Uint8Array) => {
      got += new TextDecoder().decode(chunk);
      if (got.endsWith("hello system:anonymous")) socket.write("ping");
      else if (!got.startsWith("HTTP/1.1 101 ".slice(0, got.length))) socket.destroy();
    });
    await once(socket, "close");
    assert.match(got, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(got, /hello system:anonymousping$/);
  });

  it("says why an extension server cannot be used, and recovers", async () => {
    const spec = (name: string, target: number) => ({
      group: `${name}.example.com`,
      version: "v1",
      insecureSkipTLSVerify: true,
      service: { namespace: "default", name, port: target },
    });
    await server.writer.create(apiServices, apiService("v1.lost.example.com", spec("lost", 443)));
    assert.equal(await reason("v1.lost.example.com", "ServiceNotFound"), 'service/lost in "default" is not present');
    const answered = await ask(server, "GET /apis/lost.example.com/v1/things");
    assert.deepEqual([answered.code, answered.text], [503, "service unavailable\n"]);
    await server.writer.create(services, service("lost", { ports: [{ port: 444, name: "p" }] }));
    assert.equal(
      await reason("v1.lost.example.com", "ServicePortError"),
      'service/lost in "default" is not listening on port 443',
    );
    const ports = [{ port: 443, name: "p" }];
    await server.writer.update(services, { namespace: "default", name: "lost" }, (old) => ({
      ...old,
      spec: { ...old.spec, ports },
    }));
    assert.equal(
      await reason("v1.lost.example.com", "EndpointsNotFound"),
      'cannot find endpointslices for service/lost in "default"',
    );
    await server.writer.create(endpointSlices, {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "lost-1", namespace: "default", labels: { "kubernetes.io/service-name": "lost" } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.0.0.9"], conditions: { ready: false } }],
      ports,
    } as never);
    assert.equal(
      await reason("v1.lost.example.com", "MissingEndpoints"),
      'endpointslices for service/lost in "default" have no addresses with port name "p"',
    );
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const closed = (free.address() as AddressInfo).port;
    free.close();
    const nobody = { type: "ExternalName", externalName: "127.0.0.1", ports: [{ port: closed }] };
    await server.writer.create(services, service("nobody", nobody));
    await server.writer.create(apiServices, apiService("v1.nobody.example.com", spec("nobody", closed)));
    const url = `https://127.0.0.1:${closed}/apis/nobody.example.com/v1`;
    assert.equal(
      await reason("v1.nobody.example.com", "FailedDiscoveryCheck"),
      `failing or missing response from ${url}: Get "${url}": dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    );
  });

  it("registers what this server answers itself", async () => {
    const list = server.reader.list(apiServices);
    const apps = list.find(({ metadata }) => metadata.name === "v1.apps");
    assert.deepEqual(
      [apps?.metadata.labels, apps?.spec, apps?.status?.conditions?.[0]?.reason],
      [
        { "kube-aggregator.kubernetes.io/automanaged": "onstart" },
        { group: "apps", version: "v1", groupPriorityMinimum: 17800, versionPriority: 15 },
        "Local",
      ],
    );
    assert.equal(
      list.some(({ metadata }) => metadata.name === "v1.apiregistration.k8s.io"),
      false,
    );
  });

  it("takes a group back when its APIService is deleted", async () => {
    await server.writer.remove(apiServices, { namespace: "", name: "v1.x.example.com" });
    const { code, text } = await ask(server, "GET /apis/x.example.com/v1/widgets");
    assert.deepEqual([code, text], [404, "404 page not found\n"]);
    assert.equal((await ask(server, "GET /apis/x.example.com")).code, 404);
  });
});
