// The kernel's list of mounts. Source: proc_pid_mountinfo(5).

export interface MountEntry {
  /** `major:minor` of the file system. */
  readonly device: string;
  /** The directory of the file system that is shown. */
  readonly root: string;
  readonly path: string;
}

/** Octal escapes of the list. */
const unescaped = (text: string): string =>
  text.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

export const parseMountInfo = (text: string): MountEntry[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, , device = "", root = "", path = ""] = line.split(" ");
      return { device, root: unescaped(root), path: unescaped(path) };
    });

const isAtOrBelow = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);

/** Mount points that show what `path`, which has no symlinks, shows. Upstream: mount-utils SearchMountPoints. */
export function sameSource(entries: readonly MountEntry[], path: string): string[] {
  let holder: MountEntry | undefined;
  // The last one mounted at a place covers those before.
  for (const entry of entries)
    if (isAtOrBelow(path, entry.path) && (holder === undefined || entry.path.length >= holder.path.length))
      holder = entry;
  if (holder === undefined) return [];
  const { device, root } = holder;
  const below = path.slice(holder.path === "/" ? 0 : holder.path.length);
  const shown = `${root === "/" ? "" : root}${below === "/" ? "" : below}` || "/";
  return entries
    .filter((entry) => entry.device === device && entry.root === shown && entry.path !== path)
    .map((entry) => entry.path);
}
