import assert from "node:assert/strict";
import { test } from "node:test";
import { configMaps, type KindDefinition } from "../../api/index.ts";
import { CachedObject } from "./cached-object.ts";
import { KindCache } from "./kind-cache.ts";

const kind = configMaps as unknown as KindDefinition;

const object = (name: string, revision: number): CachedObject =>
  new CachedObject(kind, {
    key: `/registry/configmaps/default/${name}`,
    revision,
    bytes: new TextEncoder().encode(
      JSON.stringify({ metadata: { name, namespace: "default", resourceVersion: `${revision}` } }),
    ),
  });

function observed(cache: KindCache): string[] {
  const seen: string[] = [];
  cache.observe({
    upsert: ({ metadata }, before) =>
      seen.push(
        `${metadata.name}@${metadata.resourceVersion}${before ? ` after ${before.metadata.resourceVersion}` : ""}`,
      ),
    remove: ({ metadata }) => seen.push(`${metadata.name} removed`),
  });
  return seen;
}

test("an observer that subscribed before the first fill is told of everything in it", () => {
  const cache = new KindCache(kind, () => 0);
  const seen = observed(cache);
  cache.load(object("a", 3));
  cache.load(object("b", 4));
  cache.loaded(4);
  assert.deepEqual(seen, ["a@3", "b@4"]);
});

test("a fill that replaces another is announced as its differences", () => {
  const cache = new KindCache(kind, () => 0);
  for (const each of [object("same", 3), object("changed", 4), object("gone", 5)]) cache.load(each);
  cache.loaded(5);
  const seen = observed(cache);
  seen.length = 0;
  cache.clear();
  for (const each of [object("same", 3), object("changed", 9), object("new", 10)]) cache.load(each);
  cache.loaded(12);
  assert.deepEqual(seen, ["gone removed", "changed@9 after 4", "new@10"]);
});
