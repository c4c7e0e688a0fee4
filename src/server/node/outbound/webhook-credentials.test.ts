// Who the server is towards admission webhooks, as a kubeconfig says it, over real TLS; services that are reached by their endpoints; webhooks
// that are the server itself.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import type { Address, CallerCredentials } from "../../contract.ts";
import { ask } from "../../request.fixture.ts";
import { type TestServer, testServer } from "../../testing.ts";
import { authority, configMap, serving } from "./webhook-tests.fixture.ts";
import { webhookConnections } from "./webhooks.ts";

const own = authority.issue({ commonName: "kube-apiserver", usage: "client" });
const validating = "ValidatingAdmissionWebhook";
const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

describe("credentials of calls of webhooks", () => {
  const calls = webhookConnections();
  let service: Server;
  const routes: Address[] = [];
  let accepted = 0;
  let seen: { readonly client: string; readonly authorization: string; readonly host: string }[] = [];
  let server: TestServer;
  let port = 0;

  before(async () => {
    const tls = {
      cert: serving.cert,
      key: serving.key,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: false,
    };
    service = createServer(tls, (request, response) => {
      const client = String((request.socket as TLSSocket).getPeerCertificate()?.subject?.CN ?? "");
      const { authorization = "", host = "" } = request.headers;
      seen.push({ client, authorization, host });
      let text = "";
      request.on("data", (chunk) => (text += chunk));
      request.on("end", () => {
        const { apiVersion, kind, request: asked } = JSON.parse(text);
        response.end(JSON.stringify({ apiVersion, kind, response: { uid: asked.uid, allowed: true } }));
      });
    });
    service.on("connection", () => accepted++);
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    port = (service.address() as AddressInfo).port;
    const configuration = {
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "WebhookAdmissionConfiguration",
      kubeConfigFile: "/hooks.kubeconfig",
    };
    server = await testServer({
      webhooks: {
        // No slice may name this machine's own address.
        post: (call) => {
          if (call.connectTo !== undefined) routes.push(call.connectTo);
          return calls.post(call.connectTo === undefined ? call : { ...call, connectTo: { host: "127.0.0.1", port } });
        },
        close: () => {},
      },
      admission: { enable: [], disable: ["ServiceAccount"], configuration: { [validating]: configuration } },
      kubeconfigUsers: () => ({
        users: new Map<string, () => CallerCredentials>([
          [`127.0.0.1:${port}`, () => ({ certificate: own.cert, key: own.key })],
          ["*.default.svc:8443", () => ({ authorization: () => "Bearer t" })],
          ["broken.default.svc", () => assert.fail("auth provider not supported")],
        ]),
      }),
      aggregation: { toEndpoints: true },
      advertise: { address: "127.0.0.1", port: 6443 },
    });
    await ask(server, `POST /api/v1/namespaces/default/services`, {
      body: {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "hook" },
        spec: { ports: [{ name: "https", port: 8443 }] },
      },
    });
  });
  after(async () => {
    await server.close();
    calls.close();
    service.closeAllConnections();
    await new Promise((resolve) => service.close(resolve));
  });

  const withHook = async (clientConfig: object): Promise<{ code: number; message: string }> => {
    seen = [];
    const webhook = {
      name: "a.example.com",
      clientConfig: { caBundle: btoa(authority.cert), ...clientConfig },
      rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
    };
    const body = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "c" },
      webhooks: [webhook],
    };
    await ask(server, `POST ${configurations}`, { body });
    try {
      const path = "/api/v1/namespaces/default/configmaps?dryRun=All";
      const answer = await ask(server, `POST ${path}`, { body: configMap("x") });
      return { code: answer.code, message: String(answer.body["message"] ?? "") };
    } finally {
      await ask(server, `DELETE ${configurations}/c`);
    }
  };

  it("shows the certificate of the user with the host's name, over one connection", async () => {
    accepted = 0;
    const url = `https://127.0.0.1:${port}/x`;
    for (let count = 0; count < 3; count++) assert.equal((await withHook({ url })).code, 201);
    assert.equal(seen[0]?.client, "kube-apiserver");
    assert.equal(accepted, 1);
  });

  it("says why a service without endpoints is not reached", async () => {
    const { code, message } = await withHook({ service: { namespace: "default", name: "hook", port: 8443 } });
    assert.equal(code, 500);
    assert.match(message, /: no endpoints available for service "hook"$/);
  });

  it("asks an endpoint, with the token of a pattern", async () => {
    const body = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      addressType: "IPv4",
      metadata: { name: "hook-1", labels: { "kubernetes.io/service-name": "hook" } },
      endpoints: [{ addresses: ["192.0.2.1"] }],
      ports: [{ name: "https", port: 4711 }],
    };
    await ask(server, `POST /apis/discovery.k8s.io/v1/namespaces/default/endpointslices`, { body });
    const { code, message } = await withHook({ service: { namespace: "default", name: "hook", port: 8443 } });
    assert.equal(code, 201, message);
    assert.deepEqual(routes, [{ host: "192.0.2.1", port: 4711 }]);
    assert.deepEqual(seen, [{ client: "", authorization: "Bearer t", host: "hook.default.svc:8443" }]);
  });

  it("fails with what is wrong with the user", async () => {
    const { code, message } = await withHook({ service: { namespace: "default", name: "broken" } });
    assert.equal(code, 500);
    assert.match(message, /could not get REST client: auth provider not supported$/);
  });

  it("asks itself without a network", async () => {
    const { code, message } = await withHook({
      service: { namespace: "default", name: "kubernetes", path: "/nothing" },
    });
    assert.equal(code, 500);
    assert.match(message, /failed to call webhook: the server could not find the requested resource$/);
  });
});
