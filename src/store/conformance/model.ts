// The contract as the plainest program that keeps it: every state of every revision. A run of random commands on an
// engine is compared with it, together with what watchers saw.

import { assert } from "../../base/index.ts";
import type { Store, StoreEntry, StoreEvent, StoreOperation } from "../contract.ts";
import { orderKey } from "../operations.ts";
import { bytes, fails, same, show } from "./kit.ts";

export type ModelOperation = {
  readonly key: number;
  readonly type: "put" | "delete";
  /** What the writer believes: nothing, that the key is absent, its true revision, or a wrong one. */
  readonly expect: "any" | "absent" | "current" | "stale";
};

export type ModelCommand =
  /** Commits of one command are asked for at once. */
  | { readonly type: "commit"; readonly commits: readonly (readonly ModelOperation[])[] }
  | {
      readonly type: "range";
      readonly prefix: number;
      readonly limit: number;
      readonly after: number;
      readonly back: number;
    }
  | { readonly type: "watch"; readonly prefix: number; readonly back: number }
  | { readonly type: "compact"; readonly back: number };

export const modelKeys = ["/a/1", "/a/2", "/a/22", "/a0", "/b/1", "/b/é", "/b/\u{1f600}", "/b/\uffee"];
export const modelPrefixes = ["", "/", "/a", "/a/", "/b/", "/a/2", "/c/"];

type State = ReadonlyMap<string, StoreEntry>;

const byBytes = (a: StoreEntry, b: StoreEntry): number => (orderKey(a.key) < orderKey(b.key) ? -1 : 1);

class Model {
  /** Index is the revision. */
  readonly states: State[] = [new Map(), new Map()];
  readonly events: StoreEvent[] = [];
  compacted = 0;

  get revision(): number {
    return this.states.length - 1;
  }

  commit(operations: readonly StoreOperation[]): unknown {
    const before = this.states.at(-1)!;
    for (const [index, { key, expectRevision }] of operations.entries())
      if (expectRevision !== undefined && (before.get(key)?.modRevision ?? 0) !== expectRevision)
        return { ok: false, index, current: show(before.get(key)) };
    const after = new Map(before);
    const revision = this.revision + 1;
    const events: StoreEvent[] = [];
    for (const operation of operations) {
      const { key, type } = operation;
      const previous = before.get(key);
      if (operation.type === "put") {
        const entry = {
          key,
          value: operation.value,
          modRevision: revision,
          createRevision: previous?.createRevision ?? revision,
        };
        after.set(key, entry);
        events.push({ type, key, entry, previous });
      } else if (previous !== undefined) {
        after.delete(key);
        events.push({ type, key, entry: { ...previous, modRevision: revision }, previous });
      }
    }
    if (events.length === 0) return { ok: true, revision: this.revision };
    this.states.push(after);
    this.events.push(...events);
    return { ok: true, revision };
  }
}

const showEvent = ({ type, entry, previous }: StoreEvent): string => `${type} ${show(entry)} was ${show(previous)}`;

interface Watching {
  readonly prefix: string;
  readonly from: number;
  readonly seen: string[];
  readonly ended: Promise<void>;
}

/** Throws on the first difference. The store must be empty; it stays open. */
export async function runAgainstModel(store: Store, commands: readonly ModelCommand[]): Promise<void> {
  const model = new Model();
  const watchings: Watching[] = [];
  const controller = new AbortController();
  let serial = 0;
  for (const command of commands) {
    switch (command.type) {
      case "commit":
        await runCommits(store, model, { commits: command.commits, serial });
        serial += 1000;
        break;
      case "range":
        await runRange(store, model, command);
        break;
      case "compact": {
        const revision = Math.max(1, model.revision - command.back);
        await store.compact(revision);
        model.compacted = Math.max(model.compacted, revision);
        break;
      }
      case "watch":
        watchings.push(startWatch({ store, model, command, signal: controller.signal }));
    }
  }
  // Every watcher sees a last commit of a key below every prefix it may have; then all have seen everything.
  const last = modelPrefixes.map((prefix): StoreOperation => ({ type: "put", key: `${prefix}last`, value: bytes("") }));
  same(await store.commit(last), model.commit(last), "the last commit");
  await Promise.all(watchings.map((watching) => watching.ended));
  controller.abort();
  for (const { prefix, from, seen } of watchings) {
    const expected = model.events.filter((event) => event.entry.modRevision > from && event.key.startsWith(prefix));
    same(seen, expected.map(showEvent), `watch of "${prefix}" from ${from}`);
  }
}

