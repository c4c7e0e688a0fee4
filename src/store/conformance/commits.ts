// Compare-and-swap, atomic commits, revisions.

import { mostOperations } from "../operations.ts";
import { fails, nextEvents, put, remove, same, show, storeCase, write } from "./kit.ts";

export const commitCases = [
  storeCase("an empty store is at revision 1 and the first commit makes 2", async ({ store }) => {
    same(store.revision(), 1, "empty");
    same(await write(store, put("/a", "1")), 2, "first commit");
    same(store.revision(), 2, "after the first commit");
  }),

  storeCase("expectRevision 0 creates once", async ({ store }) => {
    const results = await Promise.all([store.commit([put("/a", "x", 0)]), store.commit([put("/a", "y", 0)])]);
    same(results[0], { ok: true, revision: 2 }, "the first one");
    const second = results[1]!;
    same(
      [second.ok, !second.ok && second.index, !second.ok && show(second.current)],
      [false, 0, "/a=x@2/2"],
      "the second",
    );
    same(show(await store.get("/a")), "/a=x@2/2", "what is there");
  }),

  storeCase("compare-and-swap replaces only the expected revision and keeps createRevision", async ({ store }) => {
    await write(store, put("/a", "1", 0));
    await write(store, put("/a", "2", 2));
    const stale = await store.commit([put("/a", "3", 2)]);
    same(!stale.ok && show(stale.current), "/a=2@3/2", "a stale write sees what is there");
    same(store.revision(), 3, "a conflict makes no revision");
    const absent = await store.commit([put("/b", "1", 2)]);
    same([absent.ok, !absent.ok && absent.current], [false, undefined], "an expected key that is absent");
  }),

  storeCase("a put without expectation replaces, a new create after a delete starts over", async ({ store }) => {
    await write(store, put("/a", "1"));
    await write(store, put("/a", "2"));
    await write(store, remove("/a"));
    same(await store.get("/a"), undefined, "deleted");
    await write(store, put("/a", "3"));
    same(show(await store.get("/a")), "/a=3@5/5", "created again");
  }),

  storeCase("deletes compare, and deleting nothing changes nothing", async ({ store }) => {
    await write(store, put("/a", "1"));
    const stale = await store.commit([remove("/a", 9)]);
    same(!stale.ok && show(stale.current), "/a=1@2/2", "a stale delete");
    same(await store.commit([remove("/b")]), { ok: true, revision: 2 }, "absent, no expectation");
    const expected = await store.commit([remove("/b", 2)]);
    same([expected.ok, !expected.ok && expected.current], [false, undefined], "absent, expected");
    same(await store.commit([remove("/b", 0)]), { ok: true, revision: 2 }, "absent, expected to be absent");
    same(await write(store, remove("/a", 2)), 3, "the expected one");
    same(await store.commit([]), { ok: true, revision: 3 }, "nothing to do");
  }),

  storeCase("a commit is all or nothing with one revision", async ({ store }) => {
    await write(store, put("/a", "1"), put("/b", "1"), put("/c", "1"));
    const refused = await store.commit([put("/a", "2", 2), remove("/b"), put("/c", "2", 1), put("/d", "2", 9)]);
    same(
      [refused.ok, !refused.ok && refused.index, !refused.ok && show(refused.current)],
      [false, 2, "/c=1@2/2"],
      "refused",
    );
    same((await store.range("/")).entries.map(show), ["/a=1@2/2", "/b=1@2/2", "/c=1@2/2"], "nothing was written");
    await write(store, put("/a", "2", 2), remove("/b", 2), remove("/x"), put("/d", "2", 0));
    same((await store.range("/")).entries.map(show), ["/a=2@3/2", "/c=1@2/2", "/d=2@3/3"], "everything was written");
  }),

  storeCase("commits in a row have a result and a revision each", async ({ store, watch }) => {
    await write(store, put("/b", "1"));
    const events = watch("/", 2);
    const row = [put("/a", "1", 0), put("/b", "2", 9), remove("/c"), put("/b", "2", 2), put("/b", "3", 4)];
    const results = await (store.commitEach?.(row) ?? Promise.all(row.map((operation) => store.commit([operation]))));
    const shown = results.map((result) => (result.ok ? result.revision : show(result.current)));
    same(shown, [3, "/b=1@2/2", 3, 4, 5], "results");
    const told = ["put /a=1@3/3 was nothing", "put /b=2@4/2 was /b=1@2/2", "put /b=3@5/2 was /b=2@4/2"];
    same(await nextEvents(events, 3), told, "events");
    if (store.commitEach === undefined) return;
    await fails(store.commitEach([put("/x", "1"), put("", "1")]), "RangeError", "no key");
    same([show(await store.get("/x")), store.revision()], ["nothing", 5], "after a row that is refused");
  }),

  storeCase("concurrent increments of one key lose none", async ({ store }) => {
    await write(store, put("/n", "0"));
    const decoder = new TextDecoder();
    const increment = async (): Promise<void> => {
      for (let done = 0; done < 10; ) {
        const current = (await store.get("/n"))!;
        const next = String(Number(decoder.decode(current.value)) + 1);
        if ((await store.commit([put("/n", next, current.modRevision)])).ok) done++;
      }
    };
    await Promise.all(Array.from({ length: 8 }, increment));
    same(show(await store.get("/n")), "/n=80@82/2", "eighty increments");
  }),

  storeCase("a commit of impossible operations is refused as a mistake", async ({ store }) => {
    await fails(store.commit([put("/a", "1"), put("/a", "2")]), "RangeError", "a key twice");
    await fails(store.commit([put("", "1")]), "RangeError", "no key");
    await fails(store.commit([put("/a\u0000b", "1")]), "RangeError", "a NUL");
    await fails(store.commit([put("/\ud800", "1")]), "RangeError", "half a surrogate pair");
    const tooMany = Array.from({ length: mostOperations + 1 }, (_, index) => put(`/k${index}`, "1"));
    await fails(store.commit(tooMany), "RangeError", "too many");
    same(await write(store, ...tooMany.slice(1)), 2, "as many as allowed");
    same(await store.count("/k"), mostOperations, "all of them");
  }),

  storeCase("values are bytes of any length", async ({ store }) => {
    const binary = Uint8Array.from({ length: 256 }, (_, index) => index);
    const large = new Uint8Array(3_000_000).fill(7);
    await store.commit([{ type: "put", key: "/binary", value: binary }]);
    await store.commit([{ type: "put", key: "/empty", value: new Uint8Array() }]);
    await store.commit([{ type: "put", key: "/large", value: large }]);
    await store.commit([{ type: "put", key: "/view", value: binary.subarray(10, 20) }]);
    same([...(await store.get("/binary"))!.value], [...binary], "every byte");
    same((await store.get("/empty"))!.value.length, 0, "no byte");
    const read = (await store.get("/large"))!.value;
    same([read.length, read.every((byte) => byte === 7)], [3_000_000, true], "many bytes");
    same([...(await store.get("/view"))!.value], [...binary.subarray(10, 20)], "a view");
    same(
      (await store.range("/")).entries.map(({ value }) => value.length),
      [256, 0, 3_000_000, 10],
      "in a range",
    );
  }),

  storeCase("commits that are asked for in order happen in order", async ({ store }) => {
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, index) => store.commit([put(`/k${index}`, "v")])),
    );
    same(
      results.map((result) => result.ok && result.revision),
      Array.from({ length: 200 }, (_, index) => index + 2),
      "order",
    );
  }),
];
