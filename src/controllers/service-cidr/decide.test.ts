import assert from "node:assert/strict";
import { test } from "node:test";
import type { IPAddress, ServiceCIDR } from "../../api/index.ts";
import { meta } from "../lib/testing.ts";
import { mayGo, overlapping } from "./decide.ts";

const range = (name: string, ...cidrs: readonly string[]): ServiceCIDR => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "ServiceCIDR",
  metadata: meta(name),
  spec: { cidrs: [...cidrs] },
});
const address = (name: string, managedBy = "ipallocator.k8s.io"): IPAddress => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "IPAddress",
  metadata: meta(name, { labels: { "ipaddress.kubernetes.io/managed-by": managedBy } }),
  spec: { parentRef: { resource: "services", name: "s", namespace: "ns" } },
});

const small = range("small", "10.0.1.0/24");
const table: readonly [string, readonly ServiceCIDR[], readonly IPAddress[], boolean][] = [
  ["nothing is in it", [small], [], true],
  ["an address is in it", [small], [address("10.0.1.9")], false],
  ["an address is beside it", [small], [address("10.0.2.9")], true],
  ["somebody else's address", [small], [address("10.0.1.9", "me")], true],
  ["a larger range is around it", [small, range("large", "10.0.0.0/16")], [address("10.0.1.9")], true],
  ["the same range once more", [small, range("twin", "10.0.1.0/24")], [address("10.0.1.9")], true],
  ["a smaller range has the address", [small, range("tiny", "10.0.1.8/29")], [address("10.0.1.9")], true],
  ["a smaller range has another part", [small, range("tiny", "10.0.1.128/29")], [address("10.0.1.9")], false],
];
for (const [what, all, addresses, expected] of table)
  test(what, () => assert.equal(mayGo(small, all, addresses), expected));

test("ranges overlap when one lies in the other, of one family", () => {
  const all = [small, range("large", "10.0.0.0/16"), range("other", "10.1.0.0/16"), range("six", "fd00::/108")];
  assert.deepEqual(
    overlapping(small, all).map((each) => each.metadata.name),
    ["small", "large"],
  );
});
