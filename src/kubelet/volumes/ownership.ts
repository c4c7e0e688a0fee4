// fsGroup: everything in a volume belongs to a group that may use it. Upstream: pkg/volume/volume_linux.go.
import type { HostFiles } from "../host.ts";

const setgid = 0o2000;

/** Goes through the whole tree; symlinks are given to the group but not followed. */
export async function giveToGroup(
  files: HostFiles,
  path: string,
  options: { readonly group: number; readonly readonly: boolean },
): Promise<void> {
  const stat = await files.linkStat(path);
  if (stat === undefined) return;
  await files.chown(path, -1, options.group);
  if (stat.type === "symlink") return;
  const bits = options.readonly ? 0o440 : 0o660;
  const directory = stat.type === "directory";
  await files.chmod(path, stat.mode | bits | (directory ? setgid | 0o110 : 0));
  if (directory) for (const name of await files.list(path)) await giveToGroup(files, `${path}/${name}`, options);
}

/** OnRootMismatch: nothing to do when the root is already as it should be. */
export async function rootMatches(
  files: HostFiles,
  path: string,
  options: { readonly group: number; readonly readonly: boolean },
): Promise<boolean> {
  const stat = await files.stat(path);
  const bits = (options.readonly ? 0o440 : 0o660) | 0o110;
  return stat !== undefined && stat.gid === options.group && (stat.mode & setgid) !== 0 && (stat.mode & bits) === bits;
}
