import assert from "node:assert/strict";
import { test } from "node:test";
import { revisionData, templateOf } from "./revisions.ts";

test("a revision's data is in the bytes that Go makes of it", () => {
  const template = {
    spec: { containers: [{ name: "app", image: "app:1", args: ["b", "a"] }] },
    metadata: { labels: { b: "2", a: "1" } },
  };
  assert.equal(
    JSON.stringify(revisionData(template)),
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"1","b":"2"}},' +
      '"spec":{"containers":[{"args":["b","a"],"image":"app:1","name":"app"}]}}}}',
  );
  assert.deepEqual(templateOf({ data: revisionData(template) as never }), template);
});
