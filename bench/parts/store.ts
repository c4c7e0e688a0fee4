// Durable writes of the SQLite engine beside etcd on loopback, on the same disk, one after the other. "watched" has a watch over everything,
// as the API server does: each write then also reads what it replaces. Each writer updates its own keys in turn, compare-and-swap, 1 KiB a
// value; no two values are equal.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { silentLogger, systemClock } from "../../src/base/index.ts";
import { openSqliteStore } from "../../src/store/sqlite/index.ts";
import { startEtcd } from "../lib/etcd.ts";
import type { Part, Row } from "../lib/part.ts";

const budgetWrites = 50_000;
/** What one writer is to have, measured in the same run. */
const timesEtcd = 5;
const keysPerWriter = 200;

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

async function measure(subject: Subject, load: { writers: number; seconds: number }): Promise<Measured> {
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
      const key = `/registry/configmaps/${writers}-${seconds}-${index}/object-${turn}`;
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

interface Result {
  readonly one: Measured;
  readonly many: Measured;
}

async function run(opening: Promise<Subject>, seconds: number): Promise<Result> {
  const subject = await opening;
  try {
    await measure(subject, { writers: 64, seconds: 0.5 }); // warm
    const one = await measure(subject, { writers: 1, seconds });
    return { one, many: await measure(subject, { writers: 64, seconds }) };
  } finally {
    await subject.close();
  }
}

export const part: Part = {
  about: "durable writes of the store, beside etcd",
  limitSeconds: 90,
  async *run(setup) {
    const seconds = (setup.full ? 4 : 2) * setup.scale;
    const bare = await run(sqliteSubject(false), seconds);
    const watched = await run(sqliteSubject(true), seconds);
    yield* rowsOf({ bare, watched, etcd: undefined });
    if (setup.upstream !== undefined) yield* rowsOf({ bare, watched, etcd: await run(startEtcd(), seconds) });
  },
};

function rowsOf({
  bare,
  watched,
  etcd,
}: {
  readonly bare: Result;
  readonly watched: Result;
  readonly etcd: Result | undefined;
}): Row[] {
  const figures = (ours: Result, of: (result: Result) => number): Pick<Row, "ours" | "upstream"> => ({
    ours: of(ours),
    ...(etcd === undefined ? {} : { upstream: of(etcd) }),
  });
  const rate = { unit: "writes/s", better: "more" } as const;
  const cost = { unit: "CPU µs a write", better: "less" } as const;
  const wait = { unit: "ms, p99", better: "less" } as const;
  return [
    {
      what: "1 writer",
      ...rate,
      ...(etcd === undefined ? {} : { budget: Math.round(timesEtcd * etcd.one.writesPerSecond) }),
      ...figures(bare, ({ one }) => one.writesPerSecond),
    },
    { what: "64 writers", ...rate, budget: budgetWrites, ...figures(bare, ({ many }) => many.writesPerSecond) },
    { what: "64 writers, watched", ...rate, ...figures(watched, ({ many }) => many.writesPerSecond) },
    { what: "64 writers", ...cost, ...figures(bare, ({ many }) => many.cpuUsPerWrite) },
    { what: "64 writers, watched", ...cost, ...figures(watched, ({ many }) => many.cpuUsPerWrite) },
    { what: "64 writers", ...wait, ...figures(bare, ({ many }) => many.p99Ms) },
  ];
}
