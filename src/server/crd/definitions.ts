// Watches CustomResourceDefinitions. What serves them is loaded with the first one: a server without any pays nothing.
import { customResourceDefinitions } from "../../api/index.ts";
import type { CustomKinds } from "./custom-kinds.ts";
import type { DefinitionsHost } from "./host.ts";

export interface Definitions {
  /** Resolves when every definition that was there is served. */
  start(): Promise<void>;
  close(): void;
}

export function watchDefinitions(host: DefinitionsHost): Definitions {
  const { reader, log } = host;
  let loading: Promise<CustomKinds> | undefined;
  let stop: (() => void) | undefined;
  let closed = false;
  const kinds = (): Promise<CustomKinds> =>
    (loading ??= import("./custom-kinds.ts").then(({ createCustomKinds }) => createCustomKinds(host)));
  const changed = async (name: string): Promise<void> => {
    try {
      const loaded = await kinds();
      if (!closed) await loaded.changed(name);
    } catch (error) {
      if (!closed) log.error("a definition of custom resources could not be served", { name, error });
    }
  };
  return {
    async start() {
      const initial: Promise<void>[] = [];
      let starting = true;
      stop = reader.subscribe(customResourceDefinitions, {
        upsert: ({ metadata }) => {
          const done = changed(metadata.name);
          if (starting) initial.push(done);
        },
        remove: ({ metadata }) => void changed(metadata.name),
      });
      starting = false;
      await Promise.all(initial);
    },
    close() {
      closed = true;
      stop?.();
      void loading?.then((loaded) => loaded.close());
    },
  };
}
