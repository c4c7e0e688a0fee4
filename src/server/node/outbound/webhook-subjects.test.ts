// What admission webhooks are asked about, and in which form they see it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Json } from "./json-service.fixture.ts";
import { conditionsOf, configMap, fieldOf, patchOf, webhookTests } from "./webhook-tests.fixture.ts";

describe("admission webhooks and what they see", () => {
  const { hooks, service, send, hook, configure, create, decideUpgrade } = webhookTests();

  it("are asked about what their rules name, in force at once", async () => {
    await configure("Validating", "v", hook("check"));
    assert.equal((await create("a", { data: { k: "v" } })).code, 201);
    assert.equal(hooks.seen.length, 1);
    const { path, review } = hooks.seen[0]!;
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
      hooks.seen.map((each) => [each.review.request.operation, (each.review.request["options"] as Json)["kind"]]),
      [
        ["CREATE", "CreateOptions"],
        ["UPDATE", "UpdateOptions"],
        ["DELETE", "DeleteOptions"],
      ],
    );
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
    assert.deepEqual(hooks.seen.map(({ path, review }) => [path.split("?")[0], review.request["name"]]).sort(), [
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
      hooks.seen.map(({ path }) => path.split("?")[0]),
      ["/equivalent"],
    );
    const { request } = hooks.seen[0]!.review;
    assert.deepEqual(request["kind"], { group: "autoscaling", version: "v1", kind: "HorizontalPodAutoscaler" });
    assert.deepEqual(request["requestKind"], { group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler" });
    assert.equal(fieldOf(request.object, "spec", "targetCPUUtilizationPercentage"), 50);
  });

  it("with side effects are not part of a dry run", async () => {
    await configure("Validating", "v", hook("quiet", { sideEffects: "NoneOnDryRun" }));
    assert.equal((await create("a", undefined, "?dryRun=All")).code, 201);
    assert.equal(hooks.seen[0]?.review.request["dryRun"], true);
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
    hooks.behaviour = () => ({ allowed: false, status: { message: "no shells" } });
    const decision = await decideUpgrade(
      "/api/v1/namespaces/default/pods/p/exec",
      "command=sh&command=-l&stdin=true&container=c",
    );
    assert.equal(decision.type === "refused" ? decision.response.status : 0, 400);
    const { request } = hooks.seen[0]!.review;
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
        assert.deepEqual([answer.code, hooks.seen.length], [code, called]);
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

  it("may not move an object to another namespace", async () => {
    await configure("Mutating", "v", hook("move"));
    hooks.behaviour = () => patchOf([{ op: "replace", path: "/metadata/namespace", value: "kube-system" }]);
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
    hooks.behaviour = (_review, path) =>
      path === "/change" ? patchOf([{ op: "replace", path: "/spec/replicas", value: 3 }]) : {};
    const { code, body } = await send("PATCH", `${deployments}/s/scale`, { spec: { replicas: 7 } });
    assert.equal(code, 200, body.message ?? "");
    assert.deepEqual(fieldOf(body, "spec"), { replicas: 3 });
    assert.deepEqual(fieldOf((await send("GET", `${deployments}/s`)).body, "spec", "replicas"), 3);
    const shown = hooks.seen.map(({ path, review: { request } }) => [
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
    hooks.behaviour = () => ({ allowed: false });
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
      hooks.seen.map(({ review }) => [
        fieldOf(review.request.object, "kind"),
        fieldOf(review.request.object, "metadata"),
      ]),
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
      const decision = await decideUpgrade("/api/v1/namespaces/default/pods/gone/exec", "command=sh");
      return decision.type === "refused" ? decision.response.status : 0;
    };
    assert.equal(await status(), 404);
    hooks.behaviour = () => ({ allowed: false });
    assert.equal(await status(), 400);
    assert.deepEqual(
      hooks.seen.map(({ review }) => review.request["name"]),
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
      hooks.seen.map(({ review }) => [review.request.operation, (review.request["kind"] as Json)["kind"]]),
      [["CREATE", "Eviction"]],
    );
  });

  it("that nothing concerns are not there for a request", async () => {
    const rules = [{ operations: ["*"], apiGroups: ["apps"], apiVersions: ["*"], resources: ["*"] }];
    await configure("Mutating", "m", hook("m", { rules }));
    await configure("Validating", "v", hook("v", { rules }));
    const before = service().connections;
    assert.equal((await create("a")).code, 201);
    assert.deepEqual([hooks.seen.length, service().connections - before], [0, 0]);
  });

  it("never decide over what configures admission", async () => {
    const rules = [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"] }];
    await configure("Validating", "v", hook("all", { rules }));
    hooks.behaviour = () => ({ allowed: false });
    assert.equal(
      (await send("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v")).code,
      200,
    );
    assert.equal((await create("a")).code, 201);
  });
});
