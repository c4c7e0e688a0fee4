// Encryption at rest, as --encryption-provider-config says: a store around the engine's. Upstream: apiserver's encryptionconfig.
import { readFileSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { kinds } from "../../../api/index.ts";
import { errorText, type Logger, onAbort } from "../../../base/index.ts";
import { type Store, transformedStore } from "../../../store/index.ts";
import { readEncryptionConfiguration } from "./configuration.ts";
import { encryptionAtRest } from "./transformer.ts";

export interface EncryptionOptions {
  readonly path: string;
  /** Reads the file again when it changes, until the signal aborts. What can not be used is told, and the last one stays. */
  readonly reload: boolean;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Throws Error that says what is wrong with the file. */
export function encryptedStore(store: Store, { path, reload, signal, log }: EncryptionOptions): Store {
  const read = () => readEncryptionConfiguration(textOf(path), path);
  const transformer = encryptionAtRest(read(), kinds);
  if (reload) {
    let last = textOf(path);
    // The directory is watched: editors and mounted secrets put another file in its place.
    const watcher = watch(dirname(path), (_, name) => {
      if (name !== null && name !== basename(path) && !name.startsWith("..")) return;
      try {
        const text = textOf(path);
        if (text === last) return;
        transformer.use(readEncryptionConfiguration(text, path));
        last = text;
        log.info("the encryption configuration was read again", { path });
      } catch (error) {
        log.error("the encryption configuration can not be used; the last one stays", { path, error });
      }
    });
    onAbort(signal, () => watcher.close());
  }
  return transformedStore(store, transformer);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(
      `error while parsing file: error while loading file: error reading encryption provider configuration file ${JSON.stringify(path)}: ${errorText(error)}`,
      { cause: error },
    );
  }
}
