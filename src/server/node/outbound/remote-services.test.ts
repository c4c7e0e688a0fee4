// Services that the API server is told of by kubeconfig files, over real TLS with client certificates: image policies and audit events.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import { MetricRegistry, seededRng, silentLogger, systemClock } from "../../../base/index.ts";
import { createAuditor } from "../../audit/auditor.ts";
import { lostEvents } from "../../audit/backend.ts";
import { parseAuditPolicy } from "../../audit/policy.ts";
import { webhookBackend } from "../../audit/webhook.ts";
import type { RemoteEndpoint } from "../../contract.ts";
import { remoteWebhook } from "../../remote/webhook.ts";
import { ask } from "../../request.fixture.ts";
import { testServer } from "../../testing.ts";
import { testAuthority } from "../certificates.fixture.ts";
import { type Json, type JsonService, type Said, startJsonService } from "./json-service.fixture.ts";
import { webhookConnections } from "./webhooks.ts";

const authority = testAuthority(seededRng(21));
const serving = authority.issue({ commonName: "service", hosts: ["127.0.0.1"], usage: "server" });
const own = authority.issue({ commonName: "kube-apiserver", usage: "client" });

describe("services named by kubeconfigs", () => {
  let service: JsonService;
  let endpoint: RemoteEndpoint;
  let seen: { path: string; client: string; authorization: string | undefined; body: Json }[] = [];
  let behaviour: (body: Json) => Said;
  const calls = webhookConnections();

  before(async () => {
    const tls = { cert: serving.cert, key: serving.key, ca: authority.cert, requestCert: true };
    service = await startJsonService(tls, (body, request) => {
      const client = String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "");
      seen.push({ path: request.url ?? "", client, authorization: request.headers.authorization, body });
      return behaviour(body);
    });
    endpoint = {
      url: `https://127.0.0.1:${service.port}/told`,
      authorities: authority.cert,
      certificate: own.cert,
      key: own.key,
      authorization: () => "Bearer t",
    };
  });
  after(async () => {
    calls.close();
    await service.close();
  });

  const pod = (image: string, annotations = {}) => ({
    metadata: { generateName: "p-", annotations },
    spec: { containers: [{ name: "c", image }], initContainers: [{ name: "i", image: "init" }] },
  });

  async function withPolicy(policy: Json, body: (server: Awaited<ReturnType<typeof testServer>>) => Promise<void>) {
    seen = [];
    const server = await testServer({
      webhooks: calls,
      remoteEndpoint: () => endpoint,
      admission: {
        enable: ["ImagePolicyWebhook"],
        disable: ["ServiceAccount"],
        configuration: { ImagePolicyWebhook: { imagePolicy: { kubeConfigFile: "k", retryBackoff: 1, ...policy } } },
      },
    });
    try {
      await body(server);
    } finally {
      await server.close();
    }
  }
  const review = (status: Json): Said => ({
    body: { kind: "ImageReview", apiVersion: "imagepolicy.k8s.io/v1alpha1", status },
  });
  const line = "POST /api/v1/namespaces/default/pods";

  it("say which images may run, and are not asked twice", () =>
    withPolicy({}, async (server) => {
      behaviour = (body) => {
        const spec = body["spec"] as { containers: { image: string }[] };
        const bad = spec.containers.some(({ image }) => image === "bad");
        return review(bad ? { allowed: false, reason: "not signed" } : { allowed: true });
      };
      const annotations = { note: "x", "mycluster.image-policy.k8s.io/ticket": "break-glass" };
      for (let count = 0; count < 2; count++) {
        const { code, text } = await ask(server, line, { body: pod("good", annotations) });
        assert.equal(code, 201, text);
      }
      assert.deepEqual(seen, [
        {
          path: "/told",
          client: "kube-apiserver",
          authorization: "Bearer t",
          body: {
            kind: "ImageReview",
            apiVersion: "imagepolicy.k8s.io/v1alpha1",
            metadata: {},
            spec: {
              containers: [{ image: "good" }, { image: "init" }],
              annotations: { "mycluster.image-policy.k8s.io/ticket": "break-glass" },
              namespace: "default",
            },
            status: { allowed: false },
          },
        },
      ]);
      const refused = await ask(server, line, { body: pod("bad") });
      assert.equal(refused.code, 403);
      assert.match(
        String(refused.body["message"]),
        /^pods "p-\w+" is forbidden: image policy webhook backend denied one or more images: not signed$/,
      );
      behaviour = () => review({ allowed: false });
      assert.match(
        String((await ask(server, line, { body: pod("worse") })).body["message"]),
        /is forbidden: one or more images rejected by webhook backend$/,
      );
    }));

  it("that fail close the door, after five calls when it may pass", () =>
    withPolicy({}, async (server) => {
      behaviour = () => ({ code: 500, body: "broken" });
      const { body, code } = await ask(server, line, { body: pod("a") });
      assert.equal(code, 403);
      assert.match(
        String(body["message"]),
        /is forbidden: an error on the server \("broken"\) has prevented the request from succeeding/,
      );
      assert.equal(seen.length, 5);
      behaviour = () => ({ code: 404, body: "" });
      await ask(server, line, { body: pod("a") });
      assert.equal(seen.length, 6);
      behaviour = () => ({ code: 200, body: "{}" });
      assert.match(
        String((await ask(server, line, { body: pod("a") })).body["message"]),
        /Object 'Kind' is missing in '\{\}'/,
      );
    }));

  it("that fail may be passed over: the pod tells of it", () =>
    withPolicy({ defaultAllow: true }, async (server) => {
      behaviour = () => ({ code: 404, body: "" });
      const { body, code } = await ask(server, line, { body: pod("a") });
      assert.equal(code, 201);
      assert.equal(body["metadata"]!["annotations"]!["alpha.image-policy.k8s.io/failed-open"] as unknown, "true");
    }));

  it("are not asked without a usable configuration", async () => {
    await assert.rejects(
      withPolicy({ allowTTL: 3600 }, async () => {}),
      /valid value is between 1s and 30m0s, got 1h0m0s/,
    );
    await assert.rejects(
      withPolicy({ retryBackoff: -5 }, async () => {}),
      /between 1ns and 5m0s, got -5ms/,
    );
  });

  async function audited(body: (server: Awaited<ReturnType<typeof testServer>>) => Promise<void>) {
    seen = [];
    const metrics = new MetricRegistry();
    const lost = lostEvents(metrics, silentLogger);
    const remote = remoteWebhook({
      endpoint,
      connections: calls,
      clock: systemClock,
      rng: seededRng(1),
      initialBackoffMs: 1,
      retry: "all",
    });
    const policy = parseAuditPolicy(
      "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata, users: [jane]}]",
    );
    const auditor = createAuditor({ policy, backend: webhookBackend(remote, lost), clock: systemClock, metrics });
    const server = await testServer({ auditor });
    try {
      await body(server);
    } finally {
      await server.close();
    }
    return metrics.render();
  }
  const jane = { username: "jane", groups: [] };

  it("are told of requests while these wait", async () => {
    behaviour = () => ({ code: 200, body: "" });
    await audited(async (server) => {
      assert.equal((await ask(server, "GET /api/v1/namespaces/default", { user: jane })).code, 200);
      assert.equal(seen.length, 2);
    });
    const lists = seen.map(({ body }) => body as { kind: string; apiVersion: string; items: Json[] });
    assert.deepEqual(
      lists.map(({ kind, apiVersion, items }) => [kind, apiVersion, items.map(({ stage }) => stage).join()]),
      [
        ["EventList", "audit.k8s.io/v1", "RequestReceived"],
        ["EventList", "audit.k8s.io/v1", "ResponseComplete"],
      ],
    );
    assert.equal("kind" in lists[0]!.items[0]!, false);
  });

  it("that take no events stop requests in strict mode", async () => {
    behaviour = () => ({ code: 404, body: "" });
    const metrics = await audited(async (server) => {
      const { code, text } = await ask(server, "GET /api/v1/namespaces/default?a=<b>", { user: jane });
      assert.equal(code, 500);
      assert.equal(
        text,
        'Internal Server Error: "/api/v1/namespaces/default?a=%3Cb%3E": failed to store audit event\n',
      );
      assert.equal(seen.length, 5);
    });
    assert.ok(metrics.includes('apiserver_audit_error_total{plugin="webhook"} 1\n'));
    assert.ok(metrics.includes("apiserver_audit_requests_rejected_total 1\n"));
  });
});
