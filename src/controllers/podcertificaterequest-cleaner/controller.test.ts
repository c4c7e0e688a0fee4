import assert from "node:assert/strict";
import { test } from "node:test";
import { meta } from "../lib/testing.ts";
import { isOver } from "./controller.ts";

const nowMs = Date.UTC(2026, 0, 1);
for (const [seconds, expected] of [
  [0, false],
  [899, false],
  [900, true],
] as const)
  test(`a request of ${seconds} seconds ${expected ? "goes" : "stays"}`, () => {
    const creationTimestamp = new Date(nowMs - seconds * 1000).toISOString().replace(".000", "");
    assert.equal(isOver({ metadata: meta("r", { creationTimestamp }) }, nowMs), expected);
  });
