// Every kind with all its fields: JSON, YAML and protobuf are three writings of one object, and each is written as upstream writes it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { fromYaml, toYaml } from "../../machinery/index.ts";
import { decodeProtobuf, encodeProtobuf, encodeProtobufEvent, encodeProtobufList, messageBytes } from "./index.ts";

interface Golden {
  readonly name: string;
  readonly json: string;
  readonly yaml: string;
  readonly protobuf: string;
}

const golden = gunzipSync(readFileSync(new URL("../../../test/golden/objects.jsonl.gz", import.meta.url)))
  .toString()
  .split("\n")
  .map((line) => JSON.parse(line) as Golden);
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));
/** Bare watch events carry no type; the frame of one is tested below. */
const typed = golden.filter(({ name }) => name !== "core.v1.WatchEvent");

test("there are all kinds", () => assert.equal(golden.length, 185));

for (const { name, json, yaml, protobuf } of typed)
  test(name, () => {
    const object = JSON.parse(json) as Record<string, unknown>;
    assert.deepEqual(decodeProtobuf(bytesOf(protobuf), name), object);
    assert.equal(Buffer.from(encodeProtobuf(object)).toString("base64"), protobuf);
    assert.deepEqual(fromYaml(yaml), [object]);
    assert.equal(toYaml(object), yaml);
  });

test("what is no pointer in Go is written with its zero value, maps in the order of their keys", () => {
  const bytes = encodeProtobuf({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "n", creationTimestamp: null },
    data: { b: "2", a: "1" },
  });
  // The length of metadata, its fields 1 to 8 with their zero values, then the data.
  const metadata = "0a016e" + "1200" + "1a00" + "2200" + "2a00" + "3200" + "3800" + "4200";
  const data = "1206" + "0a0161" + "120131" + "1206" + "0a0162" + "120132";
  const message = `0a11${metadata}${data}`;
  const type = `0a0f0a0276311209${Buffer.from("ConfigMap").toString("hex")}`;
  assert.equal(
    Buffer.from(bytes).toString("hex"),
    `6b387300${type}12${(message.length / 2).toString(16)}${message}1a002200`,
  );
});

test("a list is the messages of its items", () => {
  const pod = typed.find(({ name }) => name === "core.v1.Pod")!;
  const { apiVersion: _, kind: __, ...item } = JSON.parse(pod.json) as Record<string, unknown>;
  const type = { apiVersion: "v1", kind: "PodList" };
  const metadata = { resourceVersion: "7" };
  const whole = encodeProtobuf({ ...type, metadata, items: [item, item] });
  const message = messageBytes(JSON.parse(pod.json) as object);
  assert.deepEqual(encodeProtobufList(type, metadata, [message, message]), whole);
});

test("an event of a watch is framed by its length", () => {
  const frame = encodeProtobufEvent("ADDED", Uint8Array.of(1, 2, 3));
  assert.deepEqual([...frame], [0, 0, 0, 14, 0x0a, 5, 65, 68, 68, 69, 68, 0x12, 5, 0x0a, 3, 1, 2, 3]);
});

test("numbers, texts and base64 of any size come back", () => {
  const quantities = fc.constantFrom("1", "100m", "5Gi", "0");
  const objects = fc.record({
    replicas: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { nil: undefined }),
    text: fc.string({ unit: "grapheme", maxLength: 300 }),
    bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("base64")),
    port: fc.oneof(fc.integer({ min: 0, max: 65535 }), fc.constantFrom("http", "")),
    labels: fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), { noNullPrototype: true }),
    quantity: quantities,
    generation: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  });
  fc.assert(
    fc.property(objects, ({ replicas, text, bytes, port, labels, quantity, generation }) => {
      const exact = Number.isSafeInteger(Number(generation)) ? Number(generation) : generation;
      const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: text, labels, generation: exact },
        data: { a: bytes },
      };
      const read = decodeProtobuf(encodeProtobuf(secret), "Secret") as typeof secret;
      assert.deepEqual(read.data, { a: bytes });
      assert.equal(read.metadata.name, text);
      assert.equal(read.metadata.generation, exact);
      assert.deepEqual(read.metadata.labels ?? {}, labels);
      const probe = { httpGet: { port } };
      const container = { name: "c", livenessProbe: probe, resources: { limits: { cpu: quantity } } };
      const spec = { replicas, template: { spec: { containers: [container] } } };
      const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: {}, spec };
      const back = decodeProtobuf(encodeProtobuf(deployment), "Deployment") as typeof deployment;
      assert.equal(back.spec.replicas, replicas);
      const [readContainer] = back.spec.template.spec.containers;
      assert.equal(readContainer!.livenessProbe.httpGet.port, port);
      assert.deepEqual(readContainer!.resources.limits, { cpu: quantity });
    }),
    { numRuns: 200 },
  );
});