async function runCommits(
  store: Store,
  model: Model,
  { commits, serial }: { readonly commits: readonly (readonly ModelOperation[])[]; readonly serial: number },
): Promise<void> {
  const pending: Promise<unknown>[] = [];
  const expected: unknown[] = [];
  for (const [index, operations] of commits.entries()) {
    const real = operations.map((operation, at) => toReal(operation, model, String(serial + index * 10 + at)));
    pending.push(
      store.commit(real).then((result) => (result.ok ? result : { ...result, current: show(result.current) })),
    );
    expected.push(model.commit(real));
  }
  same(await Promise.all(pending), expected, "commits");
  same(store.revision(), model.revision, "revision");
}

function toReal({ key, type, expect }: ModelOperation, model: Model, value: string): StoreOperation {
  const name = modelKeys[key]!;
  const current = model.states.at(-1)!.get(name)?.modRevision ?? 0;
  const expectRevision = { any: undefined, absent: 0, current, stale: current + 1 }[expect];
  return type === "put"
    ? { type, key: name, value: bytes(value), expectRevision }
    : { type, key: name, expectRevision };
}

async function runRange(store: Store, model: Model, command: ModelCommand & { readonly type: "range" }): Promise<void> {
  const prefix = modelPrefixes[command.prefix]!;
  const after = modelKeys[command.after];
  const revision = command.back === 0 ? undefined : Math.max(0, model.revision - command.back);
  const limit = command.limit === 0 ? undefined : command.limit;
  const range = store.range(prefix, { after, limit, revision });
  if (revision !== undefined && revision < model.compacted)
    return fails(range, "CompactedError", `range at ${revision}`);
  const state = model.states[revision ?? model.revision]!;
  const all = [...state.values()]
    .filter(({ key }) => key.startsWith(prefix) && (after === undefined || orderKey(key) > orderKey(after)))
    .sort(byBytes);
  const entries = all.slice(0, limit);
  const expected = {
    entries: entries.map(show),
    revision: revision ?? model.revision,
    remaining: all.length - entries.length,
  };
  const result = await range;
  same(
    { ...result, entries: result.entries.map(show) },
    expected,
    `range ${JSON.stringify({ prefix, after, limit, revision })}`,
  );
  if (revision !== undefined || after !== undefined) return;
  same(await store.count(prefix), all.length, `count of ${prefix}`);
}

function startWatch(options: {
  readonly store: Store;
  readonly model: Model;
  readonly command: ModelCommand & { readonly type: "watch" };
  readonly signal: AbortSignal;
}): Watching {
  const { store, model, command, signal } = options;
  const prefix = modelPrefixes[command.prefix]!;
  const from = Math.max(model.compacted, model.revision - command.back);
  const seen: string[] = [];
  const events = store.watch(prefix, from, signal)[Symbol.asyncIterator]();
  const first = events.next();
  const follow = async (): Promise<void> => {
    for (let next = await first; ; next = await events.next()) {
      assert(!next.done, "a watch goes on");
      const batch = next.value;
      seen.push(...batch.events.map(showEvent));
      if (batch.events.some((event) => event.key === `${prefix}last`)) return;
    }
  };
  return { prefix, from, seen, ended: follow() };
}
