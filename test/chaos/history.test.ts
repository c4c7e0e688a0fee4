import assert from "node:assert/strict";
import { test } from "node:test";
import { faults } from "./faults.ts";
import {
  checkOrder,
  compareLists,
  compareWatches,
  compareWithWrites,
  type DoneWrite,
  type SeenEvent,
  type Segment,
} from "./history.ts";
import { choiceOf, planRound } from "./plan.ts";

const added = (serial: number, revision: number): SeenEvent => ({ type: "ADDED", key: "k", serial, revision });
const modified = (serial: number, revision: number): SeenEvent => ({ type: "MODIFIED", key: "k", serial, revision });
const deleted = (serial: number, revision: number): SeenEvent => ({ type: "DELETED", key: "k", serial, revision });
const gone: DoneWrite = { type: "DELETED", key: "k", serial: 2 };
const writes: readonly DoneWrite[] = [added(1, 11), modified(2, 12), gone, added(3, 14), modified(4, 15)];
const events = [added(1, 11), modified(2, 12), deleted(2, 13), added(3, 14), modified(4, 15)];

const segment = (list: readonly SeenEvent[], from = 10, listed: readonly SeenEvent[] = []): Segment => ({
  from,
  listed: new Map(listed.map(({ key, serial, revision }) => [key, { serial, revision }])),
  events: list,
});

test("a history that is whole passes every check", () => {
  assert.deepEqual(compareWithWrites(writes, [segment(events)]), []);
  assert.deepEqual(checkOrder(segment(events)), []);
  assert.deepEqual(compareWatches(events, events), []);
});

test("each way to lose, repeat or invent is told", () => {
  const without = (index: number): SeenEvent[] => events.filter((_, at) => at !== index);
  for (const index of events.keys())
    assert.equal(compareWithWrites(writes, [segment(without(index))]).length, 1, `without event ${index + 1}`);
  for (const index of events.keys())
    assert.equal(compareWatches(without(index), events).length, 1, `the resumed watch without event ${index + 1}`);
  assert.match(compareWithWrites(writes, [segment([...events, modified(5, 16)])])[0]!, /write 6 was nothing/);
  assert.match(compareWithWrites(writes, [segment([added(1, 12)])])[0]!, /serial 1 at 11, .* serial 1 at 12/);
  assert.match(checkOrder(segment([added(1, 11), modified(2, 11)]))[0]!, /after revision 11/);
  assert.match(checkOrder(segment([modified(2, 12)]))[0]!, /not there/);
  assert.match(checkOrder(segment([added(2, 12)], 10, [added(1, 9)]))[0]!, /though it was there/);
});

test("a list bridges what a watch cannot, and only to a state that was", () => {
  for (const at of events.keys())
    for (let end = at; end <= events.length; end++) {
      const last = events[end - 1];
      const listed = last === undefined || last.type === "DELETED" ? [] : [last];
      const segments = [segment(events.slice(0, at)), segment(events.slice(end), 10 + end, listed)];
      assert.deepEqual(compareWithWrites(writes, segments), [], `events ${at + 1} to ${end} fall into the gap`);
      assert.deepEqual(compareLists(segments), []);
    }
  const old = [segment(events.slice(0, 2)), segment(events.slice(2), 12, [added(1, 11)])];
  assert.match(compareWithWrites(writes, old)[0]!, /a list showed MODIFIED serial 1 at 11/);
  assert.match(compareLists(old)[0]!, /listed at 11 after 12/);
  const lost = [segment(events), segment([], 20)];
  assert.match(compareWithWrites(writes, lost)[0]!, /a list showed nothing/);
});

test("a round is a function of seed and number; every fault comes once before any comes again", () => {
  const plan = (): object => ({ ...planRound(7, 3, faults), rng: undefined });
  assert.deepEqual(plan(), plan());
  for (const seed of [1, 2, 3]) {
    const names = Array.from(
      { length: 2 * faults.length },
      (_, index) => planRound(seed, index + 1, faults).fault.name,
    );
    assert.equal(new Set(names.slice(0, faults.length)).size, faults.length);
    assert.equal(new Set(names.slice(faults.length)).size, faults.length);
  }
  assert.throws(() => choiceOf("no such fault", true), /no fault's name holds/);
});
