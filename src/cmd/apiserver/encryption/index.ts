// Encryption at rest, as --encryption-provider-config says: a store around the engine's. Upstream: apiserver's encryptionconfig.
import { readFileSync } from "node:fs";
import { kinds } from "../../../api/index.ts";
import { type Clock, errorText, type MetricRegistry, sleep, type Timer } from "../../../base/index.ts";
import type { HealthCheck } from "../../../server/index.ts";
import { type Store, transformedStore } from "../../../store/index.ts";
import { watchFile } from "../watched-file.ts";
import { readEncryptionConfiguration } from "./configuration.ts";
import { encryptionMetrics } from "./kms/metrics.ts";
import { combinedCheck, openProviders, type ProviderMeans, type Providers } from "./providers.ts";
import { type EncryptionAtRest, encryptionAtRest } from "./transformer.ts";

export interface EncryptionOptions extends Omit<ProviderMeans, "metrics"> {
  readonly path: string;
  /** Reads the file again when it changes, until the signal aborts. What can not be used is told, and the last one stays. */
  readonly reload: boolean;
  readonly metrics: MetricRegistry;
}

export interface EncryptedStore {
  readonly store: Store;
  /** Of KMS plugins, for /healthz and /readyz. */
  readonly checks: readonly HealthCheck[];
}

/** Resolves when the plugins answer. Rejects with Error that says what is wrong with the file. */
export async function encryptedStore(store: Store, options: EncryptionOptions): Promise<EncryptedStore> {
  const { path, reload } = options;
  const means: ProviderMeans = { ...options, metrics: encryptionMetrics(options.metrics) };
  const text = textOf(path);
  let providers = await openProviders(readEncryptionConfiguration({ text, path, reload }), means);
  means.metrics.inUse(text);
  await answered(providers, means);
  const transformer = encryptionAtRest(providers.rules, kinds);
  const checks = (): readonly HealthCheck[] => providers.checks;
  if (reload)
    keepReading({
      ...means,
      path,
      text,
      transformer,
      swap(next) {
        const before = providers;
        providers = next;
        // Calls that have begun may end.
        means.clock.setTimeout(() => before.close(), before.graceMs, { background: true });
      },
    });
  return {
    store: transformedStore(store, transformer),
    checks: reload || providers.onlyV2 ? [combinedCheck(checks)] : providers.checks,
  };
}

/** Plugins may start beside the server; what they have encrypted can not be read before they do. */
async function answered({ checks }: Providers, { clock, log, signal }: ProviderMeans): Promise<void> {
  const { check } = combinedCheck(() => checks);
  for (let tries = 0; !signal.aborted; tries++)
    try {
      await check();
      return;
    } catch (error) {
      if (tries === 0) log.warn("waiting for KMS plugins of --encryption-provider-config", { error });
      await sleep(clock, firstPauseMs, signal).catch(() => {});
    }
}

interface Reload extends ProviderMeans {
  readonly path: string;
  /** What is in use. */
  readonly text: string;
  readonly transformer: EncryptionAtRest;
  swap(next: Providers): void;
}

const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
const leastGraceMs = 10_000;

/** Reads the file with each change of it, and again after a while when it could not be used. */
function keepReading(options: Reload): void {
  const { path, log, signal, clock, metrics } = options;
  let last = options.text;
  let [busy, asked] = [false, false];
  let pauseMs = firstPauseMs;
  let again: Timer | undefined;
  const once = async (): Promise<void> => {
    again?.cancel();
    try {
      const text = textOf(path);
      if (text === last) return;
      await use(text, options);
      last = text;
      pauseMs = firstPauseMs;
      metrics.reloaded("success", clock.now());
      metrics.inUse(text);
      log.info("the encryption configuration was read again", { path });
    } catch (error) {
      if (signal.aborted) return;
      metrics.reloaded("failure", clock.now());
      log.error("the encryption configuration can not be used; the last one stays", { path, error });
      again = clock.setTimeout(changed, pauseMs, { background: true });
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  };
  const changed = (): void => {
    asked = true;
    if (busy || signal.aborted) return;
    busy = true;
    void (async () => {
      while (asked) {
        asked = false;
        await once();
      }
      busy = false;
    })();
  };
  watchFile(options, changed);
}

async function use(text: string, { path, transformer, swap, ...means }: Reload): Promise<void> {
  const next = await openProviders(readEncryptionConfiguration({ text, path, reload: true }), means);
  try {
    await healthy(next, means.clock, means.signal);
  } catch (error) {
    next.close();
    throw error;
  }
  transformer.use(next.rules);
  swap(next);
}

/** Plugins of a new file have to be well before it is used. */
async function healthy({ checks, graceMs }: Providers, clock: Clock, signal: AbortSignal): Promise<void> {
  const { check } = combinedCheck(() => checks);
  const deadline = clock.monotonic() + Math.max(graceMs, leastGraceMs);
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (clock.monotonic() > deadline)
        throw new Error(
          `health check for new transformers failed, polling error timed out waiting for the condition: ${errorText(error)}`,
          { cause: error },
        );
    }
    await sleep(clock, 100, signal);
  }
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
