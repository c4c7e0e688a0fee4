// Policies as they are used: written to a whole API server, and felt by the next request.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Transport } from "../../../machinery/index.ts";
import { type TestServer, testServer } from "../../testing.ts";

type Json = Record<string, unknown>;
interface Answer {
  readonly code: number;
  readonly body: Json & { readonly message?: string; readonly metadata?: Json; readonly data?: Json };
  readonly warnings: readonly string[];
}

const group = "/apis/admissionregistration.k8s.io/v1";

describe("admission policies", () => {
  let server: TestServer;
  let transport: Transport;
  before(async () => {
    server = await testServer({ admission: { disable: ["ServiceAccount"] } });
    transport = server.transport();
  });
  after(() => server.close());

  async function send(method: "POST" | "PUT" | "DELETE", path: string, body?: Json): Promise<Answer> {
    const answer = await transport.request({
      method,
      path,
      headers: {},
      ...(body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }),
    });
    const warnings = answer.headers["warning"] ?? [];
    return {
      code: answer.status,
      body: (answer.object ?? {}) as Answer["body"],
      warnings: typeof warnings === "string" ? [warnings] : warnings,
    };
  }

  /** A policy for config maps that carry its name as a label, so that tests do not meet. */
  async function policy(kind: "Validating" | "Mutating", name: string, spec: Json, binding: Json = {}): Promise<void> {
    const base = `${group}/${kind.toLowerCase()}admissionpolicies`;
    const apiVersion = "admissionregistration.k8s.io/v1";
    const made = await send("POST", base, {
      apiVersion,
      kind: `${kind}AdmissionPolicy`,
      metadata: { name },
      spec: {
        ...(kind === "Mutating" ? { reinvocationPolicy: "Never" } : {}),
        matchConstraints: {
          objectSelector: { matchLabels: { policy: name } },
          resourceRules: [
            {
              apiGroups: [""],
              apiVersions: ["v1"],
              operations: kind === "Mutating" ? ["CREATE", "UPDATE"] : ["*"],
              resources: ["configmaps"],
            },
          ],
        },
        ...spec,
      },
    });
    assert.equal(made.code, 201, made.body.message ?? "");
    const bound = await send("POST", base.replace(/policies$/, "policybindings"), {
      apiVersion,
      kind: `${kind}AdmissionPolicyBinding`,
      metadata: { name },
      spec: { policyName: name, ...(kind === "Validating" ? { validationActions: ["Deny"] } : {}), ...binding },
    });
    assert.equal(bound.code, 201, bound.body.message ?? "");
  }

  const configMap = (name: string, of: string, data: Json = {}): Json => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, labels: { policy: of } },
    data,
  });
  const create = (of: string, data?: Json, name = of): Promise<Answer> =>
    send("POST", "/api/v1/namespaces/default/configmaps", configMap(name, of, data));

  it("deny with their message and reason, at once", async () => {
    await policy("Validating", "deny", {
      variables: [{ name: "v", expression: "object.data.v" }],
      validations: [
        { expression: "variables.v != 'bad'", messageExpression: "'no ' + variables.v", reason: "Forbidden" },
      ],
    });
    const { code, body } = await create("deny", { v: "bad" });
    assert.equal(code, 403);
    assert.equal(
      body.message,
      `configmaps "deny" is forbidden: ValidatingAdmissionPolicy 'deny' with binding 'deny' denied request: no bad`,
    );
    assert.equal((await create("deny", { v: "good" })).code, 201);
  });

  it("see a new namespace in itself, unless its name is generated", async () => {
    await policy("Validating", "within", {
      matchConstraints: {
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["namespaces"] }],
      },
      validations: [
        {
          expression: "!object.metadata.name.startsWith('within')",
          messageExpression: "has(request.namespace) ? request.namespace : 'nowhere'",
        },
      ],
    });
    for (const [metadata, where] of [
      [{ name: "within-a" }, "within-a"],
      [{ generateName: "within-" }, "nowhere"],
    ] as const) {
      const { body } = await send("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
      assert.match(body.message ?? "", new RegExp(`denied request: ${where}$`));
    }
  });

  it("warn, when the binding says so", async () => {
    const validations = [{ expression: "false", message: "think of it" }];
    await policy("Validating", "warn", { validations }, { validationActions: ["Warn", "Audit"] });
    const { code, warnings } = await create("warn");
    assert.equal(code, 201);
    assert.deepEqual(warnings, [
      `299 - "Validation failed for ValidatingAdmissionPolicy 'warn' with binding 'warn': think of it"`,
    ]);
  });

  it("see what was and is about to go", async () => {
    const validations = [{ expression: "request.operation != 'DELETE' || !has(oldObject.data.locked)" }];
    await policy("Validating", "old", { validations });
    await create("old", { locked: "yes" });
    const kept = await send("DELETE", "/api/v1/namespaces/default/configmaps/old");
    assert.equal(kept.code, 422);
    assert.match(kept.body.message ?? "", /failed expression: request.operation != 'DELETE'/);
  });

  it("fail closed on errors, or open", async () => {
    const validations = [{ expression: "object.data.missing == 'x'" }];
    await policy("Validating", "closed", { validations });
    await policy("Validating", "open", { validations, failurePolicy: "Ignore" });
    const failed = await create("closed", { v: "x" });
    assert.equal(failed.code, 422);
    assert.match(
      failed.body.message ?? "",
      /expression 'object.data.missing == 'x'' resulted in error: no such key: missing$/,
    );
    assert.equal((await create("open", { v: "x" })).code, 201);
  });

  it("read parameters, and say what becomes of a request when there are none", async () => {
    const paramKind = { apiVersion: "v1", kind: "ConfigMap" };
    const paramRef = { name: "limits", parameterNotFoundAction: "Deny" };
    const validations = [{ expression: "int(object.data.n) <= int(params.data.max)" }];
    await policy("Validating", "params", { paramKind, validations }, { paramRef });
    assert.match(
      (await create("params", { n: "2" })).body.message ?? "",
      /failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/,
    );
    await send("POST", "/api/v1/namespaces/default/configmaps", configMap("limits", "none", { max: "3" }));
    assert.equal((await create("params", { n: "2" })).code, 201);
    assert.equal((await create("params", { n: "4" }, "params-2")).code, 422);
  });

  it("ask the authorizer", async () => {
    const expression = "authorizer.group('').resource('configmaps').namespace('default').check('create').allowed()";
    await policy("Validating", "authorizer", { validations: [{ expression }] });
    assert.equal((await create("authorizer")).code, 201);
  });

  it("change objects by configurations and by patches, one after another", async () => {
    await policy("Mutating", "mutate", {
      mutations: [
        { patchType: "ApplyConfiguration", applyConfiguration: { expression: 'Object{data: {"a": "1"}}' } },
        {
          patchType: "JSONPatch",
          jsonPatch: { expression: '[JSONPatch{op: "add", path: "/data/b", value: object.data.a + "2"}]' },
        },
      ],
    });
    const { code, body } = await create("mutate", { v: "x" });
    assert.equal(code, 201, body.message ?? "");
    assert.deepEqual(body.data, { v: "x", a: "1", b: "12" });
  });

  it("are asked again when another one changed the object", async () => {
    const count = 'Object{data: {"count": string(size(object.data) + 1)}}';
    await policy("Mutating", "again", {
      reinvocationPolicy: "IfNeeded",
      mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression: count } }],
    });
    await policy("Mutating", "again-later", {
      matchConstraints: {
        objectSelector: { matchLabels: { policy: "again" } },
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
      },
      mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression: 'Object{data: {"z": "1"}}' } }],
    });
    const { body } = await create("again", { v: "x" });
    assert.deepEqual(body.data, { v: "x", z: "1", count: "4" });
  });

  it("are asked again after their own changes", async () => {
    const mutations = [
      {
        patchType: "ApplyConfiguration",
        applyConfiguration: { expression: 'Object{data: {"v": object.data.v + "x"}}' },
      },
    ];
    await policy("Mutating", "own-again", { reinvocationPolicy: "IfNeeded", mutations });
    assert.deepEqual((await create("own-again", { v: "x" })).body.data, { v: "xxx" });
    await policy("Mutating", "own-once", { mutations });
    assert.deepEqual((await create("own-once", { v: "x" })).body.data, { v: "xx" });
  });

  it("refuse mutations that would replace what they do not know", async () => {
    const expression = 'Object{metadata: Object.metadata{finalizers: ["a/b"]}, nope: 1}';
    await policy("Mutating", "bad", {
      mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }],
    });
    const { code, body } = await create("bad");
    assert.equal(code, 403);
    assert.equal(
      body.message,
      "policy 'bad' with binding 'bad' denied request: error applying patch: failed to convert patch object to typed object: .nope: field not declared in schema",
    );
  });

  it("see a scale, and change it", async () => {
    const labels = { app: "scaled" };
    const path = "/apis/apps/v1/namespaces/default/deployments";
    const made = await send("POST", path, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "scaled" },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
      },
    });
    assert.equal(made.code, 201, made.body.message ?? "");
    const operations = ["UPDATE"];
    const rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations, resources: ["deployments/scale"] };
    const matchConstraints = { resourceRules: [rule] };
    const expression = "object.kind == 'Scale' && oldObject.kind == 'Scale' && object.spec.replicas <= 5";
    await policy("Validating", "scale", { matchConstraints, validations: [{ expression }] });
    const scaleTo = (replicas: number): Promise<Answer> =>
      send("PUT", `${path}/scaled/scale`, {
        apiVersion: "autoscaling/v1",
        kind: "Scale",
        metadata: { name: "scaled", namespace: "default" },
        spec: { replicas },
      });
    assert.equal((await scaleTo(6)).code, 422);
    assert.equal((await scaleTo(5)).code, 200);
    const change = "Object{spec: Object.spec{replicas: object.spec.replicas + 1}}";
    await policy("Mutating", "scale", {
      matchConstraints,
      mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression: change } }],
    });
    const { code, body } = await scaleTo(3);
    assert.equal(code, 200, body.message ?? "");
    assert.deepEqual(body["spec"], { replicas: 4 });
  });

  it("never decide over policies", async () => {
    await policy("Validating", "everything", {
      matchConstraints: {
        resourceRules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }],
      },
      validations: [{ expression: "false" }],
    });
    assert.equal((await create("free")).code, 422);
    assert.equal((await send("DELETE", `${group}/validatingadmissionpolicies/everything`)).code, 200);
    assert.equal((await create("free")).code, 201);
  });
});
