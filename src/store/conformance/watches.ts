// Watches, expiry, the end of a store.

import type { StoreEventBatch, StoreOperation } from "../contract.ts";
import { bytes, fails, nextEvents, put, remove, same, show, showBatch, storeCase, write } from "./kit.ts";

const expiring = (key: string, ttlSeconds: number): StoreOperation => ({
  type: "put",
  key,
  value: bytes("v"),
  ttlSeconds,
});

export const watchCases = [
  storeCase("a watch replays history, then goes on live, with what was there before", async ({ store, watch }) => {
    await write(store, put("/a/1", "1")); // 2
    await write(store, put("/a/1", "2"), put("/b/1", "2"), put("/a/2", "")); // 3
    const events = watch("/a/", 1);
    const history = ["put /a/1=1@2/2 was nothing", "put /a/1=2@3/2 was /a/1=1@2/2", "put /a/2=@3/3 was nothing"];
    same(await nextEvents(events, 3), history, "history");
    await write(store, remove("/a/1"), put("/b/2", "3")); // 4
    await write(store, put("/a/1", "5"), put("/a/2", "5")); // 5
    const live = ["delete /a/1=2@4/2 was /a/1=2@3/2", "put /a/1=5@5/5 was nothing", "put /a/2=5@5/3 was /a/2=@3/3"];
    same(await nextEvents(events, 3), live, "live");
    same(await nextEvents(watch("/a/", 1), 6), [...history, ...live], "all of it as history");
    same(await nextEvents(watch("/a/", 4), 2), live.slice(1), "from the middle");
    same(await nextEvents(watch("/a/1", 3), 2), live.slice(0, 2), "a prefix that is no folder");
  }),

  storeCase("a commit that changes nothing makes no event", async ({ store, watch }) => {
    const events = watch("/", 1);
    await write(store, remove("/absent"));
    await store.commit([put("/a", "1", 7)]);
    await write(store, put("/a", "2"));
    same(await nextEvents(events, 1), ["put /a=2@2/2 was nothing"], "the first event");
  }),

  storeCase("events are queued before their commit resolves", async ({ store, watch }) => {
    const events = watch("/", 1);
    await write(store, put("/a", "0"));
    await nextEvents(events, 1);
    for (let round = 1; round <= 20; round++) {
      let arrived: StoreEventBatch | undefined;
      const next = events.next().then(({ value }) => {
        if (value) arrived = value;
      });
      await write(store, put("/a", String(round)));
      for (let turn = 0; turn < 10; turn++) await undefined; // promises only: nothing that waits for the outside
      same(arrived && showBatch(arrived).length, 1, `round ${round}`);
      await next;
    }
  }),

  storeCase("a watch from a future revision starts behind it", async ({ store, watch }) => {
    const events = watch("/", 3);
    const first = nextEvents(events, 1);
    for (const value of ["2", "3", "4"]) await write(store, put("/a", value));
    same(await first, ["put /a=4@4/2 was /a=3@3/2"], "the first event");
  }),

  storeCase("batches hold whole commits", async ({ store, watch }) => {
    const events = watch("/", 1);
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        write(store, ...Array.from({ length: 100 }, (_, more) => put(`/k/${index}/${more}`, "x".repeat(100)))),
      ),
    );
    for (let seen = 0; seen < 6000; ) {
      const batch = (await events.next()).value as StoreEventBatch;
      same(batch.events.length % 100, 0, "whole commits");
      seen += batch.events.length;
    }
  }),

  storeCase("watches that start amid concurrent commits miss and repeat nothing", async ({ store, watch }) => {
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      for (let index = 0; index < 40; index++)
        await write(store, put(`/w/${writer}`, String(index)), put(`/w/${writer}/${index}`, ""));
    });
    const watchers = Array.from({ length: 8 }, async (_, watcher) => {
      for (let turn = 0; turn < watcher * 3; turn++) await store.get("/w/0");
      const from = store.revision();
      const events = watch("/w/", from);
      const revisions: number[] = [];
      while ((revisions.at(-1) ?? from) < 241) {
        const batch = (await events.next()).value as StoreEventBatch;
        revisions.push(...batch.events.map((event) => event.entry.modRevision));
      }
      const expected = Array.from({ length: 2 * (241 - from) }, (_, index) => from + 1 + (index >> 1));
      same(revisions, expected, `watcher ${watcher} from ${from}`);
    });
    await Promise.all([...writers, ...watchers]);
  }),

  storeCase("a watch ends when its signal aborts, and others go on", async ({ store, watch }) => {
    const controller = new AbortController();
    const ended = store.watch("/", 1, controller.signal)[Symbol.asyncIterator]();
    const other = watch("/", 1);
    const waiting = ended.next();
    await write(store, put("/a", "1"));
    await waiting;
    const last = ended.next();
    controller.abort();
    same((await last).done, true, "aborted while waiting");
    const unstarted = store.watch("/", 1, controller.signal)[Symbol.asyncIterator]();
    same((await unstarted.next()).done, true, "aborted before the start");
    same(await nextEvents(other, 1), ["put /a=1@2/2 was nothing"], "the other one");
  }),

  storeCase("a key with a time to live is deleted by the clock", async ({ store, clock, watch }) => {
    await write(store, expiring("/registry/events/a", 10), put("/registry/events/b", "v")); // 2
    await write(store, expiring("/registry/events/c", 30)); // 3
    const events = watch("/registry/", 3);
    const first = nextEvents(events, 1);
    await clock.advance(9_000);
    same(await store.count("/registry/"), 3, "before the time");
    await clock.advance(2_000);
    same(await first, ["delete /registry/events/a=v@4/2 was /registry/events/a=v@2/2"], "the first");
    const second = nextEvents(events, 1);
    await clock.advance(20_000);
    same(await second, ["delete /registry/events/c=v@5/3 was /registry/events/c=v@3/3"], "the second");
    same(
      (await store.range("/registry/")).entries.map(show),
      ["/registry/events/b=v@2/2"],
      "what has no time to live stays",
    );
  }),

  storeCase("a rewrite sets the time to live anew or ends it", async ({ store, clock, watch }) => {
    await write(store, expiring("/a", 10), expiring("/b", 10), expiring("/c", 10)); // 2
    await clock.advance(5_000);
    await write(store, expiring("/a", 10), put("/b", "stays")); // 3
    await write(store, remove("/c")); // 4
    const events = watch("/", 4);
    const first = nextEvents(events, 1);
    await clock.advance(6_000);
    same((await store.range("/")).entries.map(show), ["/a=v@3/2", "/b=stays@3/2"], "after the first deadline");
    await clock.advance(6_000);
    same(await first, ["delete /a=v@5/2 was /a=v@3/2"], "the new deadline");
    same((await store.range("/")).entries.map(show), ["/b=stays@3/2"], "in the end");
  }),

  storeCase("many keys may expire at once", async ({ store, clock, watch }) => {
    for (let index = 0; index < 700; index += 100)
      await write(store, ...Array.from({ length: 100 }, (_, more) => expiring(`/e/${index + more}`, 60)));
    const events = nextEvents(watch("/e/", store.revision()), 700);
    await clock.advance(61_000);
    same((await events).length, 700, "delete events");
    same(await store.count("/e/"), 0, "left");
  }),

  storeCase("after close every call fails, watches end, close may be repeated", async ({ store, signal, watch }) => {
    const events = watch("/", 1);
    const pending = store.commit([put("/a", "1")]);
    same(await nextEvents(events, 1), ["put /a=1@2/2 was nothing"], "before");
    const waiting = events.next();
    const queued = store.commit([put("/b", "1")]);
    await Promise.all([store.close(), store.close()]);
    same([(await pending).ok, (await queued).ok], [true, true], "commits asked for before close are made");
    let last = await waiting;
    while (!last.done) last = await events.next();
    await store.close();
    await fails(store.commit([put("/c", "1")]), "StoreClosedError", "commit");
    await fails(store.get("/a"), "StoreClosedError", "get");
    await fails(store.range("/"), "StoreClosedError", "range");
    await fails(store.count("/"), "StoreClosedError", "count");
    await fails(store.compact(1), "StoreClosedError", "compact");
    await fails(store.size(), "StoreClosedError", "size");
    await fails(store.snapshot()[Symbol.asyncIterator]().next(), "StoreClosedError", "snapshot");
    await fails(store.watch("/", 1, signal)[Symbol.asyncIterator]().next(), "StoreClosedError", "watch");
  }),
];
