import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { configMaps } from "../../api/index.ts";
import { isNotFound } from "../../machinery/index.ts";
import { createClient } from "../client.ts";
import { httpTransport } from "./http-transport.ts";
import { loadKubeconfig } from "./kubeconfig.ts";

const directory = mkdtempSync(join(tmpdir(), "kubeconfig-"));
after(() => rmSync(directory, { recursive: true, force: true }));

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

async function serve(answer: (seen: Seen, response: http.ServerResponse) => void) {
  const seen: Seen[] = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const one = { method: request.method!, url: request.url!, authorization: request.headers.authorization, body };
      seen.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const transport = httpTransport({
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: "secret",
  });
  return {
    seen,
    client: createClient(transport, { userAgent: "test/1" }),
    async close() {
      transport.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const json = (response: http.ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

test("requests carry credentials, queries and bodies; answers are decoded, refusals thrown", async () => {
  const house = await serve((seen, response) => {
    if (seen.method === "GET")
      json(response, 404, {
        kind: "Status",
        apiVersion: "v1",
        status: "Failure",
        reason: "NotFound",
        code: 404,
        message: "gone",
      });
    else json(response, 200, seen.body === "" ? {} : JSON.parse(seen.body));
  });
  const resource = house.client.of(configMaps);
  await assert.rejects(resource.get({ namespace: "n", name: "a/b" }), isNotFound);
  assert.equal(await resource.find({ namespace: "n", name: "x" }), undefined);
  await resource.delete({ namespace: "n", name: "x" }, { gracePeriodSeconds: 0 });
  await resource.patch({ namespace: "n", name: "x" }, { data: { a: "b" } }, { type: "merge", fieldManager: "m" });
  assert.deepEqual(
    house.seen.map(({ method, url, body }) => `${method} ${url} ${body}`),
    [
      "GET /api/v1/namespaces/n/configmaps/a%2Fb ",
      "GET /api/v1/namespaces/n/configmaps/x ",
      'DELETE /api/v1/namespaces/n/configmaps/x {"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0}',
      'PATCH /api/v1/namespaces/n/configmaps/x?fieldManager=m {"data":{"a":"b"}}',
    ],
  );
  assert.equal(house.seen[0]!.authorization, "Bearer secret");
  await assert.rejects(resource.get({ namespace: "", name: "x" }), /a namespace is needed/);
  await house.close();
});

test("items of a typed list get their kind; an answer of a proxy is told as it is", async () => {
  const house = await serve((seen, response) => {
    if (seen.url.endsWith("limit=1")) json(response, 200, { metadata: {}, items: [{ metadata: { name: "a" } }] });
    else response.writeHead(502).end("bad gateway");
  });
  const list = await house.client.of(configMaps).list({ limit: 1 });
  assert.deepEqual(list.items, [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }]);
  await assert.rejects(
    house.client.of(configMaps).list(),
    /the server answered 502 to GET \/api\/v1\/configmaps: bad gateway/,
  );
  await house.close();
});

test("a watch is read line by line, wherever the bytes are cut, and ends with the signal", async () => {
  const line = (type: string, name: string): string =>
    `${JSON.stringify({ type, object: { metadata: { name, resourceVersion: "5" } } })}\n`;
  const house = await serve((_, response) => {
    response.writeHead(200);
    const bytes = Buffer.from(line("ADDED", "é") + line("BOOKMARK", ""));
    response.write(bytes.subarray(0, 45));
    response.write(bytes.subarray(45));
  });
  const controller = new AbortController();
  const events: string[] = [];
  for await (const event of house.client.of(configMaps).watch({ signal: controller.signal })) {
    events.push(
      event.type === "BOOKMARK" ? `BOOKMARK ${event.resourceVersion}` : `${event.type} ${event.object.metadata.name}`,
    );
    if (events.length === 2) controller.abort();
  }
  assert.deepEqual(events, ["ADDED é", "BOOKMARK 5"]);
  await house.close();
});

test("discovery without aggregation names each resource once, in its preferred version", async () => {
  const resources = (...names: string[]) => ({
    resources: names.map((name) => ({ name, kind: name.toUpperCase(), namespaced: true, verbs: ["get"] })),
  });
  const answers: Readonly<Record<string, object>> = {
    "/api": { versions: ["v1"] },
    "/api/v1": resources("pods", "pods/status"),
    "/apis": {
      groups: [
        { name: "g", versions: [{ version: "v1beta1" }, { version: "v1" }], preferredVersion: { version: "v1" } },
      ],
    },
    "/apis/g/v1": resources("new"),
    "/apis/g/v1beta1": resources("new", "old"),
  };
  const house = await serve((seen, response) => json(response, 200, answers[seen.url]!));
  const found = await house.client.discover();
  assert.deepEqual(found.map((each) => `${each.group}/${each.version} ${each.resource}`).sort(), [
    "/v1 pods",
    "g/v1 new",
    "g/v1beta1 old",
  ]);
  await house.close();
});

test("a kubeconfig: context, certificate data, files beside it, and what is missing", () => {
  writeFileSync(join(directory, "token"), "from-file\n");
  const path = join(directory, "config");
  writeFileSync(
    path,
    JSON.stringify({
      "current-context": "one",
      clusters: [
        {
          name: "c",
          cluster: { server: "https://h:1", "certificate-authority-data": Buffer.from("CA").toString("base64") },
        },
      ],
      users: [{ name: "u", user: { tokenFile: "token" } }],
      contexts: [
        { name: "one", context: { cluster: "c", user: "u", namespace: "n" } },
        { name: "two", context: { cluster: "missing" } },
      ],
    }),
  );
  const loaded = loadKubeconfig(path);
  assert.deepEqual(
    [loaded.namespace, loaded.transport.server, Buffer.from(loaded.transport.ca!).toString()],
    ["n", "https://h:1", "CA"],
  );
  assert.equal(typeof loaded.transport.token === "function" && loaded.transport.token(), "from-file");
  assert.throws(() => loadKubeconfig(path, "two"), /"missing" is not in .*config; it has: c/);
  assert.throws(() => loadKubeconfig(path, "three"), /"three" is not in .*it has: one, two/);
  assert.throws(() => loadKubeconfig(join(directory, "nothing")), /cannot read the kubeconfig/);
});
