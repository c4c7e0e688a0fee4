// What volumes give to containers.
import type { Container, VolumeMount } from "../../api/index.ts";

export interface MountedVolume {
  readonly name: string;
  /** On the host. */
  readonly path: string;
  readonly readonly: boolean;
  /** An image volume: reference the runtime mounts. */
  readonly image?: string;
  /** A block volume: link to the device, on the host. */
  readonly device?: string;
}

export interface MountedVolumes {
  get(name: string): MountedVolume | undefined;
  /** Host path of a directory or file inside a volume, safe against symlinks that lead out of it. */
  subPath(request: {
    readonly container: string;
    readonly mount: VolumeMount;
    readonly subPath: string;
  }): Promise<string>;
  /** Throws when one is not there. */
  devices(container: Container): readonly ContainerDevice[];
  /** Value of a key in an env file inside a volume (KEP-3721); undefined when optional and absent. */
  fileValue(reference: {
    readonly volumeName: string;
    readonly path: string;
    readonly key: string;
    readonly optional: boolean;
  }): Promise<string | undefined>;
}

export interface ContainerDevice {
  readonly hostPath: string;
  readonly containerPath: string;
  /** Of the device cgroup: `mrw`. */
  readonly permissions: string;
}

/** Upstream: kubelet_pods.go makeBlockVolumes. */
export function containerDevices(
  container: Container,
  mounted: { get(name: string): MountedVolume | undefined },
): ContainerDevice[] {
  return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
    if (!devicePath.startsWith("/")) throw new Error(`error DevicePath \`${devicePath}\` must be an absolute path`);
    const volume = mounted.get(name);
    if (volume?.device === undefined)
      throw new Error(
        `cannot find volume ${JSON.stringify(name)} to pass into container ${JSON.stringify(container.name)}`,
      );
    return { hostPath: volume.device, containerPath: devicePath, permissions: volume.readonly ? "r" : "mrw" };
  });
}

export const noVolumes: MountedVolumes = {
  get: () => undefined,
  subPath: async ({ mount }) => {
    throw new Error(`volume ${JSON.stringify(mount.name)} is not mounted: this node does not make volumes`);
  },
  devices: () => [],
  fileValue: async () => undefined,
};
