// Which of a controller's own writes its cache does not show yet. Upstream: k8s.io/endpointslice/util endpointslice_tracker.go.
import type { KubeObject } from "../../machinery/index.ts";

export interface WrittenVersions {
  /** The key's controller wrote this object. */
  note(key: string, object: KubeObject): void;
  /** The object is gone, so its version will never show. */
  forget(key: string, object: KubeObject): void;
  drop(key: string): void;
  /** The cache is behind what was written under the key: no decision should be taken on it. */
  isAhead(key: string, cached: readonly KubeObject[]): boolean;
}

export function createWrittenVersions(): WrittenVersions {
  const byKey = new Map<string, Map<string, number>>();
  return {
    note(key, { metadata }) {
      const objects = byKey.get(key) ?? new Map<string, number>();
      byKey.set(key, objects.set(metadata.name, Number(metadata.resourceVersion)));
    },
    forget: (key, { metadata }) => void byKey.get(key)?.delete(metadata.name),
    drop: (key) => void byKey.delete(key),
    isAhead(key, cached) {
      const objects = byKey.get(key);
      if (objects === undefined) return false;
      const seen = new Map(cached.map(({ metadata }) => [metadata.name, Number(metadata.resourceVersion)]));
      for (const [name, revision] of objects) {
        if ((seen.get(name) ?? 0) < revision) return true;
        objects.delete(name);
      }
      return false;
    },
  };
}
