// `t8s apiserver`: the API server alone, with kube-apiserver's flags. The store is ours: --store and --data-dir say
// where it is, and --etcd-servers has no effect.
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Logger, MetricRegistry, onAbort, sleep, systemClock, systemRng } from "../../base/index.ts";
import { type FlagDefinitions, FlagError, type FlagValues } from "../../cli/index.ts";
import { nodeAddress } from "../../cluster/index.ts";
import { type ClusterPki, loadOrCreatePki } from "../../cluster/pki/index.ts";
import {
  authorizationModes,
  defaultRequestHeaders,
  featureGates as gatesFrom,
  parseFeatureGates,
  parseRuntimeConfig,
  parseTokenFile,
  type RequestHeaderOptions,
  readAdmissionConfiguration,
  type TokenIssuer,
} from "../../server/index.ts";
import {
  createExtensionDialer,
  createNodeStreaming,
  createTokenIssuer,
  type NodeStreaming,
  type TlsMaterial,
  webhookConnections,
} from "../../server/node/index.ts";
import { createMemoryStore, type Store } from "../../store/index.ts";
import { gatesOfComponent } from "../gate-flags.ts";
import { levelOf, processLogger, readFlags, stopSignal } from "../lib.ts";
import { metricLimits } from "../metric-flags.ts";
import { registerProcessMetrics } from "../process-metrics.ts";
import { acceptedByApiServer, tellInert } from "./accepted-flags.ts";
import { auditFlags, auditorOf } from "./audit.ts";
import { authenticationFlags, hasMoreWays } from "./authentication/flags.ts";
import type { AuthenticationMeans, MoreAuthentication } from "./authentication/index.ts";
import { type Authorizers, authorizationFlags, modesOf } from "./authorization/flags.ts";
import { authorizersOf } from "./authorization/index.ts";
import { type ControlPlaneOptions, createControlPlane } from "./control-plane.ts";
import type { EncryptedStore } from "./encryption/index.ts";
import { extensionAuthentication } from "./extension-authentication.ts";
import { ofFlag, openAuthorities, openFile, openPublicKeys, openSigningKey } from "./flag-files.ts";
import { localHealth } from "./local-health.ts";
import { manifestDirectories } from "./manifest-directory.ts";
import { endpointOf, usersOf } from "./remote-endpoint.ts";
import { readFlagFile, servingFiles, servingPairOf } from "./self-signed.ts";
import { serveApi } from "./serve-api.ts";
import { admissionSelection, serverFlags, serverSettings, tlsSettings } from "./server-flags.ts";
import { validateFlags } from "./validate-flags.ts";

