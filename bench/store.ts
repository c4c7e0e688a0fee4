// Durable writes a second of the SQLite engine against etcd on loopback, on the same disk, one after the other.
//
//   node bench/store.ts [--seconds 4] [--no-etcd]
//
// "watched" has a watch over everything, as the API server does: each write then also reads what it replaces.
// Each writer updates its own keys in turn, compare-and-swap, 1 KiB a value; no two values are equal. `loop` is the share
// of time in which the event loop of the process that asks for the writes is busy.

import { mkdtemp, rm } from "node:fs/promises";
import { arch, cpus, release, tmpdir, type } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { silentLogger, systemClock } from "../src/base/index.ts";
import { openSqliteStore } from "../src/store/sqlite/index.ts";
import { type EtcdPeer, startEtcd } from "./lib/etcd.ts";

const budgetWrites = 50_000;
const budgetRatio = 5;
const keysPerWriter = 200;

interface Subject {
  put(key: string, value: Uint8Array, expectRevision: number): Promise<number>;
  /** Processor time used for the writes so far, microseconds. */
  cpuUs(): number;
  close(): Promise<void>;
}

interface Row {
  readonly subject: string;
  readonly writers: number;
  readonly writesPerSecond: number;
  readonly cpuUsPerWrite: number;
  readonly loopBusy: number;
  readonly p50Ms: number;
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

async function measure(name: string, subject: Subject, load: { writers: number; seconds: number }): Promise<Row> {
  const { writers, seconds } = load;
  const latencies: number[] = [];
  let serial = 0;
  const startCpu = subject.cpuUs();
  const startLoop = performance.eventLoopUtilization();
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
  const loop = performance.eventLoopUtilization(startLoop);
  latencies.sort((a, b) => a - b);
  return {
    subject: name,
    writers,
    writesPerSecond: Math.round(serial / elapsedSeconds),
    cpuUsPerWrite: (subject.cpuUs() - startCpu) / serial,
    loopBusy: loop.utilization,
    p50Ms: latencies[latencies.length >> 1]!,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)]!,
  };
}

async function run(name: string, subject: Subject, seconds: number): Promise<Row[]> {
  try {
    await measure(name, subject, { writers: 64, seconds: 0.5 }); // warm
    const one = await measure(name, subject, { writers: 1, seconds });
    return [one, await measure(name, subject, { writers: 64, seconds })];
  } finally {
    await subject.close();
  }
}

function print(rows: readonly Row[]): void {
  console.log(["subject", "writers", "writes/s", "CPU us/write", "loop busy", "p50 ms", "p99 ms"].join("\t"));
  for (const row of rows)
    console.log(
      [
        row.subject,
        row.writers,
        row.writesPerSecond,
        row.cpuUsPerWrite.toFixed(1),
        `${Math.round(row.loopBusy * 100)} %`,
        row.p50Ms.toFixed(2),
        row.p99Ms.toFixed(2),
      ].join("\t"),
    );
}

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "4" }, etcd: { type: "boolean", default: true } },
  allowNegative: true,
});
const seconds = Number(values.seconds);
console.log(`${type()} ${release()} ${arch()}, ${cpus().length} x ${cpus()[0]!.model}, Node ${process.version}`);
const rows: Row[] = [];
rows.push(...(await run("sqlite", await sqliteSubject(false), seconds)));
rows.push(...(await run("sqlite-watched", await sqliteSubject(true), seconds)));
if (values.etcd) {
  const etcd: EtcdPeer = await startEtcd();
  rows.push(...(await run(`etcd-${etcd.version}`, etcd, seconds)));
}
print(rows);
const many = (prefix: string): Row | undefined =>
  rows.find((row) => row.subject.startsWith(prefix) && row.writers === 64);
const ours = many("sqlite")!; // like etcd here, without watchers
console.log(
  `budget, ${budgetWrites} writes/s with 64 writers: ${ours.writesPerSecond >= budgetWrites ? "kept" : "MISSED"}`,
);
const peer = many("etcd");
if (peer !== undefined) {
  const ratio = ours.writesPerSecond / peer.writesPerSecond;
  console.log(`budget, ${budgetRatio} x etcd: ${ratio.toFixed(1)} x, ${ratio >= budgetRatio ? "kept" : "MISSED"}`);
}
