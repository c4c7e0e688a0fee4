// Custom kinds with everything that is asked about them over real TLS: conversion, admission webhooks that know another version, and
// policies whose parameters are custom resources.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { seededRng } from "../../../base/index.ts";
import type { Transport } from "../../../machinery/index.ts";
import { type TestServer, testServer } from "../../testing.ts";
import { testAuthority } from "../certificates.fixture.ts";
import { base64, type Json, type JsonService, pathOf, startJsonService } from "./json-service.fixture.ts";
import { webhookConnections } from "./webhooks.ts";

interface CustomObject extends Json {
  readonly apiVersion: string;
  readonly metadata: Json;
  readonly spec: Json;
}
interface Review extends Json {
  readonly kind: string;
  readonly apiVersion: string;
  readonly request: Json & {
    readonly uid: string;
    readonly desiredAPIVersion: string;
    readonly objects: readonly CustomObject[];
    readonly object: CustomObject;
    readonly oldObject: CustomObject | null;
  };
}
interface Answer {
  readonly code: number;
  readonly body: Json & { readonly message?: string; readonly spec?: Json; readonly items?: readonly CustomObject[] };
}

const authority = testAuthority(seededRng(21));
const serving = authority.issue({ commonName: "hooks", hosts: ["127.0.0.1"], usage: "server" });
const stranger = testAuthority(seededRng(22));
const admission = "/apis/admissionregistration.k8s.io/v1";
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const group = "example.com";
const at = (version: string, plural = "widgets"): string => `/apis/${group}/${version}/namespaces/default/${plural}`;

/** v1 says `size`, v2 says `width` for the same thing. */
function converted({ spec, ...rest }: CustomObject, apiVersion: string): CustomObject {
  const { size, width, ...others } = spec;
  const value = size ?? width;
  return { ...rest, apiVersion, spec: { ...others, [apiVersion.endsWith("v1") ? "size" : "width"]: value } };
}

