// Directories of webhooks and policies that are files of this machine. Upstream: apiserver's plugin/manifest/loader.go,
// pkg/util/filesystem WatchUntil.
import { readdirSync, readFileSync, statSync, watch } from "node:fs";
import { extname, join } from "node:path";
import { type Clock, every, type Logger } from "../../base/index.ts";
import type { ManifestDirectory, ManifestFile } from "../../server/index.ts";

/** Beside the system's events, which some file systems do not have. Upstream's interval. */
const lookAgainMs = 60_000;
const extensions: ReadonlySet<string> = new Set([".yaml", ".yml", ".json"]);
const inGo: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
};

/** The opener throws when the path cannot be read or is no directory. */
export function manifestDirectories(means: {
  readonly clock: Clock;
  readonly log: Logger;
}): (path: string) => ManifestDirectory {
  return (path) => {
    const found = told("stat", path, () => statSync(path), "unable to read: ");
    if (!found.isDirectory()) throw new Error("must be a directory");
    return { read: () => readFiles(path), watch: (changed) => watchDirectory(path, changed, means) };
  };
}

function readFiles(directory: string): ManifestFile[] {
  const before = `failed to read manifest directory "${directory}": `;
  const entries = told("open", directory, () => readdirSync(directory, { withFileTypes: true }), before);
  return entries
    .filter((entry) => !entry.isDirectory() && extensions.has(extname(entry.name).toLowerCase()))
    .map(({ name }) => join(directory, name))
    .sort()
    .map((path) => ({
      path,
      bytes: told("open", path, () => new Uint8Array(readFileSync(path)), `failed to read file "${path}": `),
    }))
    .filter(({ bytes }) => bytes.length > 0);
}

function told<T>(verb: string, path: string, work: () => T, before: string): T {
  try {
    return work();
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new Error(`${before}${verb} ${path}: ${inGo[code] ?? message}`, { cause: error });
  }
}

function watchDirectory(
  path: string,
  changed: () => void,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): () => void {
  const end = new AbortController();
  every(clock, lookAgainMs, changed, end.signal);
  try {
    watch(path, { signal: end.signal }, changed).on("error", (error) =>
      log.error("a directory of manifests is no longer watched; it is looked at once a minute", { path, error }),
    );
    changed();
  } catch (error) {
    log.error("a directory of manifests cannot be watched; it is looked at once a minute", { path, error });
  }
  return () => end.abort();
}
