// Rules that show only where two things meet: several versions, several strict findings, names and pages.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const maps = "/api/v1/namespaces/default/configmaps";
const apply = { "content-type": "application/apply-patch+yaml" };
const merge = { "content-type": "application/merge-patch+json" };

const version = (name: string, fields: object): object => ({
  name,
  served: true,
  storage: name === "v1",
  subresources: { status: {} },
  schema: {
    openAPIV3Schema: {
      type: "object",
      properties: {
        spec: { type: "object", properties: { a: { type: "string" }, ...fields } },
        status: { type: "object", properties: { n: { type: "integer" } } },
      },
    },
  },
});

async function withThings(server: TestServer): Promise<(name: string) => string> {
  const names = { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" };
  const versions = [version("v1", { one: { type: "string" } }), version("v2", { two: { type: "string" } })];
  const made = await ask(server, `POST ${definitions}`, {
    body: {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "things.x.io" },
      spec: { group: "x.io", scope: "Namespaced", names, versions },
    },
  });
  assert.equal(made.code, 201, made.text);
  for (let turn = 0; (await ask(server, "GET /apis/x.io/v2/namespaces/default/things")).code !== 200; turn++) {
    if (turn > 300) throw new Error("the definition is not served");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return (name) => `/apis/x.io/${name}/namespaces/default/things`;
}

const thing = (name: string, spec: object): object => ({
  apiVersion: `x.io/${name}`,
  kind: "Thing",
  metadata: { name: "t" },
  spec,
});

test("an apply is refused for what a manager's version does not hold", async (context) => {
  const server = await testServer();
  context.after(() => server.close());
  const things = await withThings(server);
  const first = await ask(server, `PATCH ${things("v1")}/t?fieldManager=a`, {
    headers: apply,
    body: thing("v1", { a: "1" }),
  });
  assert.equal(first.code, 201, first.text);
  const second = await ask(server, `PATCH ${things("v2")}/t?fieldManager=b`, {
    headers: apply,
    body: thing("v2", { two: "x" }),
  });
  assert.equal(second.code, 500);
  assert.equal(second.body["message"], "failed to convert new object: .spec.two: field not declared in schema");
});

test("a custom resource's empty list of managers is no list; an empty entry forgets them", async (context) => {
  const server = await testServer();
  context.after(() => server.close());
  const things = await withThings(server);
  await ask(server, `PATCH ${things("v1")}/t?fieldManager=a`, { headers: apply, body: thing("v1", { a: "1" }) });
  const managers = async (managedFields: object[]): Promise<unknown> => {
    const body = { metadata: { managedFields } };
    const answered = await ask(server, `PATCH ${things("v1")}/t?fieldManager=m`, { headers: merge, body });
    return answered.body["metadata"]!["managedFields"];
  };
  assert.equal(((await managers([])) as object[]).length, 1);
  assert.equal(await managers([{}]), undefined);
});

test("what a custom resource is, is told before its name; its patches are asked for their type before it", async (context) => {
  const server = await testServer();
  context.after(() => server.close());
  const things = await withThings(server);
  const other = await ask(server, `POST ${things("v1")}`, { body: { apiVersion: "x.io/v1", kind: "Other" } });
  assert.equal(other.body["message"], 'Other.x.io "" is invalid: kind: Invalid value: "Other": must be Thing');
  const nameless = await ask(server, `PATCH ${things("v1")}`, { body: {} });
  assert.equal(nameless.code, 415, nameless.text);
});

test("a list of one name has no pages, and a revision beside a limit is the oldest that will do", async (context) => {
  const server = await testServer();
  context.after(() => server.close());
  const first = await ask(server, `POST ${maps}`, { body: { metadata: { name: "a" } } });
  await ask(server, `POST ${maps}`, { body: { metadata: { name: "b" } } });
  const one = await ask(server, `GET ${maps}?limit=1&fieldSelector=metadata.name%3Da`);
  assert.equal(one.body["metadata"]!["continue"], undefined);
  const revision = first.body["metadata"]!["resourceVersion"] as unknown as string;
  const later = await ask(server, `GET ${maps}?limit=1&resourceVersion=${revision}&fieldSelector=metadata.name%3Db`);
  assert.equal((later.body["items"] as unknown as object[]).length, 1);
});

test("the key in a failed precondition is the store's, and of a dry run the registry's", async (context) => {
  const server = await testServer();
  context.after(() => server.close());
  await ask(server, `POST ${maps}`, { body: { metadata: { name: "a" } } });
  const put = (query: string) => ask(server, `PUT ${maps}/a${query}`, { body: { metadata: { name: "a", uid: "x" } } });
  assert.match((await put("")).text, /Key: \/registry\/configmaps\/default\/a,/);
  assert.match((await put("?dryRun=All")).text, /Key: \/configmaps\/default\/a,/);
});

test("labels that a job is given with its template's are none of what is validated", async (context) => {
  const server = await testServer();
  context.after(() => server.close());
  const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } };
  const jobs = "/apis/batch/v1/namespaces/default/jobs";
  const long = await ask(server, `POST ${jobs}`, { body: { metadata: { name: "x".repeat(64) }, spec: { template } } });
  assert.equal(long.code, 422);
  assert.doesNotMatch(long.text, /metadata\.labels/);
  const short = await ask(server, `POST ${jobs}`, { body: { metadata: { name: "x" }, spec: { template } } });
  assert.equal(short.body["metadata"]!["labels"]!["job-name"], "x");
});

test("a body's type is asked for before the options of a create", async (context) => {
  const server = await testServer();
  context.after(() => server.close());
  const answered = await ask(server, `POST ${maps}?dryRun=None`, { headers: { "content-type": "application/xml" } });
  assert.equal(answered.code, 415, answered.text);
});

test("an eviction's options are checked as those of a delete", async (context) => {
  const server = await testServer({ admission: { disable: ["ServiceAccount"] } });
  context.after(() => server.close());
  const pods = "/api/v1/namespaces/default/pods";
  await ask(server, `POST ${pods}`, {
    body: { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } },
  });
  const deleteOptions = { propagationPolicy: "" };
  const evicted = await ask(server, `POST ${pods}/p/eviction?dryRun=All`, {
    body: { metadata: { name: "p" }, deleteOptions },
  });
  assert.equal(evicted.code, 422, evicted.text);
  assert.match(evicted.text, /DeleteOptions\.meta\.k8s\.io/);
});

test("an operation that is null has nothing in it", async (context) => {
  const server = await testServer();
  context.after(() => server.close());
  await ask(server, `POST ${maps}`, { body: { metadata: { name: "a" } } });
  const headers = { "content-type": "application/json-patch+json" };
  const answered = await ask(server, `PATCH ${maps}/a`, { headers, body: [null] });
  assert.equal(answered.code, 422, answered.text);
});

test("a list where one object belongs is no such object", async (context) => {
  const server = await testServer();
  context.after(() => server.close());
  const answered = await ask(server, `POST ${maps}`, { body: { apiVersion: "v1", kind: "List", items: [] } });
  assert.equal(
    answered.body["message"],
    'List in version "v1" cannot be handled as a ConfigMap: converting (v1.List) to (core.ConfigMap): unknown conversion',
  );
});
