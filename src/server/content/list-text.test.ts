import assert from "node:assert/strict";
import { test } from "node:test";
import { configMaps } from "../../api/index.ts";
import { CachedObject } from "../watchcache/index.ts";
import { joinItems, joinWhole } from "./list-text.ts";

const head = { kind: "ConfigMapList", apiVersion: "v1", metadata: { resourceVersion: "7" } };

const objects = (count: number, filling: string): CachedObject[] =>
  Array.from({ length: count }, (_, index) => {
    const object = { kind: "ConfigMap", apiVersion: "v1", metadata: { name: `m${index}` }, data: { filling } };
    const bytes = new TextEncoder().encode(JSON.stringify(object));
    return new CachedObject(configMaps, {
      key: `/registry/configmaps/default/m${index}`,
      revision: 7,
      bytes,
    });
  });

const textOf = (pieces: readonly Uint8Array[]): string => pieces.map((each) => new TextDecoder().decode(each)).join("");

test("items begin with their metadata", () => {
  assert.equal(textOf(joinItems(head, []).pieces), `${JSON.stringify(head).slice(0, -1)},"items":[]}`);
  const items = objects(2, "x");
  const whole = JSON.parse(textOf(joinItems(head, items).pieces));
  const bare = (name: string): object => ({ metadata: { name }, data: { filling: "x" } });
  assert.deepEqual(whole, { ...head, items: [bare("m0"), bare("m1")] });
});

test("a long list is there for all who have asked, and gone with the last of them", () => {
  const items = objects(6, "x".repeat(1024 * 1024));
  const [first, second] = [joinItems(head, items), joinItems(head, items)];
  assert.equal(first.pieces[1], second.pieces[1]);
  const text = textOf(first.pieces);
  first.release();
  first.release();
  assert.equal(textOf(second.pieces), text);
  second.release();
  assert.equal(second.pieces[1]!.length, 0);
  assert.equal(textOf(joinItems(head, items).pieces), text);
});

test("a short list stays until it is collected", () => {
  const items = objects(3, "x");
  const first = joinItems(head, items);
  first.release();
  assert.equal(joinItems(head, items).pieces[1], first.pieces[1]);
});

test("items of custom kinds are whole, and readers of one list share its text, too", () => {
  const items = objects(3, "x");
  const { pieces } = joinWhole(head, items);
  const { items: found } = JSON.parse(textOf(pieces)) as { items: unknown[] };
  assert.deepEqual(
    found,
    items.map(({ bytes }) => JSON.parse(new TextDecoder().decode(bytes))),
  );
  assert.equal(joinWhole(head, items).pieces[1], pieces[1]);
  assert.notEqual(joinWhole(head, [...items]).pieces[1], pieces[1]);
  assert.equal(textOf(joinWhole(head, []).pieces), `${JSON.stringify(head).slice(0, -1)},"items":[]}`);
});
