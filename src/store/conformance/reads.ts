// Ranges, counts, order, old revisions, compaction, snapshots.

import type { Store } from "../contract.ts";
import { fails, put, remove, same, show, storeCase, write } from "./kit.ts";

const keysOf = async (store: Store, prefix: string, options?: Parameters<Store["range"]>[1]): Promise<string[]> =>
  (await store.range(prefix, options)).entries.map((entry) => entry.key);

export const readCases = [
  storeCase("a range holds exactly the keys with the prefix", async ({ store }) => {
    await write(store, ...["/a", "/a/", "/a/1", "/a/2", "/a0", "/b/1"].map((key) => put(key, "v")));
    same(await keysOf(store, "/a/"), ["/a/", "/a/1", "/a/2"], "a folder");
    same(await keysOf(store, "/a"), ["/a", "/a/", "/a/1", "/a/2", "/a0"], "a part of a name");
    same(await keysOf(store, ""), ["/a", "/a/", "/a/1", "/a/2", "/a0", "/b/1"], "everything");
    same(await keysOf(store, "/c"), [], "nothing");
    same([await store.count("/a/"), await store.count(""), await store.count("/c")], [3, 6, 0], "counts");
    same(await store.get("/a/\u0000"), undefined, "a key that cannot be");
  }),

  storeCase("limit and after page through a range, remaining counts the rest", async ({ store }) => {
    await write(store, ...Array.from({ length: 10 }, (_, index) => put(`/k/${index}`, "v")));
    const seen: string[] = [];
    for (let after: string | undefined, remaining = 10; remaining > 0; ) {
      const page = await store.range("/k/", { limit: 3, after });
      seen.push(...page.entries.map((entry) => entry.key));
      same(page.remaining, 10 - seen.length, "remaining");
      remaining = page.remaining;
      after = seen.at(-1);
    }
    same(seen, await keysOf(store, "/k/"), "every key once");
    same((await store.range("/k/", { limit: 10 })).remaining, 0, "a limit that is just enough");
    same(await keysOf(store, "/k/", { after: "/k/7x" }), ["/k/8", "/k/9"], "behind a key that is not there");
    same(await keysOf(store, "/k/", { after: "/a" }), await keysOf(store, "/k/"), "after before the prefix");
    same(await keysOf(store, "/k/", { after: "/z" }), [], "after behind the prefix");
  }),

  storeCase("keys are ordered by their UTF-8 bytes", async ({ store }) => {
    const keys = [
      "/A",
      "/Z",
      "/a",
      "/a\u0001",
      "/a-",
      "/a.b",
      "/a/b",
      "/a0",
      "/é",
      "/\ud7ff",
      "/\ue000",
      "/\uffff",
      "/\u{10000}",
      "/\u{10ffff}",
      "/\u{10ffff}x",
    ];
    for (const key of keys.toReversed()) await write(store, put(key, "v"));
    same(await keysOf(store, ""), keys, "order");
    same(await keysOf(store, "/", { after: "/\uffff" }), keys.slice(-3), "after");
    for (const key of keys) same((await keysOf(store, key))[0], key, "a key is in the range of itself");
    same(await keysOf(store, "/\u{10ffff}"), keys.slice(-2), "the last code point as a prefix");
    same(await keysOf(store, "/\ud7ff"), ["/\ud7ff"], "the code point before the surrogates as a prefix");
  }),

  storeCase("reads at an old revision see what was there", async ({ store }) => {
    await write(store, put("/a", "1"), put("/b", "1"), put("/c", "1")); // 2
    await write(store, put("/a", "2")); // 3
    await write(store, remove("/b")); // 4
    await write(store, put("/d", "4")); // 5
    await write(store, put("/b", "5")); // 6
    await write(store, put("/b", "6"), remove("/c")); // 7
    const at = async (revision: number): Promise<string[]> => (await store.range("/", { revision })).entries.map(show);
    same(await at(1), [], "1");
    same(await at(2), ["/a=1@2/2", "/b=1@2/2", "/c=1@2/2"], "2");
    same(await at(3), ["/a=2@3/2", "/b=1@2/2", "/c=1@2/2"], "3");
    same(await at(4), ["/a=2@3/2", "/c=1@2/2"], "4");
    same(await at(5), ["/a=2@3/2", "/c=1@2/2", "/d=4@5/5"], "5");
    same(await at(6), ["/a=2@3/2", "/b=5@6/6", "/c=1@2/2", "/d=4@5/5"], "6");
    same(await at(7), ["/a=2@3/2", "/b=6@7/6", "/d=4@5/5"], "7");
    const page = await store.range("/", { revision: 6, limit: 2, after: "/a" });
    same([page.entries.map(show), page.remaining, page.revision], [["/b=5@6/6", "/c=1@2/2"], 1, 6], "a page");
    same(
      [show(await store.get("/b", { revision: 3 })), show(await store.get("/b", { revision: 4 }))],
      ["/b=1@2/2", "nothing"],
      "get",
    );
    same(show(await store.get("/a", { revision: 7 })), "/a=2@3/2", "get of an untouched key");
    await fails(store.range("/", { revision: 8 }), "FutureRevisionError", "a range of the future");
    await fails(store.get("/a", { revision: 8 }), "FutureRevisionError", "a get of the future");
  }),

  storeCase("pages at one revision are one state, whatever is written between them", async ({ store }) => {
    await write(store, ...Array.from({ length: 100 }, (_, index) => put(`/k/${100 + index}`, "old")));
    const first = await store.range("/k/", { limit: 40 });
    await write(store, put("/k/150", "new"), remove("/k/160"), put("/k/1555", "new"), put("/k/100", "new"));
    const second = await store.range("/k/", { limit: 40, after: first.entries.at(-1)!.key, revision: first.revision });
    const third = await store.range("/k/", { after: second.entries.at(-1)!.key, revision: first.revision });
    const values = [...first.entries, ...second.entries, ...third.entries].map(show);
    same(
      values,
      Array.from({ length: 100 }, (_, index) => `/k/${100 + index}=old@2/2`),
      "all pages",
    );
  }),

  storeCase("compaction refuses the past and keeps the present", async ({ store, watch }) => {
    await write(store, put("/a", "1"), put("/gone", "1")); // 2
    await write(store, put("/a", "2")); // 3
    await write(store, remove("/gone")); // 4
    await write(store, put("/a", "3")); // 5
    same(store.compacted(), 0, "nothing was dropped yet");
    await store.compact(4);
    same(store.compacted(), 4, "the compacted revision");
    await fails(store.range("/", { revision: 3 }), "CompactedError", "a range before");
    await fails(store.get("/a", { revision: 3 }), "CompactedError", "a get before");
    await fails(watch("/", 3).next(), "CompactedError", "a watch from before");
    same((await store.range("/", { revision: 4 })).entries.map(show), ["/a=2@3/2"], "at the compacted revision");
    same((await store.range("/")).entries.map(show), ["/a=3@5/2"], "now");
    await store.compact(2);
    await store.compact(5);
    same((await store.range("/", { revision: 5 })).entries.map(show), ["/a=3@5/2"], "at the newest");
    await fails(store.compact(6), "FutureRevisionError", "the future");
    same(await write(store, put("/a", "4", 5)), 6, "writes go on");
    same((await store.range("/", { revision: 5 })).entries.map(show), ["/a=3@5/2"], "history since compaction");
  }),

  storeCase("a deletion as the newest change survives compaction as a revision", async ({ store }) => {
    await write(store, put("/a", "1"));
    await write(store, remove("/a"));
    await store.compact(3);
    same(await write(store, put("/a", "2")), 4, "the next revision");
  }),

  storeCase("a snapshot is one revision, whatever is written or compacted meanwhile", async ({ store }) => {
    const value = "x".repeat(2000);
    for (let index = 0; index < 1000; index += 100)
      await write(store, ...Array.from({ length: 100 }, (_, more) => put(`/k/${1000 + index + more}`, value)));
    const keys: string[] = [];
    let pages = 0;
    for await (const page of store.snapshot()) {
      for (const entry of page) {
        same([entry.value.length, entry.modRevision <= 11], [2000, true], entry.key);
        keys.push(entry.key);
      }
      pages++;
      const revision = await write(
        store,
        put(`/k/${1999 - pages}`, "new"),
        remove(`/k/${1800 - pages}`),
        put(`/new/${pages}`, ""),
      );
      await store.compact(revision);
    }
    same(
      keys,
      Array.from({ length: 1000 }, (_, index) => `/k/${1000 + index}`),
      "every key of the start",
    );
  }),

  storeCase("a long range at an old revision holds, whatever is written or compacted meanwhile", async ({ store }) => {
    const value = "x".repeat(10_000);
    for (let group = 0; group < 4; group++)
      await write(store, ...Array.from({ length: 50 }, (_, index) => put(`/k/${1000 + group * 50 + index}`, value)));
    const revision = store.revision();
    await write(store, put("/k/1199", "new"), put("/k/1000", "new"));
    const range = store.range("/k/", { revision });
    for (let turn = 0; turn < 10; turn++) {
      await write(store, put(`/k/${1190 + turn}`, "newer"), remove(`/k/${1180 + turn}`));
      await store.compact(store.revision());
    }
    const { entries, remaining } = await range;
    same(
      [entries.length, remaining, entries.every((entry) => entry.value.length === 10_000)],
      [200, 0, true],
      "the old state",
    );
  }),

  storeCase("size grows with what is stored", async ({ store }) => {
    const before = await store.size();
    for (let index = 0; index < 50; index++) await write(store, put(`/k/${index}`, "x".repeat(10_000)));
    same((await store.size()) - before > 400_000, true, "half a megabyte more");
  }),
];
