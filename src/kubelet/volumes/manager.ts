// Mounts a pod's volumes before its containers start and takes them away after they ended. Upstream: pkg/kubelet/volumemanager.

import type { Pod, Volume } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import { quantityValue } from "../../machinery/index.ts";
import { type KubeletContext, podEvent } from "../context.ts";
import {
  podDirectory,
  subPathsDirectory,
  volumeDevicesDirectory,
  volumeDirectory,
  volumesDirectory,
} from "../paths.ts";
import { allContainers, podUid } from "../pod.ts";
import { podLimits } from "../resources/requests.ts";
import { writePayload } from "./atomic-writer.ts";
import { fileValue } from "./env-file.ts";
import { checkHostPath } from "./host-path.ts";
import { mountNfs } from "./nfs.ts";
import { applyGroup, giveToGroup } from "./ownership.ts";
import { payloadOf, userOfAll } from "./payloads.ts";
import { createPersistentVolumes, type PersistentVolumes, VolumeError } from "./persistent.ts";
import { createPodCertificates, type PodCertificates } from "./pod-certificates.ts";
import { safeSubPath } from "./sub-path.ts";
import { createTokenManager, type TokenManager } from "./tokens.ts";
import { createTrustBundles, type FollowOptions, type TrustBundles } from "./trust-bundles.ts";
import { containerDevices, type MountedVolume, type MountedVolumes, noVolumes } from "./volume.ts";

export interface MountRequest {
  readonly podIps: readonly string[];
  readonly signal: AbortSignal;
}

export interface VolumeManager {
  /** Idempotent; content that changed is written anew. Rejects after telling a FailedMount event. */
  mount(pod: Pod, request: MountRequest): Promise<MountedVolumes>;
  unmount(pod: Pod): Promise<void>;
}

/** Volumes that containers of the pod use. */
const usedVolumes = (pod: Pod): Volume[] => {
  const names = new Set(
    allContainers(pod).flatMap(({ container }) =>
      [...(container.volumeMounts ?? []), ...(container.volumeDevices ?? [])].map((each) => each.name),
    ),
  );
  return (pod.spec.volumes ?? []).filter((each) => names.has(each.name));
};

export function createVolumeManager(context: KubeletContext, following: FollowOptions): VolumeManager {
  if (!context.config.materializePods) return { mount: async () => noVolumes, unmount: async () => {} };
  const tokens = createTokenManager(context);
  const bundles = createTrustBundles(context, following);
  const certificates = createPodCertificates(context, following);
  const inMemory = createMemoryFilesystems(context);
  const persistent = createPersistentVolumes(context);
  return {
    async mount(pod, request) {
      const uid = podUid(pod);
      await context.host.files.makeDirectory(podDirectory(context.config, uid), 0o750);
      const mounted = new Map<string, MountedVolume>();
      for (const volume of usedVolumes(pod)) {
        try {
          mounted.set(
            volume.name,
            await mountOne({ context, tokens, bundles, certificates, inMemory, persistent, pod, request }, volume),
          );
        } catch (error) {
          podEvent(context, pod, {
            type: "Warning",
            reason: "FailedMount",
            message:
              error instanceof VolumeError
                ? error.message
                : `MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : ${errorText(error)}`,
          });
          throw error;
        }
      }
      return viewOf(context, uid, mounted);
    },
    async unmount(pod) {
      const { host, config } = context;
      const uid = podUid(pod);
      for (const path of await host.mounts.below(podDirectory(config, uid))) {
        await host.mounts.unmount(path);
        inMemory.forget(path);
      }
      await host.files.remove(volumesDirectory(config, uid));
      await host.files.remove(subPathsDirectory(config, uid));
      await host.files.remove(volumeDevicesDirectory(config, uid));
      await persistent.release(uid);
      tokens.forget(pod.metadata.uid);
      bundles.forget(uid);
      certificates.forget(uid);
    },
  };
}

const viewOf = (context: KubeletContext, uid: string, mounted: ReadonlyMap<string, MountedVolume>): MountedVolumes => ({
  get: (name) => mounted.get(name),
  subPath: ({ container, mount, subPath }) =>
    safeSubPath(context, { uid, container, mount, subPath, volume: mounted.get(mount.name)! }),
  devices: (container) => containerDevices(container, mounted),
  fileValue: (reference) => fileValue(context.host.files, mounted.get(reference.volumeName)?.path, reference),
});

interface Parts {
  readonly context: KubeletContext;
  readonly tokens: TokenManager;
  readonly bundles: TrustBundles;
  readonly certificates: PodCertificates;
  readonly inMemory: MemoryFilesystems;
  readonly persistent: PersistentVolumes;
  readonly pod: Pod;
  readonly request: MountRequest;
}

const apiPlugins = [
  ["configMap", "kubernetes.io~configmap"],
  ["secret", "kubernetes.io~secret"],
  ["downwardAPI", "kubernetes.io~downward-api"],
  ["projected", "kubernetes.io~projected"],
] as const;

