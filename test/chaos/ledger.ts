// Writers that know what they were promised. Each key has one writer, which does one thing at a time: what the server acknowledged, and what
// became of a write whose answer was lost (asked for until the server answers), is written down before the next.
import { type Clock, type Rng, sleep } from "../../src/base/index.ts";
import type { Transport } from "../../src/machinery/index.ts";
import { type ApiList, type ApiObject, get, type Reply, said, send } from "./api.ts";
import type { DoneWrite } from "./history.ts";

export interface Counts {
  readonly acknowledged: number;
  /** Answers that never came. */
  readonly lost: number;
  /** Answers that the server could not: 5xx. */
  readonly refused: number;
}

export interface Ledger {
  /** Everything that is known to have been done, in the order of each key. */
  readonly writes: readonly DoneWrite[];
  /** What no server may do, as sentences. */
  readonly wrong: readonly string[];
  counts(): Counts;
  /** Sentences for the texts of 5xx answers, each once. */
  readonly refusals: ReadonlySet<string>;
  /** The keys as they must be, with their revisions. */
  present(): ReadonlyMap<string, { readonly serial: number; readonly revision: number }>;
  /** Ends the writers after what they are doing. */
  stop(): Promise<void>;
}

interface Entry extends ApiObject {
  readonly data?: { readonly serial?: string };
}
interface State {
  readonly serial: number;
  readonly revision: number;
}

export const serialOf = (object: ApiObject): number => Number((object as Entry).data?.serial ?? 0);

export interface LedgerOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly namespace: string;
  readonly writers: number;
  readonly keysOfEach: number;
  readonly pauseMs: number;
}

const collection = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;
const keyPattern = /^k-\d+-\d+$/;

/** What the server has of the ledger's keys. */
export async function listEntries(transport: Transport, namespace: string): Promise<ReadonlyMap<string, State>> {
  const { items } = await get<ApiList<Entry>>(transport, collection(namespace));
  return new Map(
    items
      .filter(({ metadata }) => keyPattern.test(metadata.name))
      .map((item) => [item.metadata.name, { serial: serialOf(item), revision: Number(item.metadata.resourceVersion) }]),
  );
}

/** Starts the writers on a namespace in which there are none of their keys. */
export function startLedger(options: LedgerOptions): Ledger {
  const { transport, clock, rng, namespace } = options;
  const writes: DoneWrite[] = [];
  const wrong: string[] = [];
  const refusals = new Set<string>();
  const states = new Map<string, State>();
  const counts = { acknowledged: 0, lost: 0, refused: 0 };
  const stopping = new AbortController();
  let serials = 0;

  const body = (key: string, serial: number, revision?: number): object => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: key, ...(revision === undefined ? {} : { resourceVersion: String(revision) }) },
    data: { serial: String(serial), filling: "x".repeat(rng.below(2000)) },
  });

  async function step(key: string): Promise<void> {
    const state = states.get(key);
    const serial = ++serials;
    const path = `${collection(namespace)}/${key}`;
    if (state === undefined) {
      const answer = send(transport, { method: "POST", path: collection(namespace), body: body(key, serial) });
      return conclude({ type: "ADDED", key, serial }, state, answer);
    }
    const choice = rng.below(10);
    if (choice < 2)
      return conclude(
        { type: "DELETED", key, serial: state.serial },
        state,
        send(transport, { method: "DELETE", path }),
      );
    const update =
      choice < 6
        ? send(transport, { method: "PUT", path, body: body(key, serial, state.revision) })
        : send(transport, {
            method: "PATCH",
            path,
            body: { data: { serial: String(serial) } },
            contentType: "application/merge-patch+json",
          });
    return conclude({ type: "MODIFIED", key, serial }, state, update);
  }

  async function conclude(write: DoneWrite, before: State | undefined, answer: Promise<Reply>): Promise<void> {
    const reply = await answer.catch(() => undefined);
    if (reply !== undefined && reply.code < 300) {
      counts.acknowledged++;
      return done(write, (reply.body as ApiObject).metadata?.resourceVersion);
    }
    if (reply === undefined) counts.lost++;
    else if (reply.code >= 500) {
      counts.refused++;
      refusals.add(`${reply.code} ${said(reply.body)}`.replaceAll(/\d{4,}/g, "…"));
    } else if (reply.code !== 429)
      wrong.push(`${write.type} of ${write.key} after ${JSON.stringify(before)}: ${reply.code} ${said(reply.body)}`);
    await findOut(write, before);
  }

  function done(write: DoneWrite, resourceVersion: string | undefined): void {
    if (write.type === "DELETED") {
      states.delete(write.key);
      writes.push(write);
    } else {
      const revision = Number(resourceVersion);
      states.set(write.key, { serial: write.serial, revision });
      writes.push({ ...write, revision });
    }
  }

  /** Reads until the server answers: the write was done, or nothing was. */
  async function findOut(write: DoneWrite, before: State | undefined): Promise<void> {
    const { key } = write;
    const found = await untilAnswered(key);
    const serial = found === undefined ? undefined : serialOf(found);
    const revision = found === undefined ? undefined : Number(found.metadata.resourceVersion);
    if (serial === before?.serial && revision === before?.revision) return;
    if (write.type === "DELETED" ? serial === undefined : serial === write.serial)
      return done(write, found?.metadata.resourceVersion);
    wrong.push(
      `${key}: ${JSON.stringify(before ?? "absence")} was acknowledged, ${write.type} ${write.serial} was asked for, ` +
        `${serial === undefined ? "nothing" : `serial ${serial} at ${revision}`} is there`,
    );
    if (found === undefined) states.delete(key);
    else states.set(key, { serial: serial!, revision: revision! });
  }

  async function untilAnswered(key: string): Promise<ApiObject | undefined> {
    for (;;) {
      const reply = await send(transport, { method: "GET", path: `${collection(namespace)}/${key}` }).catch(
        () => undefined,
      );
      if (reply?.code === 200) return reply.body as ApiObject;
      if (reply?.code === 404) return undefined;
      await sleep(clock, 100);
    }
  }

  async function write(writer: number): Promise<void> {
    while (!stopping.signal.aborted) {
      await step(`k-${writer}-${rng.below(options.keysOfEach)}`);
      await sleep(clock, options.pauseMs, stopping.signal).catch(() => {}); // rejects only when stopped, which the loop sees
    }
  }
  const ended = Promise.all(Array.from({ length: options.writers }, (_, writer) => write(writer)));
  return {
    writes,
    wrong,
    refusals,
    counts: () => ({ ...counts }),
    present: () => states,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
