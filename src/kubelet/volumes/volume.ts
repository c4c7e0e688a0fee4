// What volumes give to containers.
import type { Container, VolumeMount } from "../../api/index.ts";

export interface MountedVolume {
  readonly name: string;
  /** On the host. */
  readonly path: string;
  readonly readonly: boolean;
  /** An image volume: reference the runtime mounts. */
  readonly image?: string;
}

export interface MountedVolumes {
  get(name: string): MountedVolume | undefined;
  /** Host path of a directory or file inside a volume, safe against symlinks that lead out of it. */
  subPath(request: {
    readonly container: string;
    readonly mount: VolumeMount;
    readonly subPath: string;
  }): Promise<string>;
  devices(
    container: Container,
  ): readonly { readonly hostPath: string; readonly containerPath: string; readonly permissions: string }[];
  /** Value of a key in an env file inside a volume (KEP-3721); undefined when optional and absent. */
  fileValue(reference: {
    readonly volumeName: string;
    readonly path: string;
    readonly key: string;
    readonly optional: boolean;
  }): Promise<string | undefined>;
}

export const noVolumes: MountedVolumes = {
  get: () => undefined,
  subPath: async ({ mount }) => {
    throw new Error(`volume ${JSON.stringify(mount.name)} is not mounted: this node does not make volumes`);
  },
  devices: () => [],
  fileValue: async () => undefined,
};
