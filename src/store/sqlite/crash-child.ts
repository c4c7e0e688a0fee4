// The program that crash.test.ts kills. Opens the store, checks what it finds, tells its parent, then writes until it dies.
//
//   node crash-child.ts PATH [WORKER_URL]
//
// Lines on standard output: "starting", then "found {writer: [serial, revision], …}", then "<writer> <serial> <revision>"
// for each acknowledged commit.

import { assert, silentLogger, systemClock } from "../../base/index.ts";
import type { Store, StoreEntry, StoreEvent, StoreOperation } from "../contract.ts";
import { openSqliteStore } from "./sqlite.ts";

const writers = 8;
/** Of each writer; small, as a child makes a few hundred commits before it dies. */
const commitsBetweenCompactions = 10;
const commitsBetweenCounts = 15;
const keptRevisions = 40;

/** Resolves when the parent's pipe has taken the line. */
const say = (line: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
  });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const show = (entry: StoreEntry): string =>
  `${entry.key}=${text(entry.value)}@${entry.modRevision}/${entry.createRevision}`;

/** The commits of one writer: two keys that always change together, and a third that moves. */
function operations(writer: number, serial: number): StoreOperation[] {
  const value = bytes(`${serial} ${"x".repeat(200 + ((serial * 37) % 600))}`);
  return [
    { type: "put", key: `/w/${writer}/a`, value },
    { type: "put", key: `/w/${writer}/b`, value },
    { type: "put", key: `/w/${writer}/at/${serial}`, value: bytes(String(serial)), expectRevision: 0 },
    { type: "delete", key: `/w/${writer}/at/${serial - 1}` },
  ];
}

const serialOf = (entry: StoreEntry): number => Number.parseInt(text(entry.value), 10);

/** [serial, revision] of the writer's last commit; throws when only a part of it is there. */
async function findLast(store: Store, writer: number): Promise<readonly [number, number]> {
  const { entries } = await store.range(`/w/${writer}/`);
  if (entries.length === 0) return [0, 0];
  const keys = entries.map((entry) => entry.key);
  const first = entries[0]!;
  const serial = serialOf(first);
  assert(keys.join() === [`/w/${writer}/a`, `/w/${writer}/at/${serial}`, `/w/${writer}/b`].join(), `keys ${keys}`);
  for (const entry of entries)
    assert(
      serialOf(entry) === serial && entry.modRevision === first.modRevision,
      `a half commit: ${entries.map(show)}`,
    );
  return [serial, first.modRevision];
}

/** Plays the events since the oldest readable revision on that revision's state and compares with the present. */
async function checkHistory(store: Store): Promise<void> {
  const newest = store.revision();
  const oldest = await oldestReadable(store, newest);
  const state = new Map((await store.range("/w/", { revision: oldest })).entries.map((entry) => [entry.key, entry]));
  let last = oldest;
  for (const event of await eventsSince(store, oldest)) {
    assert(event.entry.modRevision >= last, `revision ${event.entry.modRevision} after ${last}`);
    last = event.entry.modRevision;
    const before = state.get(event.key);
    const matches =
      before === undefined ? event.previous === undefined : event.previous && show(event.previous) === show(before);
    assert(matches, `${event.type} ${show(event.entry)} follows ${before && show(before)}`);
    const { modRevision, createRevision } = event.entry;
    assert(
      createRevision === (before?.createRevision ?? modRevision),
      `${show(event.entry)} was created before history`,
    );
    if (event.type === "put") state.set(event.key, event.entry);
    else state.delete(event.key);
  }
  assert(last <= newest, `event ${last} is newer than the store, ${newest}`);
  const played = [...state.values()].map(show).sort();
  const present = (await store.range("/w/")).entries.map(show).sort();
  assert(played.join() === present.join(), "history does not lead to the present");
  assert((await store.count("/w/")) === present.length, "the count is another one");
}

/** Each start adds a key that nobody changes again: compaction passes over it, and it stays. */
async function checkKept(store: Store): Promise<void> {
  const count = await store.count("/kept/");
  const { entries } = await store.range("/kept/");
  const serials = entries.map(serialOf).sort((a, b) => a - b);
  assert(
    serials.length === count && serials.every((serial, index) => serial === index),
    `of ${count} kept: ${serials}`,
  );
  await store.commit([{ type: "put", key: `/kept/${count}`, value: bytes(String(count)), expectRevision: 0 }]);
}

async function oldestReadable(store: Store, newest: number): Promise<number> {
  try {
    await store.range("/w/", { revision: 1, limit: 1 });
    return 1;
  } catch (error) {
    const { compactedRevision } = error as { compactedRevision?: number };
    assert(compactedRevision !== undefined && compactedRevision <= newest, `the first revision: ${error}`);
    return compactedRevision;
  }
}

async function eventsSince(store: Store, revision: number): Promise<StoreEvent[]> {
  const controller = new AbortController();
  const events: StoreEvent[] = [];
  // A commit that the watch sees last tells that everything before it was seen.
  const batches = store.watch("/", revision, controller.signal);
  const marker = await store.commit([{ type: "put", key: "/marker", value: new Uint8Array() }]);
  assert(marker.ok, "the marker has no expectation");
  for await (const batch of batches) {
    events.push(...batch.events);
    if (batch.revision >= marker.revision) controller.abort();
  }
  return events.filter((event) => event.key.startsWith("/w/"));
}

async function writeForever(store: Store, writer: number, serial: number): Promise<never> {
  for (let next = serial + 1; ; next++) {
    const result = await store.commit(operations(writer, next));
    assert(result.ok, `writer ${writer} conflicts with itself at ${next}`);
    await say(`${writer} ${next} ${result.revision}`);
    if (next % commitsBetweenCompactions === 0) await store.compact(Math.max(1, result.revision - keptRevisions));
    if (next % commitsBetweenCounts === 0) await store.count(`/w/${writer}/`); // takes the index to its table
    if (next % 7 === 0) await store.commit([{ type: "put", key: `/relaxed/${writer}`, value: bytes(String(next)) }]);
  }
}

await say("starting");
const [, , path, worker] = process.argv;
const workerUrl = worker === undefined ? undefined : new URL(worker);
const options = { path: path!, workerUrl, clock: systemClock, log: silentLogger, relaxedPrefixes: ["/relaxed/"] };
const store = await openSqliteStore(options);
const opened = store.revision();
const found = await Promise.all(Array.from({ length: writers }, (_, writer) => findLast(store, writer)));
await checkHistory(store);
await checkKept(store);
await say(`found ${JSON.stringify({ revision: opened, writers: found })}`);
await Promise.all(found.map(([serial], writer) => writeForever(store, writer, serial)));
