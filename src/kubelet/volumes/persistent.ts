// Volumes behind claims: which pods of this node use each, and what the plugins of the node do for them. Upstream:
// pkg/kubelet/volumemanager, pkg/volume/util/operationexecutor.
import type { PersistentVolume, Pod, Volume } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { KubeletContext } from "../context.ts";
import { podUid } from "../pod.ts";
import { matchesTerms } from "../pods/node-affinity.ts";
import { type ClaimedVolume, claimedVolume } from "./claims.ts";
import { checkHostPath } from "./host-path.ts";
import { kindOfLocal, mapLocal, mountLocal, stagedLocals, stageLocal, unstageLocal } from "./local.ts";
import { mountNfs } from "./nfs.ts";
import type { MountedVolume } from "./volume.ts";

export interface PersistentVolumes {
  /** Rejects with a VolumeError. */
  mount(pod: Pod, volume: Volume): Promise<MountedVolume>;
  /** After the pod's own mounts are gone. */
  release(uid: string): Promise<void>;
}

/** Its text is that of an event. */
export class VolumeError extends Error {
  override readonly name = "VolumeError";
}

/** Operations in their order; the event says which one failed. Texts are upstream's. */
async function during<T>(operation: string, volume: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new VolumeError(`${operation} failed for volume ${JSON.stringify(volume)} : ${errorText(error)}`, {
      cause: error,
    });
  }
}

export function createPersistentVolumes(context: KubeletContext): PersistentVolumes {
  /** Pods of each volume, by its name. */
  const users = new Map<string, Set<string>>();
  const turns = createTurns();
  return {
    async mount(pod, volume) {
      const claimed = await claimedVolume(context, pod, volume).catch((error: unknown) => {
        throw new VolumeError(unprocessed(volume.name, error), { cause: error });
      });
      const { name } = claimed.persistent.metadata;
      return turns.take(name, async () => {
        const known = users.get(name) ?? new Set();
        const parts = { context, pod, claimed, usedByOthers: [...known].some((uid) => uid !== podUid(pod)) };
        const mounted = await mountClaimed(parts, volume.name, () => users.set(name, known.add(podUid(pod))));
        return mounted;
      });
    },
    async release(uid) {
      for (const [name, pods] of users) if (pods.delete(uid) && pods.size === 0) users.delete(name);
      for (const name of await stagedLocals(context))
        if (!users.has(name))
          await turns.take(name, async () => {
            if (!users.has(name)) await unstageLocal(context, name);
          });
    },
  };
}

const unprocessed = (name: string, error: unknown): string =>
  `Unable to attach or mount volumes: unmounted volumes=[${name}], unattached volumes=[], failed to process volumes=[${name}]: ${errorText(error)}`;

/** Work on one volume goes one after the other. */
function createTurns(): { take<T>(name: string, work: () => Promise<T>): Promise<T> } {
  const last = new Map<string, Promise<unknown>>();
  return {
    take(name, work) {
      const mine = (last.get(name) ?? Promise.resolve()).then(work, work);
      last.set(name, mine);
      const ended = (): void => {
        if (last.get(name) === mine) last.delete(name);
      };
      mine.then(ended, ended);
      return mine;
    },
  };
}

interface Parts {
  readonly context: KubeletContext;
  readonly pod: Pod;
  readonly claimed: ClaimedVolume;
  readonly usedByOthers: boolean;
}

async function mountClaimed(
  { context, pod, claimed, usedByOthers }: Parts,
  name: string,
  use: () => void,
): Promise<MountedVolume> {
  const { persistent, readonly, mode } = claimed;
  const volume = persistent.metadata.name;
  const verb = mode === "Block" ? "MapVolume" : "MountVolume";
  const { hostPath, local, nfs, mountOptions: options = [], accessModes = [] } = persistent.spec;
  if (hostPath === undefined && local === undefined && nfs === undefined)
    throw new VolumeError(withoutPlugin(verb, persistent));
  await during(`${verb}.NodeAffinity check`, volume, () => checkAffinity(context, persistent));
  if (mode === "Filesystem" && hostPath !== undefined && options.length > 0)
    throw new VolumeError(
      `MountVolume.MountOptionSupport check failed for volume ${JSON.stringify(volume)} : mount options are not supported for this volume type`,
    );
  if (usedByOthers && accessModes.length === 1 && accessModes[0] === "ReadWriteOncePod")
    throw new VolumeError(
      `${verb}.SetUp${mode === "Block" ? "Device" : ""} failed for volume ${JSON.stringify(volume)} : volume uses the ReadWriteOncePod access mode and is already in use by another pod`,
    );
  use();
  if (mode === "Block") {
    if (local === undefined) throw new VolumeError(withoutPlugin(verb, persistent));
    const device = await during("MapVolume.MapPodDevice", volume, () =>
      mapLocal(context, { pod, persistent, readonly }),
    );
    return { name, path: "", readonly, device };
  }
  if (hostPath !== undefined) {
    await during("MountVolume.SetUp", volume, () => checkHostPath(context.host, hostPath));
    return { name, path: hostPath.path, readonly };
  }
  if (nfs !== undefined) {
    const wanted = { pod, name: volume, source: nfs, readonly, options };
    return { name, path: await during("MountVolume.SetUp", volume, () => mountNfs(context, wanted)), readonly };
  }
  const wanted = { pod, persistent, readonly };
  const kind = await during("MountVolume.NewMounter initialization", volume, () => kindOfLocal(context, wanted));
  const shown =
    kind === "directory"
      ? persistent.spec.local!.path
      : await during("MountVolume.MountDevice", volume, () => stageLocal(context, wanted));
  const path = await during("MountVolume.SetUp", volume, () => mountLocal(context, wanted, shown));
  return { name, path, readonly };
}

function checkAffinity(context: KubeletContext, persistent: PersistentVolume): void {
  const required = persistent.spec.nodeAffinity?.required;
  const node = context.node();
  if (required === undefined || node === undefined) return;
  if (!matchesTerms(required.nodeSelectorTerms, node)) throw new Error("no matching NodeSelectorTerms");
}

const notSources = new Set(["capacity", "claimRef", "nodeAffinity", "accessModes", "mountOptions"]);

function withoutPlugin(verb: string, persistent: PersistentVolume): string {
  const spec = persistent.spec as Record<string, unknown>;
  const kind = Object.keys(spec).find((key) => typeof spec[key] === "object" && !notSources.has(key)) ?? "unknown";
  const name = JSON.stringify(persistent.metadata.name);
  return `${verb}.FindPluginBySpec failed for volume ${name} : no volume plugin matched name: kubernetes.io/${kind}: volume ${name} needs a driver that this node does not have`;
}
