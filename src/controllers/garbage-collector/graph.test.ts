import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject, OwnerReference } from "../../machinery/index.ts";
import { OwnerGraph } from "./graph.ts";

const map = (namespace: string, name: string, owners: readonly OwnerReference[] = []): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace, name, uid: `uid of ${name}`, ownerReferences: [...owners] } as KubeObject["metadata"],
});
const ownedBy = (name: string, called = name): OwnerReference => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  name: called,
  uid: `uid of ${name}`,
});

const owners: readonly [string, KubeObject, OwnerReference, readonly string[]][] = [
  ["as it was named", map("here", "owner"), ownedBy("owner"), []],
  ["in another namespace", map("there", "owner"), ownedBy("owner"), ["child"]],
  ["by another name", map("here", "owner"), ownedBy("owner", "other"), ["child"]],
];
for (const [how, owner, reference, expected] of owners) {
  const looked = (nodes: readonly { readonly identity: { readonly name: string } }[]): string[] =>
    nodes.map(({ identity }) => identity.name);

  test(`an owner that is there first, ${how}`, () => {
    const graph = new OwnerGraph();
    graph.upsert(owner);
    assert.deepEqual(looked(graph.upsert(map("here", "child", [reference])).lookAt), expected);
  });

  test(`an owner that comes after its dependent, ${how}`, () => {
    const graph = new OwnerGraph();
    assert.deepEqual(looked(graph.upsert(map("here", "child", [reference])).lookAt), [reference.name]);
    assert.deepEqual(looked(graph.upsert(owner).lookAt), expected);
  });
}
