import assert from "node:assert/strict";
import { test } from "node:test";
import type { ControllerEntry } from "./lib/index.ts";
import { controllers } from "./list.ts";
import { chooseControllers } from "./run.ts";

const entry = (name: string, onByDefault = true): ControllerEntry => ({
  account: name,
  name,
  onByDefault,
  load: async () => async () => {},
});
const entries = [entry("a"), entry("b"), entry("off", false)];

const choices: readonly [readonly string[], readonly string[]][] = [
  [["*"], ["a", "b"]],
  [["*", "-a"], ["b"]],
  [
    ["*", "off"],
    ["a", "b", "off"],
  ],
  [["b"], ["b"]],
  [["-a"], []],
  [[], []],
];
for (const [names, expected] of choices)
  test(`--controllers=${names.join(",")}`, () => {
    assert.deepEqual(
      chooseControllers(names, entries).map((each) => each.name),
      expected,
    );
  });

test("an unknown name is refused", () => {
  assert.throws(
    () => chooseControllers(["*", "-nope"], entries),
    /"nope" is not in the list of known controllers: a, b, off/,
  );
});

test("no controller is listed twice, and each can be loaded", async () => {
  const names = controllers.map((each) => each.name);
  assert.equal(new Set(names).size, names.length);
  for (const each of controllers) assert.equal(typeof (await each.load()), "function", each.name);
});
