// What happened in a world, in order: every commit of its store and every line of its trace, stamped with virtual time. Two runs are
// equal when the hashes of their histories are.
import type { Clock } from "../base/index.ts";
import type { CommitResult, Store, StoreOperation } from "../store/index.ts";

export interface Commit {
  readonly revision: number;
  readonly operations: readonly StoreOperation[];
}

export interface History {
  /** A line of the trace. */
  note(text: string): void;
  commit(commit: Commit): void;
  /** FNV-1a over everything so far. */
  hash(): string;
}

export interface HistoryOptions {
  readonly clock: Clock;
  /** Receives the trace: what was noted, and one line for each write. Nothing is formatted when not given. */
  readonly print?: (line: string) => void;
}

const prime = 0x01000193;

export function createHistory({ clock, print }: HistoryOptions): History {
  let hash = 0x811c9dc5;
  const take = (word: number): void => {
    hash = Math.imul(hash ^ word, prime);
  };
  const takeText = (text: string): void => {
    for (let index = 0; index < text.length; index++) take(text.charCodeAt(index));
  };
  const say = (text: string): void => print?.(`${(clock.monotonic() / 1000).toFixed(3).padStart(10)}  ${text}`);
  return {
    note(text) {
      take(Math.round(clock.monotonic() * 1000));
      takeText(text);
      say(text);
    },
    commit({ revision, operations }) {
      take(revision);
      take(Math.round(clock.monotonic() * 1000));
      for (const operation of operations) {
        takeText(operation.key);
        if (operation.type === "put") for (const byte of operation.value) take(byte);
        if (print !== undefined) say(describe(revision, operation));
      }
    },
    hash: () => (hash >>> 0).toString(16).padStart(8, "0"),
  };
}

const decoder = new TextDecoder();

function describe(revision: number, operation: StoreOperation): string {
  const key = operation.key.replace("/registry/", "");
  if (operation.type === "delete") return `r${revision} delete ${key}`;
  const what = operation.expectRevision === 0 ? "create" : "update";
  return `r${revision} ${what} ${key}${detail(key, decoder.decode(operation.value))}`;
}

/** The little that tells one state of an object from the next. */
function detail(key: string, text: string): string {
  if (key.startsWith("events/")) {
    const event = JSON.parse(text) as { reason?: string; message?: string; note?: string };
    return ` ${event.reason}: ${event.message ?? event.note ?? ""}`;
  }
  if (!/^(pods|replicasets|deployments)\//.test(key)) return "";
  const { metadata, spec, status } = JSON.parse(text) as {
    metadata: { deletionTimestamp?: string; generation?: number };
    spec: Record<string, unknown>;
    status?: Record<string, unknown> & { conditions?: { type: string; status: string }[] };
  };
  const shown = {
    ...(metadata.deletionTimestamp === undefined ? {} : { deleting: true }),
    generation: metadata.generation,
    replicas: spec["replicas"],
    node: spec["nodeName"],
    phase: status?.["phase"],
    ready: status?.conditions?.find((each) => each.type === "Ready")?.status ?? status?.["readyReplicas"],
    available: status?.["availableReplicas"],
    observed: status?.["observedGeneration"],
  };
  return ` ${JSON.stringify(shown)}`;
}

/** The store with an ear at its commits: `heard` is called after a commit was made and before who asked for it knows. */
export function listenTo(store: Store, heard: (commit: Commit) => void): Store {
  return {
    revision: () => store.revision(),
    get: (key, options) => store.get(key, options),
    range: (prefix, options) => store.range(prefix, options),
    count: (prefix) => store.count(prefix),
    watch: (prefix, from, signal) => store.watch(prefix, from, signal),
    compact: (revision) => store.compact(revision),
    compacted: () => store.compacted(),
    snapshot: () => store.snapshot(),
    size: () => store.size(),
    close: () => store.close(),
    async commit(operations): Promise<CommitResult> {
      const result = await store.commit(operations);
      if (result.ok) heard({ revision: result.revision, operations });
      return result;
    },
  };
}
