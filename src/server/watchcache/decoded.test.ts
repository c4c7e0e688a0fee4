import assert from "node:assert/strict";
import test from "node:test";
import { type Decodable, DecodedObjects } from "./decoded.ts";

const made = (length: number): Decodable & { forgotten: boolean } => ({
  used: false,
  forgotten: false,
  size: length,
  forget() {
    this.forgotten = true;
  },
});

test("behind the bound the longest unused object is forgotten, what was used meanwhile stays", () => {
  const decoded = new DecodedObjects(30);
  const [a, b, c, d, e] = [made(10), made(10), made(10), made(10), made(10)];
  for (const each of [a, b, c]) decoded.add(each);
  a.used = true;
  decoded.add(d);
  assert.deepEqual(
    [a, b, c, d].map((each) => each.forgotten),
    [false, true, false, false],
  );
  decoded.add(e);
  assert.deepEqual(
    [a, c, d, e].map((each) => each.forgotten),
    [false, true, false, false],
  );
});

test("the newest object stays however large it is, and what is held is bounded over any number of objects", () => {
  const decoded = new DecodedObjects(100);
  const all = Array.from({ length: 20_000 }, () => made(10));
  for (const each of all) decoded.add(each);
  assert.equal(all.filter((each) => !each.forgotten).length, 10);
  const large = made(1000);
  decoded.add(large);
  assert.equal(large.forgotten, false);
  assert.equal(
    all.every((each) => each.forgotten),
    true,
  );
});
