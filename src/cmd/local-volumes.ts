// What controllers may do to directories of this machine: remove those of released host path volumes, as upstream's manager does, and make
// them where somebody asked for that.
import { mkdir, rm } from "node:fs/promises";

/** Options of the controllers that touch this machine's disk. Which paths they may name is theirs to guard. */
export const localVolumes = {
  "persistentvolume-binder-controller": {
    removeDirectory: (path: string): Promise<void> => rm(path, { recursive: true, force: true }),
  },
};

/** What `--enable-hostpath-provisioner` adds. */
const making = {
  makeDirectory: async (path: string): Promise<void> => void (await mkdir(path, { recursive: true, mode: 0o750 })),
};

export const provisioningVolumes = {
  "persistentvolume-binder-controller": { ...localVolumes["persistentvolume-binder-controller"], ...making },
};
