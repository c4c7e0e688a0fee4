// Durable writes of the SQLite engine beside etcd on loopback, on the same disk. One writer waits for the disk, whose speed varies from
// second to second: both sides take short turns, and the median turn counts. "watched" has a watch over everything, as the API server does:
// each write then also reads what it replaces. Each writer updates its own keys in turn, compare-and-swap, 1 KiB a value; no two values are
// equal.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { silentLogger, systemClock } from "../../src/base/index.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { startEtcd } from "../lib/etcd.ts";
import type { Part, Row } from "../lib/part.ts";

const budgetWrites = 50_000;
/** What one writer is to have, measured in the same run. */
const timesEtcd = 5;
const keysPerWriter = 200;
const turns = 11;
/** etcd writes its pages a tenth of a second behind its log: that is over before somebody else's turn. */
const pauseMs = 250;

interface Subject {
  put(key: string, value: Uint8Array, expectRevision: number): Promise<number>;
  /** Processor time used for the writes so far, microseconds. */
  cpuUs(): number;
  close(): Promise<void>;
}

interface Measured {
  readonly writesPerSecond: number;
  readonly cpuUsPerWrite: number;
  readonly p99Ms: number;
}

async function sqliteSubject(watched: boolean): Promise<Subject> {
  const folder = await mkdtemp(join(tmpdir(), "bench-store-"));
  const store = await openSqliteStore({ path: join(folder, "store.db"), clock: systemClock, log: silentLogger });
  const controller = new AbortController();
  const watching = watched ? drain(store.watch("/registry/", 1, controller.signal)) : Promise.resolve();
  return {
    async put(key, value, expectRevision) {
      const result = await store.commit([{ type: "put", key, value, expectRevision }]);
      if (!result.ok) throw new Error(`${key} is not at revision ${expectRevision}`);
      return result.revision;
    },
    cpuUs() {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    async close() {
      controller.abort();
      await watching;
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function drain(batches: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of batches);
}

function makeValue(serial: number): Uint8Array {
  const value = new Uint8Array(1024).fill(120);
  new DataView(value.buffer).setFloat64(0, serial);
  return value;
}

/** Each load writes keys of its own. */
let loads = 0;

async function measure(subject: Subject, load: { writers: number; seconds: number }): Promise<Measured> {
  const name = loads++;
  const { writers, seconds } = load;
  const latencies: number[] = [];
  let serial = 0;
  const startCpu = subject.cpuUs();
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const writer = async (index: number): Promise<void> => {
    const revisions = new Array<number>(keysPerWriter).fill(0);
    for (let turn = 0; performance.now() < endMs; turn = (turn + 1) % keysPerWriter) {
      const sentMs = performance.now();
      const key = `/registry/configmaps/${name}-${index}/object-${turn}`;
      revisions[turn] = await subject.put(key, makeValue(serial++), revisions[turn]!);
      latencies.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, index) => writer(index)));
  const elapsedSeconds = (performance.now() - startMs) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    writesPerSecond: Math.round(serial / elapsedSeconds),
    cpuUsPerWrite: (subject.cpuUs() - startCpu) / serial,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)]!,
  };
}

/** Writes a second of one writer, of each subject. */
async function oneWriter(subjects: readonly Subject[], seconds: number): Promise<number[]> {
  const rates = subjects.map((): number[] => []);
  for (let turn = 0; turn < turns; turn++)
    for (const [index, subject] of subjects.entries()) {
      await delay(pauseMs);
      rates[index]!.push((await measure(subject, { writers: 1, seconds: seconds / turns })).writesPerSecond);
    }
  return rates.map((each) => each.sort((a, b) => a - b)[Math.floor(turns / 2)]!);
}

const warmUp = (subject: Subject): Promise<Measured> => measure(subject, { writers: 64, seconds: 0.5 });

interface Result {
  readonly one: number;
  readonly many: Measured;
}

export const part: Part = {
  about: "durable writes of the store, beside etcd",
  limitSeconds: 90,
  async *run(setup) {
    const seconds = (setup.full ? 4 : 2) * setup.scale;
    const load = { writers: 64, seconds };
    const store = await sqliteSubject(false);
    try {
      await warmUp(store);
      const [alone] = await oneWriter([store], seconds);
      const bare = { one: alone!, many: await measure(store, load) };
      const watched = await watchedWriters(load);
      yield* rowsOf({ bare, watched, etcd: undefined });
      if (setup.upstream === undefined) return;
      const etcd = await startEtcd();
      try {
        await warmUp(etcd);
        const [ours, theirs] = await oneWriter([store, etcd], seconds);
        const result = { one: theirs!, many: await measure(etcd, load) };
        yield* rowsOf({ bare: { ...bare, one: ours! }, watched, etcd: result });
      } finally {
        await etcd.close();
      }
    } finally {
      await store.close();
    }
  },
};

async function watchedWriters(load: { writers: number; seconds: number }): Promise<Measured> {
  const store = await sqliteSubject(true);
  try {
    await warmUp(store);
    return await measure(store, load);
  } finally {
    await store.close();
  }
}

function rowsOf({
  bare,
  watched,
  etcd,
}: {
  readonly bare: Result;
  readonly watched: Measured;
  readonly etcd: Result | undefined;
}): Row[] {
  const figures = (mine: number, of: (result: Result) => number): Pick<Row, "ours" | "upstream"> => ({
    ours: mine,
    ...(etcd === undefined ? {} : { upstream: of(etcd) }),
  });
  const rate = { unit: "writes/s", better: "more" } as const;
  const cost = { unit: "CPU µs a write", better: "less" } as const;
  const wait = { unit: "ms, p99", better: "less" } as const;
  return [
    {
      what: "1 writer",
      ...rate,
      ...(etcd === undefined ? {} : { budget: Math.round(timesEtcd * etcd.one) }),
      ...figures(bare.one, ({ one }) => one),
    },
    {
      what: "64 writers",
      ...rate,
      budget: budgetWrites,
      ...figures(bare.many.writesPerSecond, ({ many }) => many.writesPerSecond),
    },
    { what: "64 writers, watched", ...rate, ...figures(watched.writesPerSecond, ({ many }) => many.writesPerSecond) },
    { what: "64 writers", ...cost, ...figures(bare.many.cpuUsPerWrite, ({ many }) => many.cpuUsPerWrite) },
    { what: "64 writers, watched", ...cost, ...figures(watched.cpuUsPerWrite, ({ many }) => many.cpuUsPerWrite) },
    { what: "64 writers", ...wait, ...figures(bare.many.p99Ms, ({ many }) => many.p99Ms) },
  ];
}
