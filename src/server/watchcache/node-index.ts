// Keys of objects by the node that they are bound to (`spec.nodeName`; "" for those that are bound to none).
import type { CachedObject } from "./cached-object.ts";

export interface NodeIndex {
  /** In key order. */
  keys(node: string): readonly string[];
  set(object: CachedObject, previous: CachedObject | undefined): void;
  delete(object: CachedObject): void;
}

const nodeOf = (object: CachedObject): string => object.fields["spec.nodeName"] ?? "";

export function nodeIndexOf(objects: Iterable<CachedObject>): NodeIndex {
  const byNode = new Map<string, Set<string>>();
  const drop = (object: CachedObject): void => {
    const node = nodeOf(object);
    const keys = byNode.get(node);
    keys?.delete(object.key);
    if (keys?.size === 0) byNode.delete(node);
  };
  const index: NodeIndex = {
    keys: (node) => [...(byNode.get(node) ?? [])].sort((a, b) => (a < b ? -1 : 1)),
    set(object, previous) {
      const node = nodeOf(object);
      if (previous !== undefined) {
        if (nodeOf(previous) === node) return;
        drop(previous);
      }
      const keys = byNode.get(node);
      if (keys === undefined) byNode.set(node, new Set([object.key]));
      else keys.add(object.key);
    },
    delete: drop,
  };
  for (const object of objects) index.set(object, undefined);
  return index;
}
