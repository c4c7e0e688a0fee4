// Directories of webhooks and policies that are files of this machine. Upstream: apiserver's plugin/manifest/loader.go,
// pkg/util/filesystem WatchUntil.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import type { Clock, Logger } from "../../base/index.ts";
import type { ManifestDirectory, ManifestFile } from "../../server/index.ts";
import { inGo } from "./flag-files.ts";
import { watchDirectory } from "./watched-file.ts";

const extensions: ReadonlySet<string> = new Set([".yaml", ".yml", ".json"]);

/** The opener throws when the path cannot be read or is no directory. */
export function manifestDirectories(means: {
  readonly clock: Clock;
  readonly log: Logger;
}): (path: string) => ManifestDirectory {
  return (path) => {
    const found = told("stat", path, () => statSync(path), "unable to read: ");
    if (!found.isDirectory()) throw new Error("must be a directory");
    return {
      read: () => readFiles(path),
      watch(changed) {
        const end = new AbortController();
        watchDirectory({ path, ...means, signal: end.signal }, changed);
        return () => end.abort();
      },
    };
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
