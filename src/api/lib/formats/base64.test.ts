import assert from "node:assert/strict";
import { test } from "node:test";
import { fillNullBytes } from "./base64.ts";

test("bytes that were sent as null stay as none", () => {
  const data: Record<string, string | null> = { a: null, b: "eA==" };
  fillNullBytes(data);
  assert.deepEqual(data, { a: "", b: "eA==" });
  fillNullBytes(undefined);
});
