import assert from "node:assert/strict";
import { test } from "node:test";
import { tidy } from "./tidy.ts";

test("the house is tidy", () => {
  const findings = tidy();
  assert.equal(findings.map(({ file, line, text }) => `${file}:${line}: ${text}`).join("\n"), "");
});
