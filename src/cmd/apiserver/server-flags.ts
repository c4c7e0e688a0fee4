// Flags of the API server that are settings of one thing each: what they are called, and what they become.
// Upstream: apiserver's server/options, pkg/kubeapiserver/options.
import { type FlagDefinitions, FlagError, type FlagValues } from "../../cli/index.ts";
import { admissionPluginNames, type BrowserOptions } from "../../server/index.ts";
import { cipherList, parseNamedCertificate, type TlsSettings, tlsVersion } from "../../server/node/index.ts";
import { gateFlags, versionFlags } from "../gate-flags.ts";
import { metricFlags } from "../metric-flags.ts";
import type { ControlPlaneOptions } from "./control-plane.ts";
import { readFlagFile } from "./self-signed.ts";

export const serverFlags = {
  ...metricFlags,
  ...gateFlags,
  ...versionFlags,
  "admission-control": {
    type: "list",
    help: "the admission plugins to run, and no others; deprecated, use --enable-admission-plugins and --disable-admission-plugins",
  },
  "cors-allowed-origins": {
    type: "list",
    help: "patterns of web pages' origins that may read answers, such as //app\\.example(:|$)",
  },
  "default-not-ready-toleration-seconds": {
    type: "integer",
    help: "how long pods stay on a node that is not ready, when they do not say",
    default: "300",
  },
  "default-unreachable-toleration-seconds": {
    type: "integer",
    help: "how long pods stay on a node that is not reached, when they do not say",
    default: "300",
  },
  "disable-http2-serving": { type: "boolean", help: "serve HTTP/1.1 alone" },
  "encryption-provider-config": {
    type: "string",
    help: "file with an EncryptionConfiguration: which resources are encrypted in the store, and with which keys",
  },
  "encryption-provider-config-automatic-reload": {
    type: "boolean",
    help: "read the file of --encryption-provider-config again when it changes",
  },
  "event-ttl": { type: "duration", help: "how long events are kept", default: "1h0m0s" },
  "external-hostname": {
    type: "string",
    help: "name of this server in URLs that it gives out (OpenID discovery); --advertise-address when not given",
  },
  "kubernetes-service-node-port": {
    type: "integer",
    help: "node port of the Service kubernetes; 0: it has none",
    default: "0",
  },
  "livez-grace-period": {
    type: "duration",
    help: "so long after the start /livez does not fail for what has not begun yet",
    default: "0s",
  },
  "requestheader-uid-headers": { type: "list", help: "headers that hold the user's UID" },
  "service-account-extend-token-expiration": {
    type: "boolean",
    help: "tokens that kubelets ask for live a year, and their use after the time asked for is told",
    default: "true",
  },
  "service-account-jwks-uri": {
    type: "string",
    help: "where verifiers find the keys of ServiceAccount tokens; this server when not given",
  },
  "strict-transport-security-directives": {
    type: "list",
    help: "for browsers: max-age=SECONDS, includeSubDomains, preload",
  },
  "tls-cipher-suites": { type: "list", help: "cipher suites of TLS 1.2, by Go's names; Node.js's when not given" },
  "tls-min-version": { type: "string", help: "VersionTLS10, VersionTLS11, VersionTLS12 (default) or VersionTLS13" },
  "tls-sni-cert-key": {
    type: "values",
    help: "CERT,KEY or CERT,KEY:NAME,…: files of a certificate for who asks for these names; may be repeated",
  },
} as const satisfies FlagDefinitions;

export type ServerValues = FlagValues<typeof serverFlags>;

type Settings = Pick<
  ControlPlaneOptions,
  | "browsers"
  | "eventTtlSeconds"
  | "extendTokenExpiration"
  | "externalAddress"
  | "jwksUri"
  | "kubernetesServiceNodePort"
  | "livezGraceMs"
  | "tolerationSeconds"
>;

/** `port`: of HTTPS. */
export function serverSettings(values: ServerValues, port: number): Settings {
  const { "external-hostname": external, "service-account-jwks-uri": jwksUri } = values;
  return {
    browsers: browsersOf(values),
    eventTtlSeconds: Math.round(values["event-ttl"] / 1000),
    extendTokenExpiration: values["service-account-extend-token-expiration"],
    kubernetesServiceNodePort: values["kubernetes-service-node-port"],
    livezGraceMs: values["livez-grace-period"],
    tolerationSeconds: {
      notReady: values["default-not-ready-toleration-seconds"],
      unreachable: values["default-unreachable-toleration-seconds"],
    },
    ...(external ? { externalAddress: /:\d+$/.test(external) ? external : `${external}:${port}` } : {}),
    ...(jwksUri ? { jwksUri } : {}),
  };
}

const browsersOf = (values: ServerValues): BrowserOptions => ({
  allowedOrigins: values["cors-allowed-origins"],
  transportDirectives: values["strict-transport-security-directives"],
});

/** Throws FlagError for what can not be served. */
export function tlsSettings(values: ServerValues): TlsSettings {
  const { "tls-cipher-suites": suites, "tls-min-version": least, "tls-sni-cert-key": named } = values;
  return {
    withoutHttp2: values["disable-http2-serving"],
    ...(suites.length > 0 ? { ciphers: told("tls-cipher-suites", () => cipherList(suites)) } : {}),
    ...(least ? { minVersion: told("tls-min-version", () => tlsVersion(least)) } : {}),
    named: named.map((text) => {
      const { cert, key, names } = told("tls-sni-cert-key", () => parseNamedCertificate(text));
      return { names, cert: readFlagFile("tls-sni-cert-key", cert), key: readFlagFile("tls-sni-cert-key", key) };
    }),
  };
}

function told<T>(flag: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new FlagError(`--${flag}: ${(error as Error).message}`);
  }
}

export interface AdmissionValues extends Pick<ServerValues, "admission-control"> {
  readonly "enable-admission-plugins": readonly string[];
  readonly "disable-admission-plugins": readonly string[];
}

/** --admission-control names all that run. */
export function admissionSelection(values: AdmissionValues): { enable: readonly string[]; disable: readonly string[] } {
  const only = values["admission-control"];
  if (only.length === 0)
    return { enable: values["enable-admission-plugins"], disable: values["disable-admission-plugins"] };
  return { enable: only, disable: admissionPluginNames().filter((name) => !only.includes(name)) };
}
