// What is counted about KMS plugins and the file of --encryption-provider-config. Upstream: apiserver's envelope/metrics,
// storage/value/metrics.go, server/options/encryptionconfig/metrics.
import { Counter, Gauge, Histogram, type MetricRegistry, sha256Hex } from "../../../../base/index.ts";

export type EncryptionMetrics = ReturnType<typeof encryptionMetrics>;

export const hashOf = (text: string): string =>
  text === "" ? "" : `sha256:${sha256Hex(new TextEncoder().encode(text)).toLowerCase()}`;

const bounds = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start * 2 ** index);

/** So many series of key ids are kept; the longest unused goes. */
const mostKeyIds = 100;

export function encryptionMetrics(registry: MetricRegistry) {
  const seen = new Map<string, Record<string, string>>();
  const seenInStatus = new Map<string, Record<string, string>>();
  const envelope = envelopeMetrics(registry);
  const { keyIds, keyIdTimes, statusTimes } = envelope;
  const remember = (
    known: Map<string, Record<string, string>>,
    labels: Record<string, string>,
    forget: (labels: Record<string, string>) => void,
  ): void => {
    const key = JSON.stringify(labels);
    known.delete(key);
    known.set(key, labels);
    if (known.size <= mostKeyIds) return;
    const [oldest, old] = [...known][0]!;
    known.delete(oldest);
    forget(old);
  };
  return {
    ...envelope,
    ...reloadMetrics(registry),
    keyIdUsed(type: "from_storage" | "to_storage", provider: { readonly name: string }, use: KeyUse): void {
      const labels = {
        transformation_type: type,
        provider_name: provider.name,
        key_id_hash: hashOf(use.keyId),
        apiserver_id_hash: "",
      };
      remember(seen, labels, (old) => {
        keyIds.remove(old);
        keyIdTimes.remove(old);
      });
      keyIds.inc(labels);
      keyIdTimes.set(use.nowMs / 1000, labels);
    },
    keyIdTold(name: string, { keyId, nowMs }: KeyUse): void {
      const labels = { provider_name: name, key_id_hash: hashOf(keyId), apiserver_id_hash: "" };
      remember(seenInStatus, labels, (old) => statusTimes.remove(old));
      statusTimes.set(nowMs / 1000, labels);
    },
  };
}

interface KeyUse {
  readonly keyId: string;
  readonly nowMs: number;
}

function envelopeMetrics(registry: MetricRegistry) {
  const of = (name: string, help: string, labelNames: readonly string[] = []) => ({
    name: `apiserver_envelope_encryption_${name}`,
    help,
    labelNames,
    stability: "ALPHA" as const,
  });
  return {
    cacheMisses: registry.register(
      new Counter({
        name: "apiserver_storage_envelope_transformation_cache_misses_total",
        help: "Total number of cache misses while accessing key decryption key(KEK).",
        stability: "ALPHA",
      }),
    ),
    cacheFill: registry.register(
      new Gauge(of("dek_cache_fill_percent", "Percent of the cache slots currently occupied by cached DEKs.")),
    ),
    arrivals: registry.register(
      new Histogram(
        of("dek_cache_inter_arrival_time_seconds", "Time (in seconds) of inter arrival of transformation requests.", [
          "transformation_type",
        ]),
        bounds(60, 10),
      ),
    ),
    cacheSize: registry.register(
      new Gauge(
        of(
          "dek_source_cache_size",
          "Number of records in data encryption key (DEK) source cache. On a restart, this value is an approximation of the number of decrypt RPC calls the server will make to the KMS plugin.",
          ["provider_name"],
        ),
      ),
    ),
    keyIds: registry.register(
      new Counter(
        of(
          "key_id_hash_total",
          "Number of times a keyID is used split by transformation type, provider, and apiserver identity.",
          ["transformation_type", "provider_name", "key_id_hash", "apiserver_id_hash"],
        ),
      ),
    ),
    keyIdTimes: registry.register(
      new Gauge(
        of("key_id_hash_last_timestamp_seconds", "The last time in seconds when a keyID was used.", [
          "transformation_type",
          "provider_name",
          "key_id_hash",
          "apiserver_id_hash",
        ]),
      ),
    ),
    statusTimes: registry.register(
      new Gauge(
        of(
          "key_id_hash_status_last_timestamp_seconds",
          "The last time in seconds when a keyID was returned by the Status RPC call.",
          ["provider_name", "key_id_hash", "apiserver_id_hash"],
        ),
      ),
    ),
    invalidKeyIds: registry.register(
      new Counter(
        of(
          "invalid_key_id_from_status_total",
          "Number of times an invalid keyID is returned by the Status RPC call split by error.",
          ["provider_name", "error"],
        ),
      ),
    ),
    calls: registry.register(
      new Histogram(
        of("kms_operations_latency_seconds", "KMS operation duration with gRPC error code status total.", [
          "provider_name",
          "method_name",
          "grpc_status_code",
        ]),
        bounds(0.0001, 20),
      ),
    ),
  };
}

function reloadMetrics(registry: MetricRegistry) {
  const of = (name: string, help: string, labelNames: readonly string[]) => ({
    name: `apiserver_encryption_config_controller_${name}`,
    help,
    labelNames,
    stability: "ALPHA" as const,
  });
  const reloads = registry.register(
    new Counter(
      of(
        "automatic_reloads_total",
        "Total number of reload successes and failures of encryption configuration split by apiserver identity.",
        ["status", "apiserver_id_hash"],
      ),
    ),
  );
  const reloadTimes = registry.register(
    new Gauge(
      of(
        "automatic_reload_last_timestamp_seconds",
        "Timestamp of the last successful or failed automatic reload of encryption configuration split by apiserver identity.",
        ["status", "apiserver_id_hash"],
      ),
    ),
  );
  const lastConfig = registry.register(
    new Gauge(
      of(
        "last_config_info",
        "Information about the last applied encryption configuration with hash as label, split by apiserver identity.",
        ["apiserver_id_hash", "hash"],
      ),
    ),
  );
  let last: Record<string, string> | undefined;
  return {
    reloaded(status: "success" | "failure", nowMs: number): void {
      reloads.inc({ status, apiserver_id_hash: "" });
      reloadTimes.set(nowMs / 1000, { status, apiserver_id_hash: "" });
    },
    /** `text`: the file. */
    inUse(text: string): void {
      if (last !== undefined) lastConfig.remove(last);
      last = { apiserver_id_hash: "", hash: hashOf(text) };
      lastConfig.set(1, last);
    },
  };
}
