// What a checker hears of one kind: each change of an object with its state before and after, in the order of commits.
import { type KindDefinition, storageScope } from "../api/index.ts";
import type { KubeObject } from "../machinery/index.ts";
import type { Commit } from "./history.ts";

export interface Change<T> {
  readonly before: T | undefined;
  /** Undefined: it is gone. */
  readonly after: T | undefined;
}

export interface Objects<T> {
  /** Everything there is, by name. */
  readonly all: ReadonlyMap<string, T>;
  /** To be called for every commit; tells of those of this kind and namespace. */
  heard(commit: Commit): void;
}

const decoder = new TextDecoder();

export function follow<T extends KubeObject>(
  kind: KindDefinition<T>,
  namespace: string,
  changed: (change: Change<T>) => void,
): Objects<T> {
  const prefix = storageScope(kind, kind.namespaced ? namespace : "");
  const all = new Map<string, T>();
  return {
    all,
    heard({ operations }) {
      for (const operation of operations) {
        if (!operation.key.startsWith(prefix)) continue;
        const name = operation.key.slice(prefix.length);
        const before = all.get(name);
        const after = operation.type === "put" ? (JSON.parse(decoder.decode(operation.value)) as T) : undefined;
        if (after === undefined) all.delete(name);
        else all.set(name, after);
        changed({ before, after });
      }
    },
  };
}
