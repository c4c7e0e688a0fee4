// What tests of admission webhooks share: an API server, a webhook that notes what it is asked, and the words to configure it.
import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import { seededRng } from "../../../base/index.ts";
import { type TestServer, testServer } from "../../testing.ts";
import { testAuthority } from "../certificates.fixture.ts";
import { base64, type Json, type JsonService, startJsonService } from "./json-service.fixture.ts";
import { webhookConnections } from "./webhooks.ts";

export interface Review extends Json {
  readonly kind: string;
  readonly apiVersion: string;
  readonly request: Json & { readonly uid: string; readonly object: Json | null; readonly operation: string };
}
export interface Answer {
  readonly code: number;
  readonly body: { readonly message?: string; readonly metadata?: Json; readonly data?: Json } & Json;
  readonly warnings: readonly string[];
}

export const authority = testAuthority(seededRng(11));
/** The webhook's own. */
export const serving = authority.issue({
  commonName: "webhook",
  hosts: ["127.0.0.1", "hook.default.svc"],
  usage: "server",
});

export const fieldOf = (object: unknown, ...path: readonly string[]): unknown =>
  path.reduce((value, name) => (value as Json | undefined)?.[name], object);
export const patchOf = (operations: readonly Json[]): Json => ({
  patchType: "JSONPatch",
  patch: base64(JSON.stringify(operations)),
});
export const conditionsOf = (...expressions: readonly string[]): Json[] =>
  expressions.map((expression, index) => ({ name: `c${index}`, expression }));
export const configMap = (name: string, rest: Json = {}): Json => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels: { app: "x" } },
  ...rest,
});

/** What the webhook was asked since the test began, and what it says: `behaviour` gives a response's fields, or the text of a 500. */
export interface Hooks {
  seen: { readonly path: string; readonly review: Review }[];
  behaviour: (review: Review, path: string) => Json | string | Promise<Json | string>;
}

/** To be called within `describe`: each of its tests finds no configuration, no config maps, and a webhook that allows everything. */
export function webhookTests() {
  const hooks: Hooks = { seen: [], behaviour: () => ({}) };
  const calls = webhookConnections();
  let service: JsonService;
  let server: TestServer;

  before(async () => {
    service = await startJsonService({ cert: serving.cert, key: serving.key }, async (body, request) => {
      const review = body as Review;
      const path = request.url ?? "";
      hooks.seen.push({ path, review });
      const said = await hooks.behaviour(review, path.split("?", 1)[0]!);
      if (typeof said === "string") return { code: 500, body: said };
      const response = { uid: review.request.uid, allowed: true, ...said };
      return { body: { kind: "AdmissionReview", apiVersion: review.apiVersion, response } };
    });
    server = await testServer({ webhooks: calls, admission: { disable: ["ServiceAccount"] } });
  });
  after(async () => {
    await server.close();
    calls.close();
    await service.close();
  });
  beforeEach(async () => {
    for (const kind of ["validating", "mutating"])
      await send("DELETE", `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`);
    await send("DELETE", "/api/v1/namespaces/default/configmaps");
    hooks.seen = [];
    hooks.behaviour = () => ({});
  });

  async function send(method: "POST" | "PUT" | "PATCH" | "DELETE" | "GET", path: string, body?: Json): Promise<Answer> {
    const [bare, query] = path.split("?");
    const answer = await server.transport().request({
      method,
      path: bare!,
      ...(query === undefined ? {} : { query: new URLSearchParams(query) }),
      headers: method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {},
      ...(body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }),
    });
    const warnings = answer.headers["warning"] ?? [];
    return {
      code: answer.status,
      body: (answer.object ?? {}) as Answer["body"],
      warnings: typeof warnings === "string" ? [warnings] : warnings,
    };
  }

  const hook = (name: string, rest: Json = {}): Json => ({
    name: `${name}.example.com`,
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    clientConfig: { url: `https://127.0.0.1:${service.port}/${name}`, caBundle: base64(authority.cert) },
    rules: [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }],
    ...rest,
  });

  async function configure(kind: "Validating" | "Mutating", name: string, ...webhooks: Json[]): Promise<void> {
    const path = `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`;
    const answer = await send("POST", path, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: `${kind}WebhookConfiguration`,
      metadata: { name },
      webhooks,
    });
    assert.equal(answer.code, 201, JSON.stringify(answer.body));
  }

  const create = (name: string, rest?: Json, query = ""): Promise<Answer> =>
    send("POST", `/api/v1/namespaces/default/configmaps${query}`, configMap(name, rest));

  const decideUpgrade = (path: string, query: string) =>
    server.decideUpgrade(
      {
        method: "GET",
        path,
        query: new URLSearchParams(query),
        headers: { upgrade: "websocket", connection: "Upgrade" },
      },
      { kind: "user", user: { username: "admin", groups: ["system:masters"] } },
    );

  return { hooks, service: () => service, send, hook, configure, create, decideUpgrade };
}
