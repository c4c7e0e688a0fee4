// Webhooks and policies that are files of the server: there before the first request, read again when the files change. What
// cannot be used is passed over and counted, and what was read before stays.
// Upstream: apiserver's plugin/{webhook,policy}/manifest/source.
import type { KindDefinition } from "../../../api/index.ts";
import type { KubeObject } from "../../../machinery/index.ts";
import type { AdmissionHost, ManifestDirectory } from "../../contract.ts";
import type { AdmissionPlugin } from "../contract.ts";
import { type LoadedManifests, loadManifests, type ManifestPlan } from "./load.ts";
import { manifestMetrics } from "./metrics.ts";

export interface StaticManifests {
  /** By name; none before the start. */
  of<T extends KubeObject>(kind: KindDefinition<T>): readonly T[];
  /** Calls back after each change. */
  subscribe(changed: () => void): void;
  /** Rejects with an Error that says what in the directory cannot be used. */
  start(): Promise<void>;
  close(): void;
}

export interface StaticManifestsOptions {
  readonly plugin: string;
  /** What the files hold, for messages. */
  readonly what: "webhook" | "policy";
  readonly path: string;
  readonly directory: ManifestDirectory;
  readonly plan: ManifestPlan;
}

export function createStaticManifests(host: AdmissionHost, options: StaticManifestsOptions): StaticManifests {
  const { plugin, what, path, directory, plan } = options;
  const { log } = host;
  const observers: (() => void)[] = [];
  const metrics = manifestMetrics(host, plugin);
  const life: { current?: LoadedManifests; closed: boolean; stop?: () => void } = { closed: false };
  const load = async (): Promise<LoadedManifests> => loadManifests(host, plan, directory.read());
  const use = (loaded: LoadedManifests): void => {
    life.current = loaded;
    for (const observer of observers) observer();
    metrics.loaded(loaded.hash);
  };
  const reload = async (): Promise<void> => {
    try {
      const loaded = await load();
      if (life.closed || loaded.hash === life.current?.hash) return;
      use(loaded);
      log.info("read the manifests of an admission plugin again", { plugin, directory: path });
    } catch (error) {
      if (life.closed) return;
      metrics.failed();
      log.error("cannot use the manifests of an admission plugin; those that were read before stay", { plugin, error });
    }
  };
  return {
    of: (kind) => life.current?.of(kind) ?? [],
    subscribe(changed) {
      observers.push(changed);
    },
    async start() {
      try {
        use(await load());
      } catch (error) {
        throw new Error(`failed to load static ${what} manifests from "${path}": ${(error as Error).message}`, {
          cause: error,
        });
      }
      if (!life.closed) life.stop = directory.watch(oneAtATime(reload));
    },
    close() {
      life.closed = true;
      life.stop?.();
    },
  };
}

/** Asked while the work is under way, it runs once more afterwards. `work` never rejects. */
function oneAtATime(work: () => Promise<void>): () => void {
  let [running, again] = [false, false];
  const run = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      await work();
    } while (again);
    running = false;
  };
  return () => {
    if (running) again = true;
    else void run();
  };
}

/** A plugin's start and end, with those of its manifests when it has some. */
export const lifeOf = (
  source: { close(): void },
  manifests: StaticManifests | undefined,
): Pick<AdmissionPlugin, "start" | "close"> =>
  manifests === undefined
    ? { close: source.close }
    : {
        start: manifests.start,
        close() {
          manifests.close();
          source.close();
        },
      };