export const flags = {
  ...acceptedByApiServer,
  ...serverFlags,
  "secure-port": { type: "integer", help: "port of HTTPS", default: "6443" },
  "bind-address": { type: "string", help: "address to listen on", default: "0.0.0.0" },
  "advertise-address": { type: "string", help: "address under which other members of the cluster reach this server" },
  "cert-dir": {
    type: "string",
    help: "directory of certificates; made here when --tls-cert-file is not given",
    default: "/var/run/kubernetes",
  },
  "tls-cert-file": { type: "string", help: "serving certificate" },
  "tls-private-key-file": { type: "string", help: "key of --tls-cert-file" },
  "client-ca-file": { type: "string", help: "authorities of client certificates" },
  "token-auth-file": { type: "string", help: 'CSV file of static tokens: token,user,uid,"group1,group2"' },
  "allow-privileged": { type: "boolean", help: "let containers be privileged", default: "false" },
  "enable-bootstrap-token-auth": {
    type: "boolean",
    help: "let nodes that join in with bootstrap tokens, Secrets of kube-system",
  },
  "anonymous-auth": {
    type: "boolean",
    help: "let requests without credentials in as system:anonymous",
    default: "true",
  },
  "service-account-issuer": { type: "values", help: "issuer of ServiceAccount tokens; the first signs" },
  "service-account-key-file": { type: "values", help: "keys that verify ServiceAccount tokens" },
  "service-account-signing-key-file": { type: "string", help: "key that signs ServiceAccount tokens" },
  "service-account-max-token-expiration": { type: "duration", help: "longest life of an issued token" },
  "api-audiences": { type: "list", help: "audiences of this server; the issuers when not given" },
  "requestheader-client-ca-file": { type: "string", help: "authorities of front proxies" },
  "requestheader-allowed-names": { type: "list", help: "common names of front proxies; any when empty" },
  "proxy-client-cert-file": { type: "string", help: "certificate shown to extension servers" },
  "proxy-client-key-file": { type: "string", help: "key of --proxy-client-cert-file" },
  "enable-aggregator-routing": {
    type: "boolean",
    help: "send requests for extension servers to endpoints instead of cluster IPs",
  },
  "aggregator-reject-forwarding-redirect": {
    type: "boolean",
    help: "answer 502 to redirects of extension servers instead of passing them on",
    default: "true",
  },
  "requestheader-username-headers": { type: "list", help: "headers that hold the user's name" },
  "requestheader-group-headers": { type: "list", help: "headers that hold groups" },
  "requestheader-extra-headers-prefix": { type: "list", help: "prefixes of headers that hold more about the user" },
  "service-cluster-ip-range": { type: "string", help: "range of cluster IPs", default: "10.0.0.0/24" },
  "service-node-port-range": { type: "string", help: "range of node ports", default: "30000-32767" },
  ...authenticationFlags,
  ...authorizationFlags,
  "enable-admission-plugins": { type: "list", help: "admission plugins to add to the default ones" },
  "disable-admission-plugins": { type: "list", help: "admission plugins to leave out" },
  "admission-control-config-file": { type: "string", help: "AdmissionConfiguration: what plugins are told" },
  "kubelet-client-certificate": { type: "string", help: "client certificate towards kubelets" },
  "kubelet-client-key": { type: "string", help: "key of --kubelet-client-certificate" },
  "kubelet-certificate-authority": {
    type: "string",
    help: "authorities of kubelets' certificates; unchecked when not given",
  },
  "enable-priority-and-fairness": {
    type: "boolean",
    help: "make the flow schemas and priority levels of every cluster",
    default: "true",
  },
  "runtime-config": {
    type: "list",
    help: "built-in APIs to turn on or off: api/all, api/ga, api/beta, api/alpha, group/version[/resource], each =true|false",
  },
  "max-requests-inflight": { type: "integer", help: "reading requests at one time", default: "400" },
  "max-mutating-requests-inflight": { type: "integer", help: "writing requests at one time", default: "200" },
  "request-timeout": { type: "duration", help: "requests that neither watch nor stream end after it", default: "1m0s" },
  "min-request-timeout": { type: "integer", help: "seconds after which watches end that name no end", default: "1800" },
  "http2-max-streams-per-connection": {
    type: "integer",
    help: "requests that one HTTP/2 connection may have open; 0 for this server's choice",
    default: "0",
  },
  "goaway-chance": {
    type: "string",
    help: "after this part of all answers, at most .02, an HTTP/2 connection ends, so that clients spread over several servers",
    default: "0",
  },
  "shutdown-delay-duration": {
    type: "duration",
    help: "how long requests are served while /readyz fails",
    default: "0s",
  },
  "shutdown-send-retry-after": {
    type: "boolean",
    help: "answer new requests with 429 while those under way end",
    default: "false",
  },
  ...auditFlags,
  store: { type: "string", help: "where objects are kept: sqlite or memory", default: "sqlite" },
  "data-dir": { type: "string", help: "directory of the SQLite store", default: "." },
  v: { type: "integer", help: "verbosity of the log", shorthand: "v", default: "0" },
} as const satisfies FlagDefinitions;

