// Ends what runs for pods that no longer exist, e.g. those deleted while the kubelet was down. Upstream: HandlePodCleanups.
import { isAbort, sleep } from "../../base/index.ts";
import type { KubeletContext } from "../context.ts";
import type { Pleg, RuntimePod } from "./pleg.ts";

const periodMs = 2000;
const graceSeconds = 30;
const roundsBetweenSweeps = 15;

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

  const known = (uid: string): boolean => options.knows(uid) || options.pleg.pods().has(uid);

  /** Directories and cgroups of pods that neither the API nor the runtime knows. */
  const sweep = async (): Promise<void> => {
    const { config, host } = context;
    if (!config.materializePods) return;
    const home = `${config.rootDirectory}/pods`;
    if ((await host.files.stat(home)) !== undefined)
      for (const uid of await host.files.list(home))
        if (!known(uid)) await attempt(`${home}/${uid}`, () => removeMounted(`${home}/${uid}`));
    if (!config.cgroupsPerQos) return;
    const base = `${config.cgroupRoot === "/" ? "" : config.cgroupRoot}/kubepods`;
    for (const parent of [base, `${base}/burstable`, `${base}/besteffort`])
      for (const name of await host.cgroups.list(parent))
        if (name.startsWith("pod") && !known(name.slice("pod".length)))
          await attempt(`${parent}/${name}`, () => host.cgroups.remove(`${parent}/${name}`));
  };

  const removeMounted = async (directory: string): Promise<void> => {
    const { files, mounts } = context.host;
    for (const path of await mounts.below(directory)) await mounts.unmount(path);
    await files.remove(directory);
  };

  /** What cannot be removed, a busy mount say, keeps nothing else. */
  const attempt = (path: string, work: () => Promise<void>): Promise<void> =>
    work().catch((error: unknown) => log.warn("what an ended pod left behind is not removed", { path, error }));

  return {
    async run(signal) {
      let candidates = new Set<string>();
      let roundsToSweep = 1;
      for (; !signal.aborted; roundsToSweep--) {
        if (roundsToSweep === 0) {
          roundsToSweep = roundsBetweenSweeps;
          await sweep().catch((error: unknown) => log.warn("what ended pods left behind is not removed", { error }));
        }
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
            .finally(() => {
              ending.delete(pod.uid);
              // The round after the next: the runtime's list has to forget it first.
              roundsToSweep = Math.min(roundsToSweep, 2);
            });
        }
        candidates = new Set(unknown.map((each) => each.uid));
        // With nothing to end and nothing to sweep, only another list can bring something.
        const idle = unknown.length === 0 && ending.size === 0 && !context.config.materializePods;
        const next = idle ? options.pleg.relisted(signal) : sleep(clock, periodMs, signal);
        await next.catch(() => undefined);
      }
    },
  };
}