async function mountOne(parts: Parts, volume: Volume): Promise<MountedVolume> {
  const { context, pod } = parts;
  const { name } = volume;
  const plugin = apiPlugins.find(([field]) => volume[field] !== undefined);
  if (plugin !== undefined) return mountPayload(parts, volume, plugin[1]);
  if (volume.hostPath !== undefined) {
    await checkHostPath(context.host, volume.hostPath);
    return { name, path: volume.hostPath.path, readonly: false };
  }
  if (volume.image !== undefined) return { name, path: "", readonly: true, image: volume.image.reference ?? "" };
  if (volume.nfs !== undefined) {
    const readonly = volume.nfs.readOnly === true;
    return { name, path: await mountNfs(context, { pod, name, source: volume.nfs, readonly, options: [] }), readonly };
  }
  if (volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined)
    return parts.persistent.mount(pod, volume);
  const other = Object.keys(volume).find((key) => key !== "name" && key !== "emptyDir");
  if (other === undefined) return mountEmptyDir(parts, volume);
  throw new Error(
    `no volume plugin matched name: kubernetes.io/${other}: this node mounts emptyDir, hostPath, nfs, configMap, secret, downwardAPI, projected, image and claims of local, hostPath and nfs volumes`,
  );
}

interface MemoryFilesystems {
  /** True when it was not there before. A directory that an earlier start or try has left without it gets it now. */
  ensure(path: string, size: { readonly sizeBytes?: number }): Promise<boolean>;
  forget(path: string): void;
}

function createMemoryFilesystems({ host }: KubeletContext): MemoryFilesystems {
  /** Asked once for each: the kernel's list of mounts is long. */
  const there = new Set<string>();
  return {
    async ensure(path, size) {
      if (there.has(path)) return false;
      const fresh = !(await host.mounts.below(path)).includes(path);
      if (fresh) await host.mounts.tmpfs(path, size);
      there.add(path);
      return fresh;
    },
    forget: (path) => void there.delete(path),
  };
}

async function mountEmptyDir({ context, inMemory, pod }: Parts, volume: Volume): Promise<MountedVolume> {
  const { host, config } = context;
  const uid = podUid(pod);
  const path = volumeDirectory(config, uid, { plugin: "kubernetes.io~empty-dir", name: volume.name });
  const { medium = "", sizeLimit } = volume.emptyDir ?? {};
  if (medium !== "" && medium !== "Memory") throw new Error(`unknown storage medium ${JSON.stringify(medium)}`);
  const made = (await host.files.stat(path)) === undefined;
  if (made) await host.files.makeDirectory(path, 0o777);
  // The root of a fresh tmpfs is for everybody, and sticky.
  const mounted =
    medium === "Memory" && (await inMemory.ensure(path, memorySize(pod, sizeLimit as string | undefined)));
  if (made || mounted) await applyGroup(host.files, pod, { path, readonly: false });
  return { name: volume.name, path, readonly: false };
}

/** The smallest of the volume's limit, the pod's memory limit and, by default, all memory the kernel gives. */
function memorySize(pod: Pod, sizeLimit: string | undefined): { sizeBytes?: number } {
  const limits = podLimits(pod);
  const everyLimited = pod.spec.containers.every((container) => container.resources?.limits?.["memory"] !== undefined);
  const sizes = [
    ...(sizeLimit === undefined || quantityValue(sizeLimit) === 0 ? [] : [quantityValue(sizeLimit)]),
    ...(everyLimited && limits["memory"] !== undefined ? [quantityValue(limits["memory"])] : []),
  ];
  return sizes.length === 0 ? {} : { sizeBytes: Math.min(...sizes) };
}

/** Secrets and tokens never touch a disk. */
const isSecret = (volume: Volume): boolean => volume.secret !== undefined || volume.projected !== undefined;

async function mountPayload(
  { context, tokens, bundles, certificates, inMemory, pod, request }: Parts,
  volume: Volume,
  plugin: string,
): Promise<MountedVolume> {
  const { host, config, clock } = context;
  const payload = await payloadOf(volume, {
    ...{ pod, podIps: request.podIps, hostIps: context.state.hostIps, objects: context.objects, user: userOfAll(pod) },
    allocatable: (context.node()?.status?.allocatable ?? {}) as Record<string, string>,
    token: (wish) => tokens.token(pod, wish),
    anchors: (wish) => bundles.anchors(pod, wish),
    credentials: (source) => certificates.credentials(pod, source),
  });
  const path = volumeDirectory(config, podUid(pod), { plugin, name: volume.name });
  if ((await host.files.stat(path)) === undefined) await host.files.makeDirectory(path, 0o777);
  if (isSecret(volume) && (await inMemory.ensure(path, {}))) await host.files.chmod(path, 0o777);
  const group = pod.spec.securityContext?.fsGroup;
  const written = await writePayload(payload!, {
    ...{ files: host.files, directory: path, nowMs: clock.now() },
    ...(group === undefined
      ? {}
      : { prepare: (directory: string) => giveToGroup(host.files, directory, { group, readonly: true }) }),
  });
  if (written && group !== undefined) await giveToGroup(host.files, path, { group, readonly: true });
  return { name: volume.name, path, readonly: true };
}
