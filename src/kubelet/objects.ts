// Config maps and secrets that pods of this node refer to, one watch for each that a volume shows, so that volumes follow their objects.
// Errors have upstream's texts (`configmap "x" not found`).

import { type ConfigMap, configMaps, type KindDefinition, type Pod, type Secret, secrets } from "../api/index.ts";
import { type Clock, isAbort, type Logger, pause } from "../base/index.ts";
import type { Client } from "../client/index.ts";
import type { KubeObject } from "../machinery/index.ts";
import { AbsentError, type ReferencedObjects } from "./env/environment.ts";
import { podUid } from "./pod.ts";

export interface ObjectCache extends ReferencedObjects {
  /** Follows what the pod's volumes show; `changed` is called when one of it changes. */
  hold(pod: Pod): void;
  release(podUid: string): void;
}

export interface ObjectCacheOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly changed: (podUid: string) => void;
}

type Kind = "configmap" | "secret";

interface Followed {
  object: KubeObject | undefined;
  /** The first answer is in, a list or an error. */
  readonly known: Promise<void>;
  listed: boolean;
  readonly stop: AbortController;
  readonly pods: Set<string>;
}

const definitions: Readonly<Record<Kind, KindDefinition>> = {
  configmap: configMaps,
  secret: secrets,
};

export function createObjectCache(options: ObjectCacheOptions): ObjectCache {
  const followed = new Map<string, Followed>();
  const byPod = new Map<string, string[]>();

  const get = async (kind: Kind, namespace: string, name: string): Promise<KubeObject> => {
    const entry = followed.get(`${kind}/${namespace}/${name}`);
    await entry?.known;
    // What was never listed is not absent: an optional volume would be left empty.
    const found =
      entry?.listed === true ? entry.object : await options.client.of(definitions[kind]).find({ namespace, name });
    if (found === undefined) throw new AbsentError(`${kind} ${JSON.stringify(name)} not found`);
    return found;
  };

  const release = (uid: string): void => {
    for (const key of byPod.get(uid) ?? []) {
      const entry = followed.get(key);
      entry?.pods.delete(uid);
      if (entry === undefined || entry.pods.size > 0) continue;
      entry.stop.abort(new DOMException("no pod needs it", "AbortError"));
      followed.delete(key);
    }
    byPod.delete(uid);
  };

  return {
    configMap: (namespace, name) => get("configmap", namespace, name) as Promise<ConfigMap>,
    secret: (namespace, name) => get("secret", namespace, name) as Promise<Secret>,
    hold(pod) {
      const uid = podUid(pod);
      if (byPod.has(uid)) return;
      const keys = referencesOf(pod);
      byPod.set(uid, keys);
      for (const key of keys) {
        const known = followed.get(key);
        if (known === undefined) followed.set(key, follow(options, key, uid));
        else known.pods.add(uid);
      }
    },
    release,
  };
}

/** Keys of what volumes show; variables are read once and need no watch. */
function referencesOf(pod: Pod): string[] {
  const { namespace } = pod.metadata;
  const keys = new Set<string>();
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.configMap?.name) keys.add(`configmap/${namespace}/${volume.configMap.name}`);
    if (volume.secret?.secretName) keys.add(`secret/${namespace}/${volume.secret.secretName}`);
    for (const source of volume.projected?.sources ?? []) {
      if (source.configMap?.name) keys.add(`configmap/${namespace}/${source.configMap.name}`);
      if (source.secret?.name) keys.add(`secret/${namespace}/${source.secret.name}`);
    }
  }
  return [...keys];
}

const retryMs = 1000;

function follow(options: ObjectCacheOptions, key: string, uid: string): Followed {
  const stop = new AbortController();
  let told: () => void = () => {};
  const entry: Followed = {
    object: undefined,
    listed: false,
    known: new Promise((resolve) => (told = resolve)),
    stop,
    pods: new Set([uid]),
  };
  const [kind, namespace, name] = key.split("/") as [Kind, string, string];
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const set = (object: KubeObject | undefined): void => {
    const before = entry.object;
    entry.object = object;
    if (before?.metadata.resourceVersion !== object?.metadata.resourceVersion)
      for (const pod of entry.pods) options.changed(pod);
  };
  void (async () => {
    const client = options.client.of(definitions[kind]);
    const selection = { namespace, fieldSelector: `metadata.name=${name}` };
    while (!signal.aborted) {
      try {
        const list = await client.list(selection);
        entry.listed = true;
        set(list.items[0]);
        told();
        for await (const event of client.watch({
          ...selection,
          resourceVersion: list.metadata.resourceVersion ?? "",
          allowBookmarks: true,
          signal,
        }))
          if (event.type !== "BOOKMARK") set(event.type === "DELETED" ? undefined : event.object);
      } catch (error) {
        if (isAbort(error, signal)) break;
        options.log.info("an object of a pod's volume is not watched", { kind, namespace, name, error });
        told();
      }
      await pause(options.clock, retryMs, signal);
    }
    told();
  })();
  return entry;
}
