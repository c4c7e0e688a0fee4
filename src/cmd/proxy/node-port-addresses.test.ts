import assert from "node:assert/strict";
import { test } from "node:test";
import { nodePortAddresses } from "./node-port-addresses.ts";

const own = ["127.0.0.1", "10.0.0.5", "192.168.1.7", "fd00::5"];

test("the primary address, or those of the machine in the ranges", () => {
  const cases: readonly [string[], string[]][] = [
    [[], ["10.0.0.5"]],
    [["primary"], ["10.0.0.5"]],
    [["192.168.0.0/16"], ["192.168.1.7"]],
    [["0.0.0.0/0", "fd00::/8"], own],
    [["172.16.0.0/12"], []],
  ];
  for (const [given, wanted] of cases) assert.deepEqual(nodePortAddresses(given, "10.0.0.5", own), wanted);
});

test("what is no range is refused", () => {
  assert.throws(
    () => nodePortAddresses(["10.0.0.1"], "10.0.0.5", own),
    /NodePortAddresses\[0\].* must be a valid CIDR$/,
  );
  assert.throws(() => nodePortAddresses(["10.0.0.0/33"], "10.0.0.5", own), /must be a valid CIDR$/);
  assert.throws(() => nodePortAddresses(["10.0.0.0/8", "primary"], "x", own), /can't use both 'primary' and CIDRs$/);
});
