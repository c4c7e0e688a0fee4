// Writes a set of files so that readers see the old set or the new one, never a mix. Layout as upstream's (pkg/volume/util/atomic_writer.go),
// which programs rely on: files are links through `..data`, which is one link to a directory named by time.
import type { HostFiles } from "../host.ts";

export interface PayloadFile {
  readonly data: Uint8Array;
  readonly mode: number;
  /** Owner, when it is not root. */
  readonly uid?: number;
}

/** By path below the volume, without `..` and not absolute. */
export type Payload = ReadonlyMap<string, PayloadFile>;

const dataLink = "..data";
const newDataLink = "..data_tmp";

export interface WriteOptions {
  readonly files: HostFiles;
  readonly directory: string;
  /** Names the directory of this writing. */
  readonly nowMs: number;
  /** Called with the new directory before anybody can see it. */
  readonly prepare?: (directory: string) => Promise<void>;
}

function checkPayload(payload: Payload): void {
  for (const path of payload.keys()) {
    if (path === "") throw new Error("invalid path: must not be empty");
    if (path.startsWith("/")) throw new Error(`invalid path: ${path}: must be a relative path`);
    if (path.length > 4096) throw new Error(`invalid path: must be less than or equal to 4096 characters`);
    const parts = path.split("/");
    if (parts.includes("..")) throw new Error(`invalid path: ${path}: must not contain '..'`);
    if (parts[0]!.startsWith("..")) throw new Error(`invalid path: ${path}: must not start with '..'`);
  }
}

/** True when something was written. */
export async function writePayload(payload: Payload, options: WriteOptions): Promise<boolean> {
  checkPayload(payload);
  const { files, directory } = options;
  const link = `${directory}/${dataLink}`;
  const old = (await files.linkStat(link)) === undefined ? undefined : await files.readLink(link);
  const before = old === undefined ? new Map<string, number>() : await contents(files, `${directory}/${old}`);
  const write = old === undefined || !(await same(payload, { files, directory: `${directory}/${old}`, before }));
  if (write) {
    const name = stampOf(options.nowMs, old);
    const fresh = `${directory}/${name}`;
    await files.makeDirectory(fresh, 0o755);
    for (const [path, file] of payload) {
      const slash = path.lastIndexOf("/");
      if (slash > 0) await files.makeDirectory(`${fresh}/${path.slice(0, slash)}`, 0o755);
      await files.write(`${fresh}/${path}`, file.data, file.mode);
      if (file.uid !== undefined) await files.chown(`${fresh}/${path}`, file.uid, -1);
    }
    await options.prepare?.(fresh);
    await files.remove(`${directory}/${newDataLink}`);
    await files.symlink(name, `${directory}/${newDataLink}`);
    await files.rename(`${directory}/${newDataLink}`, link);
  }
  const visible = new Set([...payload.keys()].map((path) => path.split("/")[0]!));
  for (const name of visible)
    if ((await files.linkStat(`${directory}/${name}`)) === undefined)
      await files.symlink(`${dataLink}/${name}`, `${directory}/${name}`);
  for (const path of before.keys()) {
    const name = path.split("/")[0]!;
    if (!visible.has(name)) await files.remove(`${directory}/${name}`);
  }
  if (write && old !== undefined) await files.remove(`${directory}/${old}`);
  return write;
}

/** `..2026_01_02_15_04_05.123456789`; a second writing within the same millisecond gets another name. */
function stampOf(nowMs: number, old: string | undefined): string {
  const iso = new Date(nowMs).toISOString();
  const base = `..${iso.slice(0, 19).replace("T", "_").replaceAll("-", "_").replaceAll(":", "_")}.${iso.slice(20, 23)}`;
  for (let count = 0; ; count++) {
    const name = `${base}${String(count).padStart(6, "0")}`;
    if (name !== old) return name;
  }
}

/** Modes of the files below, by path. */
async function contents(files: HostFiles, directory: string, prefix = ""): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const name of await files.list(directory + (prefix === "" ? "" : `/${prefix}`))) {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    const stat = await files.linkStat(`${directory}/${path}`);
    if (stat?.type === "directory")
      for (const [below, mode] of await contents(files, directory, path)) found.set(below, mode);
    else if (stat !== undefined) found.set(path, stat.mode);
  }
  return found;
}

async function same(
  payload: Payload,
  old: { files: HostFiles; directory: string; before: ReadonlyMap<string, number> },
): Promise<boolean> {
  if (old.before.size !== payload.size) return false;
  for (const [path, file] of payload) {
    if (!old.before.has(path)) return false;
    const data = await old.files.read(`${old.directory}/${path}`);
    if (data.length !== file.data.length || !data.every((byte, index) => byte === file.data[index])) return false;
  }
  return true;
}
