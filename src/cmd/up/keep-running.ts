// A program that runs as long as its owner: started again when it ends, with a growing pause between starts that come to nothing.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { type Clock, type Logger, onAbort, pause } from "../../base/index.ts";
import { isAlive, readRecord, stopProcess } from "../../cluster/index.ts";

/** Left by an owner that is gone and taken over as it is. The kernel tells only parents of an end; a held connection tells of it too. */
export interface Adopted {
  /** Of the program: it closes with it. */
  readonly socket: string;
}

export interface KeptProgram {
  /** For the log: "the kubelet of node a-2". */
  readonly name: string;
  /** Where the process is recorded while it runs. */
  readonly recordFile: string;
  readonly logFile: string;
  readonly start: () => ChildProcess | undefined;
  /** It runs already. */
  readonly running?: ChildProcess | Adopted;
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
/** Between a connection's end and the next look: short at first, since the process may still be about to end. */
const looks = { firstMs: 50, mostMs: 5000 };

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
    const how = "socket" in running ? await endOfAdopted(program, running) : await endOf(running, signal);
    running = undefined;
    if (how === undefined) break;
    if (clock.monotonic() - startedMs > goodAfterMs) pauseMs = pauses.firstMs;
    log.warn(`${name} ended and is started again`, { how, inMs: pauseMs, log: program.logFile });
    await pause(clock, pauseMs, signal);
    pauseMs = Math.min(2 * pauseMs, pauses.mostMs);
  }
  if (!program.outlives) await stop();
}

async function endOfAdopted(
  { recordFile, clock, signal }: KeptProgram,
  { socket }: Adopted,
): Promise<string | undefined> {
  let pauseMs = looks.firstMs;
  while (isAlive(readRecord(recordFile))) {
    const fromMs = clock.monotonic();
    await endOfConnection(socket, signal);
    // It hangs up on who has said nothing for a while, and may not listen yet.
    if (clock.monotonic() - fromMs > looks.mostMs) pauseMs = looks.firstMs;
    await pause(clock, pauseMs, signal);
    if (signal.aborted) return undefined;
    pauseMs = Math.min(2 * pauseMs, looks.mostMs);
  }
  return "by itself";
}

/** Resolves when a connection to the socket is over, or does not come about, or the signal aborts. */
function endOfConnection(path: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const connection = connect(path);
  const detach = onAbort(signal, () => connection.destroy());
  connection.on("error", () => {}); // what it means is seen by whether the process is there
  connection.on("close", () => {
    detach();
    resolve();
  });
  connection.resume();
  return promise;
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