/** Where upstream's components tell their health. */
const componentProbes = {
  scheduler: () => localHealth(10259),
  "controller-manager": () => localHealth(10257),
};

type Values = FlagValues<typeof flags>;

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags({ name: "apiserver", about: "Runs the API server alone.", flags }, words);
  if (parsed === undefined) return 0;
  validateFlags(parsed.values, parsed.given);
  const values = withServingPair(parsed.values);
  let verbosity = values.v;
  const log = processLogger("apiserver", () => levelOf(verbosity));
  tellInert(flags, parsed, log);
  const signal = stopSignal();
  const advertise = { address: values["advertise-address"] ?? advertisedAddress(values), port: values["secure-port"] };
  const pki = selfMade(values, advertise.address);
  const tls = tlsMaterial(values, pki);
  const streaming = nodeStreaming(values, pki, log);
  const setVerbosity = (set: number): void => {
    verbosity = set;
  };
  const { connect } = streaming;
  const metrics = new MetricRegistry(metricLimits(values));
  const means = { clock: systemClock, rng: systemRng, log, metrics, signal };
  const authorizers = await authorizersOf(values, { ...means, connections: webhookConnections });
  const tokenIssuer = issuerOf(values, pki);
  const more = hasMoreWays(values) ? await moreWays(values, parsed.given, { ...means, tokenIssuer }) : undefined;
  const options = {
    ...planeOptions({ values, tls, log, metrics, authorizers, tokenIssuer, more }),
    componentProbes,
    advertise,
    connect,
    log,
    setVerbosity,
  };
  const { store, checks } = await atRest(await openStore(values, log), values, { ...options, signal });
  try {
    await serve({ options: { ...options, store, encryptionChecks: checks }, streaming, tls, values, signal });
  } finally {
    streaming.close();
    await store.close();
  }
  return 0;
}

interface Serving {
  readonly options: ControlPlaneOptions;
  readonly streaming: NodeStreaming;
  readonly tls: TlsMaterial;
  readonly values: Values;
  readonly signal: AbortSignal;
}

async function serve({ options, streaming, tls, values, signal }: Serving): Promise<void> {
  const { log } = options;
  const chance = goAwayChance(values["goaway-chance"]);
  const plane = createControlPlane(options);
  try {
    const [bindAddress, port] = [values["bind-address"], values["secure-port"]];
    await plane.start();
    const maxStreams = values["http2-max-streams-per-connection"];
    const limits = {
      bodyTimeoutMs: values["request-timeout"],
      ...(maxStreams > 0 ? { maxStreams } : {}),
      ...(chance > 0 ? { goAway: { chance, rng: systemRng } } : {}),
    };
    const listener = await serveApi({ plane, streaming, tls, bindAddress, port, clock: systemClock, log, limits });
    log.info("serving", { address: `https://${options.advertise!.address}:${listener.port}` });
    await new Promise<void>((resolve) => onAbort(signal, resolve));
    log.info("stopping", { reason: signal.reason });
    plane.beginShutdown();
    const delayMs = values["shutdown-delay-duration"];
    if (delayMs > 0) await sleep(systemClock, delayMs);
    if (values["shutdown-send-retry-after"]) plane.refuseRequests();
    await listener.close(values["request-timeout"]);
  } finally {
    await plane.close();
  }
}

