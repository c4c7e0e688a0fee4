// What a conversion webhook may answer, and what is said of the rest. Texts are those of kube-apiserver 1.36.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CustomResourceDefinition } from "../../api/index.ts";
import { seededRng } from "../../base/index.ts";
import type { KubeObject } from "../../machinery/index.ts";
import type { WebhookAnswer, WebhookCall } from "../contract.ts";
import { webhookConverter } from "./conversion.ts";

interface Review {
  readonly apiVersion: string;
  readonly request: {
    readonly uid: string;
    readonly desiredAPIVersion: string;
    readonly objects: readonly KubeObject[];
  };
}
type Answer = (review: Review) => unknown;

const widget: KubeObject = {
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: {
    name: "a",
    namespace: "default",
    uid: "u",
    labels: { l: "a" },
    resourceVersion: "7",
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
};

async function converted(answer: Answer, clientConfig: object = { url: "https://h//convert/" }) {
  const calls: WebhookCall[] = [];
  const definition = {
    spec: {
      group: "example.com",
      names: { kind: "Widget" },
      conversion: { strategy: "Webhook", webhook: { clientConfig, conversionReviewVersions: ["v1"] } },
    },
  } as CustomResourceDefinition;
  const convert = webhookConverter(
    {
      rng: seededRng(1),
      webhooks: {
        async post(call): Promise<WebhookAnswer> {
          calls.push(call);
          const said = answer(JSON.parse(new TextDecoder().decode(call.body)) as Review);
          const body = new TextEncoder().encode(typeof said === "string" ? said : JSON.stringify(said));
          return { status: 200, headers: { "content-type": "application/json" }, body };
        },
        close() {},
      },
    },
    definition,
  );
  const [object] = await convert!([widget], "example.com/v2");
  return { object: object!, call: calls[0]! };
}

const answering =
  (change: (object: Record<string, unknown>) => unknown, more: object = {}): Answer =>
  ({ apiVersion, request: { uid, desiredAPIVersion, objects } }) => ({
    apiVersion,
    kind: "ConversionReview",
    response: {
      uid,
      result: { status: "Success" },
      convertedObjects: objects.map((each) => change({ ...structuredClone(each), apiVersion: desiredAPIVersion })),
      ...more,
    },
  });
const withMetadata = (metadata: object): Answer =>
  answering((object) => ({ ...object, metadata: { ...(object["metadata"] as object), ...metadata } }));

describe("a conversion webhook", () => {
  it("changes labels and annotations alone of the metadata", async () => {
    const { object, call } = await converted(
      withMetadata({ labels: { x: "y" }, annotations: { n: "m" }, resourceVersion: "1", finalizers: ["a.b/c"] }),
    );
    assert.deepEqual(object.metadata, { ...widget.metadata, labels: { x: "y" }, annotations: { n: "m" } });
    assert.equal(call.url, "https://h/convert?timeout=30s");
  });

  it("is asked at its service", async () => {
    const service = { namespace: "ns", name: "hook", path: "convert" };
    const { call } = await converted(
      answering((object) => object),
      { service },
    );
    assert.equal(call.url, "https://hook.ns.svc:443/convert?timeout=30s");
    assert.deepEqual(call.service, { namespace: "ns", name: "hook", port: 443 });
  });

  const about = "conversion webhook for example.com/v1, Kind=Widget";
  const noObject = (type: string): string =>
    `${about} failed: couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
  const name =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  const refused: readonly (readonly [string, Answer, string])[] = [
    ["text", () => "hello", noObject("string")],
    ["a list", () => "[]", noObject("array")],
    [
      "nothing",
      () => "",
      `${about} failed: 0-length response with status code: 200 and content type: application/json`,
    ],
    [
      "something else",
      () => ({ apiVersion: "v1", kind: "Pod" }),
      `${about} failed: no kind "Pod" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"`,
    ],
    [
      "another version",
      () => ({ apiVersion: "apiextensions.k8s.io/v1beta1", kind: "ConversionReview" }),
      `${about} failed: converting (v1beta1.ConversionReview) to (v1.ConversionReview): unknown conversion`,
    ],
    ["too few objects", answering(() => ({}), { convertedObjects: [] }), `${about} returned 0 objects, expected 1`],
    ["null", answering(() => null), "unexpected end of JSON input"],
    [
      "a text for an object",
      answering(() => "x"),
      "json: cannot unmarshal string into Go value of type map[string]interface {}",
    ],
    [
      "no metadata",
      answering(({ metadata: _, ...rest }) => rest),
      `${about} returned invalid object: must have the same name: a != `,
    ],
    [
      "a number for a name",
      withMetadata({ name: 7 }),
      `${about} returned invalid object: must have the same name: a != `,
    ],
    ["another uid", withMetadata({ uid: "v" }), `${about} returned invalid object: must have the same UID: u != v`],
    [
      "a bad label",
      withMetadata({ labels: { "bad key!": "y" } }),
      `${about} returned invalid metadata: metadata.labels: Invalid value: "bad key!": ${name}`,
    ],
    [
      "a bad annotation",
      withMetadata({ annotations: { "bad key!": "y" } }),
      `${about} returned invalid metadata: metadata.annotation: Invalid value: "bad key!": ${name}`,
    ],
    [
      "a number for a label",
      withMetadata({ labels: { x: 7 } }),
      `${about} returned invalid metadata: metadata.labels[x] must be a string, but is int64 in converted object`,
    ],
    [
      "a text for labels",
      withMetadata({ labels: "x" }),
      `${about} returned invalid metadata: invalid metadata.labels of type string in converted object`,
    ],
  ];
  for (const [what, answer, message] of refused)
    it(`that answers ${what} fails`, () => assert.rejects(converted(answer), { message }));
});
