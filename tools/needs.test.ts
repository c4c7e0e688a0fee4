import assert from "node:assert/strict";
import { test } from "node:test";
import { needKnown, needPrograms } from "./needs.ts";

test("a program that is not there is told with the package that has it", () => {
  needPrograms("npm run swap", { sh: "dash" });
  assert.throws(
    () => needPrograms("npm run swap", { "no-such-program": "its-package", sh: "dash" }),
    /^Error: npm run swap needs no-such-program, not found on PATH \(.*\): apt-get install its-package$/,
  );
});

test("a word that is none is told with those that there are", () => {
  needKnown("mix", ["ours"], ["ours", "upstream"]);
  assert.throws(
    () => needKnown("mix", ["ours", "mine"], ["ours", "upstream"]),
    /^Error: no mix mine; there are ours, upstream$/,
  );
});