describe("custom kinds over TLS", () => {
  let service: JsonService;
  let seen: { readonly path: string; readonly review: Review }[] = [];
  let admits: (review: Review) => Json = () => ({});
  let server: TestServer;
  let transport: Transport;
  const calls = webhookConnections();

  before(async () => {
    service = await startJsonService({ cert: serving.cert, key: serving.key }, (body, request) => {
      const review = body as Review;
      seen.push({ path: pathOf(request), review });
      const { uid, desiredAPIVersion, objects } = review.request;
      const response =
        review.kind === "ConversionReview"
          ? {
              uid,
              result: { status: "Success" },
              convertedObjects: objects.map((object) => converted(object, desiredAPIVersion)),
            }
          : { uid, allowed: true, ...admits(review) };
      return { body: { kind: review.kind, apiVersion: review.apiVersion, response } };
    });
    server = await testServer({ webhooks: calls, admission: { disable: ["ServiceAccount"] } });
    transport = server.transport();
    await define("Widget", ["v1", "v2"], conversionBy(authority.cert));
    await define("Limit", ["v1"]);
  });
  after(async () => {
    await server.close();
    calls.close();
    await service.close();
  });
  beforeEach(async () => {
    for (const kind of ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"])
      await send("DELETE", `${admission}/${kind}`);
    for (const kind of ["validatingadmissionpolicybindings", "validatingadmissionpolicies"])
      await send("DELETE", `${admission}/${kind}`);
    await send("DELETE", at("v1"));
    await send("DELETE", at("v1", "limits"));
    admits = () => ({});
    seen = [];
  });

  async function send(method: "POST" | "PUT" | "PATCH" | "DELETE" | "GET", path: string, body?: Json): Promise<Answer> {
    const answer = await transport.request({
      method,
      path,
      headers: method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {},
      ...(body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }),
    });
    return { code: answer.status, body: (answer.object ?? {}) as Answer["body"] };
  }

  async function make(path: string, body: Json): Promise<void> {
    const { code, body: answer } = await send("POST", path, body);
    assert.equal(code, 201, answer.message ?? "");
  }

  const conversionBy = (cert: string): Json => ({
    strategy: "Webhook",
    webhook: {
      clientConfig: { url: `https://127.0.0.1:${service.port}/convert`, caBundle: base64(cert) },
      conversionReviewVersions: ["v1"],
    },
  });

  async function define(kind: string, versions: readonly string[], conversion?: Json): Promise<void> {
    const plural = `${kind.toLowerCase()}s`;
    const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    await make(definitions, {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: "Namespaced",
        names: { plural, kind },
        versions: versions.map((name) => ({
          name,
          served: true,
          storage: name === "v1",
          schema: { openAPIV3Schema: { type: "object", properties: { spec: open } } },
        })),
        ...(conversion === undefined ? {} : { conversion }),
      },
    });
    await eventually(async () => (await send("GET", at(versions.at(-1)!, plural))).code === 200);
  }

  async function eventually(done: () => Promise<boolean>): Promise<void> {
    for (let turn = 0; turn < 500; turn++) {
      if (await done()) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.fail("waited in vain");
  }

  const widget = (name: string, version: string, spec: Json): Json => ({
    apiVersion: `${group}/${version}`,
    kind: "Widget",
    metadata: { name },
    spec,
  });

  it("conversion goes over one connection that is kept", async () => {
    const names = ["a", "b", "c", "d", "e"];
    for (const [size, name] of names.entries()) await make(at("v1"), widget(name, "v1", { size }));
    const before = service.connections;
    for (const [width, name] of names.entries())
      assert.deepEqual((await send("GET", `${at("v2")}/${name}`)).body.spec, { width });
    await make(at("v2"), widget("f", "v2", { width: 5 }));
    assert.deepEqual((await send("GET", `${at("v1")}/f`)).body.spec, { size: 5 });
    const { items = [] } = (await send("GET", at("v2"))).body;
    assert.deepEqual(
      items.map(({ spec }) => spec["width"]),
      [0, 1, 2, 3, 4, 5],
    );
    assert.ok(seen.length > names.length, `${seen.length} calls`);
    assert.ok(service.connections - before <= 1, `${service.connections - before} connections were made`);
  });

  it("conversion by somebody with another's certificate fails, in Go's words", async () => {
    await make(at("v1"), widget("a", "v1", { size: 1 }));
    const patched = await send("PATCH", `${definitions}/widgets.${group}`, {
      spec: { conversion: conversionBy(stranger.cert) },
    });
    assert.equal(patched.code, 200, patched.body.message ?? "");
    try {
      let answer: Answer | undefined;
      await eventually(async () => {
        answer = await send("GET", `${at("v2")}/a`);
        return answer.code !== 200;
      });
      assert.equal(answer?.code, 500);
      assert.equal(
        answer?.body.message,
        `conversion webhook for ${group}/v1, Kind=Widget failed: Post "https://127.0.0.1:${service.port}/convert?timeout=30s": ` +
          "tls: failed to verify certificate: x509: certificate signed by unknown authority",
      );
    } finally {
      await send("PATCH", `${definitions}/widgets.${group}`, { spec: { conversion: conversionBy(authority.cert) } });
      await eventually(async () => (await send("GET", `${at("v2")}/a`)).code === 200);
    }
  });

  const hook = (name: string, rest: Json = {}): Json => ({
    name: `${name}.${group}`,
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    clientConfig: { url: `https://127.0.0.1:${service.port}/${name}`, caBundle: base64(authority.cert) },
    rules: [{ operations: ["*"], apiGroups: [group], apiVersions: ["v1"], resources: ["widgets"] }],
    ...rest,
  });
  const configure = (kind: "Validating" | "Mutating", ...webhooks: Json[]): Promise<void> =>
    make(`${admission}/${kind.toLowerCase()}webhookconfigurations`, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: `${kind}WebhookConfiguration`,
      metadata: { name: "w" },
      webhooks,
    });
  const admissions = () => seen.filter(({ review }) => review.kind === "AdmissionReview");

  it("webhooks see the version that their rules name, of both objects", async () => {
    await configure("Validating", hook("equivalent"), hook("exact", { matchPolicy: "Exact" }));
    await make(at("v2"), widget("a", "v2", { width: 3 }));
    const updated = await send("PATCH", `${at("v2")}/a`, { spec: { width: 4 } });
    assert.equal(updated.code, 200, updated.body.message ?? "");
    assert.deepEqual(
      admissions().map(({ path, review: { request } }) => [path, request.object.apiVersion, request.object.spec]),
      [
        ["/equivalent", `${group}/v1`, { size: 3 }],
        ["/equivalent", `${group}/v1`, { size: 4 }],
      ],
    );
    const { request } = admissions()[1]!.review;
    assert.deepEqual(request.oldObject?.spec, { size: 3 });
    assert.deepEqual(request["kind"], { group, version: "v1", kind: "Widget" });
    assert.deepEqual(request["resource"], { group, version: "v1", resource: "widgets" });
    assert.deepEqual(request["requestKind"], { group, version: "v2", kind: "Widget" });
    assert.deepEqual(request["requestResource"], { group, version: "v2", resource: "widgets" });
  });

  it("what a webhook changes in its version is changed in that of the request", async () => {
    await configure("Mutating", hook("change"));
    admits = () => ({
      patchType: "JSONPatch",
      patch: base64(JSON.stringify([{ op: "replace", path: "/spec/size", value: 9 }])),
    });
    const { code, body } = await send("POST", at("v2"), widget("a", "v2", { width: 3 }));
    assert.equal(code, 201, body.message ?? "");
    assert.deepEqual(body.spec, { width: 9 });
    assert.deepEqual((await send("GET", `${at("v1")}/a`)).body.spec, { size: 9 });
  });

  const rules = (versions: readonly string[]): Json => ({
    resourceRules: [{ operations: ["CREATE"], apiGroups: [group], apiVersions: versions, resources: ["widgets"] }],
  });
  async function policy(name: string, spec: Json, binding: Json = {}): Promise<void> {
    const apiVersion = "admissionregistration.k8s.io/v1";
    await make(`${admission}/validatingadmissionpolicies`, {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name },
      spec: { matchConstraints: rules(["v1"]), ...spec },
    });
    await make(`${admission}/validatingadmissionpolicybindings`, {
      apiVersion,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"], ...binding },
    });
  }
  const limit = (name: string, most: number): Json => ({
    apiVersion: `${group}/v1`,
    kind: "Limit",
    metadata: { name, labels: { for: "widgets" } },
    spec: { most },
  });
  const paramKind = { apiVersion: `${group}/v1`, kind: "Limit" };
  const smallEnough = [
    { expression: "object.spec.size <= params.spec.most", messageExpression: "'at most ' + string(params.spec.most)" },
  ];

  it("policies see the version that their rules name", async () => {
    await policy("equivalent", { validations: [{ expression: "object.spec.size < 5", message: "too wide" }] });
    const { code, body } = await send("POST", at("v2"), widget("a", "v2", { width: 7 }));
    assert.equal(code, 422);
    assert.equal(
      body.message,
      `widgets.${group} "a" is forbidden: ValidatingAdmissionPolicy 'equivalent' with binding 'equivalent' denied request: too wide`,
    );
    await send("DELETE", `${admission}/validatingadmissionpolicies/equivalent`);
    await policy("exact", {
      matchConstraints: { ...rules(["v1"]), matchPolicy: "Exact" },
      validations: [{ expression: "false" }],
    });
    await make(at("v2"), widget("b", "v2", { width: 7 }));
    assert.equal((await send("POST", at("v1"), widget("c", "v1", { size: 7 }))).code, 422);
  });

  it("policies read parameters that are custom resources, as they are now", async () => {
    await policy(
      "limited",
      { paramKind, validations: smallEnough },
      { paramRef: { name: "l", namespace: "default", parameterNotFoundAction: "Deny" } },
    );
    const missing = await send("POST", at("v1"), widget("a", "v1", { size: 3 }));
    assert.equal(missing.code, 422);
    assert.match(missing.body.message ?? "", /no params found for policy binding with `Deny` parameterNotFoundAction/);
    await make(at("v1", "limits"), limit("l", 5));
    await make(at("v1"), widget("a", "v1", { size: 3 }));
    await send("PATCH", `${at("v1", "limits")}/l`, { spec: { most: 2 } });
    const refused = await send("POST", at("v2"), widget("b", "v2", { width: 3 }));
    assert.equal(refused.code, 422);
    assert.match(refused.body.message ?? "", /denied request: at most 2$/);
  });

  it("parameters by their labels: each has its say", async () => {
    await make(at("v1", "limits"), limit("wide", 9));
    await make(at("v1", "limits"), limit("narrow", 4));
    await policy(
      "selected",
      { paramKind, validations: smallEnough },
      { paramRef: { selector: { matchLabels: { for: "widgets" } }, parameterNotFoundAction: "Allow" } },
    );
    await make(at("v1"), widget("a", "v1", { size: 4 }));
    const refused = await send("POST", at("v1"), widget("b", "v1", { size: 5 }));
    assert.match(refused.body.message ?? "", /denied request: at most 4$/);
    await send("DELETE", at("v1", "limits"));
    await make(at("v1"), widget("b", "v1", { size: 50 }));
  });

  it("a policy whose parameters' kind is not there fails", async () => {
    await policy(
      "unknown",
      { paramKind: { apiVersion: `${group}/v1`, kind: "Nothing" }, validations: smallEnough },
      { paramRef: { name: "l", namespace: "default", parameterNotFoundAction: "Allow" } },
    );
    const { code, body } = await send("POST", at("v1"), widget("a", "v1", { size: 1 }));
    assert.equal(code, 422);
    assert.equal(
      body.message,
      `widgets.${group} "a" is forbidden: ValidatingAdmissionPolicy 'unknown' denied request: failed to configure policy: ` +
        `failed to find resource referenced by paramKind: '${group}/v1, Kind=Nothing'`,
    );
  });

  it("mutating policies change in the version that their rules name, by parameters that are custom resources", async () => {
    const apiVersion = "admissionregistration.k8s.io/v1";
    await make(at("v1", "limits"), limit("most", 4));
    await make(`${admission}/mutatingadmissionpolicies`, {
      apiVersion,
      kind: "MutatingAdmissionPolicy",
      metadata: { name: "cap" },
      spec: {
        paramKind,
        reinvocationPolicy: "Never",
        matchConstraints: rules(["v1"]),
        matchConditions: [{ name: "wide", expression: "object.spec.size > params.spec.most" }],
        variables: [{ name: "most", expression: "params.spec.most" }],
        mutations: [
          {
            patchType: "JSONPatch",
            jsonPatch: { expression: '[JSONPatch{op: "replace", path: "/spec/size", value: variables.most}]' },
          },
        ],
      },
    });
    await make(`${admission}/mutatingadmissionpolicybindings`, {
      apiVersion,
      kind: "MutatingAdmissionPolicyBinding",
      metadata: { name: "cap" },
      spec: {
        policyName: "cap",
        paramRef: { name: "most", namespace: "default", parameterNotFoundAction: "Deny" },
      },
    });
    try {
      for (const [width, expected] of [
        [9, 4],
        [3, 3],
      ] as const) {
        const { code, body } = await send("POST", at("v2"), widget(`w${width}`, "v2", { width }));
        assert.equal(code, 201, body.message ?? "");
        assert.deepEqual(body.spec, { width: expected });
      }
    } finally {
      await send("DELETE", `${admission}/mutatingadmissionpolicybindings`);
      await send("DELETE", `${admission}/mutatingadmissionpolicies`);
    }
  });
});