function goAwayChance(text: string): number {
  const chance = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isNaN(chance))
    throw new FlagError(
      `invalid argument ${JSON.stringify(text)} for "--goaway-chance" flag: strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  if (chance < 0 || chance > 0.02) throw new FlagError("--goaway-chance can not be less than 0 or greater than 0.02");
  return chance;
}

type PlaneOptions = Omit<ControlPlaneOptions, "store" | "advertise" | "connect" | "log">;

interface PlaneSource {
  readonly authorizers: Authorizers;
  readonly more: MoreAuthentication | undefined;
  readonly tokenIssuer: TokenIssuer;
  readonly metrics: MetricRegistry;
  readonly values: Values;
  readonly tls: TlsMaterial;
  readonly log: Logger;
}

/** Loaded for the flags that need it. */
async function moreWays(
  values: Values,
  given: ReadonlySet<string>,
  means: Omit<AuthenticationMeans, "connections" | "accountIssuers" | "apiAudiences"> & { tokenIssuer: TokenIssuer },
): Promise<MoreAuthentication> {
  const { moreAuthentication } = await import("./authentication/index.ts");
  return moreAuthentication(values, given, {
    ...means,
    connections: webhookConnections(),
    accountIssuers: issuersOf(values),
    apiAudiences: means.tokenIssuer.audiences,
  });
}

function planeOptions(source: PlaneSource): PlaneOptions {
  const { values, tls, log, metrics, authorizers, tokenIssuer, more } = source;
  const [tokens, frontProxies] = [values["token-auth-file"], values["requestheader-client-ca-file"]];
  const requestHeader = frontProxies ? requestHeaderOptions(values) : undefined;
  const lifetimeMs = values["service-account-max-token-expiration"];
  registerProcessMetrics(metrics, systemClock);
  const auditor = auditorOf(values, { metrics, log });
  return {
    clock: systemClock,
    rng: systemRng,
    metrics,
    flags: flagTexts(values),
    ...serverSettings(values, values["secure-port"]),
    allowPrivileged: values["allow-privileged"],
    priorityAndFairness: values["enable-priority-and-fairness"],
    anonymous: more?.anonymous ?? letsStrangersIn(values, log),
    ...(more === undefined ? {} : { moreTokens: more.tokens }),
    bootstrapTokens: values["enable-bootstrap-token-auth"],
    authorizationModes: authorizationModes.filter((mode) => authorizers.types.has(mode)),
    authorizers: authorizers.authorizers,
    serviceClusterIPRange: values["service-cluster-ip-range"],
    serviceNodePortRange: values["service-node-port-range"],
    admission: {
      ...admissionSelection(values),
      ...admissionConfiguration(values["admission-control-config-file"]),
    },
    featureGates: parseFeatureGates(gatesOfComponent(values["feature-gates"])),
    runtimeConfig: parseRuntimeConfig(values["runtime-config"]),
    maxRequestsInflight: values["max-requests-inflight"],
    maxMutatingRequestsInflight: values["max-mutating-requests-inflight"],
    tokenIssuer,
    extensionAuthentication: extensionAuthentication(tls, requestHeader),
    aggregation: aggregation(values),
    ...(auditor ? { auditor } : {}),
    remoteEndpoint: endpointOf,
    kubeconfigUsers: usersOf,
    manifestDirectory: manifestDirectories({ clock: systemClock, log }),
    requestTimeoutMs: values["request-timeout"],
    minRequestTimeoutMs: values["min-request-timeout"] * 1000,
    ...(tokens ? { staticTokens: tokensOf(tokens, log) } : {}),
    ...(requestHeader ? { requestHeader } : {}),
    ...(lifetimeMs ? { maxTokenExpirationSeconds: lifetimeMs / 1000 } : {}),
  };
}

const tokensOf = (path: string, log: Logger) =>
  ofFlag("token-auth-file", () => parseTokenFile(openFile(path), path, (text) => log.warn(text)));

/** As upstream: whoever may do everything has to say who he is, whatever --anonymous-auth says. */
function letsStrangersIn(values: Values, log: Logger): boolean {
  if (!values["anonymous-auth"] || !modesOf(values).includes("AlwaysAllow")) return values["anonymous-auth"];
  log.warn(
    "AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting AnonymousAuth to false. You should use a different authorizer",
  );
  return false;
}

/** For /flagz. */
function flagTexts(values: Values): Record<string, string> {
  const text = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.join(",")}]`;
    if (typeof value !== "object" || value === null) return String(value ?? "");
    return Object.entries(value)
      .map(([name, each]) => `${name}=${each}`)
      .join(",");
  };
  return Object.fromEntries(Object.keys(flags).map((name) => [name, text((values as Record<string, unknown>)[name])]));
}

