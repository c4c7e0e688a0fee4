// The guard against stale caches: after own writes a controller waits until its cache shows them before it decides again.
// What is remembered can be lost at any time; a fresh start begins with a fresh list. Upstream: ControllerExpectations.
import type { Clock } from "../../base/index.ts";
import type { Informer } from "../../client/index.ts";
import { type KubeObject, objectKey } from "../../machinery/index.ts";

/** A write that has not shown for this long is given up: the cache is right then. */
const giveUpMs = 5 * 60_000;

interface Pending {
  readonly what: "created" | "deleted" | "changed";
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly atMs: number;
}

export interface Expectations {
  /** `ownerKey` wrote these; each is what the server answered. */
  created(ownerKey: string, object: KubeObject): void;
  changed(ownerKey: string, object: KubeObject): void;
  /** `object` as the cache had it. */
  deleted(ownerKey: string, object: KubeObject): void;
  /** True when the cache shows all that `ownerKey` wrote. */
  satisfied(ownerKey: string): boolean;
  /** True for what `ownerKey` deleted and the cache still shows as if it had not. */
  deletes(ownerKey: string, object: KubeObject): boolean;
  forget(ownerKey: string): void;
}

export function createExpectations(
  clock: Clock,
  informer: Pick<Informer<KubeObject>, "byKey" | "resourceVersion">,
): Expectations {
  const byOwner = new Map<string, Pending[]>();
  const expect = (ownerKey: string, what: Pending["what"], object: KubeObject): void => {
    const pending: Pending = {
      what,
      key: objectKey(object),
      uid: object.metadata.uid ?? "",
      resourceVersion: object.metadata.resourceVersion ?? "",
      atMs: clock.monotonic(),
    };
    const list = byOwner.get(ownerKey);
    if (list === undefined) byOwner.set(ownerKey, [pending]);
    else list.push(pending);
  };
  const shows = (pending: Pending): boolean => {
    const cached = informer.byKey(pending.key);
    const same = cached?.metadata.uid === pending.uid;
    const reached = !isNewer(pending.resourceVersion, informer.resourceVersion ?? "");
    switch (pending.what) {
      case "created":
        return same || reached;
      case "changed":
        return reached || !same || !isNewer(pending.resourceVersion, cached?.metadata.resourceVersion ?? "");
      case "deleted":
        return !same || cached?.metadata.deletionTimestamp !== undefined;
    }
  };
  return {
    created: (ownerKey, object) => expect(ownerKey, "created", object),
    changed: (ownerKey, object) => expect(ownerKey, "changed", object),
    deleted: (ownerKey, object) => expect(ownerKey, "deleted", object),
    satisfied(ownerKey) {
      const list = byOwner.get(ownerKey);
      if (list === undefined) return true;
      const open = list.filter((pending) => !shows(pending) && clock.monotonic() - pending.atMs < giveUpMs);
      if (open.length === 0) byOwner.delete(ownerKey);
      else byOwner.set(ownerKey, open);
      return open.length === 0;
    },
    deletes: (ownerKey, object) =>
      byOwner
        .get(ownerKey)
        ?.some((pending) => pending.what === "deleted" && pending.uid === object.metadata.uid && !shows(pending)) ===
      true,
    forget: (ownerKey) => {
      byOwner.delete(ownerKey);
    },
  };
}

/** Resource versions of one resource grow: KEP-5504. An empty one is older than all. */
export const isNewer = (a: string, b: string): boolean => (a.length === b.length ? a > b : a.length > b.length);
