// Admission webhooks as they are used: a real HTTPS server, called by a whole API server.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";
import { seededRng } from "../../../base/index.ts";
import type { Transport } from "../../../machinery/index.ts";
import { type TestServer, testServer } from "../../testing.ts";
import { testAuthority } from "../certificates.fixture.ts";
import { webhookConnections } from "./webhooks.ts";

type Json = Record<string, unknown>;
interface Review {
  readonly kind: string;
  readonly apiVersion: string;
  readonly request: Json & { readonly uid: string; readonly object: Json | null; readonly operation: string };
}
interface Answer {
  readonly code: number;
  readonly body: { readonly message?: string; readonly metadata?: Json; readonly data?: Json } & Json;
  readonly warnings: readonly string[];
}
/** What a webhook says to a review; a string is the body of a 500. */
type Behaviour = (review: Review, path: string) => Json | string | Promise<Json | string>;

const authority = testAuthority(seededRng(11));
const serving = authority.issue({ commonName: "webhook", hosts: ["127.0.0.1", "hook.default.svc"], usage: "server" });
const stranger = testAuthority(seededRng(12));
const fieldOf = (object: unknown, ...path: readonly string[]): unknown =>
  path.reduce((value, name) => (value as Json | undefined)?.[name], object);
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const patchOf = (operations: readonly Json[]): Json => ({
  patchType: "JSONPatch",
  patch: base64(JSON.stringify(operations)),
});
const conditionsOf = (...expressions: readonly string[]): Json[] =>
  expressions.map((expression, index) => ({ name: `c${index}`, expression }));
const label = (key: string, value = "yes"): Json => ({ op: "add", path: `/metadata/labels/${key}`, value });

