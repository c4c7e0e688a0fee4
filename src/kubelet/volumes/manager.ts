// Mounts a pod's volumes before its containers start and takes them away after they ended. Upstream: pkg/kubelet/volumemanager.
import type { Pod } from "../../api/index.ts";
import type { KubeletContext } from "../context.ts";
import { type MountedVolumes, noVolumes } from "./volume.ts";

export interface MountRequest {
  readonly podIps: readonly string[];
  readonly signal: AbortSignal;
}

export interface VolumeManager {
  /** Idempotent; content that changed is written anew. Rejects after telling a FailedMount event. */
  mount(pod: Pod, request: MountRequest): Promise<MountedVolumes>;
  unmount(pod: Pod): Promise<void>;
}

/** For nodes that make nothing on a host. */
export function createVolumeManager(context: KubeletContext): VolumeManager {
  if (!context.config.materializePods) return { mount: async () => noVolumes, unmount: async () => {} };
  throw new Error("volumes on a real host are missing");
}
