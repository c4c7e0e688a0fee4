// CBOR at the door: answers, bodies, applies, watches, and what is said with the gate off. The texts are upstream's.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ApiResponse, encodeCbor, type HttpMethod, parseCbor } from "../../machinery/index.ts";
import { type TestServer, testServer } from "../testing.ts";

const cbor = "application/cbor";
const admin = { kind: "user", user: { username: "admin", groups: ["system:masters"] } } as const;
const maps = "/api/v1/namespaces/default/configmaps";

let on: TestServer;
let off: TestServer;
before(async () => {
  [on, off] = await Promise.all([testServer({ featureGates: { CBORServingAndStorage: true } }), testServer()]);
});
after(() => Promise.all([on.close(), off.close()]));

interface Asked {
  readonly method?: HttpMethod;
  readonly path: string;
  readonly accept?: string;
  readonly type?: string;
  readonly body?: Uint8Array;
  readonly query?: string;
  readonly signal?: AbortSignal;
}

const ask = (
  server: TestServer,
  { method = "GET", path, accept = cbor, type, body, query, signal }: Asked,
): Promise<ApiResponse> =>
  server.handle(
    {
      method,
      path,
      headers: { accept, ...(type === undefined ? {} : { "content-type": type }) },
      query: new URLSearchParams(query),
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    },
    admin,
  );

type Json = Record<string, unknown>;

function decodedOf({ headers, bytes = [] }: ApiResponse): Json {
  const data = Buffer.concat(bytes);
  return (headers["content-type"] === cbor ? parseCbor(data).value : JSON.parse(data.toString())) as Json;
}

const secret = (name: string, more: Json = {}): Uint8Array =>
  encodeCbor({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, binaryData: { a: "AAEC" }, ...more });

test("an object is made, answered and listed", async () => {
  const made = await ask(on, { method: "POST", path: maps, type: cbor, body: secret("made") });
  assert.equal(made.status, 201);
  assert.equal(made.headers["content-type"], cbor);
  // Bytes are bytes, within the tag that says that they stand for base64.
  assert.ok(Buffer.concat(made.bytes ?? []).includes(Buffer.from([0x41, 0x61, 0xd6, 0x43, 0, 1, 2])));
  const list = decodedOf(await ask(on, { path: maps }));
  assert.equal(list["kind"], "ConfigMapList");
  const json = decodedOf(await ask(on, { path: `${maps}/made`, accept: "application/json" }));
  assert.deepEqual(decodedOf(await ask(on, { path: `${maps}/made` })), json);
});

const strict = "fieldValidation=Strict";
const answers: readonly (readonly [what: string, asked: Asked, status: number, message: string])[] = [
  [
    "a field is not known",
    { method: "POST", path: maps, type: cbor, body: secret("strict", { bogus: 1 }), query: strict },
    400,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: cbor: found unknown field at map element index 1',
  ],
  [
    "a body is cut off",
    { method: "POST", path: maps, type: cbor, body: Uint8Array.of(0x19) },
    400,
    "the object provided is unrecognized (must be of type ConfigMap): unable to determine group/version/kind: unexpected EOF (19)",
  ],
  [
    "an apply is no map",
    {
      method: "PATCH",
      path: `${maps}/applied`,
      type: "application/apply-patch+cbor",
      body: Uint8Array.of(0x80),
      query: "fieldManager=m",
    },
    400,
    "error decoding YAML: cbor: cannot unmarshal array into Go value of type map[string]interface {}",
  ],
  [
    "options of a deletion are no map",
    { method: "DELETE", path: `${maps}/none`, type: cbor, body: Uint8Array.of(0x80) },
    400,
    "unable to determine group/version/kind: cbor: cannot unmarshal array into Go value of type v1.TypeMeta (cannot decode CBOR array to struct without toarray option)",
  ],
  [
    "a type of a body is not spoken",
    { method: "POST", path: maps, type: "application/xml", body: secret("xml") },
    415,
    "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor",
  ],
];

for (const [what, asked, status, message] of answers)
  test(`${what}`, async () => {
    const response = await ask(on, asked);
    assert.equal(response.headers["content-type"], cbor);
    assert.equal(response.status, status);
    assert.equal(decodedOf(response)["message"], message);
  });

test("an apply makes an object", async () => {
  const body = encodeCbor({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "applied" }, data: { a: "1" } });
  const asked = { method: "PATCH", path: `${maps}/applied`, type: "application/apply-patch+cbor", body } as const;
  const response = await ask(on, { ...asked, query: "fieldManager=m" });
  assert.equal(response.status, 201);
  assert.deepEqual(decodedOf(response)["data"], { a: "1" });
});

test("a watch is a sequence of items", async () => {
  const end = new AbortController();
  const response = await ask(on, { path: maps, query: "watch=1", signal: end.signal });
  assert.equal(response.headers["content-type"], "application/cbor-seq");
  for await (const chunk of response.watch!) {
    const first = chunk[0];
    if (first === undefined) continue;
    const event = parseCbor(first.bytes as Uint8Array).value as { type: string; object: Json };
    assert.equal(event.type, "ADDED");
    assert.equal(event.object["kind"], "ConfigMap");
    break;
  }
  end.abort();
});

test("tables are not written as CBOR", async () => {
  const response = await ask(on, { path: maps, accept: "application/cbor;as=Table;v=v1;g=meta.k8s.io" });
  assert.equal(response.status, 406);
  assert.equal(response.headers["content-type"], "application/json");
});

test("resource lists speak it, what is above them does not", async () => {
  assert.equal((await ask(on, { path: "/apis/apps/v1" })).status, 200);
  for (const path of ["/api", "/apis", "/apis/apps"]) assert.equal((await ask(on, { path })).status, 406);
});

test("with the gate off nobody speaks it", async () => {
  assert.equal((await ask(off, { path: maps })).status, 406);
  const made = await ask(off, { method: "POST", path: maps, accept: "*/*", type: cbor, body: secret("off") });
  assert.equal(made.status, 415);
  const apply = { method: "PATCH", path: `${maps}/x`, accept: "*/*", type: "application/apply-patch+cbor" } as const;
  assert.equal((await ask(off, { ...apply, body: secret("x") })).status, 415);
});

test("errors for who accepts nothing that is spoken have line breaks", async () => {
  const { bytes } = await ask(off, { path: `${maps}/none`, accept: "text/html" });
  assert.match(Buffer.concat(bytes ?? []).toString(), /^\{\n {2}"kind": "Status",\n/);
});
