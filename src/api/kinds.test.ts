import assert from "node:assert/strict";
import { test } from "node:test";
import resources from "../../facts/resources.json" with { type: "json" };
import {
  configMaps,
  endpoints,
  ingresses,
  nodes,
  pods,
  services,
  storageKey,
  storagePrefix,
  storageScope,
} from "./index.ts";
import { kinds } from "./kinds.ts";
import { servedKinds } from "./serve.ts";

test("every kind has the names, scope, verbs and subresources that upstream serves", () => {
  for (const kind of kinds) {
    const own = (resource: string) =>
      resources.find(
        (each) => each.group === kind.group && each.version === kind.version && each.resource === resource,
      );
    const facts = own(kind.resource);
    assert.ok(facts, `${kind.group}/${kind.version} ${kind.resource}`);
    assert.deepEqual(
      [kind.kind, kind.namespaced, kind.shortNames, kind.categories, kind.verbs],
      [facts.kind, facts.namespaced, facts.shortNames, facts.categories, facts.verbs],
    );
    for (const { name, verbs } of kind.subresources) assert.deepEqual(verbs, own(`${kind.resource}/${name}`)?.verbs);
  }
});

test("every resource and subresource that upstream has, on or off by default, is there", () => {
  const own = new Set(
    kinds.flatMap(({ group, version, resource, subresources }) => [
      `${group}/${version}/${resource}`,
      ...subresources.map(({ name }) => `${group}/${version}/${resource}/${name}`),
    ]),
  );
  const upstream = resources.map(({ group, version, resource }) => `${group}/${version}/${resource}`);
  assert.deepEqual(
    upstream.filter((each) => !own.has(each)),
    [],
  );
});

test("both lists name the same kinds, each once", () => {
  const name = (kind: { group: string; version: string; resource: string }) =>
    `${kind.group}/${kind.version}/${kind.resource}`;
  assert.deepEqual(
    servedKinds.map(({ kind }) => name(kind)),
    kinds.map(name),
  );
  assert.equal(new Set(kinds.map(name)).size, kinds.length);
});

test("keys follow upstream's layout in etcd", () => {
  assert.equal(storageKey(pods, "ns", "a"), "/registry/pods/ns/a");
  assert.equal(storageKey(nodes, "", "n"), "/registry/minions/n");
  assert.equal(storageKey(services, "ns", "s"), "/registry/services/specs/ns/s");
  assert.equal(storageKey(endpoints, "ns", "s"), "/registry/services/endpoints/ns/s");
  assert.equal(storagePrefix(ingresses), "/registry/ingress/");
  assert.equal(storageScope(configMaps, "ns"), "/registry/configmaps/ns/");
  assert.equal(storageScope(configMaps, ""), "/registry/configmaps/");
  const custom = { group: "example.com", resource: "widgets", namespaced: true };
  assert.equal(storageKey(custom, "ns", "w"), "/registry/example.com/widgets/ns/w");
});
