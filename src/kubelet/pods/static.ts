// Pods from files of this node. Upstream: pkg/kubelet/config/file.go, common.go applyDefaults, pod/mirror_client.go. Each shows itself in the
// API as a mirror pod that only tells.

import { type Pod, pods } from "../../api/index.ts";
import { isAbort, type Logger, pause } from "../../base/index.ts";
import { formatTime, fromYaml, ignoreNotFound, isAlreadyExists } from "../../machinery/index.ts";
import type { KubeletContext } from "../context.ts";
import { configSource, mirrorAnnotation, seenAnnotation } from "../pod.ts";
import { seenText } from "./local-annotations.ts";
import type { PodWorkers } from "./workers.ts";

const hashAnnotation = "kubernetes.io/config.hash";
const recheckMs = 20_000;

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

  const sync = async (): Promise<void> => {
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
    for (const [uid, pod] of running) if (!found.has(uid)) await end(pod);
    for (const [uid, pod] of found) {
      if (!running.has(uid)) workers.update(pod);
      await mirror(pod, log);
    }
    running = found;
  };

  const filesOf = async (): Promise<string[]> => {
    const stat = await host.files.stat(path);
    if (stat === undefined) return [];
    if (stat.type !== "directory") return [path];
    return (await host.files.list(path))
      .filter((name) => !name.startsWith(".") && /\.(ya?ml|json)$/.test(name))
      .map((name) => `${path}/${name}`);
  };

  const end = async (pod: Pod): Promise<void> => {
    workers.remove(pod);
    await client
      .of(pods)
      .delete({ namespace: pod.metadata.namespace ?? "", name: pod.metadata.name }, { gracePeriodSeconds: 0 })
      .catch(ignoreNotFound);
  };

  const mirror = async (pod: Pod, to: Logger): Promise<void> => {
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
      if (!isAlreadyExists(error)) to.warn("a mirror pod is not created", { pod: `${namespace}/${name}`, error });
    }
  };

  return {
    async run(signal) {
      let changed = new AbortController();
      if ((await host.files.stat(path)) !== undefined) host.files.watch(path, () => changed.abort(), signal);
      while (!signal.aborted) {
        changed = new AbortController();
        await sync().catch((error: unknown) => {
          if (!isAbort(error, signal)) log.warn("static pods are not in sync", { path, error });
        });
        await pause(clock, recheckMs, AbortSignal.any([signal, changed.signal]));
      }
    },
  };
}
