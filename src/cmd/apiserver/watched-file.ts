// Files and directories that may be changed while the server runs. Upstream: apiserver's util/filesystem WatchUntil.
import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import { type Clock, every, type Logger } from "../../base/index.ts";

/** Beside the system's events, which some file systems do not have. Upstream's interval. */
const lookAgainMs = 60_000;

export interface Watched {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Calls back once at first, and whenever the file may have changed. */
export function watchFile({ path, ...means }: Watched, changed: () => void): void {
  // The directory is watched: editors and mounted secrets put another file in its place.
  watchPath({ ...means, path: dirname(path), what: `the configuration file ${path}` }, (name) => {
    if (name === null || name === basename(path) || name.startsWith("..")) changed();
  });
}

/** Calls back once at first, and whenever something in the directory may have changed. */
export const watchDirectory = (watched: Watched, changed: () => void): void =>
  watchPath({ ...watched, what: `the directory ${watched.path}` }, changed);

/** `changed` is told the name in the directory, null when that is not known. */
function watchPath(
  { path, what, clock, log, signal }: Watched & { readonly what: string },
  changed: (name: string | null) => void,
): void {
  const look = (): void => changed(null);
  every(clock, lookAgainMs, look, signal);
  try {
    watch(path, { signal }, (_, name) => changed(name)).on("error", (error) =>
      log.error(`${what} is no longer watched; it is looked at once a minute`, { error }),
    );
    look();
  } catch (error) {
    log.error(`${what} cannot be watched; it is looked at once a minute`, { error });
  }
}
