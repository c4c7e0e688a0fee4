import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf } from "./index.ts";

const encoder = new TextEncoder();

/** Length-delimited field. */
const field = (number: number, content: Uint8Array | string): number[] => {
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  return [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes];
};
const message = (...fields: number[][]): Uint8Array => Uint8Array.from(fields.flat());
const number = (at: number, value: number): number[] => [at << 3, ...varint(value)];
function varint(value: number): number[] {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 128n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...out, Number(rest)];
}
const enveloped = (apiVersion: string, kind: string, raw: Uint8Array): Uint8Array =>
  Uint8Array.from([
    0x6b,
    0x38,
    0x73,
    0,
    ...message(field(1, message(field(1, apiVersion), field(2, kind))), field(2, raw)),
  ]);
const mapEntry = (key: string, value: string | Uint8Array): Uint8Array => message(field(1, key), field(2, value));

test("a pod: inlined structs, maps, quantities, negative numbers, int-or-string", () => {
  const metadata = message(field(1, "p"), field(11, mapEntry("app", "x")), field(8, message(number(1, 1_700_000_000))));
  const limits = message(field(1, mapEntry("cpu", message(field(1, "100m")))));
  const probe = message(
    field(1, message(field(2, message(field(2, message(number(1, 0), number(2, 8080))))))),
    number(2, 5),
  );
  const container = message(field(1, "c"), field(2, "i"), field(8, limits), field(10, probe));
  const volume = message(field(1, "v"), field(2, message(field(2, message()))));
  const toleration = message(field(1, "k"), number(5, -1));
  const spec = message(field(1, volume), field(2, container), field(22, toleration));
  const value = decodeProtobuf(enveloped("v1", "Pod", message(field(1, metadata), field(2, spec))), "Pod");
  assert.deepEqual(value, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", labels: { app: "x" }, creationTimestamp: "2023-11-14T22:13:20Z" },
    spec: {
      volumes: [{ name: "v", emptyDir: {} }],
      containers: [
        {
          name: "c",
          image: "i",
          resources: { limits: { cpu: "100m" } },
          livenessProbe: { httpGet: { port: 8080 }, initialDelaySeconds: 5 },
        },
      ],
      tolerations: [{ key: "k", tolerationSeconds: -1 }],
    },
  });
});

test("bytes are base64, and what is no protobuf is refused", () => {
  const secret = message(field(2, mapEntry("a", "b")), field(3, "Opaque"));
  const value = decodeProtobuf(enveloped("v1", "Secret", secret), "Secret");
  assert.deepEqual(value["data"], { a: "Yg==" });
  assert.throws(() => decodeProtobuf(encoder.encode("nope"), "ConfigMap"), {
    message:
      "the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (6e6f7065)",
  });
  assert.throws(
    () => decodeProtobuf(enveloped("v1", "Secret", Uint8Array.from([18, 200])), "Secret"),
    /unexpected EOF/,
  );
});

const answerOf = (kind: string, raw: Uint8Array, apiVersion = "v1"): string => {
  try {
    decodeProtobuf(enveloped(apiVersion, kind, raw), kind);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

test("bounds: lengths, levels and values, those of JSON within included", () => {
  const revision = (json: string): string =>
    answerOf("ControllerRevision", message(field(2, message(field(1, json)))), "apps/v1");
  const list = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(revision(list(900)), "");
  assert.match(revision(list(1001)), /proto: embedded JSON: exceeded max depth$/);
  assert.match(revision(`[${"0,".repeat(160_000)}0]`), /^Request entity too large: limit is 150000 values$/);
  const schemaIn = (depth: number): Uint8Array => {
    // JSONSchemaProps.not
    let bytes: number[] = [];
    for (let level = 0; level < depth; level++) bytes = field(28, Uint8Array.from(bytes));
    const version = message(field(4, message(field(1, Uint8Array.from(bytes)))));
    return message(field(2, message(field(7, version))));
  };
  const definition = (depth: number): string =>
    answerOf("CustomResourceDefinition", schemaIn(depth), "apiextensions.k8s.io/v1");
  assert.equal(definition(900), "");
  assert.match(definition(1001), /proto: exceeded max depth$/);
  const negative = Uint8Array.from([0x0a, ...varint(-5)]);
  assert.match(answerOf("ConfigMap", negative), /proto: negative length found during unmarshaling$/);
});
