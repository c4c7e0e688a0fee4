// Definitions of custom resources as kubectl reads them: it refuses fields that version 2 does not name where it names any.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

interface Schema {
  readonly type?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["a", "b"],
      properties: { a: { type: "string", nullable: true }, b: { type: "string" } },
    },
    only: { type: "object", required: ["a"], properties: { a: { type: "string", nullable: true } } },
    template: {
      type: "object",
      "x-kubernetes-embedded-resource": true,
      required: ["kind"],
      properties: { spec: { type: "object" } },
    },
    any: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
  },
};

const define = (plural: string, kind: string, openAPIV3Schema: object): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.company.com` },
  spec: {
    group: "company.com",
    scope: "Namespaced",
    names: { plural, kind },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }],
  },
});

async function served(path: string): Promise<void> {
  for (let turn = 0; turn < 300; turn++) {
    if ((await ask(server, `GET ${path}`)).code === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${path} is not served`);
}

let server: TestServer;
let v2: Readonly<Record<string, Schema>>;
let v3: Readonly<Record<string, Schema>>;
before(async () => {
  server = await testServer();
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await ask(server, `POST ${path}`, { body: define("foos", "Foo", schema) });
  await ask(server, `POST ${path}`, {
    body: define("bars", "Bar", { type: "object", "x-kubernetes-preserve-unknown-fields": true }),
  });
  for (const plural of ["foos", "bars"]) await served(`/apis/company.com/v1/${plural}`);
  const read = async (document: string): Promise<never> => (await ask(server, `GET ${document}`)).body as never;
  v2 = (await read("/openapi/v2"))["definitions"];
  v3 = (await read("/openapi/v3/apis/company.com/v1"))["components"]["schemas"];
});
after(() => server.close());

test("where any field goes, version 2 names none and version 3 those of every object", () => {
  assert.equal(v2["com.company.v1.Bar"]?.properties, undefined);
  assert.equal(v2["com.company.v1.Bar"]?.type, "object");
  assert.deepEqual(Object.keys(v3["com.company.v1.Bar"]?.properties ?? {}).sort(), ["apiVersion", "kind", "metadata"]);
});

test("what may be null is required in version 3 alone", () => {
  const [two, three] = [v2["com.company.v1.Foo"]?.properties, v3["com.company.v1.Foo"]?.properties];
  assert.deepEqual([two?.["spec"]?.required, three?.["spec"]?.required], [["b"], ["a", "b"]]);
  assert.deepEqual([two?.["only"]?.required, three?.["only"]?.required], [undefined, ["a"]]);
});

test("an object within the object says what it is", () => {
  for (const properties of [v2["com.company.v1.Foo"]?.properties, v3["com.company.v1.Foo"]?.properties]) {
    const template = properties?.["template"];
    assert.deepEqual(Object.keys(template?.properties ?? {}).sort(), ["apiVersion", "kind", "metadata", "spec"]);
    assert.deepEqual(template?.required, ["kind", "apiVersion"]);
  }
  assert.equal(v2["com.company.v1.Foo"]?.properties?.["any"]?.properties, undefined);
  assert.deepEqual(v3["com.company.v1.Foo"]?.properties?.["any"]?.required, ["kind", "apiVersion"]);
});
