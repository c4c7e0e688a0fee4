import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import { CurrentIndex } from "./current-index.ts";
import { loadState, schema } from "./schema.ts";

const keys = ["a", "b", "c", "d", "e", "f", "g", "h"];

type Command =
  /** One transaction that changes keys; kept or taken back. */
  | {
      readonly type: "write";
      readonly changes: readonly (readonly [key: number, isDelete: boolean])[];
      readonly kept: boolean;
    }
  /** A part of a round to the table. */
  | { readonly type: "step"; readonly count: number; readonly kept: boolean }
  /** The process ends and another one starts. */
  | { readonly type: "restart" };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("write"),
      changes: fc.uniqueArray(fc.tuple(fc.nat(keys.length - 1), fc.boolean()), {
        minLength: 1,
        maxLength: 4,
        selector: ([key]) => key,
      }),
      kept: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("step"), count: fc.integer({ min: 1, max: 9 }), kept: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("restart") }) },
);

function openIndex(db: DatabaseSync): CurrentIndex {
  return new CurrentIndex(db, loadState(db).indexedId);
}

/** Runs a transaction that is kept or taken back, as the writer does. */
function transaction<T>(db: DatabaseSync, kept: boolean, body: () => T): T {
  db.exec("BEGIN");
  const result = body();
  db.exec(kept ? "COMMIT" : "ROLLBACK");
  return result;
}

test("the index is right at any time: amid rounds, after failures, after restarts", () => {
  const property = fc.property(fc.array(command, { minLength: 5, maxLength: 80 }), (commands) => {
    const db = new DatabaseSync(":memory:");
    db.exec(schema);
    const append = db.prepare("INSERT INTO log VALUES (?, ?, ?, NULL, NULL)");
    const model = new Map<string, number>();
    let index = openIndex(db);
    let id = 256;
    for (const step of commands) {
      if (step.type === "restart") index = openIndex(db);
      else if (step.type === "step") {
        const done = transaction(db, step.kept, () => index.step(step.count));
        if (step.kept) done();
      } else {
        const { newestId } = index;
        const changes = step.changes.map(([key, isDelete]) => ({
          key: keys[key]!,
          id: id++,
          created: isDelete ? 0 : 7,
        }));
        transaction(db, step.kept, () => {
          for (const change of changes) {
            append.run(change.id, change.key, change.created);
            index.set(change.key, change.id, change.created);
          }
        });
        if (step.kept) index.settle();
        else {
          index.revert(newestId);
          id -= changes.length; // what was taken back has given no id away
        }
        for (const change of step.kept ? changes : []) model.set(change.key, change.created === 0 ? 0 : change.id);
      }
      for (const key of keys) assert.equal(index.find(key).id, model.get(key) ?? 0, key);
    }
    while (!index.flushed) transaction(db, true, () => index.step(3))();
    const table = db.prepare("SELECT key, id FROM current ORDER BY key").all();
    const expected = keys.filter((key) => model.get(key)).map((key) => ({ key, id: model.get(key) }));
    assert.deepEqual(
      table.map((row) => ({ ...row })),
      expected,
    );
    db.close();
  });
  fc.assert(property, { numRuns: 1000 });
});
