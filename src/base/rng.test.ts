import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRng, systemRng, uuid } from "./rng.ts";

test("equal seeds give equal streams", () => {
  const [a, b] = [seededRng(42), seededRng(42)];
  for (let index = 0; index < 100; index++) assert.equal(a.uint32(), b.uint32());
  assert.notEqual(seededRng(1).uint32(), seededRng(2).uint32());
});

test("numbers stay in their range", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 1000 }), (seed, below) => {
      const rng = seededRng(seed);
      for (let index = 0; index < 20; index++) {
        const value = rng.below(below);
        assert.ok(Number.isInteger(value) && value >= 0 && value < below);
        const next = rng.next();
        assert.ok(next >= 0 && next < 1);
      }
    }),
  );
  assert.equal(systemRng.bytes(16).length, 16);
  assert.ok(systemRng.below(10) < 10);
});

test("UUIDs are version 4, variant 1", () => {
  for (const rng of [seededRng(1), systemRng])
    assert.match(uuid(rng), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("the system's bytes never repeat, whatever sizes are asked for", () => {
  const seen = new Set<string>();
  for (let index = 0; index < 3000; index++) {
    const bytes = systemRng.bytes(8 + (index % 300));
    assert.equal(bytes.length, 8 + (index % 300));
    seen.add(bytes.subarray(0, 8).join());
  }
  assert.equal(seen.size, 3000);
});
