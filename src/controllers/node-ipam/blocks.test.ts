import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createBlockSet, overlaps } from "./blocks.ts";

test("blocks come in turn; taken ones are left out, released ones come last", () => {
  const set = createBlockSet("10.244.0.0/22", 24);
  set.occupy("10.244.1.0/24");
  assert.equal(set.allocate(), "10.244.0.0/24");
  assert.equal(set.allocate(), "10.244.2.0/24");
  set.release("10.244.0.0/24");
  assert.equal(set.allocate(), "10.244.3.0/24");
  assert.equal(set.allocate(), "10.244.0.0/24");
  assert.equal(set.allocate(), undefined);
});

test("IPv6, and ranges larger and smaller than a block", () => {
  const six = createBlockSet("fd00:10::/56", 64);
  six.occupy("fd00:10:0:0:1::/80");
  assert.equal(six.allocate(), "fd00:10:0:1::/64");
  const four = createBlockSet("10.0.0.0/23", 24);
  four.occupy("10.0.0.0/8");
  assert.equal(four.allocate(), undefined);
});

test("what cannot be is refused", () => {
  assert.throws(() => createBlockSet("10.0.0.0/24", 16), /shorter than the cluster CIDR/);
  assert.throws(() => createBlockSet("10.0.0.0/4", 24), /more than 2\^16 blocks/);
  assert.throws(() => createBlockSet("nonsense", 24), /is no CIDR/);
  assert.throws(() => createBlockSet("10.0.0.0/16", 24).occupy("11.0.0.0/24"), /out the range of cluster cidr/);
});

test("no block is given out twice", () => {
  const step = fc.oneof(fc.constant("allocate" as const), fc.nat(9));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const set = createBlockSet("10.0.0.0/21", 24);
      const held: string[] = [];
      for (const each of steps) {
        if (each === "allocate") {
          const block = set.allocate();
          assert.equal(block === undefined, held.length === 8);
          if (block === undefined) continue;
          assert.ok(held.every((other) => !overlaps(other, block)));
          held.push(block);
        } else if (held.length > 0) set.release(held.splice(each % held.length, 1)[0]!);
      }
    }),
  );
});