describe("admission webhooks", () => {
  let hooks: Server;
  let port = 0;
  let sockets = 0;
  let seen: { path: string; review: Review }[] = [];
  let behaviour: Behaviour = () => ({});
  let server: TestServer;
  let transport: Transport;
  const calls = webhookConnections();

  before(async () => {
    hooks = createServer({ cert: serving.cert, key: serving.key }, (request, response) => {
      const chunks: Uint8Array[] = [];
      request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      request.on("end", async () => {
        const review = JSON.parse(Buffer.concat(chunks).toString()) as Review;
        const path = request.url ?? "";
        seen.push({ path, review });
        const said = await behaviour(review, path.split("?", 1)[0]!);
        if (typeof said === "string") {
          response.writeHead(500, { "content-type": "text/plain" }).end(said);
          return;
        }
        const answer = { uid: review.request.uid, allowed: true, ...said };
        response.writeHead(200, { "content-type": "application/json" });
        response.end(JSON.stringify({ kind: "AdmissionReview", apiVersion: review.apiVersion, response: answer }));
      });
    });
    hooks.on("secureConnection", () => sockets++);
    await new Promise<void>((resolve) => hooks.listen(0, "127.0.0.1", resolve));
    port = (hooks.address() as AddressInfo).port;
    server = await testServer({ webhooks: calls, admission: { disable: ["ServiceAccount"] } });
    transport = server.transport();
  });
  after(async () => {
    await server.close();
    calls.close();
    hooks.closeAllConnections();
    await new Promise((resolve) => hooks.close(resolve));
  });
  beforeEach(async () => {
    for (const kind of ["validating", "mutating"])
      await send("DELETE", `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`);
    await send("DELETE", "/api/v1/namespaces/default/configmaps");
    seen = [];
    behaviour = () => ({});
  });

  async function send(method: "POST" | "PUT" | "PATCH" | "DELETE" | "GET", path: string, body?: Json): Promise<Answer> {
    const [bare, query] = path.split("?");
    const answer = await transport.request({
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
    clientConfig: { url: `https://127.0.0.1:${port}/${name}`, caBundle: base64(authority.cert) },
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

  const configMap = (name: string, rest: Json = {}): Json => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, labels: { app: "x" } },
    ...rest,
  });
  const create = (name: string, rest?: Json, query = ""): Promise<Answer> =>
    send("POST", `/api/v1/namespaces/default/configmaps${query}`, configMap(name, rest));

  it("are asked about what their rules name, in force at once", async () => {
    await configure("Validating", "v", hook("check"));
    assert.equal((await create("a", { data: { k: "v" } })).code, 201);
    assert.equal(seen.length, 1);
    const { path, review } = seen[0]!;
    assert.equal(path, "/check?timeout=10s");
    assert.equal(`${review.apiVersion} ${review.kind}`, "admission.k8s.io/v1 AdmissionReview");
    const { uid: _uid, object, ...request } = review.request;
    assert.deepEqual((object as Json)["data"], { k: "v" });
    assert.deepEqual(request, {
      kind: { group: "", version: "v1", kind: "ConfigMap" },
      resource: { group: "", version: "v1", resource: "configmaps" },
      requestKind: { group: "", version: "v1", kind: "ConfigMap" },
      requestResource: { group: "", version: "v1", resource: "configmaps" },
      name: "a",
      namespace: "default",
      operation: "CREATE",
      userInfo: { username: "admin", groups: ["system:masters", "system:authenticated"] },
      oldObject: null,
      dryRun: false,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    });
    await send("PATCH", "/api/v1/namespaces/default/configmaps/a", { data: { k: "w" } });
    await send("DELETE", "/api/v1/namespaces/default/configmaps/a");
    assert.deepEqual(
      seen.map((each) => [each.review.request.operation, (each.review.request["options"] as Json)["kind"]]),
      [
        ["CREATE", "CreateOptions"],
        ["UPDATE", "UpdateOptions"],
        ["DELETE", "DeleteOptions"],
      ],
    );
  });

  it("refuse with their own status and words", async () => {
    await configure("Validating", "v", hook("check"));
    behaviour = () => ({ allowed: false, status: { code: 403, reason: "Forbidden", message: "not on a Sunday" } });
    const refused = await create("a");
    assert.equal(refused.code, 403);
    assert.equal(refused.body.message, 'admission webhook "check.example.com" denied the request: not on a Sunday');
    behaviour = () => ({ allowed: false });
    const silent = await create("a");
    assert.equal(silent.code, 400);
    assert.equal(silent.body.message, 'admission webhook "check.example.com" denied the request without explanation');
  });

  it("change the object one after another, and warn", async () => {
    await configure("Mutating", "b", hook("second"));
    await configure("Mutating", "a", hook("first"));
    behaviour = ({ request }, path) => ({
      ...patchOf([
        label(path.slice(1), String(Object.keys(fieldOf(request.object, "metadata", "labels") as Json).length)),
      ]),
      warnings: [`from ${path}`],
    });
    const created = await create("a");
    assert.deepEqual(created.body.metadata?.["labels"], { app: "x", first: "1", second: "2" });
    assert.deepEqual(created.warnings, ['299 - "from /first"', '299 - "from /second"']);
  });

  it("are asked again when they want to and somebody changed the object after them", async () => {
    await configure("Mutating", "a", hook("first", { reinvocationPolicy: "IfNeeded" }), hook("second"));
    behaviour = (_review, path) => (path === "/second" ? patchOf([label("second")]) : {});
    assert.equal((await create("a")).code, 201);
    assert.deepEqual(
      seen.map(({ path }) => path.split("?")[0]),
      ["/first", "/second", "/first"],
    );
  });

  it("that fail close the door, or leave it open", async () => {
    behaviour = () => "on fire";
    await configure("Validating", "v", hook("check"));
    const failed = await create("a");
    assert.equal(failed.code, 500);
    assert.equal(
      failed.body.message,
      'Internal error occurred: failed calling webhook "check.example.com": failed to call webhook: an error on the server ("on fire") has prevented the request from succeeding',
    );
    await send("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v");
    await configure("Validating", "v", hook("check", { failurePolicy: "Ignore" }));
    assert.equal((await create("a")).code, 201);
  });

  it("that do not answer in time have failed", async () => {
    let release = (): void => {};
    behaviour = () => new Promise((resolve) => (release = () => resolve({})));
    await configure("Validating", "v", hook("slow", { timeoutSeconds: 1 }));
    const failed = await create("a");
    release();
    assert.equal(
      failed.body.message,
      `Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post "https://127.0.0.1:${port}/slow?timeout=1s": context deadline exceeded`,
    );
  });

  const unreachable: readonly (readonly [string, () => Json, (message: string) => boolean])[] = [
    [
      "nobody listens",
      () => ({ url: "https://127.0.0.1:1/x", caBundle: base64(authority.cert) }),
      (message) =>
        message.endsWith('Post "https://127.0.0.1:1/x?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused'),
    ],
    [
      "another authority",
      () => ({ url: `https://127.0.0.1:${port}/x`, caBundle: base64(stranger.cert) }),
      (message) => message.endsWith("tls: failed to verify certificate: x509: certificate signed by unknown authority"),
    ],
    [
      "another name",
      () => ({ url: `https://localhost:${port}/x`, caBundle: base64(authority.cert) }),
      (message) =>
        message.endsWith(
          "tls: failed to verify certificate: x509: certificate is valid for hook.default.svc, not localhost",
        ),
    ],
    [
      "no such service",
      () => ({ service: { namespace: "default", name: "gone", path: "/x" }, caBundle: base64(authority.cert) }),
      (message) => message.endsWith('Post "https://gone.default.svc:443/x?timeout=10s": service "gone" not found'),
    ],
  ];
  for (const [name, clientConfig, expected] of unreachable)
    it(`that can not be reached say why: ${name}`, async () => {
      await configure("Validating", "v", hook("x", { clientConfig: clientConfig() }));
      const { body } = await create("a");
      assert.ok(expected(body.message ?? ""), body.message ?? "");
    });

  it("are selected by the labels of the namespace and of the object", async () => {
    await send("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "watched", labels: { watched: "yes" } },
    });
    const namespaceSelector = { matchLabels: { watched: "yes" } };
    const objectSelector = { matchExpressions: [{ key: "app", operator: "In", values: ["x"] }] };
    await configure("Validating", "v", hook("ns", { namespaceSelector }), hook("object", { objectSelector }));
    await create("a");
    await send("POST", "/api/v1/namespaces/watched/configmaps", configMap("a"));
    await send("POST", "/api/v1/namespaces/watched/configmaps", configMap("b", { metadata: { name: "b" } }));
    assert.deepEqual(seen.map(({ path, review }) => [path.split("?")[0], review.request["name"]]).sort(), [
      ["/ns", "a"],
      ["/ns", "b"],
      ["/object", "a"],
      ["/object", "a"],
    ]);
  });

  it("see the version that their rules name", async () => {
    const rules = [{ operations: ["CREATE"], apiGroups: ["autoscaling"], apiVersions: ["v1"], resources: ["*"] }];
    await configure("Validating", "v", hook("equivalent", { rules }), hook("exact", { rules, matchPolicy: "Exact" }));
    const created = await send("POST", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "h" },
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" },
        metrics: [
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
        ],
      },
    });
    assert.equal(created.code, 201, created.body.message ?? "");
    assert.deepEqual(
      seen.map(({ path }) => path.split("?")[0]),
      ["/equivalent"],
    );
    const { request } = seen[0]!.review;
    assert.deepEqual(request["kind"], { group: "autoscaling", version: "v1", kind: "HorizontalPodAutoscaler" });
    assert.deepEqual(request["requestKind"], { group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler" });
    assert.equal(fieldOf(request.object, "spec", "targetCPUUtilizationPercentage"), 50);
  });

  it("with side effects are not part of a dry run", async () => {
    await configure("Validating", "v", hook("quiet", { sideEffects: "NoneOnDryRun" }));
    assert.equal((await create("a", undefined, "?dryRun=All")).code, 201);
    assert.equal(seen[0]?.review.request["dryRun"], true);
  });

  it("must answer the review that was sent", async () => {
    await configure("Mutating", "v", hook("check"));
    const answers: readonly (readonly [Json, string])[] = [
      [{ uid: "other" }, "expected response.uid="],
      [{ patch: base64("[]") }, "webhook returned response.patch but not response.patchType"],
      [{ patchType: "JSONPatch" }, "webhook returned response.patchType but not response.patch"],
      [{ patchType: "JSONPatch", patch: base64("{") }, "received undecodable patch in webhook response"],
      [{ patchType: "Merge", patch: base64('[{"op":"remove","path":"/data"}]') }, 'unsupported patch type "Merge"'],
    ];
    for (const [answer, text] of answers) {
      behaviour = () => answer;
      const { code, body } = await create("a");
      assert.equal(code, 500);
      assert.ok(body.message?.includes(text), body.message ?? "");
    }
  });

  it("are called over connections that are kept", async () => {
    await configure("Validating", "v", hook("check"));
    const before = sockets;
    for (let index = 0; index < 5; index++) await create(`a${index}`);
    assert.equal(seen.length, 5);
    assert.ok(sockets - before <= 1, `${sockets - before} connections were made`);
  });

  it("see connections as options of their own kind", async () => {
    const rules = [{ operations: ["CONNECT"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods/exec"] }];
    await configure("Validating", "v", hook("exec", { rules }));
    const made = await send("POST", "/api/v1/namespaces/default/pods", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p" },
      spec: { containers: [{ name: "c", image: "i" }] },
    });
    assert.equal(made.code, 201, made.body.message ?? "");
    behaviour = () => ({ allowed: false, status: { message: "no shells" } });
    const decision = await server.decideUpgrade(
      {
        method: "GET",
        path: "/api/v1/namespaces/default/pods/p/exec",
        query: new URLSearchParams("command=sh&command=-l&stdin=true&container=c"),
        headers: { upgrade: "websocket", connection: "Upgrade" },
      },
      { kind: "user", user: { username: "admin", groups: ["system:masters"] } },
    );
    assert.equal(decision.type === "refused" ? decision.response.status : 0, 400);
    const { request } = seen[0]!.review;
    assert.deepEqual(request["kind"], { group: "", version: "v1", kind: "PodExecOptions" });
    assert.deepEqual([request["subResource"], request["options"], request["name"]], ["exec", null, "p"]);
    assert.deepEqual(request.object, {
      kind: "PodExecOptions",
      apiVersion: "v1",
      stdin: true,
      container: "c",
      command: ["sh", "-l"],
    });
  });

  const conditions: readonly (readonly [string, Json, called: number, code: number, message?: string])[] = [
    ["all hold", { matchConditions: conditionsOf("request.operation == 'CREATE'", "oldObject == null") }, 1, 201],
    ["one does not", { matchConditions: conditionsOf("true", "object.metadata.name == 'b'") }, 0, 201],
    ["one does not, another fails", { matchConditions: conditionsOf("object.data.gone == ''", "false") }, 0, 201],
    [
      "one fails",
      { matchConditions: conditionsOf("object.data.gone == ''") },
      0,
      403,
      `configmaps "a" is forbidden: expression 'object.data.gone == ''' resulted in error: no such key: gone`,
    ],
    [
      "one fails and that is ignored",
      { failurePolicy: "Ignore", matchConditions: conditionsOf("object.data.gone == ''") },
      0,
      201,
    ],
    [
      "they ask the authorizer",
      { matchConditions: conditionsOf("authorizer.group('').resource('configmaps').check('create').allowed()") },
      1,
      201,
    ],
  ];
  for (const kind of ["Validating", "Mutating"] as const)
    for (const [name, rest, called, code, message] of conditions)
      it(`${kind}: are asked when their conditions hold: ${name}`, async () => {
        await configure(kind, "v", hook("check", rest));
        const answer = await create("a", { data: { k: "v" } });
        assert.deepEqual([answer.code, seen.length], [code, called]);
        if (message !== undefined) assert.equal(answer.body.message, message);
      });

  it("have conditions that are judged one by one", async () => {
    const matchConditions = [...conditionsOf("1"), ...conditionsOf("true"), { name: "", expression: "" }];
    const rest = hook("check", { matchConditions });
    const { code, body } = await send("POST", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "v" },
      webhooks: [rest],
    });
    assert.equal(code, 422);
    const at = "webhooks[0].matchConditions";
    assert.equal(
      body.message,
      'ValidatingWebhookConfiguration.admissionregistration.k8s.io "v" is invalid: ' +
        `[${at}[0].expression: Invalid value: "1": must evaluate to bool but got int, ${at}[1].name: Duplicate value: "c0", ` +
        `${at}[2].expression: Required value, ${at}[2].name: Required value]`,
    );
  });

  it("stand behind services", async () => {
    const made = await send("POST", "/api/v1/namespaces/default/services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "hook" },
      spec: { type: "ExternalName", externalName: "127.0.0.1" },
    });
    assert.equal(made.code, 201, made.body.message ?? "");
    const service = { namespace: "default", name: "hook", port, path: "/served" };
    await configure("Validating", "v", hook("check", { clientConfig: { service, caBundle: base64(authority.cert) } }));
    const answer = await create("a");
    assert.equal(answer.code, 201, answer.body.message ?? "");
    assert.deepEqual(
      seen.map(({ path }) => path),
      ["/served?timeout=10s"],
    );
  });

  it("may not move an object to another namespace", async () => {
    await configure("Mutating", "v", hook("move"));
    behaviour = () => patchOf([{ op: "replace", path: "/metadata/namespace", value: "kube-system" }]);
    const { code, body } = await create("a");
    assert.equal(code, 400);
    assert.equal(body.message, "the namespace of the provided object does not match the namespace sent on the request");
  });

  it("see a scale as what it is, and what they make of it is scaled to", async () => {
    const deployments = "/apis/apps/v1/namespaces/default/deployments";
    const labels = { app: "s" };
    const made = await send("POST", deployments, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "s" },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
      },
    });
    assert.equal(made.code, 201, made.body.message ?? "");
    const rules = [
      { operations: ["UPDATE"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments/scale"] },
    ];
    await configure("Validating", "v", hook("check", { rules }));
    await configure("Mutating", "m", hook("change", { rules }));
    behaviour = (_review, path) =>
      path === "/change" ? patchOf([{ op: "replace", path: "/spec/replicas", value: 3 }]) : {};
    const { code, body } = await send("PATCH", `${deployments}/s/scale`, { spec: { replicas: 7 } });
    assert.equal(code, 200, body.message ?? "");
    assert.deepEqual(fieldOf(body, "spec"), { replicas: 3 });
    assert.deepEqual(fieldOf((await send("GET", `${deployments}/s`)).body, "spec", "replicas"), 3);
    const shown = seen.map(({ path, review: { request } }) => [
      path.split("?")[0],
      (request["kind"] as Json)["kind"],
      request["subResource"],
      fieldOf(request.object, "kind"),
      fieldOf(request.object, "spec", "replicas"),
      fieldOf(request["oldObject"], "kind"),
      fieldOf(request["oldObject"], "spec", "replicas"),
    ]);
    assert.deepEqual(shown, [
      ["/change", "Scale", "scale", "Scale", 7, "Scale", 2],
      ["/check", "Scale", "scale", "Scale", 3, "Scale", 2],
    ]);
  });

  it("see what is done to a pod in the pod's namespace", async () => {
    const resources = ["pods/binding", "pods/eviction", "serviceaccounts/token"];
    const rules = [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources }];
    await configure("Validating", "v", hook("check", { rules }));
    behaviour = () => ({ allowed: false });
    const pod = "/api/v1/namespaces/default/pods/unbound";
    await send("POST", `${pod}/binding`, {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "unbound" },
      target: { kind: "Node", name: "n" },
    });
    await send("POST", `${pod}/eviction`, {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name: "unbound" },
    });
    assert.deepEqual(
      seen.map(({ review }) => [fieldOf(review.request.object, "kind"), fieldOf(review.request.object, "metadata")]),
      [
        ["Binding", { name: "unbound", namespace: "default" }],
        ["Eviction", { name: "unbound", namespace: "default" }],
      ],
    );
  });

  it("are asked about a connection before its target is looked for", async () => {
    const resources = ["pods/exec"];
    const rules = [{ operations: ["CONNECT"], apiGroups: [""], apiVersions: ["v1"], resources }];
    await configure("Validating", "v", hook("check", { rules }));
    const status = async (): Promise<number> => {
      const decision = await server.decideUpgrade(
        {
          method: "GET",
          path: "/api/v1/namespaces/default/pods/gone/exec",
          query: new URLSearchParams("command=sh"),
          headers: { upgrade: "websocket", connection: "Upgrade" },
        },
        { kind: "user", user: { username: "admin", groups: ["system:masters"] } },
      );
      return decision.type === "refused" ? decision.response.status : 0;
    };
    assert.equal(await status(), 404);
    behaviour = () => ({ allowed: false });
    assert.equal(await status(), 400);
    assert.deepEqual(
      seen.map(({ review }) => review.request["name"]),
      ["gone", "gone"],
    );
  });

  it("are asked about an eviction, not about the deletion that comes of it", async () => {
    const made = await send("POST", "/api/v1/namespaces/default/pods", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "evicted" },
      spec: { containers: [{ name: "c", image: "i" }] },
    });
    assert.equal(made.code, 201, made.body.message ?? "");
    const rules = [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods", "pods/*"] }];
    await configure("Validating", "v", hook("check", { rules }));
    const path = "/api/v1/namespaces/default/pods/evicted";
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "evicted" } };
    assert.equal((await send("POST", `${path}/eviction`, eviction)).code, 201);
    assert.equal((await send("GET", path)).code, 404);
    assert.deepEqual(
      seen.map(({ review }) => [review.request.operation, (review.request["kind"] as Json)["kind"]]),
      [["CREATE", "Eviction"]],
    );
  });

  it("that nothing concerns are not there for a request", async () => {
    const rules = [{ operations: ["*"], apiGroups: ["apps"], apiVersions: ["*"], resources: ["*"] }];
    await configure("Mutating", "m", hook("m", { rules }));
    await configure("Validating", "v", hook("v", { rules }));
    const before = sockets;
    assert.equal((await create("a")).code, 201);
    assert.deepEqual([seen.length, sockets - before], [0, 0]);
  });

  it("never decide over what configures admission", async () => {
    const rules = [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"] }];
    await configure("Validating", "v", hook("all", { rules }));
    behaviour = () => ({ allowed: false });
    assert.equal(
      (await send("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v")).code,
      200,
    );
    assert.equal((await create("a")).code, 201);
  });
});
