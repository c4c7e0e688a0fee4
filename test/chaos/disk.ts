// A small disk of its own for the store, which can be filled: an ext4 file system in a file or, where there are no loop devices, one in memory.
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

export interface Disk {
  readonly kind: "ext4" | "tmpfs";
  readonly directory: string;
  /** Leaves not one byte. */
  fill(): void;
  /** Gives back what was filled. */
  free(): void;
  remove(): void;
}

const sizeMiB = 256;

/** Below a directory of the run. */
export function makeDisk(base: string): Disk {
  const directory = join(base, "disk");
  const image = join(base, "disk.img");
  mkdirSync(directory, { recursive: true });
  const kind = mount(image, directory);
  const filling = join(directory, "filling");
  return {
    kind,
    directory,
    fill() {
      const { bavail, bsize } = statfsSync(directory);
      spawnSync("fallocate", ["-l", String(Math.max(1, bavail * bsize)), filling]);
      const file = openSync(filling, "a");
      try {
        for (let size = 65_536; size >= 1; size = Math.floor(size / 8)) while (takes(file, size));
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filling, { force: true }),
    remove() {
      spawnSync("umount", [directory]);
      rmSync(image, { force: true });
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function takes(file: number, size: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(size)) === size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") return false;
    throw error;
  }
}

function mount(image: string, directory: string): Disk["kind"] {
  writeFileSync(image, "");
  truncateSync(image, sizeMiB << 20);
  execFileSync("mkfs.ext4", ["-q", "-m", "0", image]);
  if (spawnSync("mount", ["-o", "loop", image, directory]).status === 0) return "ext4";
  rmSync(image);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m`, "tmpfs", directory]);
  return "tmpfs";
}

/** The cluster's store lies on that disk, everything else of it where it always does. */
export function placeStore(disk: Disk, databaseFile: string): void {
  symlinkSync(join(disk.directory, "store.db"), databaseFile);
}
