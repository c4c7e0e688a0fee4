import assert from "node:assert/strict";
import { test } from "node:test";
import { podRules } from "./rules.ts";

const alone = { cluster: "lab", clusterCidr: "10.244.0.0/16", bridge: "t8s0" };

test("pods leave the cluster under the node's address", () => {
  assert.match(
    podRules(alone),
    /ip saddr 10\.244\.0\.0\/16 ip daddr != 10\.244\.0\.0\/16 ip daddr != 224\.0\.0\.0\/4 oifname != "t8s0" masquerade/,
  );
  assert.doesNotMatch(podRules(alone), /10\.243/);
});

test("nodes of the same machine leave it under its address, and are no outside for pods", () => {
  const text = podRules({ ...alone, nodes: { cidr: "10.243.0.0/24", bridge: "t8s0n" } });
  assert.match(text, /ip saddr 10\.244\.0\.0\/16 .* oifname != \{ "t8s0", "t8s0n" \} masquerade/);
  assert.match(text, /ip saddr 10\.243\.0\.0\/24 oifname != \{ "t8s0", "t8s0n" \} masquerade/);
  assert.match(text, /iifname \{ "t8s0", "t8s0n" \} accept/);
  assert.match(text, /iifname "t8s0" ip daddr 127\.0\.0\.0\/8 drop/);
});
