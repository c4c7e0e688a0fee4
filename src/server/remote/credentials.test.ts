// Which user of a kubeconfig is shown to which webhook: the order of kube-apiserver 1.36.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { credentialsFor } from "./credentials.ts";

const users = (...names: readonly string[]) => new Map(names.map((name) => [name, () => ({ key: name })]));
const all = ["a.ns.svc:443", "*.ns.svc:443", "*.svc:443", "a.ns.svc", "*.ns.svc", "*.svc", "*", "mine"];

describe("credentials towards webhooks", () => {
  it("are those of the closest name", () => {
    for (let first = 0; first < all.length; first++) {
      const left = all.slice(first);
      assert.equal(credentialsFor({ users: users(...left), current: "mine" }, "a.ns.svc:443").key, left[0]);
    }
  });

  const cases = [
    ["another port needs its own name", ["a.ns.svc"], "a.ns.svc:8443", undefined],
    ["a pattern with that port", ["*.svc:8443"], "a.ns.svc:8443", "*.svc:8443"],
    ["an address", ["127.0.0.1"], "127.0.0.1:443", "127.0.0.1"],
    ["an address of IPv6", ["::1"], "[::1]:443", "::1"],
    ["nobody", [], "a.ns.svc:443", undefined],
  ] as const;
  for (const [what, names, target, key] of cases)
    it(what, () => assert.equal(credentialsFor({ users: users(...names) }, target).key, key));
});
