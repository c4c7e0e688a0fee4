import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { silentLogger, VirtualClock } from "../../base/index.ts";
import type { Store, StoreEvent, StoreOperation } from "../contract.ts";
import { openSqliteStore, SqliteStoreError, type SqliteStoreOptions } from "./index.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-sqlite-"));
});
after(() => rm(folder, { recursive: true }));

const open = (path: string, more: Partial<SqliteStoreOptions> = {}): Promise<Store> =>
  openSqliteStore({ path, clock: new VirtualClock(), log: silentLogger, ...more });

const put = (key: string, value: string | Uint8Array, ttlSeconds?: number): StoreOperation => ({
  type: "put",
  key,
  value: typeof value === "string" ? new TextEncoder().encode(value) : value,
  ttlSeconds,
});

async function dump(store: Store): Promise<string[]> {
  const { entries } = await store.range("");
  return entries.map(
    (entry) => `${entry.key}=${new TextDecoder().decode(entry.value)}@${entry.modRevision}/${entry.createRevision}`,
  );
}

describe("opening a file", () => {
  test("what was written is there after a restart, at the same revision", async () => {
    const path = join(folder, "deep/er/restart.db");
    const first = await open(path);
    await first.commit([put("/a", "1"), put("/b", "1")]);
    await first.commit([put("/a", "2"), { type: "delete", key: "/b" }]);
    await first.close();
    const second = await open(path);
    assert.equal(second.revision(), 3);
    assert.deepEqual(await dump(second), ["/a=2@3/2"]);
    assert.equal((await second.range("", { revision: 2 })).entries.length, 2, "history is there, too");
    assert.deepEqual(await second.commit([put("/c", "")]), { ok: true, revision: 4 });
    await second.close();
    assert.equal((await stat(path)).mode & 0o777, 0o600, "it holds secrets");
  });

  test("compaction is remembered", async () => {
    const path = join(folder, "compacted.db");
    const first = await open(path);
    for (let index = 0; index < 10; index++) await first.commit([put("/a", String(index))]);
    await first.compact(8);
    await first.close();
    const second = await open(path);
    await assert.rejects(second.range("/", { revision: 7 }), { name: "CompactedError", compactedRevision: 8 });
    assert.equal((await second.range("/", { revision: 8 })).entries.length, 1);
    await second.close();
  });

  test("a time to live goes on across a restart", async () => {
    const path = join(folder, "ttl.db");
    const clock = new VirtualClock();
    const first = await open(path, { clock });
    await first.commit([put("/soon", "", 10)]);
    await first.commit([put("/late", "", 1000)]);
    await first.close();
    await clock.advance(20_000);
    const second = await open(path, { clock });
    const controller = new AbortController();
    const events = second.watch("/", 3, controller.signal)[Symbol.asyncIterator]();
    const next = events.next();
    await clock.advance(1);
    assert.deepEqual(
      (await next).value?.events.map((event: StoreEvent) => `${event.type} ${event.key}`),
      ["delete /soon"],
    );
    assert.deepEqual(await dump(second), ["/late=@3/3"]);
    controller.abort();
    await second.close();
  });

  test("a second owner is refused with the path, in this process and in another", async () => {
    const path = join(folder, "locked.db");
    const owner = await open(path);
    const refusal = {
      name: "SqliteStoreError",
      message: `the store ${path} is in use by another process; stop that one or choose another path`,
    };
    await assert.rejects(open(path), refusal);
    const program = `
      import { silentLogger, systemClock } from "${new URL("../../base/index.ts", import.meta.url)}";
      import { openSqliteStore } from "${new URL("./index.ts", import.meta.url)}";
      await openSqliteStore({ path: process.argv[1], clock: systemClock, log: silentLogger }).catch((error) => console.log(error.message));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (data) => {
      said += data;
    });
    await once(child, "close");
    assert.equal(said, `${refusal.message}\n`);
    await owner.close();
    await (await open(path)).close();
  });

  const refused: { name: string; make(path: string): Promise<void> | void; message: RegExp }[] = [
    {
      name: "text",
      make: (path) => writeFile(path, "hello, world\n".repeat(1000)),
      message: /is damaged or not a store at all/,
    },
    {
      name: "a database of another program",
      make(path) {
        const db = new DatabaseSync(path);
        db.exec("CREATE TABLE bookmarks(url TEXT)");
        db.close();
      },
      message: /is an SQLite file of another program, not a store/,
    },
    {
      name: "a newer format",
      async make(path) {
        await (await open(path)).close();
        const db = new DatabaseSync(path);
        db.exec("PRAGMA user_version = 99");
        db.close();
      },
      message: /was written by a newer version \(format 99, this one reads 1\)/,
    },
    {
      name: "a folder",
      make: (path) => mkdir(path).then(() => {}),
      message: /cannot be opened: unable to open database file/,
    },
  ];
  for (const { name, make, message } of refused)
    test(`${name} is refused with the path and left alone`, async () => {
      const path = join(folder, `refused ${name}`);
      await make(path);
      await assert.rejects(open(path), (error) => {
        assert.ok(error instanceof SqliteStoreError);
        assert.match(error.message, message);
        assert.ok(error.message.includes(path));
        return true;
      });
    });

  test("revisions that a power failure may have taken are not given out again", async () => {
    const path = join(folder, "relaxed.db");
    const store = await open(path, { relaxedPrefixes: ["/leases/"] });
    await store.commit([put("/durable", "")]);
    await copyFile(path, `${path}.before`);
    await copyFile(`${path}-wal`, `${path}.before-wal`);
    await store.commit([put("/leases/a", "1")]);
    await copyFile(path, `${path}.lost`);
    await copyFile(`${path}-wal`, `${path}.lost-wal`); // what follows reaches the file only with the next sync
    for (let index = 0; index < 20; index++) await store.commit([put("/leases/a", String(index))]);
    const seen = store.revision();
    await store.close();
    const copy = await open(`${path}.lost`);
    assert.ok(copy.revision() >= seen, `${copy.revision()} is at least ${seen}`);
    await copy.close();
    const orderly = await open(path);
    assert.equal(orderly.revision(), seen, "an orderly end loses nothing");
    await orderly.close();
  });
});

describe("writing", () => {
  test("compaction gives space back for new writes", async () => {
    const store = await open(join(folder, "space.db"));
    const churn = async (): Promise<void> => {
      for (let round = 0; round < 20; round++)
        await Promise.all(
          Array.from({ length: 50 }, (_, key) => store.commit([put(`/k/${key}`, new Uint8Array(5000).fill(round))])),
        );
      await store.compact(store.revision());
    };
    for (let turn = 0; turn < 12; turn++) await churn(); // 60 MB
    // At most the write-ahead log of 16 MB, what is there, and the history of two turns.
    assert.ok((await store.size()) < 30_000_000, `${await store.size()} bytes`);
    await store.close();
  });

  test("more keys than the index keeps in memory are all there, before and after a restart", async () => {
    const path = join(folder, "many.db");
    const keys = 20_000;
    const store = await open(path);
    const commits = Array.from({ length: keys / 100 }, (_, group) =>
      store.commit(Array.from({ length: 100 }, (_, index) => put(`/k/${((group * 100 + index) * 7919) % keys}`, "1"))),
    );
    await Promise.all(commits);
    await store.commit([put("/k/1", "2"), { type: "delete", key: "/k/2" }]);
    assert.equal((await store.get("/k/1"))?.createRevision !== (await store.get("/k/1"))?.modRevision, true);
    assert.equal(await store.get("/k/2"), undefined);
    assert.equal(await store.count("/k/"), keys - 1);
    await store.close();
    const again = await open(path);
    assert.equal(await again.count("/k/"), keys - 1);
    await again.close();
  });

  test("a write beyond the quota is refused whole, and compaction makes room", async () => {
    const store = await open(join(folder, "quota.db"), { quotaBytes: 1_000_000 });
    let last = 0;
    const failure = await (async (): Promise<unknown> => {
      for (;;) {
        const result = await store
          .commit([put("/a", new Uint8Array(50_000).fill(last)), put("/b", "")])
          .catch((error: unknown) => error);
        if (result instanceof Error) return result;
        last++;
      }
    })();
    assert.ok(failure instanceof SqliteStoreError && failure.code === 13, String(failure));
    assert.match(failure.message, /the disk is full; free some space and try again/);
    assert.ok(last > 10, `${last} writes fit`);
    assert.equal(store.revision(), last + 1, "the refused write has no revision");
    const [a, b] = (await store.range("")).entries;
    assert.deepEqual(
      [a?.value[0], a?.modRevision, b?.modRevision],
      [last - 1, last + 1, last + 1],
      "what was acknowledged stays",
    );
    await store.compact(store.revision());
    await store.size(); // answered after the thread has begun to clean
    for (let index = 0; index < 5; index++)
      assert.ok((await store.commit([put("/a", new Uint8Array(50_000).fill(index))])).ok);
    await store.close();
  });

  test("the thread's end fails what waits and what comes, watches too", async () => {
    const workerUrl = new URL(
      `data:text/javascript,${encodeURIComponent(`
      import { parentPort } from "node:worker_threads";
      parentPort.on("message", () => { throw new Error("out of luck"); });
      parentPort.postMessage({ type: "opened", revision: 1, compacted: 0, nextExpiryMs: undefined });`)}`,
    );
    const store = await open(join(folder, "lost.db"), { workerUrl });
    const watching = store.watch("/", 1, new AbortController().signal)[Symbol.asyncIterator]().next();
    const failure = { name: "SqliteStoreError", message: /the thread of the store .*lost.db failed: out of luck/ };
    await Promise.all([assert.rejects(store.commit([put("/a", "")]), failure), assert.rejects(watching, failure)]);
    await assert.rejects(store.get("/a"), failure);
    await store.close();
  });

  test("a thread that ends while it is asked to close fails what it has not answered", async () => {
    const workerUrl = new URL(
      `data:text/javascript,${encodeURIComponent(`
      import { parentPort } from "node:worker_threads";
      parentPort.on("message", ({ type }) => { if (type === "call") throw new Error("out of luck"); });
      parentPort.postMessage({ type: "opened", revision: 1, compacted: 0, nextExpiryMs: undefined });`)}`,
    );
    const store = await open(join(folder, "gone.db"), { workerUrl });
    const committing = store.commit([put("/a", "")]);
    const closed = { name: "StoreClosedError" };
    await Promise.all([assert.rejects(committing, closed), assert.rejects(store.close(), closed)]);
  });
});

// A file system of bounded size takes root; the quota test above covers everybody else.
if (process.getuid?.() === 0)
  test("a full disk refuses writes whole, keeps reads, and recovers when there is space", async () => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]);
    const store = await open(join(disk, "store.db"));
    try {
      await store.commit([put("/a", "kept"), put("/b", "kept")]);
      await writeFile(join(disk, "filler"), new Uint8Array(8_000_000)).catch((error: NodeJS.ErrnoException) =>
        assert.equal(error.code, "ENOSPC"),
      );
      const attempts = await Promise.allSettled(
        Array.from({ length: 50 }, (_, index) =>
          store.commit([put("/a", new Uint8Array(20_000)), put(`/c/${index}`, "")]),
        ),
      );
      for (const attempt of attempts)
        assert.match(attempt.status === "rejected" ? attempt.reason.message : "", /the disk is full/);
      assert.equal(store.revision(), 2);
      assert.equal((await store.get("/a"))?.modRevision, 2);
      assert.deepEqual(await dump(store), ["/a=kept@2/2", "/b=kept@2/2"]);
      await rm(join(disk, "filler"));
      assert.deepEqual(await store.commit([put("/a", "again")]), { ok: true, revision: 3 });
      await store.close();
      const again = await open(join(disk, "store.db"));
      assert.deepEqual(await dump(again), ["/a=again@3/2", "/b=kept@2/2"]);
      await again.close();
    } finally {
      await store.close();
      execFileSync("umount", [disk]);
    }
  });
