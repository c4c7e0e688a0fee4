// The kubelet's files on a real machine: HostFiles over node's own, with its errors in the host's words.
import { type Dirent, type Stats, watch } from "node:fs";
import {
  chmod,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { type FileStat, HostError, type HostFiles } from "../host.ts";

const codes: Readonly<Record<string, HostError["code"]>> = {
  ENOENT: "notFound",
  EEXIST: "exists",
  ENOTDIR: "notDirectory",
  EACCES: "permission",
  EPERM: "permission",
};

async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asHostError(error);
  }
}

export function asHostError(error: unknown): HostError {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return new HostError(codes[code] ?? "other", message);
}

async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw asHostError(error);
  }
}

const typeOf = (entry: Stats | Dirent): FileStat["type"] =>
  entry.isFile()
    ? "file"
    : entry.isDirectory()
      ? "directory"
      : entry.isSymbolicLink()
        ? "symlink"
        : entry.isSocket()
          ? "socket"
          : entry.isBlockDevice()
            ? "block"
            : entry.isCharacterDevice()
              ? "character"
              : "other";

const toStat = (from: Stats | undefined): FileStat | undefined =>
  from === undefined
    ? undefined
    : {
        type: typeOf(from),
        mode: from.mode & 0o7777,
        uid: from.uid,
        gid: from.gid,
        size: from.size,
        modifiedMs: from.mtimeMs,
        inode: from.ino,
      };

/** Everything below and the path itself, staying on its file system. */
async function removeTree(path: string, device: number | undefined): Promise<void> {
  const own = await orAbsent(lstat(path));
  if (own === undefined) return;
  if (device !== undefined && own.dev !== device)
    throw new HostError("other", `${path} is a mount point: it is not removed, unmount it first`);
  if (!own.isDirectory()) return void (await orAbsent(unlink(path)));
  for (const name of await readdir(path)) await removeTree(`${path}/${name}`, own.dev);
  await orAbsent(rmdir(path));
}

export const files: HostFiles = {
  read: (path) => told(readFile(path)),
  async readAt(path, offset, limit) {
    const handle = await told(open(path, "r"));
    try {
      const buffer = new Uint8Array(limit);
      let filled = 0;
      while (filled < limit) {
        const { bytesRead } = await handle.read(buffer, filled, limit - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    } finally {
      await handle.close();
    }
  },
  async write(path, content, mode) {
    await told(writeFile(path, content, { mode }));
    // The umask takes bits away from what open was given.
    await told(chmod(path, mode));
  },
  async makeDirectory(path, mode) {
    const first = await told(mkdir(path, { recursive: true, mode }));
    if (first !== undefined) await told(chmod(path, mode));
  },
  remove: (path) => told(removeTree(path, undefined)),
  list: (path) => told(readdir(path)),
  usedBytes,
  stat: async (path) => toStat(await orAbsent(stat(path))),
  linkStat: async (path) => toStat(await orAbsent(lstat(path))),
  readLink: (path) => told(readlink(path)),
  symlink: (target, path) => told(symlink(target, path)),
  rename: (from, to) => told(rename(from, to)),
  chmod: (path, mode) => told(chmod(path, mode)),
  async chown(path, uid, gid) {
    const before = uid < 0 || gid < 0 ? await told(lstat(path)) : undefined;
    await told(lchown(path, uid < 0 ? before!.uid : uid, gid < 0 ? before!.gid : gid));
  },
  realPath: (path) => told(realpath(path)),
  watch(path, changed, signal) {
    const watcher = watch(path, { persistent: false, signal }, () => changed());
    watcher.on("error", () => changed());
  },
};

/** As `du -x`: blocks, not lengths, and not what is mounted below. */
async function usedBytes(path: string): Promise<number> {
  const top = await orAbsent(lstat(path));
  if (top === undefined) return 0;
  const linked = new Set<number>();
  const used = async (at: string, entry: Stats): Promise<number> => {
    if (entry.dev !== top.dev) return 0;
    if (entry.nlink > 1 && !entry.isDirectory()) {
      if (linked.has(entry.ino)) return 0;
      linked.add(entry.ino);
    }
    let sum = entry.blocks * blockBytes;
    if (!entry.isDirectory()) return sum;
    // One after the other: a directory of any size must not take every file descriptor.
    for (const name of (await orAbsent(readdir(at))) ?? []) {
      const child = await orAbsent(lstat(`${at}/${name}`));
      if (child !== undefined) sum += await used(`${at}/${name}`, child);
    }
    return sum;
  };
  return used(path, top);
}

/** Of st_blocks, whatever the file system's own blocks are. */
const blockBytes = 512;
