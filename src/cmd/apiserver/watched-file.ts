// A file that may be changed while the server runs. Upstream: apiserver's util/filesystem WatchUntil.
import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import { type Clock, every, type Logger } from "../../base/index.ts";

/** Beside the system's events, which some file systems do not have. Upstream's interval. */
const lookAgainMs = 60_000;

export interface WatchedFile {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Calls back once at first, and whenever the file may have changed. */
export function watchFile({ path, clock, log, signal }: WatchedFile, changed: () => void): void {
  every(clock, lookAgainMs, changed, signal);
  try {
    // The directory is watched: editors and mounted secrets put another file in its place.
    const watcher = watch(dirname(path), { signal }, (_, name) => {
      if (name === null || name === basename(path) || name.startsWith("..")) changed();
    });
    watcher.on("error", (error) =>
      log.error("a configuration file is no longer watched; it is looked at once a minute", { path, error }),
    );
    changed();
  } catch (error) {
    log.error("a configuration file cannot be watched; it is looked at once a minute", { path, error });
  }
}
