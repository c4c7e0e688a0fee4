// Revisions and uids that writes name, first writes that change nothing, types without fields: answers of kube-apiserver 1.36.3.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Answered, type Asked, ask } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

let server: TestServer;
const at = (line: string, asked?: Asked): Promise<Answered> => ask(server, line, asked);
const merge = { "content-type": "application/merge-patch+json" };
const podTemplate = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const jobs = "/apis/batch/v1/namespaces/default/jobs";
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

before(async () => {
  server = await testServer({ admission: { disable: ["ServiceAccount"] } });
  const spec = { replicas: 1, selector: { matchLabels: { a: "b" } }, template: podTemplate };
  assert.equal((await at(`POST ${deployments}`, { body: { metadata: { name: "d" }, spec } })).code, 201);
});
after(() => server.close());

const revisions: readonly (readonly [sent: string, code: number, message: RegExp])[] = [
  ["a b", 500, /^strconv\.ParseUint: parsing "a b": invalid syntax$/],
  ["-1", 500, /^strconv\.ParseUint: parsing "-1": invalid syntax$/],
  ["99999999999999999999", 500, /^strconv\.ParseUint: parsing "99999999999999999999": value out of range$/],
  ["1", 409, /the object has been modified/],
];
for (const part of ["", "/scale"])
  for (const [resourceVersion, code, message] of revisions)
    test(`a patch of a deployment${part} that names revision ${JSON.stringify(resourceVersion)}`, async () => {
      const body = { metadata: { resourceVersion } };
      const answered = await at(`PATCH ${deployments}/d${part}`, { headers: merge, body });
      assert.deepEqual([answered.code, message.test(String(answered.body["message"]))], [code, true], answered.text);
    });

test("a scale of another object is not taken", async () => {
  const body = { metadata: { uid: "x" } };
  const { code, body: status } = await at(`PATCH ${deployments}/d/scale`, { headers: merge, body });
  assert.equal(code, 409);
  assert.match(
    String(status["message"]),
    /^Operation cannot be fulfilled on deployments\/scale\.apps "d": Precondition failed: UID in precondition: x,/,
  );
});

const jobsThatAre: readonly (readonly [name: string, labels: object | undefined, rewritten: boolean])[] = [
  ["without-labels", undefined, true],
  ["labelled", { a: "b" }, false],
];
for (const [name, labels, rewritten] of jobsThatAre)
  test(`a job ${name}: a write of nothing is ${rewritten ? "stored once" : "not stored"}`, async () => {
    const template = {
      ...(labels === undefined ? {} : { metadata: { labels } }),
      spec: { ...podTemplate.spec, restartPolicy: "Never" },
    };
    const made = await at(`POST ${jobs}`, { body: { metadata: { name }, spec: { template } } });
    assert.equal(made.code, 201, made.text);
    assert.equal(made.body["metadata"]?.["labels"]?.["job-name"], name);
    const revision = async (line: string): Promise<unknown> =>
      (await at(line, { headers: merge, body: {} })).body["metadata"]?.["resourceVersion"];
    const created = made.body["metadata"]!["resourceVersion"];
    assert.equal(await revision(`PATCH ${jobs}/${name}?dryRun=All`), created);
    const first = await revision(`PATCH ${jobs}/${name}`);
    assert.equal(first !== created, rewritten);
    assert.equal(await revision(`PATCH ${jobs}/${name}`), first);
  });

test("a type without fields takes none", async () => {
  const version = {
    name: "v1",
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: "object" } },
    subresources: { status: { foo: 1 } },
  };
  const names = { plural: "empties", singular: "empty", kind: "Empty" };
  const spec = { group: "e.example", scope: "Namespaced", names, versions: [version] };
  const body = { metadata: { name: "empties.e.example" }, spec };
  const unknown = 'unknown field "spec.versions[0].subresources.status.foo"';
  const strict = await at(`POST ${definitions}?fieldValidation=Strict`, { body });
  assert.equal(strict.code, 400);
  assert.ok(String(strict.body["message"]).endsWith(`strict decoding error: ${unknown}`), strict.text);
  const warned = await at(`POST ${definitions}`, { body });
  assert.deepEqual(warned.warnings, [`299 - ${JSON.stringify(unknown)}`]);
  assert.deepEqual(warned.body["spec"]!["versions"]![0]!["subresources"], { status: {} });
});

const forms: readonly (readonly [line: string, accept: string, refused: boolean])[] = [
  ["GET /api/v1/namespaces/default/pods/none/log", "application/json;as=Table;v=v1;g=meta.k8s.io", true],
  ["GET /api/v1/namespaces/default/pods/none/log", "text/html", true],
  ["GET /api/v1/namespaces/default/pods/none/log", "*/*", false],
  ["GET /api/v1/namespaces/default/pods/none/exec", "text/html", false],
  ["GET /api/v1/namespaces/default/pods/none/resize", "application/json;as=Table;v=v1;g=meta.k8s.io", true],
  ["GET /api/v1/namespaces/default/pods/none/status", "application/json;as=Table;v=v1;g=meta.k8s.io", false],
  ["GET /api/v1/componentstatuses", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", true],
];
for (const [line, accept, refused] of forms)
  test(`${line} as ${accept} is ${refused ? "" : "not "}refused`, async () => {
    assert.equal((await at(line, { headers: { accept } })).code === 406, refused);
  });
