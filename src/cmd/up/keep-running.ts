// A program that runs as long as its owner: started again when it ends, with a growing pause between starts that come to nothing.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { type Clock, type Logger, sleep } from "../../base/index.ts";
import { isAlive, readRecord, stopProcess } from "../../cluster/index.ts";

export interface KeptProgram {
  /** For the log: "the kubelet of node a-2". */
  readonly name: string;
  /** Where the process is recorded while it runs. */
  readonly recordFile: string;
  readonly logFile: string;
  readonly start: () => ChildProcess | undefined;
  /** It runs already: as this process's child, or left by an owner that is gone and taken over as it is. */
  readonly running?: ChildProcess | "adopted";
  /** Whether it goes on when the signal aborts, for somebody else to end. */
  readonly outlives?: boolean;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Logger;
}

const pauses = { firstMs: 500, mostMs: 30_000 };
/** After this time a start counts as one that came to something. */
const goodAfterMs = 60_000;
const stopGraceMs = 5000;
const adoptedLookMs = 5000;

/** Resolves after the signal aborted and, unless it outlives that, the program has ended. */
export async function keepRunning(program: KeptProgram): Promise<void> {
  const { name, recordFile, signal, clock, log } = program;
  const stop = (): Promise<void> => stopProcess(readRecord(recordFile), clock, stopGraceMs);
  let pauseMs = pauses.firstMs;
  let { running } = program;
  while (!signal.aborted) {
    if (running === undefined) {
      // What an owner that was killed has left is nobody's child: nobody would be told of its end.
      await stop();
      if (signal.aborted) return;
      running = program.start();
      if (running === undefined) throw new Error(`${name} runs already: another process started it`);
    }
    const startedMs = clock.monotonic();
    const how = running === "adopted" ? await endOfAdopted(program) : await endOf(running, signal);
    running = undefined;
    if (how === undefined) break;
    if (clock.monotonic() - startedMs > goodAfterMs) pauseMs = pauses.firstMs;
    log.warn(`${name} ended and is started again`, { how, inMs: pauseMs, log: program.logFile });
    await sleep(clock, pauseMs, signal).catch(() => {}); // rejects only when the signal aborts, which the loop sees
    pauseMs = Math.min(2 * pauseMs, pauses.mostMs);
  }
  if (!program.outlives) await stop();
}

/** Another's child: the kernel tells only its parent, so it is looked at. */
async function endOfAdopted({ recordFile, clock, signal }: KeptProgram): Promise<string | undefined> {
  while (isAlive(readRecord(recordFile))) {
    await sleep(clock, adoptedLookMs, signal).catch(() => {}); // rejects only when the signal aborts
    if (signal.aborted) return undefined;
  }
  return "by itself";
}

/** How the process ended; undefined when the signal aborted before. */
async function endOf(child: ChildProcess, signal: AbortSignal): Promise<string | undefined> {
  const waiting = new AbortController();
  const abort = (): void => waiting.abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    if (signal.aborted) return undefined;
    if (child.exitCode !== null || child.signalCode !== null) return child.signalCode ?? `status ${child.exitCode}`;
    const [status, killer] = (await once(child, "exit", { signal: waiting.signal })) as [number | null, string | null];
    return killer ?? `status ${status}`;
  } catch (error) {
    if (signal.aborted) return undefined;
    return (error as Error).message;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
