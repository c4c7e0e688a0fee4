// fsGroup: everything in a volume belongs to a group that may use it. Upstream: pkg/volume/volume_linux.go.
import type { Pod } from "../../api/index.ts";
import type { HostFiles } from "../host.ts";

const setgid = 0o2000;

/**
 * Goes through the whole tree, the root last: a walk that was interrupted leaves a root that does not match. Symlinks are given to the
 * group but not followed.
 */
export async function giveToGroup(
  files: HostFiles,
  path: string,
  options: { readonly group: number; readonly readonly: boolean },
): Promise<void> {
  const stat = await files.linkStat(path);
  if (stat === undefined) return;
  const directory = stat.type === "directory";
  if (directory) for (const name of await files.list(path)) await giveToGroup(files, `${path}/${name}`, options);
  await files.chown(path, -1, options.group);
  if (stat.type === "symlink") return;
  const bits = options.readonly ? 0o440 : 0o660;
  await files.chmod(path, stat.mode | bits | (directory ? setgid | 0o110 : 0));
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

/** Gives a freshly made or mounted volume to the pod's group, when it has one. */
export async function applyGroup(
  files: HostFiles,
  pod: Pod,
  { path, readonly }: { readonly path: string; readonly readonly: boolean },
): Promise<void> {
  const { fsGroup: group, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
  if (group === undefined) return;
  if (fsGroupChangePolicy === "OnRootMismatch" && (await rootMatches(files, path, { group, readonly }))) return;
  await giveToGroup(files, path, { group, readonly });
}
