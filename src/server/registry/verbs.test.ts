// What the verbs do with objects of any kind, through a whole server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Answered, type Asked, ask } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

let server: TestServer;
const at = (line: string, asked?: Asked): Promise<Answered> => ask(server, line, asked);
const configMaps = "/api/v1/namespaces/default/configmaps";

before(async () => {
  server = await testServer({ admission: { disable: ["ServiceAccount"] } });
});
after(() => server.close());

const configMap = (name: string, rest: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  ...rest,
});
const pod = (name: string, rest: object = {}): object => ({
  metadata: { name },
  spec: { containers: [{ name: "c", image: "i" }], ...rest },
});

test("create fills what the system says about an object", async () => {
  const { code, body } = await at(`POST ${configMaps}`, { body: configMap("made", { data: { a: "1" } }) });
  assert.equal(code, 201);
  const { uid, creationTimestamp, resourceVersion, namespace, managedFields } = body["metadata"]!;
  assert.match(String(uid), /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  assert.match(String(creationTimestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.match(String(resourceVersion), /^\d+$/);
  assert.equal(namespace, "default");
  assert.deepEqual(managedFields?.[0]?.["fieldsV1"], { "f:data": { ".": {}, "f:a": {} } });
  assert.deepEqual((await at(`GET ${configMaps}/made`)).body, body);
});

const refused: readonly [name: string, line: string, asked: Asked, code: number, message: string][] = [
  [
    "a taken name",
    `POST /api/v1/namespaces`,
    { body: { metadata: { name: "default" } } },
    409,
    'namespaces "default" already exists',
  ],
  [
    "no name",
    `POST ${configMaps}`,
    { body: {} },
    422,
    'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
  ],
  [
    "another namespace",
    `POST ${configMaps}`,
    { body: { metadata: { name: "x", namespace: "other" } } },
    400,
    "the namespace of the provided object does not match the namespace sent on the request",
  ],
  [
    "another version",
    "POST /apis/apps/v1/namespaces/default/deployments",
    { body: { apiVersion: "extensions/v1beta1", kind: "Deployment", metadata: { name: "x" } } },
    400,
    "the API version in the data (extensions/v1beta1) does not match the expected API version (apps/v1)",
  ],
  [
    "a missing namespace",
    `POST /api/v1/namespaces/nope/configmaps`,
    { body: configMap("x") },
    404,
    'namespaces "nope" not found',
  ],
  ["an unknown resource", `GET /api/v1/nope`, {}, 404, "the server could not find the requested resource"],
  [
    "a namespaced resource by name alone",
    `GET /api/v1/pods/x`,
    {},
    404,
    "the server could not find the requested resource",
  ],
  [
    "a method that is not there",
    `PUT ${configMaps}`,
    { body: {} },
    405,
    "the server does not allow this method on the requested resource",
  ],
  ["a missing object", `GET ${configMaps}/nope`, {}, 404, 'configmaps "nope" not found'],
  [
    "an unknown dryRun",
    `POST ${configMaps}?dryRun=x`,
    { body: configMap("x") },
    422,
    'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["x"]: supported values: "All"',
  ],
  ["a bad limit", `GET ${configMaps}?limit=abc`, {}, 400, 'strconv.ParseInt: parsing "abc": invalid syntax'],
  [
    "a limit that no number holds, before a bad selector",
    `GET ${configMaps}?limit=9223372036854775808&labelSelector=-a`,
    {},
    400,
    'strconv.ParseInt: parsing "9223372036854775808": value out of range',
  ],
  ["an empty limit", `GET ${configMaps}?limit=`, {}, 400, 'strconv.ParseInt: parsing "": invalid syntax'],
  [
    "a bad label selector, before a bad field selector",
    `GET ${configMaps}?fieldSelector=metadata.name&labelSelector=%3E1`,
    {},
    400,
    "found '>', expected: !, identifier, or 'end of string'",
  ],
  [
    "rules between options, before fields that cannot be selected",
    `GET ${configMaps}?fieldSelector=data.a%3Db&sendInitialEvents=0`,
    {},
    422,
    'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
  ],
  [
    "a continue token with padding",
    `GET ${configMaps}?continue=abc%3D`,
    {},
    400,
    "invalid continue token: continue key is not valid: illegal base64 data at input byte 3",
  ],
  [
    "a continue token without a version",
    `GET ${configMaps}?continue=e30`,
    {},
    400,
    "invalid continue token: continue key is not valid: server does not recognize this encoded version ",
  ],
  [
    "options of a delete that have the wrong type",
    `DELETE ${configMaps}/nope`,
    { body: { gracePeriodSeconds: "x" } },
    400,
    "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
  ],
  [
    "a propagation policy that is empty",
    `DELETE ${configMaps}/nope?propagationPolicy=`,
    {},
    422,
    'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "": supported values: "Foreground", "Background", "Orphan", "nil"',
  ],
  [
    "deleting a log",
    "DELETE /api/v1/namespaces/default/pods/x/log",
    {},
    405,
    "the server does not allow this method on the requested resource",
  ],
  [
    "a namespace finalized by nobody",
    "PUT /api/v1/namespaces/default/finalize",
    { body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" }, spec: { finalizers: ["x"] } } },
    422,
    'Namespace "default" is invalid: spec.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
  ],
  [
    "a namespace finalized under another name",
    "PUT /api/v1/namespaces/default/finalize",
    { body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "x" } } },
    400,
    "the name of the object (x) does not match the name on the URL (default)",
  ],
  [
    "a bad continue token",
    `GET ${configMaps}?continue=abc`,
    {},
    400,
    "invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value",
  ],
  [
    "a continue token of bytes that are no text",
    `GET ${configMaps}?continue=nonsense`,
    {},
    400,
    "invalid continue token: continue key is not valid: invalid character '\\u009e' looking for beginning of value",
  ],
  [
    "a continue token of half an object",
    `GET ${configMaps}?continue=eyJ2Ijox`,
    {},
    400,
    "invalid continue token: continue key is not valid: unexpected end of JSON input",
  ],
  [
    "a continue token of more than an object",
    `GET ${configMaps}?continue=eyJ2IjoieCJ9eQ`,
    {},
    400,
    "invalid continue token: continue key is not valid: invalid character 'y' after top-level value",
  ],
  [
    "a continue token of a character that cannot be seen",
    `GET ${configMaps}?continue=rQ`,
    {},
    400,
    "invalid continue token: continue key is not valid: invalid character '\\u00ad' looking for beginning of value",
  ],
  [
    "a continue token of a character that can be seen",
    `GET ${configMaps}?continue=_w`,
    {},
    400,
    "invalid continue token: continue key is not valid: invalid character 'ÿ' looking for beginning of value",
  ],
  [
    "a field that cannot be selected",
    `GET ${configMaps}?fieldSelector=data.a%3Db`,
    {},
    400,
    '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
  ],
  [
    "a match without a revision",
    `GET ${configMaps}?resourceVersionMatch=Exact`,
    {},
    422,
    'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
  ],
  [
    "an unknown patch",
    `PATCH ${configMaps}/x`,
    { body: {}, headers: { "content-type": "text/plain" } },
    415,
    "415: Unsupported Media Type",
  ],
  [
    "a body that is too large",
    `POST ${configMaps}`,
    { body: new Uint8Array(3 * 1024 * 1024 + 1) },
    413,
    "Request entity too large: limit is 3145728",
  ],
  [
    "a table in protobuf",
    `GET ${configMaps}`,
    { headers: { accept: "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1" } },
    406,
    "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
  ],
];
for (const [name, line, asked, code, message] of refused)
  test(`refuses ${name}`, async () => {
    const answer = await at(line, asked);
    assert.deepEqual([answer.code, answer.body["message"]], [code, message]);
    assert.equal(answer.body["kind"], "Status");
  });

test("update: optimistic, unconditional, and silent when nothing changes", async () => {
  const created = await at(`POST ${configMaps}`, { body: configMap("up", { data: { a: "1" } }) });
  const before = String(created.body["metadata"]!["resourceVersion"]);
  const same = await at(`PUT ${configMaps}/up`, { body: configMap("up", { data: { a: "1" } }) });
  assert.equal(same.body["metadata"]!["resourceVersion"], before);
  const changed = await at(`PUT ${configMaps}/up`, { body: configMap("up", { data: { a: "2" } }) });
  assert.notEqual(changed.body["metadata"]!["resourceVersion"], before);
  const stale = await at(`PUT ${configMaps}/up`, {
    body: { metadata: { name: "up", resourceVersion: before }, data: {} },
  });
  assert.equal(stale.code, 409);
  assert.equal(
    stale.body["message"],
    'Operation cannot be fulfilled on configmaps "up": the object has been modified; please apply your changes to the latest version and try again',
  );
  const stranger = await at(`PUT ${configMaps}/up`, { body: { metadata: { name: "up", uid: "1" } } });
  assert.match(String(stranger.body["message"]), /Precondition failed: UID in precondition: 1, UID in object meta: /);
});

test("patches that race are all applied", async () => {
  await at(`POST ${configMaps}`, { body: configMap("raced") });
  const headers = { "content-type": "application/merge-patch+json" };
  const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
  const answers = await Promise.all(
    keys.map((key) => at(`PATCH ${configMaps}/raced`, { body: { data: { [key]: "v" } }, headers })),
  );
  assert.deepEqual([...new Set(answers.map((answer) => answer.code))], [200]);
  assert.deepEqual(Object.keys((await at(`GET ${configMaps}/raced`)).body["data"]!).sort(), keys.sort());
});

test("apply creates, shares and takes over fields", async () => {
  const headers = { "content-type": "application/apply-patch+yaml" };
  const apply = (manager: string, data: object, force = false): Promise<Answered> =>
    at(`PATCH ${configMaps}/applied?fieldManager=${manager}&force=${force}`, {
      body: configMap("applied", { data }),
      headers,
    });
  assert.equal((await apply("a", { x: "1" })).code, 201);
  assert.equal((await apply("b", { y: "1" })).code, 200);
  const conflict = await apply("b", { x: "2" });
  assert.deepEqual(
    [conflict.code, conflict.body["message"]],
    [409, 'Apply failed with 1 conflict: conflict with "a": .data.x'],
  );
  const forced = await apply("b", { x: "2" }, true);
  assert.deepEqual(forced.body["data"], { x: "2" });
});

test("dry run answers as if and stores nothing", async () => {
  const { code, body } = await at(`POST ${configMaps}?dryRun=All`, { body: configMap("dry") });
  assert.equal(code, 201);
  assert.equal(body["metadata"]!["resourceVersion"], undefined);
  assert.equal((await at(`GET ${configMaps}/dry`)).code, 404);
});

test("generateName", async () => {
  const { body } = await at(`POST ${configMaps}`, { body: { metadata: { generateName: "gen-" } } });
  assert.match(String(body["metadata"]!["name"]), /^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
});

test("delete: at once, by finalizer, with preconditions", async () => {
  await at(`POST ${configMaps}`, { body: configMap("gone") });
  const gone = await at(`DELETE ${configMaps}/gone`);
  assert.equal(gone.body["status"], "Success");
  assert.equal(gone.body["details"]!["kind"], "configmaps");
  await at(`POST ${configMaps}`, { body: { metadata: { name: "held", finalizers: ["e.io/x"] } } });
  const mismatch = await at(`DELETE ${configMaps}/held`, { body: { preconditions: { uid: "1" } } });
  assert.equal(mismatch.code, 409);
  const held = await at(`DELETE ${configMaps}/held`);
  assert.equal(held.body["metadata"]!["deletionGracePeriodSeconds"], 0);
  const again = await at(`POST ${configMaps}`, { body: configMap("held") });
  assert.equal(again.body["message"], 'object is being deleted: configmaps "held" already exists');
  const headers = { "content-type": "application/merge-patch+json" };
  assert.equal((await at(`PATCH ${configMaps}/held`, { body: { metadata: { finalizers: null } }, headers })).code, 200);
  assert.equal((await at(`GET ${configMaps}/held`)).code, 404);
  for (const [policy, finalizer] of [
    ["Orphan", "orphan"],
    ["Foreground", "foregroundDeletion"],
  ]) {
    await at(`POST ${configMaps}`, { body: configMap(`by-${policy?.toLowerCase()}`) });
    const { body } = await at(`DELETE ${configMaps}/by-${policy?.toLowerCase()}?propagationPolicy=${policy}`);
    assert.deepEqual(body["metadata"]!["finalizers"], [finalizer]);
  }
});

test("a scheduled pod is deleted with grace, another one at once", async () => {
  const pods = "/api/v1/namespaces/default/pods";
  await at(`POST ${pods}`, { body: pod("free") });
  await at(`DELETE ${pods}/free`);
  assert.equal((await at(`GET ${pods}/free`)).code, 404);
  await at(`POST ${pods}`, { body: pod("bound", { nodeName: "n" }) });
  const first = await at(`DELETE ${pods}/bound`);
  assert.equal(first.body["metadata"]!["deletionGracePeriodSeconds"], 30);
  assert.equal((await at(`DELETE ${pods}/bound`)).body["metadata"]!["deletionGracePeriodSeconds"], 30);
  await at(`DELETE ${pods}/bound`, { body: { gracePeriodSeconds: 0 } });
  assert.equal((await at(`GET ${pods}/bound`)).code, 404);
});

test("binding sets the node once", async () => {
  const pods = "/api/v1/namespaces/default/pods";
  await at(`POST ${pods}`, { body: pod("tobind") });
  const target = { metadata: { name: "tobind" }, target: { kind: "Node", name: "n1" } };
  assert.equal((await at(`POST ${pods}/tobind/binding`, { body: target })).code, 201);
  const { body } = await at(`GET ${pods}/tobind`);
  assert.equal(body["spec"]!["nodeName"], "n1");
  assert.equal(body["status"]!["conditions"]?.[0]?.["type"], "PodScheduled");
  const twice = await at(`POST ${pods}/tobind/binding`, { body: target });
  assert.equal(
    twice.body["message"],
    'Operation cannot be fulfilled on pods/binding "tobind": pod tobind is already assigned to node "n1"',
  );
});

test("pages are consistent although objects change between them", async () => {
  await at(`POST /api/v1/namespaces`, { body: { metadata: { name: "paged" } } });
  const list = "/api/v1/namespaces/paged/configmaps";
  for (let index = 0; index < 7; index++) await at(`POST ${list}`, { body: configMap(`p${index}`) });
  const names: string[] = [];
  let token = "";
  let pages = 0;
  do {
    const { body } = await at(`GET ${list}?limit=3${token === "" ? "" : `&continue=${encodeURIComponent(token)}`}`);
    names.push(...(body["items"] as unknown as { metadata: { name: string } }[]).map((item) => item.metadata.name));
    if (pages === 0) assert.equal(body["metadata"]!["remainingItemCount"], 4);
    token = String(body["metadata"]!["continue"] ?? "");
    await at(`DELETE ${list}/p${6 - pages}`);
    await at(`POST ${list}`, { body: configMap(`p2${pages}`) });
    pages++;
  } while (token !== "");
  assert.deepEqual(names, ["p0", "p1", "p2", "p3", "p4", "p5", "p6"]);
});

test("a continue token of dropped history is answered 410 with a token to go on", async () => {
  const list = "/api/v1/namespaces/paged/configmaps";
  const first = await at(`GET ${list}?limit=1`);
  await at(`POST ${list}`, { body: configMap("later") });
  await server.store.compact(server.store.revision());
  const { code, body } = await at(`GET ${list}?limit=1&continue=${first.body["metadata"]!["continue"]}`);
  assert.deepEqual([code, body["reason"]], [410, "Expired"]);
  const on = await at(`GET ${list}?limit=1&continue=${body["metadata"]!["continue"]}`);
  assert.equal(on.code, 200);
});

test("a continue token of dropped history is too old also where nothing of its kind has changed since", async () => {
  const list = "/api/v1/namespaces/paged/podtemplates";
  const template = (name: string) => ({
    metadata: { name },
    template: { spec: { containers: [{ name: "a", image: "a" }] } },
  });
  for (const name of ["one", "two"]) assert.equal((await at(`POST ${list}`, { body: template(name) })).code, 201);
  const first = await at(`GET ${list}?limit=1`);
  const next = `GET ${list}?limit=1&continue=${first.body["metadata"]!["continue"]}`;
  await at(`POST /api/v1/namespaces/paged/configmaps`, { body: configMap("after") });
  assert.equal((await at(next)).code, 200);
  await server.store.compact(server.store.revision());
  assert.equal((await at(next)).code, 410);
});

test("tables and metadata alone", async () => {
  await at(`POST ${configMaps}`, { body: configMap("shown", { data: { a: "1" } }) });
  const table = await at(`GET ${configMaps}/shown`, {
    headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" },
  });
  assert.equal(table.body["kind"], "Table");
  assert.deepEqual([table.body["rows"]?.[0]?.["cells"]?.[0], table.body["rows"]?.[0]?.["cells"]?.[1]], ["shown", 1]);
  assert.equal(table.body["rows"]?.[0]?.["object"]?.["kind"], "PartialObjectMetadata");
  const partial = await at(`GET ${configMaps}/shown`, {
    headers: { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" },
  });
  assert.deepEqual([partial.body["kind"], partial.body["data"]], ["PartialObjectMetadata", undefined]);
});

test("collections are deleted by selector", async () => {
  for (const name of ["dc-a", "dc-b"])
    await at(`POST ${configMaps}`, { body: { metadata: { name, labels: { dc: name } } } });
  const { body } = await at(`DELETE ${configMaps}?labelSelector=dc%3Ddc-a`);
  assert.equal((body["items"] as unknown as unknown[]).length, 1);
  assert.equal((await at(`GET ${configMaps}/dc-a`)).code, 404);
  assert.equal((await at(`GET ${configMaps}/dc-b`)).code, 200);
});

test("users without rights are told what they lack", async () => {
  const limited = await testServer({
    authorizer: () => ({
      authorize: async () => ({ decision: "noOpinion", reason: "" }),
      rulesFor: async () => ({ resourceRules: [], nonResourceRules: [], incomplete: false }),
    }),
  });
  try {
    const user = { username: "jane", groups: [] };
    const { code, body } = await ask(limited, "GET /api/v1/namespaces/x/pods", { user });
    assert.equal(code, 403);
    assert.equal(
      body["message"],
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "x"',
    );
    const path = await ask(limited, "GET /metrics", { user });
    assert.equal(path.body["message"], 'forbidden: User "jane" cannot get path "/metrics"');
  } finally {
    await limited.close();
  }
});
