import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { share } from "./share.ts";

const pod = (name: string, node: string) => ({
  metadata: { name, labels: { app: "web", tier: "front of the house" } },
  spec: {
    nodeName: node,
    containers: [{ name: "app", image: "registry.example/app:1", ports: [{ containerPort: 80 }] }],
  },
});

test("equal parts of different objects are one object", () => {
  const a = share(pod("a", "node-1"));
  const b = share(pod("b", "node-2"));
  assert.deepEqual(b, pod("b", "node-2"));
  assert.notEqual(a.spec, b.spec);
  assert.equal(a.spec.containers, b.spec.containers);
  assert.equal(a.metadata.labels, b.metadata.labels);
});

test("the answer equals what was given, in its order, and is frozen", () => {
  const frozenBelow = (value: unknown): boolean =>
    typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(frozenBelow));
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const before = JSON.stringify(value);
      const answer = share(value);
      assert.equal(JSON.stringify(answer), before);
      assert.ok(frozenBelow(answer));
      assert.equal(JSON.stringify(share(JSON.parse(before))), before);
    }),
  );
});

test("what looks alike and is not equal stays apart", () => {
  const alike: readonly (readonly [unknown, unknown])[] = [
    [{ a: 1 }, { a: "1" }],
    [{ a: null }, { a: "null" }],
    [{ a: undefined }, {}],
    [["a", "b"], ['a,1"b']],
    [{ a: { b: 1 } }, { a: "#0" }],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    [[], {}],
  ];
  for (const [one, other] of alike) assert.notEqual(share({ in: one }).in, share({ in: other }).in);
});

test("what is not plain data stays what it is", () => {
  const bytes = new Uint8Array([1, 2]);
  const when = new Date(0);
  const answer = share({ bytes, when, plain: { a: "some longer text" } });
  assert.equal(answer.bytes, bytes);
  assert.equal(answer.when, when);
  assert.equal(answer.plain, share({ a: "some longer text" }));
});

test("what was not met for long is forgotten, what is met stays", () => {
  const kept = share({ kept: "all along" });
  const lost = share({ lost: "soon" });
  for (let index = 0; index < 20_000; index++) {
    share({ index });
    if (index % 1000 === 0) share({ kept: "all along" });
  }
  assert.equal(share({ kept: "all along" }), kept);
  assert.notEqual(share({ lost: "soon" }), lost);
});
