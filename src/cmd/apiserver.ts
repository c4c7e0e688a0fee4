// `t8s apiserver`: the API server alone, with kube-apiserver's flags. The store is ours: --store and --data-dir stand in
// place of --etcd-servers.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Logger, MetricRegistry, systemClock, systemRng } from "../base/index.ts";
import { type FlagDefinitions, FlagError, type FlagValues } from "../cli/index.ts";
import { nodeAddress } from "../cluster/index.ts";
import { type ClusterPki, loadOrCreatePki } from "../cluster/pki/index.ts";
import {
  defaultRequestHeaders,
  parseAuthorizationModes,
  parseTokenFile,
  type RequestHeaderOptions,
} from "../server/index.ts";
import { createNodeStreaming, createTokenIssuer, type NodeStreaming, type TlsMaterial } from "../server/node/index.ts";
import { createMemoryStore, type Store } from "../store/index.ts";
import { createControlPlane } from "./control-plane.ts";
import { levelOf, processLogger, readFlags, stopSignal } from "./lib.ts";
import { serveApi } from "./serve-api.ts";

const flags = {
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
  "anonymous-auth": {
    type: "boolean",
    help: "let requests without credentials in as system:anonymous",
    default: "true",
  },
  "service-account-issuer": { type: "list", help: "issuer of ServiceAccount tokens; the first signs" },
  "service-account-key-file": { type: "list", help: "keys that verify ServiceAccount tokens" },
  "service-account-signing-key-file": { type: "string", help: "key that signs ServiceAccount tokens" },
  "service-account-max-token-expiration": { type: "duration", help: "longest life of an issued token" },
  "api-audiences": { type: "list", help: "audiences of this server; the issuers when not given" },
  "requestheader-client-ca-file": { type: "string", help: "authorities of front proxies" },
  "requestheader-allowed-names": { type: "list", help: "common names of front proxies; any when empty" },
  "requestheader-username-headers": { type: "list", help: "headers that hold the user's name" },
  "requestheader-group-headers": { type: "list", help: "headers that hold groups" },
  "requestheader-extra-headers-prefix": { type: "list", help: "prefixes of headers that hold more about the user" },
  "service-cluster-ip-range": { type: "string", help: "range of cluster IPs", default: "10.0.0.0/24" },
  "service-node-port-range": { type: "string", help: "range of node ports", default: "30000-32767" },
  "authorization-mode": {
    type: "list",
    help: "authorizers in order: Node, RBAC, AlwaysAllow, AlwaysDeny",
    default: "AlwaysAllow",
  },
  "enable-admission-plugins": { type: "list", help: "admission plugins to add to the default ones" },
  "disable-admission-plugins": { type: "list", help: "admission plugins to leave out" },
  "kubelet-client-certificate": { type: "string", help: "client certificate towards kubelets" },
  "kubelet-client-key": { type: "string", help: "key of --kubelet-client-certificate" },
  "kubelet-certificate-authority": {
    type: "string",
    help: "authorities of kubelets' certificates; unchecked when not given",
  },
  "feature-gates": { type: "map", help: "features to turn on or off: NAME=true|false" },
  "max-requests-inflight": { type: "integer", help: "reading requests at one time", default: "400" },
  "max-mutating-requests-inflight": { type: "integer", help: "writing requests at one time", default: "200" },
  store: { type: "string", help: "where objects are kept: sqlite or memory", default: "sqlite" },
  "data-dir": { type: "string", help: "directory of the SQLite store", default: "." },
  v: { type: "integer", help: "verbosity of the log", shorthand: "v", default: "0" },
} as const satisfies FlagDefinitions;

type Values = FlagValues<typeof flags>;

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags({ name: "apiserver", about: "Runs the API server alone.", flags }, words);
  if (parsed === undefined) return 0;
  const { values } = parsed;
  const log = processLogger("apiserver", levelOf(values.v));
  const signal = stopSignal();
  const store = await openStore(values, log);
  const advertise = { address: values["advertise-address"] ?? nodeAddress(), port: values["secure-port"] };
  const pki = selfMade(values, advertise.address);
  const tls = tlsMaterial(values, pki);
  const streaming = nodeStreaming(values, pki, log);
  const plane = createControlPlane({
    connect: streaming.connect,
    store,
    clock: systemClock,
    rng: systemRng,
    log,
    metrics: new MetricRegistry(),
    advertise,
    anonymous: values["anonymous-auth"],
    authorizationModes: parseAuthorizationModes(values["authorization-mode"]),
    serviceClusterIPRange: values["service-cluster-ip-range"],
    serviceNodePortRange: values["service-node-port-range"],
    admission: { enable: values["enable-admission-plugins"], disable: values["disable-admission-plugins"] },
    featureGates: booleans(values["feature-gates"]),
    maxRequestsInflight: values["max-requests-inflight"],
    maxMutatingRequestsInflight: values["max-mutating-requests-inflight"],
    tokenIssuer: tokenIssuer(values, pki),
    ...(values["token-auth-file"]
      ? { staticTokens: parseTokenFile(read(values["token-auth-file"]), values["token-auth-file"]) }
      : {}),
    ...(values["requestheader-client-ca-file"] ? { requestHeader: requestHeader(values) } : {}),
    ...(values["service-account-max-token-expiration"]
      ? { maxTokenExpirationSeconds: values["service-account-max-token-expiration"] / 1000 }
      : {}),
  });
  await plane.start();
  const listener = await serveApi({
    plane,
    streaming,
    tls,
    bindAddress: values["bind-address"],
    port: values["secure-port"],
    clock: systemClock,
    log,
  });
  log.info("serving", { address: `https://${advertise.address}:${listener.port}` });
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  await listener.close();
  streaming.close();
  await plane.close();
  await store.close();
  return 0;
}

