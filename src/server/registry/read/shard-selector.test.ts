import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../../machinery/index.ts";
import { hashOf, parseShardSelector } from "./shard-selector.ts";

/** What kube-apiserver 1.36.3 says to them. */
const refused: readonly (readonly [selector: string, message: string])[] = [
  [" ", "empty shard selector is not allowed; omit the parameter for unfiltered lists"],
  ["x", "unexpected expression kind 3; expected shardRange() call or || operator"],
  [
    "shardRange(object.metadata.uid, '0x0', '0x8')",
    'hexStart must be a 0x-prefixed 16-digit hex value, got "0x0" (did you mean "0x0000000000000000"?)',
  ],
  [
    "shardRange(object.metadata.name, '0x0000000000000000', '0x8000000000000000')",
    'unsupported field path "object.metadata.name"; supported: object.metadata.uid, object.metadata.namespace',
  ],
  ["shardRange(1)", "shardRange() requires exactly 3 arguments, got 1"],
  [
    "shardRange(",
    "CEL parse error: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', ')', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
  ],
  ["a && b", 'unsupported function "_&&_"; only shardRange() and || are allowed'],
  ["foo(1)", 'unsupported function "foo"; only shardRange() and || are allowed'],
  ["'x'", "unexpected expression kind 5; expected shardRange() call or || operator"],
  ["[1]", "unexpected expression kind 4; expected shardRange() call or || operator"],
  ["1", "unexpected expression kind 5; expected shardRange() call or || operator"],
  ["{}", "unexpected expression kind 6; expected shardRange() call or || operator"],
  ["shardRange(object.metadata.uid, 1, 2)", "hexStart must be a string literal, got int64"],
  [
    "shardRange(object.metadata.uid, '0x8000000000000000', '0x0000000000000000')",
    "shard range start 0x8000000000000000 must be less than end 0x0000000000000000",
  ],
  [
    "shardRange(object.metadata.uid, '0x000000000000000G', '0x0000000000000000')",
    'hexStart: invalid hex character "G" in "0x000000000000000G"',
  ],
  [
    "shardRange(object.metadata.uid, '000000000000000G', '0x0000000000000000')",
    "hexStart must have '0x' prefix, got \"000000000000000G\"",
  ],
  ["shardRange(object.metadata.uid, '0x', '0x0000000000000000')", "hexStart: hex value is required after '0x'"],
  [
    "shardRange(object.metadata.uid, '0x20000000000000000', '0x0000000000000000')",
    "hexStart: 17-digit hex value must be '0x10000000000000000' (2^64), got \"0x20000000000000000\"",
  ],
  [
    "shardRange(object.metadata.uid, '0x200000000000000000', '0x0000000000000000')",
    'hexStart: hex value too long (18 chars, max 17): "200000000000000000"',
  ],
  [
    "shardRange(f(), '0x0', '0x0000000000000000')",
    "shardRange() first argument: expected field path (e.g. object.metadata.uid), got expression kind 1",
  ],
  [
    "shardRange(object.metadata.uid, '0x0000000000000000', '0x8000000000000000') || shardRange(object.metadata.namespace, '0x0000000000000000', '0x8000000000000000')",
    'all shard ranges must use the same field, got "object.metadata.uid" and "object.metadata.namespace"',
  ],
  ["a.b", "unexpected expression kind 7; expected shardRange() call or || operator"],
  ["a ? b : c", 'unsupported function "_?_:_"; only shardRange() and || are allowed'],
  ["has(a.b)", 'unsupported function "has"; only shardRange() and || are allowed'],
  ["shardRange(object.metadata.uid, b'0x0', '0x8')", "hexStart must be a string literal, got []uint8"],
  ["-1", "unexpected expression kind 5; expected shardRange() call or || operator"],
  ["x == y", 'unsupported function "_==_"; only shardRange() and || are allowed'],
];
for (const [selector, message] of refused)
  test(`no shard selector: ${selector}`, () => assert.rejects(parseShardSelector(selector), { message }));

const lower = "shardRange(object.metadata.uid, '0x0000000000000000', '0x8000000000000000')";
const upper = "shardRange(object.metadata.uid, '0x8000000000000000', '0x10000000000000000')";
const object = (uid: string): KubeObject =>
  ({ apiVersion: "v1", kind: "X", metadata: { name: "x", uid } }) as KubeObject;

test("two halves are everything, and nothing is in both; the text is told as it is meant", async () => {
  const [one, two, all] = await Promise.all(
    [lower, upper, `${lower.replaceAll(" ", "")}||  ${upper}`].map(parseShardSelector),
  );
  assert.equal(all!.text, `${lower} || ${upper}`);
  for (let number = 0; number < 200; number++) {
    const each = object(`uid-${number}`);
    assert.notEqual(one!.matches(each), two!.matches(each));
    assert.equal(all!.matches(each), true);
  }
});

test("the hash is FNV-1a of 64 bits", () => {
  const known: readonly (readonly [string, string])[] = [
    ["", "cbf29ce484222325"],
    ["a", "af63dc4c8601ec8c"],
    ["foobar", "85944171f73967e8"],
  ];
  for (const [text, hash] of known) assert.equal(hashOf(text), hash);
});
