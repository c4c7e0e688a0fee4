// Pods from files of this node. Upstream: pkg/kubelet/config/file.go, common.go applyDefaults, pod/mirror_client.go. Each shows itself in the
// API as a mirror pod that only tells.

import { type Pod, pods } from "../../api/index.ts";
import { isAbort, pause } from "../../base/index.ts";
import { formatTime, fromYaml, ignoreNotFound, isAlreadyExists } from "../../machinery/index.ts";
import type { KubeletContext } from "../context.ts";
import { configSource, mirrorAnnotation, seenAnnotation } from "../pod.ts";
import { seenText } from "./local-annotations.ts";
import type { PodWorkers } from "./workers.ts";

const hashAnnotation = "kubernetes.io/config.hash";
const recheckMs = 20_000;
/** While a pod whose file is back still ends. */
const endingRecheckMs = 1000;

/** The pod a file describes, named and marked as static pods are. Throws for what is no pod. */
function staticPod(parsed: unknown, node: { readonly name: string; readonly nowMs: number }): Pod {
  const given = parsed as Partial<Pod> | undefined;
  if (given?.kind !== "Pod" || given.apiVersion !== "v1") throw new Error("is not a Pod of v1");
  const name = given.metadata?.name;
  if (!name || given.spec === undefined || given.spec.containers.length === 0)
    throw new Error("has no name or no containers");
  const hash = fingerprint(JSON.stringify([given, node.name]));
  const {
    restartPolicy = "Always",
    terminationGracePeriodSeconds = 30,
    dnsPolicy = "ClusterFirst",
    ...spec
  } = given.spec;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...given.metadata,
      name: `${name}-${node.name}`,
      namespace: given.metadata?.namespace || "default",
      uid: hash,
      resourceVersion: "",
      creationTimestamp: formatTime(node.nowMs),
      annotations: {
        ...given.metadata?.annotations,
        [hashAnnotation]: hash,
        [seenAnnotation]: seenText(node.nowMs),
        [configSource]: "file",
      },
    },
    spec: {
      ...{
        restartPolicy,
        terminationGracePeriodSeconds,
        dnsPolicy,
        ...spec,
        nodeName: node.name,
        enableServiceLinks: spec.enableServiceLinks ?? true,
      },
      tolerations: [...(spec.tolerations ?? []), { operator: "Exists", effect: "NoExecute" }],
    },
  };
}

/** 32 hex digits that depend on the text alone. */
function fingerprint(text: string): string {
  let out = "";
  for (let round = 0; out.length < 32; round++) {
    let hash = 0x811c9dc5 ^ round;
    for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
    out += (hash >>> 0).toString(16).padStart(8, "0");
  }
  return out;
}

export interface StaticPods {
  run(signal: AbortSignal): Promise<void>;
}

/** `path`: a directory of .yaml and .json files, or one file. */
export function createStaticPods(context: KubeletContext, workers: PodWorkers, path: string): StaticPods {
  const { clock, log, host, nodeName, client } = context;
  let running = new Map<string, Pod>();
  /** Pods whose files went away, until their containers have ended. */
  const ending = new Set<string>();

  /** Answers whether a pod waits for its own end before it can start again. */
  const sync = async (): Promise<boolean> => {
    const found = new Map<string, Pod>();
    for (const file of await filesOf()) {
      try {
        const text = new TextDecoder().decode(await host.files.read(file));
        const pod = staticPod(fromYaml(text)[0], {
          name: nodeName,
          nowMs: clock.now(),
        });
        found.set(pod.metadata.uid, running.get(pod.metadata.uid) ?? pod);
      } catch (error) {
        log.warn("a static pod's file is not understood", { file, error });
      }
    }
    const gone = [...running.values()].filter((pod) => !found.has(pod.metadata.uid));
    running = found;
    for (const uid of ending) if (workers.pod(uid) === undefined) ending.delete(uid);
    for (const pod of gone) {
      ending.add(pod.metadata.uid);
      workers.remove(pod);
    }
    for (const [uid, pod] of found) if (!ending.has(uid) && workers.pod(uid) === undefined) workers.update(pod);
    // The API comes last, and may be down: one of these pods may be its server.
    for (const pod of gone) await shown(pod, () => removeMirror(pod));
    for (const pod of found.values()) await shown(pod, () => mirror(pod));
    return [...found.keys()].some((uid) => ending.has(uid));
  };

  const shown = (pod: Pod, work: () => Promise<unknown>): Promise<unknown> =>
    work().catch((error: unknown) => {
      const { namespace, name } = pod.metadata;
      log.warn("a static pod's mirror is not as it should be", { pod: `${namespace}/${name}`, error });
    });

  const filesOf = async (): Promise<string[]> => {
    const stat = await host.files.stat(path);
    if (stat === undefined) return [];
    if (stat.type !== "directory") return [path];
    return (await host.files.list(path))
      .filter((name) => !name.startsWith(".") && /\.(ya?ml|json)$/.test(name))
      .map((name) => `${path}/${name}`);
  };

  const removeMirror = (pod: Pod): Promise<unknown> =>
    client
      .of(pods)
      .delete({ namespace: pod.metadata.namespace ?? "", name: pod.metadata.name }, { gracePeriodSeconds: 0 })
      .catch(ignoreNotFound);

  const mirror = async (pod: Pod): Promise<void> => {
    const { name, namespace = "", labels, annotations = {} } = pod.metadata;
    const hash = annotations[hashAnnotation]!;
    const known = await client.of(pods).find({ namespace, name });
    if (known?.metadata.annotations?.[mirrorAnnotation] === hash && known.metadata.deletionTimestamp === undefined)
      return;
    if (known !== undefined) await client.of(pods).delete({ namespace, name }, { gracePeriodSeconds: 0 });
    const node = context.node();
    try {
      await client.of(pods).create({
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          ...{ name, namespace, annotations: { ...annotations, [mirrorAnnotation]: hash } },
          ...(labels === undefined ? {} : { labels }),
          ...(node === undefined
            ? {}
            : {
                ownerReferences: [
                  { apiVersion: "v1", kind: "Node", name: nodeName, uid: node.metadata.uid, controller: true },
                ],
              }),
        },
        spec: pod.spec,
      });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  };

  return {
    async run(signal) {
      let changed = new AbortController();
      let watched = false;
      while (!signal.aborted) {
        changed = new AbortController();
        if (!watched && (await host.files.stat(path)) !== undefined) {
          watched = true;
          host.files.watch(path, () => changed.abort(), signal);
        }
        const waits = await sync().catch((error: unknown) => {
          if (!isAbort(error, signal)) log.warn("static pods are not in sync", { path, error });
          return false;
        });
        await pause(clock, waits ? endingRecheckMs : recheckMs, AbortSignal.any([signal, changed.signal]));
      }
    },
  };
}
