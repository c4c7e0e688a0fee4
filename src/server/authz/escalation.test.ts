// Roles and bindings by who holds less than they give, through a whole server.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { bootstrapRbac } from "../bootstrap/rbac.ts";
import { type Answered, ask } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";
import { createAuthorizer } from "./create.ts";
import { accessReviews } from "./reviews.ts";

const group = "/apis/rbac.authorization.k8s.io/v1";
const apiGroup = "rbac.authorization.k8s.io";
const user = { username: "writer", groups: ["system:authenticated"] };
let server: TestServer;

before(async () => {
  server = await testServer({
    authorizer: (reader) => createAuthorizer(["RBAC"], reader, {}),
    bootstrap: bootstrapRbac,
    virtualKinds: () => accessReviews,
    admission: { disable: ["ServiceAccount"] },
  });
  const make = async (path: string, body: object): Promise<void> => {
    const { code, text } = await ask(server, `POST ${group}/${path}`, { body });
    assert.equal(code, 201, text);
  };
  const resources = ["roles", "rolebindings", "clusterrolebindings"];
  await make("clusterroles", {
    metadata: { name: "writer" },
    rules: [{ apiGroups: [apiGroup], resources, verbs: ["create"] }],
  });
  await make("clusterrolebindings", {
    metadata: { name: "writer" },
    roleRef: { apiGroup, kind: "ClusterRole", name: "writer" },
    subjects: [{ apiGroup, kind: "User", name: "writer" }],
  });
});
after(() => server.close());

const create = (path: string, body: object): Promise<Answered> =>
  ask(server, `POST ${group}/${path}`, { body: { metadata: { name: "x" }, ...body }, user });

describe("a role reference that cannot be looked up", () => {
  const inNamespace = "namespaces/default/rolebindings";
  const rows: readonly [path: string, roleRef: object, code: number, message: string][] = [
    [inNamespace, {}, 500, 'unsupported role reference kind: ""'],
    [inNamespace, { apiGroup, kind: "Role", name: "" }, 400, "Name parameter required."],
    [inNamespace, { apiGroup, kind: "Role", name: ".." }, 400, "Name parameter invalid: \"..\": may not be '..'"],
    ["clusterrolebindings", { apiGroup, kind: "Role", name: "edit" }, 400, "Namespace parameter required."],
    [
      inNamespace,
      { apiGroup, kind: "Role", name: "none" },
      404,
      'rolebindings.rbac.authorization.k8s.io "none" not found',
    ],
  ];
  for (const [path, roleRef, code, message] of rows)
    it(message, async () => {
      const answer = await create(path, { roleRef });
      assert.deepEqual([answer.code, answer.body["message"]], [code, message]);
    });
});

it("rules without verbs give nothing", async () => {
  const rules = [
    { apiGroups: [""], resources: ["secrets"] },
    { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
  ];
  const { code, text } = await create("namespaces/default/roles", { rules });
  assert.equal(code, 403, text);
  assert.match(text, /Resources:\[\\"pods\\"\]/);
  assert.doesNotMatch(text, /secrets/);
});

it("an access review has no metadata, its namespace comes from the path", async () => {
  const reviews = "/apis/authorization.k8s.io/v1";
  const spec = { user: "ann", resourceAttributes: { namespace: "default", verb: "get", resource: "pods" } };
  const local = await ask(server, `POST ${reviews}/namespaces/default/localsubjectaccessreviews`, { body: { spec } });
  assert.equal(local.code, 201, local.text);
  assert.equal(local.body["metadata"]?.["namespace"], "default");
  const named = await ask(server, `POST ${reviews}/subjectaccessreviews`, { body: { metadata: { name: "x" }, spec } });
  assert.equal(named.code, 422);
  assert.match(String(named.body["message"]), /\{"name":"x","managedFields":\[\{"manager":.*\}\]\}: must be empty/);
});
