// What the build worked out of every new cluster is what the sources work out.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  apiServices,
  clusterRoleBindings,
  clusterRoles,
  flowSchemas,
  type KindDefinition,
  priorityLevelConfigurations,
  roleBindings,
  roles,
} from "../../src/api/index.ts";
import type * as library from "../../src/cmd/library/index.ts";

const kinds = [
  apiServices,
  clusterRoles,
  clusterRoleBindings,
  roles,
  roleBindings,
  flowSchemas,
  priorityLevelConfigurations,
];

/** Of a control plane without anybody who would change them. */
async function contents({ startCluster }: typeof library): Promise<Record<string, string>> {
  await using cluster = await startCluster({ nodes: 0, controllers: [], scheduler: false });
  const own = ["uid", "creationTimestamp", "time", "lastTransitionTime"];
  const found: Record<string, string> = {};
  for (const kind of kinds as KindDefinition[])
    for (const object of (await cluster.client.of(kind).list()).items)
      found[`${kind.resource} ${object.metadata.namespace ?? ""}/${object.metadata.name}`] = JSON.stringify(
        object,
        (key, value: unknown) => (own.includes(key) ? "its own" : key === "resourceVersion" ? undefined : value),
      );
  return found;
}

test("the built library has the roles, bindings, flow schemas and levels of the sources", async () => {
  const built = await contents((await import("../../dist/library.mjs" as string)) as typeof library);
  const sources = await contents(await import("../../src/cmd/library/index.ts"));
  assert.ok(Object.keys(sources).length > 120);
  assert.deepEqual(built, sources);
});
