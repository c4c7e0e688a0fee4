import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { configMaps, pods } from "../../api/index.ts";
import { parseFieldSelector, parseLabelSelector } from "../../machinery/index.ts";
import { CachedObject } from "./cached-object.ts";
import { KindCache } from "./kind-cache.ts";
import { type Selection, selects } from "./watcher.ts";

const kind = configMaps;

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

const podKind = pods;

const pod = (at: { namespace: string; name: string; node: string; revision: number }): CachedObject =>
  new CachedObject(podKind, {
    key: `/registry/pods/${at.namespace}/${at.name}`,
    revision: at.revision,
    bytes: new TextEncoder().encode(
      JSON.stringify({ metadata: { name: at.name, namespace: at.namespace }, spec: { nodeName: at.node } }),
    ),
  });

const selectionOf = (namespace: string, fields: string): Selection => ({
  scope: namespace === "" ? "/registry/pods/" : `/registry/pods/${namespace}/`,
  namespace,
  labels: parseLabelSelector(""),
  fields: parseFieldSelector(fields),
});

test("what is found by name or node is what going over everything finds", () => {
  const change = fc.record({
    namespace: fc.constantFrom("a", "b"),
    name: fc.constantFrom("x", "y", "z"),
    node: fc.constantFrom("", "n1", "n2"),
    type: fc.constantFrom("put" as const, "delete" as const),
  });
  const asked = fc.record({
    namespace: fc.constantFrom("", "a"),
    fields: fc.constantFrom(
      "spec.nodeName=n1",
      "spec.nodeName=",
      "metadata.name=x",
      "spec.nodeName=n2,metadata.name=y",
    ),
  });
  fc.assert(
    fc.property(fc.array(change), fc.array(asked), fc.nat(), (changes, questions, first) => {
      const cache = new KindCache(podKind, () => 0);
      const agree = (): void => {
        for (const { namespace, fields } of questions) {
          const selection = selectionOf(namespace, fields);
          const chosen = (from: Iterable<CachedObject>) =>
            Array.from(from)
              .filter((each) => selects(selection, each))
              .map(({ key, revision }) => `${key}@${revision}`);
          assert.deepEqual(chosen(cache.candidates(selection)), chosen(cache.scan(selection.scope, "")));
        }
      };
      let revision = 0;
      for (const { type, ...at } of changes) {
        const object = pod({ ...at, revision: ++revision });
        if (revision <= first % 5) cache.load(object);
        else if (type === "put" || cache.get(object.key) !== undefined) cache.apply({ type, object });
        agree();
      }
    }),
  );
});