/** As upstream: the address that is listened on, or the machine's when that is all of them or reaches this machine only. */
const advertisedAddress = (values: Values): string =>
  /^(0\.0\.0\.0|::|::1|127\..*)$/.test(values["bind-address"]) ? nodeAddress() : values["bind-address"];

function admissionConfiguration(path: string | undefined): { configuration?: Readonly<Record<string, unknown>> } {
  if (!path) return {};
  const flag = "admission-control-config-file";
  const read = (other: string): string => readFlagFile(flag, resolve(dirname(path), other));
  return { configuration: readAdmissionConfiguration({ text: readFlagFile(flag, path), read }) };
}

function aggregation(values: Values): NonNullable<ControlPlaneOptions["aggregation"]> {
  const [cert, key] = [values["proxy-client-cert-file"], values["proxy-client-key-file"]];
  const shown = (): { cert: string; key: string } => ({
    cert: readFlagFile("proxy-client-cert-file", cert!),
    key: readFlagFile("proxy-client-key-file", key!),
  });
  return {
    dialer: createExtensionDialer(cert && key ? shown() : undefined),
    toEndpoints: values["enable-aggregator-routing"],
    rejectRedirects: values["aggregator-reject-forwarding-redirect"],
  };
}

/** Encrypted, when a file says how. */
async function atRest(
  store: Store,
  values: Values,
  { log, metrics, featureGates, signal }: Omit<PlaneOptions, "log"> & { log: Logger; signal: AbortSignal },
): Promise<Pick<EncryptedStore, "store" | "checks">> {
  const path = values["encryption-provider-config"];
  if (!path) return { store, checks: [] };
  try {
    const { encryptedStore } = await import("./encryption/index.ts");
    return await encryptedStore(store, {
      path,
      reload: values["encryption-provider-config-automatic-reload"],
      kmsV1: gatesFrom(featureGates ?? {}).enabled("KMSv1"),
      clock: systemClock,
      rng: systemRng,
      log,
      metrics,
      signal,
    });
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openStore(values: Values, log: Logger): Promise<Store> {
  const relaxedPrefixes = ["/registry/events/", "/registry/leases/"];
  switch (values.store) {
    case "memory":
      return createMemoryStore({ clock: systemClock, relaxedPrefixes });
    case "sqlite": {
      mkdirSync(values["data-dir"], { recursive: true });
      const { openSqliteStore } = await import("../../store/sqlite/index.ts");
      return openSqliteStore({ path: join(values["data-dir"], "store.db"), clock: systemClock, log, relaxedPrefixes });
    }
    default:
      throw new FlagError(
        `invalid argument ${JSON.stringify(values.store)} for "--store" flag: there are sqlite and memory`,
      );
  }
}

/** With the certificate that --cert-dir holds already, when flags name none. */
function withServingPair(values: Values): Values {
  if (values["tls-cert-file"] || values["tls-private-key-file"]) return values;
  const found = servingPairOf(values["cert-dir"], "apiserver");
  if (found === undefined) return values;
  if (!values["service-account-signing-key-file"])
    throw new FlagError(
      `${found["tls-cert-file"]} is not of this server's making, so it makes no keys beside it: give --service-account-signing-key-file too`,
    );
  return { ...values, ...found };
}

/** Certificates and keys of the server's own, for whatever the flags do not name; undefined when they name everything. */
function selfMade(values: Values, address: string): ClusterPki | undefined {
  if (values["tls-cert-file"] && values["service-account-signing-key-file"]) return undefined;
  return loadOrCreatePki({
    directory: values["cert-dir"],
    clock: systemClock,
    rng: systemRng,
    serviceIP: firstAddress(values["service-cluster-ip-range"]),
    apiServerHosts: [address, ...(values["bind-address"] === "0.0.0.0" ? [] : [values["bind-address"]])],
  });
}

function nodeStreaming(values: Values, pki: ClusterPki | undefined, log: Logger): NodeStreaming {
  const [cert, key] = [values["kubelet-client-certificate"], values["kubelet-client-key"]];
  const ca = values["kubelet-certificate-authority"];
  const own = pki === undefined ? {} : { cert: pki.apiServerKubeletClient.cert, key: pki.apiServerKubeletClient.key };
  const given = (): { cert: string; key: string } => ({
    cert: readFlagFile("kubelet-client-certificate", cert!),
    key: readFlagFile("kubelet-client-key", key!),
  });
  return createNodeStreaming({
    ...(cert && key ? given() : own),
    ...(ca ? { ca: readFlagFile("kubelet-certificate-authority", ca) } : {}),
    rng: systemRng,
    log: log.child("streaming"),
  });
}

const firstAddress = (ranges: string): string => {
  const [range = ""] = ranges.split(",");
  if (!/^[\d.]+\/\d+$|^[\da-f:]+\/\d+$/i.test(range))
    throw new FlagError(
      `invalid argument ${JSON.stringify(ranges)} for "--service-cluster-ip-range" flag: it is no range such as 10.96.0.0/16`,
    );
  return range.includes(":")
    ? range.replace(/\/\d+$/, "1")
    : range.replace(/\d+\/\d+$/, (tail) => String(Number.parseInt(tail, 10) + 1));
};

function tlsMaterial(values: Values, pki: ClusterPki | undefined): TlsMaterial {
  const [clientCA, requestHeaderCA] = [values["client-ca-file"], values["requestheader-client-ca-file"]];
  const own = pki?.apiServer;
  const serving = servingFiles(values) ?? { cert: own!.cert, key: own!.key };
  return {
    ...serving,
    ...tlsSettings(values),
    ...(clientCA ? { clientCA: ofFlag("client-ca-file", () => openAuthorities(clientCA, "client-ca-bundle")) } : {}),
    ...(requestHeaderCA
      ? {
          requestHeaderCA: ofFlag("requestheader-client-ca-file", () =>
            openAuthorities(requestHeaderCA, "request-header"),
          ),
        }
      : {}),
  };
}

const issuersOf = (values: Values): readonly string[] =>
  values["service-account-issuer"].length > 0
    ? values["service-account-issuer"]
    : ["https://kubernetes.default.svc.cluster.local"];

function issuerOf(values: Values, pki: ClusterPki | undefined): TokenIssuer {
  const signing = values["service-account-signing-key-file"];
  const audiences = values["api-audiences"];
  const keys = ofFlag("service-account-key-file", () => values["service-account-key-file"].map(openPublicKeys));
  return createTokenIssuer({
    issuers: issuersOf(values),
    signingKey: signing ? openSigningKey(signing) : pki!.serviceAccount.privateKey,
    ...(audiences.length > 0 ? { audiences } : {}),
    ...(keys.length > 0 ? { verifyingKeys: keys } : {}),
  });
}

function requestHeaderOptions(values: Values): RequestHeaderOptions {
  const orDefault = (given: readonly string[], fallback: readonly string[]): readonly string[] =>
    given.length > 0 ? given : fallback;
  return {
    ...defaultRequestHeaders,
    allowedNames: values["requestheader-allowed-names"],
    usernameHeaders: orDefault(values["requestheader-username-headers"], defaultRequestHeaders.usernameHeaders),
    uidHeaders: orDefault(values["requestheader-uid-headers"], defaultRequestHeaders.uidHeaders),
    groupHeaders: orDefault(values["requestheader-group-headers"], defaultRequestHeaders.groupHeaders),
    extraHeaderPrefixes: orDefault(
      values["requestheader-extra-headers-prefix"],
      defaultRequestHeaders.extraHeaderPrefixes,
    ),
  };
}