async function openStore(values: Values, log: Logger): Promise<Store> {
  const relaxedPrefixes = ["/registry/events/", "/registry/leases/"];
  switch (values.store) {
    case "memory":
      return createMemoryStore({ clock: systemClock, relaxedPrefixes });
    case "sqlite": {
      mkdirSync(values["data-dir"], { recursive: true });
      const { openSqliteStore } = await import("../store/sqlite/index.ts");
      return openSqliteStore({ path: join(values["data-dir"], "store.db"), clock: systemClock, log, relaxedPrefixes });
    }
    default:
      throw new FlagError(
        `invalid argument ${JSON.stringify(values.store)} for "--store" flag: there are sqlite and memory`,
      );
  }
}

const read = (file: string): string => readFileSync(file, "utf8");

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
  const [cert, key, ca] = [
    values["kubelet-client-certificate"],
    values["kubelet-client-key"],
    values["kubelet-certificate-authority"],
  ];
  const own = pki === undefined ? {} : { cert: pki.apiServerKubeletClient.cert, key: pki.apiServerKubeletClient.key };
  return createNodeStreaming({
    ...(cert && key ? { cert: read(cert), key: read(key) } : own),
    ...(ca ? { ca: read(ca) } : {}),
    rng: systemRng,
    log: log.child("streaming"),
  });
}

const firstAddress = (range: string): string =>
  range.replace(/\d+\/\d+$/, (tail) => String(Number.parseInt(tail, 10) + 1));

function tlsMaterial(values: Values, pki: ClusterPki | undefined): TlsMaterial {
  const clientCA = values["client-ca-file"] ? { clientCA: read(values["client-ca-file"]) } : {};
  const requestHeaderCA = values["requestheader-client-ca-file"]
    ? { requestHeaderCA: read(values["requestheader-client-ca-file"]) }
    : {};
  if (!values["tls-cert-file"])
    return { cert: pki!.apiServer.cert, key: pki!.apiServer.key, ...clientCA, ...requestHeaderCA };
  if (!values["tls-private-key-file"]) throw new FlagError("--tls-cert-file needs --tls-private-key-file");
  return {
    cert: read(values["tls-cert-file"]),
    key: read(values["tls-private-key-file"]),
    ...clientCA,
    ...requestHeaderCA,
  };
}

function tokenIssuer(values: Values, pki: ClusterPki | undefined): ReturnType<typeof createTokenIssuer> {
  const signing = values["service-account-signing-key-file"];
  const audiences = values["api-audiences"];
  const keys = values["service-account-key-file"].map(read);
  const issuers = values["service-account-issuer"];
  return createTokenIssuer({
    issuers: issuers.length > 0 ? issuers : ["https://kubernetes.default.svc.cluster.local"],
    signingKey: signing ? read(signing) : pki!.serviceAccount.privateKey,
    ...(audiences.length > 0 ? { audiences } : {}),
    ...(keys.length > 0 ? { verifyingKeys: keys } : {}),
  });
}

function requestHeader(values: Values): RequestHeaderOptions {
  const orDefault = (given: readonly string[], fallback: readonly string[]): readonly string[] =>
    given.length > 0 ? given : fallback;
  return {
    ...defaultRequestHeaders,
    allowedNames: values["requestheader-allowed-names"],
    usernameHeaders: orDefault(values["requestheader-username-headers"], defaultRequestHeaders.usernameHeaders),
    groupHeaders: orDefault(values["requestheader-group-headers"], defaultRequestHeaders.groupHeaders),
    extraHeaderPrefixes: orDefault(
      values["requestheader-extra-headers-prefix"],
      defaultRequestHeaders.extraHeaderPrefixes,
    ),
  };
}

function booleans(gates: Readonly<Record<string, string>>): Record<string, boolean> {
  return Object.fromEntries(
    Object.entries(gates).map(([name, value]) => {
      if (value !== "true" && value !== "false")
        throw new FlagError(`invalid value of ${name}: ${value}, it is neither true nor false`);
      return [name, value === "true"];
    }),
  );
}
