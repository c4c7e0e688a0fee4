// From a configuration to ways that encrypt: plugins are opened, asked for their key, and watched over. Upstream: apiserver's
// server/options/encryptionconfig/config.go.
import { type Clock, childController, errorText, type Logger, type Rng, sleep } from "../../../base/index.ts";
import type { HealthCheck } from "../../../server/index.ts";
import type { ProviderKey } from "./ciphers.ts";
import type { ConfiguredResources, EncryptedResources, Way } from "./configuration.ts";
import { kmsV2Provider } from "./kms/envelope.ts";
import { kmsV1Provider } from "./kms/envelope-v1.ts";
import type { EncryptionMetrics } from "./kms/metrics.ts";
import { openKmsV1, openKmsV2 } from "./kms/protocol.ts";
import type { KmsSettings } from "./kms/settings.ts";
import { masks } from "./resource-names.ts";

export interface ProviderMeans {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: EncryptionMetrics;
  /** The gate KMSv1. */
  readonly kmsV1: boolean;
  /** Ends the looks at plugins and closes their connections. */
  readonly signal: AbortSignal;
}

export interface Providers {
  readonly rules: readonly EncryptedResources[];
  /** `kms-provider-0` and so on, as the file names them. */
  readonly checks: readonly HealthCheck[];
  /** Only v2 plugins, and at least one. */
  readonly onlyV2: boolean;
  /** Calls under way have ended so long after the last was begun. */
  readonly graceMs: number;
  close(): void;
}

const wellMs = 60_000;
const unwellMs = 10_000;

/** Asks each v2 plugin once; one that does not answer is no error, but values can not be read and written until it does. */
export async function openProviders(
  configuration: readonly ConfiguredResources[],
  means: ProviderMeans,
): Promise<Providers> {
  const end = childController(means.signal);
  const opened: OpenPlugin[] = [];
  try {
    const rules: EncryptedResources[] = [];
    const masked = masks();
    for (const { resources, ways } of configuration) {
      const usable: Way[] = [];
      for (const way of ways)
        if (way === "identity" || "cipher" in way) usable.push(way);
        else {
          const plugin = await openPlugin(way.kms, { ...means, signal: end.signal });
          opened.push(plugin);
          usable.push(plugin.way);
        }
      masked.refuse(resources);
      rules.push({ resources, ways: usable });
    }
    return {
      rules,
      checks: opened.map(({ check }, index) => ({ name: `kms-provider-${index}`, check })),
      onlyV2: opened.length > 0 && opened.every(({ version }) => version === 2),
      graceMs: 2 * opened.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0),
      close: () => end.abort(),
    };
  } catch (error) {
    end.abort();
    throw error;
  }
}

interface OpenPlugin {
  readonly version: 1 | 2;
  readonly way: ProviderKey;
  /** Of all calls of one check. */
  readonly timeoutMs: number;
  check(): Promise<void>;
}

async function openPlugin(
  { name, endpoint, apiVersion, timeoutMs, cacheSize }: KmsSettings["kms"],
  means: ProviderMeans,
): Promise<OpenPlugin> {
  const { clock, rng, metrics, signal } = means;
  const { calls } = metrics;
  const v2 = apiVersion === "v2";
  const options = {
    endpoint,
    timeoutMs,
    clock,
    called: v2
      ? ({ method, code, seconds }: { method: string; code: string; seconds: number }) =>
          calls.observe(seconds, { provider_name: name, method_name: method, grpc_status_code: code })
      : () => {},
  };
  const closeAtEnd = (service: { close(): void }): void =>
    signal.addEventListener("abort", () => service.close(), { once: true });
  if (v2) {
    const service = await openKmsV2(options);
    closeAtEnd(service);
    const plugin = kmsV2Provider({ name, service, clock, rng, metrics });
    await lookAfter(name, plugin.check, means);
    return { version: 2, ...plugin, timeoutMs };
  }
  const deprecated = "KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.";
  if (!means.kmsV1)
    throw new Error(
      `error while building transformers: ${deprecated}  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.`,
    );
  means.log.warn(deprecated, { name });
  const service = await openKmsV1(options);
  closeAtEnd(service);
  return {
    version: 1,
    ...kmsV1Provider({ name, service, clock, metrics, cacheSize: cacheSize ?? 0 }),
    timeoutMs: 2 * timeoutMs,
  };
}

/** Resolves after the first look; looks on every minute, or every ten seconds while something is wrong. */
async function lookAfter(
  name: string,
  check: () => Promise<void>,
  { clock, log, signal }: ProviderMeans,
): Promise<void> {
  const look = async (): Promise<boolean> => {
    try {
      await check();
      return true;
    } catch (error) {
      if (!signal.aborted) log.error("kms plugin failed health check probe", { name, error });
      return false;
    }
  };
  const goOn = async (first: boolean): Promise<void> => {
    for (let well = first; ; well = await look()) await sleep(clock, well ? wellMs : unwellMs, signal);
  };
  const well = await look();
  goOn(well).catch((error: unknown) => {
    if (!signal.aborted) log.error("kms plugin is looked after no longer", { name, error: errorText(error) });
  });
}

/** One check for all of them. Upstream names it so when plugins are not told apart. */
export const combinedCheck = (checks: () => readonly HealthCheck[]): HealthCheck => ({
  name: "kms-providers",
  async check() {
    const errors: string[] = [];
    for (const each of checks())
      try {
        await each.check();
      } catch (error) {
        errors.push(`${each.name}: ${errorText(error)}`);
      }
    if (errors.length > 0) throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`);
  },
});
