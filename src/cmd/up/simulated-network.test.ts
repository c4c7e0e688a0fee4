import assert from "node:assert/strict";
import { test } from "node:test";
import { mostSimulatedNodes, simulatedNetwork } from "./simulated-network.ts";

const valid = (address: string): boolean =>
  address.split(".").length === 4 && address.split(".").every((part) => Number(part) >= 0 && Number(part) <= 255);

test("nodes of a small cluster have blocks of its own range", () => {
  const network = simulatedNetwork("10.244.0.0/16", 256);
  assert.equal(network.podCidr, "10.244.0.0/16");
  assert.equal(network.nodePodCidr(0), "10.244.0.0/24");
  assert.equal(network.nodePodCidr(255), "10.244.255.0/24");
});

test("no two of as many nodes as possible share an address or a block, and all are valid", () => {
  const network = simulatedNetwork("10.244.0.0/16", mostSimulatedNodes);
  assert.equal(network.podCidr, "10.128.0.0/9");
  const indexes = Array.from({ length: mostSimulatedNodes }, (_, index) => index);
  for (const addresses of [
    indexes.map((index) => network.nodeAddress(index)),
    indexes.map((index) => network.nodePodCidr(index).replace("/24", "")),
  ]) {
    assert.equal(new Set(addresses).size, mostSimulatedNodes);
    assert.ok(addresses.every(valid));
  }
  assert.equal(network.nodePodCidr(mostSimulatedNodes - 1), "10.255.255.0/24");
});

test("more nodes than there are blocks are refused", () => {
  assert.throws(() => simulatedNetwork("10.244.0.0/16", mostSimulatedNodes + 1), /at most 32768 simulated nodes/);
});
