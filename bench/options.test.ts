import assert from "node:assert/strict";
import { test } from "node:test";
import { sizesOf } from "./options.ts";

test("sizes are numbers with commas between", () => {
  assert.equal(sizesOf(undefined), undefined);
  assert.deepEqual(sizesOf("2500"), [2500]);
  assert.deepEqual(sizesOf("1000,5000"), [1000, 5000]);
  for (const wrong of ["", "0", "-1", "1.5", "many", "1000,"]) assert.throws(() => sizesOf(wrong), /--sizes/, wrong);
});
