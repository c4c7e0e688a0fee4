// What controllers may do to directories of this machine: remove those of released host path volumes, as upstream's manager does.
import { rm } from "node:fs/promises";

/** Options of the controllers that touch this machine's disk. Which paths they may name is theirs to guard. */
export const localVolumes = {
  "persistentvolume-binder-controller": {
    removeDirectory: (path: string): Promise<void> => rm(path, { recursive: true, force: true }),
  },
};
