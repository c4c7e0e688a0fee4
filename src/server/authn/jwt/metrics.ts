// Metrics of logging in with tokens of issuers, and of the file that names them. Upstream: plugin/pkg/authenticator/token/oidc
// metrics.go, apiserver's server/options/authenticationconfig/metrics.
import { type Clock, Gauge, Histogram, type MetricRegistry, sha256Hex } from "../../../base/index.ts";

export interface JwtMetrics {
  attempted(issuer: string, result: "success" | "failure", seconds: number): void;
  /** `keys`: the key set that came; undefined when none did. */
  fetchedKeys(issuer: string, keys: string | undefined): void;
  /** The issuer is gone from the configuration. */
  forget(issuer: string): void;
}

const hashOf = (text: string): string =>
  text === "" ? "" : `sha256:${sha256Hex(new TextEncoder().encode(text)).toLowerCase()}`;

export function jwtMetrics(registry: MetricRegistry, clock: Clock): JwtMetrics {
  const names = { namespace: "apiserver_authentication_jwt_authenticator" };
  const latency = registry.register(
    new Histogram(
      {
        name: `${names.namespace}_latency_seconds`,
        help: "Latency of jwt authentication operations in seconds. This is the time spent authenticating a token for cache miss only (i.e. when the token is not found in the cache).",
        labelNames: ["jwt_issuer_hash", "result"],
        stability: "ALPHA",
      },
      [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    ),
  );
  const fetchedAt = registry.register(
    new Gauge({
      name: `${names.namespace}_jwks_fetch_last_timestamp_seconds`,
      help: "Timestamp of the last successful or failed JWKS fetch split by result, api server identity and jwt issuer for the JWT authenticator.",
      labelNames: ["apiserver_id_hash", "jwt_issuer_hash", "result"],
      stability: "ALPHA",
    }),
  );
  const keySet = registry.register(
    new Gauge({
      name: `${names.namespace}_jwks_fetch_last_key_set_info`,
      help: "Information about the last JWKS fetched by the JWT authenticator with hash as label, split by api server identity and jwt issuer.",
      labelNames: ["apiserver_id_hash", "hash", "jwt_issuer_hash"],
      stability: "ALPHA",
    }),
  );
  const hashes = new Map<string, string>();
  const dropKeySet = (issuer: string): void => {
    const hash = hashes.get(issuer);
    if (hash !== undefined) keySet.remove({ hash, jwt_issuer_hash: issuer });
    hashes.delete(issuer);
  };
  return {
    attempted: (issuer, result, seconds) => latency.observe(seconds, { jwt_issuer_hash: hashOf(issuer), result }),
    fetchedKeys(issuerUrl, keys) {
      const issuer = hashOf(issuerUrl);
      const result = keys === undefined ? "failure" : "success";
      fetchedAt.set(clock.now() / 1000, { jwt_issuer_hash: issuer, result });
      if (keys === undefined) return;
      dropKeySet(issuer);
      hashes.set(issuer, hashOf(keys));
      keySet.set(1, { hash: hashOf(keys), jwt_issuer_hash: issuer });
    },
    forget(issuerUrl) {
      const issuer = hashOf(issuerUrl);
      dropKeySet(issuer);
      for (const result of ["success", "failure"]) fetchedAt.remove({ jwt_issuer_hash: issuer, result });
    },
  };
}
