// Ends what runs for pods that no longer exist, e.g. those deleted while the kubelet was down. Upstream: HandlePodCleanups.
import { isAbort, sleep } from "../../base/index.ts";
import type { KubeletContext } from "../context.ts";
import type { Pleg, RuntimePod } from "./pleg.ts";

const periodMs = 2000;
const graceSeconds = 30;

export interface OrphanKiller {
  run(signal: AbortSignal): Promise<void>;
}

/** `knows` is asked after the first list of pods is in. */
export function createOrphanKiller(
  context: KubeletContext,
  options: { readonly pleg: Pleg; readonly knows: (uid: string) => boolean },
): OrphanKiller {
  const { clock, runtime, log } = context;
  const ending = new Set<string>();

  const end = async (pod: RuntimePod): Promise<void> => {
    log.info("ends a pod that the API does not know", { pod: `${pod.namespace}/${pod.name}`, uid: pod.uid });
    const containers = await runtime.listContainers({ podUid: pod.uid });
    await Promise.all(
      containers.filter((each) => each.state === "running").map((each) => runtime.stopContainer(each.id, graceSeconds)),
    );
    for (const each of containers) await runtime.removeContainer(each.id);
    for (const sandbox of await runtime.listPodSandboxes({ podUid: pod.uid })) {
      await runtime.stopPodSandbox(sandbox.id);
      await runtime.removePodSandbox(sandbox.id);
    }
  };

  return {
    async run(signal) {
      let candidates = new Set<string>();
      while (!signal.aborted) {
        // A pod must be unknown twice: its object may just be on its way.
        const unknown = [...options.pleg.pods().values()].filter(
          (each) => !options.knows(each.uid) && !ending.has(each.uid),
        );
        for (const pod of unknown) {
          if (!candidates.has(pod.uid)) continue;
          ending.add(pod.uid);
          void end(pod)
            .catch((error: unknown) => {
              if (!isAbort(error, signal)) log.warn("a pod without object does not end", { uid: pod.uid, error });
            })
            .finally(() => ending.delete(pod.uid));
        }
        candidates = new Set(unknown.map((each) => each.uid));
        await sleep(clock, periodMs, signal).catch(() => undefined);
      }
    },
  };
}
