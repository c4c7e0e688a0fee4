// The seams inside the API server: what the pipeline asks of authentication, authorization and admission, and what these
// may read. The pipeline itself is pipeline.ts; the composition is server.ts.

import type { KindDefinition } from "../api/index.ts";
import type { Clock, Logger, MetricRegistry, Rng } from "../base/index.ts";
import type { ApiRequest, Handle, KubeObject, PeerInfo, UserInfo } from "../machinery/index.ts";
import type { AdmissionPlugin } from "./admission/contract.ts";
import type { Catalog, ServedResource } from "./core.ts";
import type { ObjectObserver } from "./watchcache/index.ts";

export type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin, Reinvocation } from "./admission/contract.ts";
export type { ObjectObserver };

/** Finds out who asks. Undefined: no credentials of its kind were given. Throws StatusError 401 for bad ones. */
export interface Authenticator {
  authenticate(request: ApiRequest, peer: PeerInfo): Promise<Authenticated | undefined>;
  /** For TokenReview: the same check of a bare token for given audiences. */
  authenticateToken(token: string, audiences: readonly string[]): Promise<Authenticated | undefined>;
}

export interface Authenticated {
  readonly user: UserInfo;
  /** Audiences the credential is good for, when it is bound to any. */
  readonly audiences?: readonly string[];
}

/** Upstream: k8s.io/apiserver/pkg/authorization/authorizer Attributes. */
export interface AccessAttributes {
  readonly user: UserInfo;
  /** get, list, watch, create, …; for non-resource requests the lower-case HTTP method. */
  readonly verb: string;
  readonly resourceRequest: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Of non-resource requests. */
  readonly path: string;
  /** Selectors of a list, watch or deletecollection, when the request has any that parse. */
  readonly fieldSelector?: readonly { readonly field: string; readonly operator: "=" | "!="; readonly value: string }[];
  readonly labelSelector?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

export interface AccessDecision {
  readonly decision: "allow" | "deny" | "noOpinion";
  /** Shown in the 403 and in access reviews. */
  readonly reason: string;
  readonly error?: string;
}

export interface Authorizer {
  authorize(attributes: AccessAttributes): Promise<AccessDecision>;
  /** For SelfSubjectRulesReview. */
  rulesFor(user: UserInfo, namespace: string): Promise<AccessRules>;
}

export interface AccessRules {
  readonly resourceRules: readonly {
    readonly verbs: string[];
    readonly apiGroups: string[];
    readonly resources: string[];
    readonly resourceNames?: string[];
  }[];
  readonly nonResourceRules: readonly { readonly verbs: string[]; readonly nonResourceURLs: string[] }[];
  readonly incomplete: boolean;
  readonly evaluationError?: string;
}

/** Reads of the watch cache for the server's own needs: decoded, frozen objects, no request made. */
export interface ObjectReader {
  get<T extends KubeObject>(kind: KindDefinition<T>, namespace: string, name: string): T | undefined;
  /** All, or one namespace's. */
  list<T extends KubeObject>(kind: KindDefinition<T>, namespace?: string): readonly T[];
  /** Like get, but after everything acknowledged so far has reached the cache. */
  getFresh<T extends KubeObject>(kind: KindDefinition<T>, namespace: string, name: string): Promise<T | undefined>;
  /** Announces what is there, then every change in revision order, synchronously. Returns how to stop. */
  subscribe<T extends KubeObject>(kind: KindDefinition<T>, observer: ObjectObserver<T>): () => void;
}

/** Writes that the server makes by itself (bootstrap objects, token secrets): the registry without authorization. */
export interface ObjectWriter {
  create<T extends KubeObject>(kind: KindDefinition<T>, object: T): Promise<T>;
  /** Reads, changes and writes until no one else was faster. `change` returns undefined for "leave it". */
  update<T extends KubeObject>(
    kind: KindDefinition<T>,
    name: { namespace: string; name: string },
    change: (current: T) => T | undefined,
  ): Promise<T>;
  /** The same for `/status`. */
  updateStatus<T extends KubeObject>(
    kind: KindDefinition<T>,
    name: { namespace: string; name: string },
    change: (current: T) => T | undefined,
  ): Promise<T>;
  remove<T extends KubeObject>(kind: KindDefinition<T>, name: { namespace: string; name: string }): Promise<void>;
}

/** What a plugin's factory is given. */
export interface AdmissionHost {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly featureEnabled: (gate: string) => boolean;
  /** What is served: equivalent versions and their conversions, kinds of parameters. */
  readonly catalog: Catalog;
  /** Reads of kinds that are known by name only, custom ones among them: the watch cache of the stored kind. */
  readonly objects: ServedObjects;
  /** Absent where there is no network (browser, simulation): calls of webhooks fail. */
  readonly webhooks?: WebhookConnections;
  /** Reads a kubeconfig file; throws Error that says what is wrong with it. Absent where there are no files. */
  readonly remoteEndpoint?: (kubeconfigFile: string) => RemoteEndpoint;
  /** Reads the users of a kubeconfig file; throws Error that says what is wrong with it. Absent where there are no files. */
  readonly kubeconfigUsers?: (kubeconfigFile: string) => KubeconfigUsers;
  /** Where plugins with metrics of their own put them. */
  readonly metrics?: MetricRegistry;
  /** A plugin's document of `--admission-control-config-file`, decoded; undefined when there is none. */
  readonly pluginConfiguration?: (plugin: string) => unknown;
  /** `--default-not-ready-toleration-seconds` and `--default-unreachable-toleration-seconds`; 300 each when not given. */
  readonly tolerationSeconds?: { readonly notReady: number; readonly unreachable: number };
  /** Absent where there are no files. */
  readonly manifestDirectory?: OpenManifestDirectory;
}

/** Throws Error that says why the absolute path is no directory that can be read. */
export type OpenManifestDirectory = (path: string) => ManifestDirectory;

/** A directory of manifests of webhooks and policies. */
export interface ManifestDirectory {
  /** Its files of YAML and JSON that are not empty, by name. Throws Error that says what could not be read. */
  read(): readonly ManifestFile[];
  /** Calls back once at first, and whenever something may have changed. Returns how to stop. */
  watch(changed: () => void): () => void;
}

export interface ManifestFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Like ObjectReader, in the version asked for. Frozen objects. */
export interface ServedObjects {
  get(resource: ServedResource, namespace: string, name: string): Promise<KubeObject | undefined>;
  list(resource: ServedResource, namespace?: string): Promise<readonly KubeObject[]>;
}

/** HTTPS calls of webhooks. Node's sockets live behind this door; connections are kept for the next call. */
export interface WebhookConnections {
  /**
   * POST of a JSON document. Rejects with an Error when no answer came; its message says why in Go's words, such as
   * `dial tcp 127.0.0.1:1: connect: connection refused` or `context deadline exceeded`.
   */
  post(call: WebhookCall): Promise<WebhookAnswer>;
  close(): void;
}

export interface WebhookCall {
  /** POST when not given. A GET has no body. */
  readonly method?: "GET";
  /** `https://host:port/path?query`: also who the certificate must be for. */
  readonly url: string;
  /** Where to connect instead of the URL's host. */
  readonly connectTo?: Address;
  /** The Service that the URL's host stands for: the server finds where to connect. */
  readonly service?: ServicePort;
  /** PEM of the authorities to trust; the system's without it. */
  readonly authorities?: string;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** PEM of the caller's own certificate and its key. */
  readonly certificate?: string;
  readonly key?: string;
  /** The name that the peer's certificate must have, instead of the URL's host. */
  readonly serverName?: string;
  /** Does not check the peer's certificate. */
  readonly insecure?: boolean;
  /** The header of that name. */
  readonly authorization?: string;
  readonly userAgent?: string;
  /** More headers: whom the caller impersonates. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** Users of a kubeconfig by their names, which are hosts or patterns of hosts. */
export interface KubeconfigUsers {
  /** Each throws Error that says why the user can not be used. */
  readonly users: ReadonlyMap<string, () => CallerCredentials>;
  /** The user of the current context. */
  readonly current?: string;
}

/** How the server shows to a service who it is. */
export interface CallerCredentials extends Pick<WebhookCall, "certificate" | "key" | "headers"> {
  readonly authorization?: () => string | Promise<string>;
}

/** A service that a kubeconfig names. */
export interface RemoteEndpoint
  extends Pick<WebhookCall, "url" | "authorities" | "certificate" | "key" | "serverName" | "insecure"> {
  readonly authorization?: () => string | Promise<string>;
}

export interface WebhookAnswer {
  readonly status: number;
  /** As the peer words it: `Not Found`. */
  readonly statusText?: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

export interface AdmissionPluginEntry {
  readonly name: string;
  readonly onByDefault: boolean;
  readonly create: (host: AdmissionHost) => AdmissionPlugin;
}

/** Issues and checks ServiceAccount tokens (JWT, RS256). The key lives behind this door: node's crypto or WebCrypto. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly audiences: readonly string[];
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
  /** The claims of a token with a valid signature; undefined when it is not ours or not intact. Expiry is the caller's check. */
  verify(token: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** For /openid/v1/jwks. */
  readonly jwks: () => Promise<object>;
}

/** Reaches kubelets and pods for log, exec, attach, port-forward and proxy. Node's sockets live behind this door. */
export interface NodeDialer {
  /** A plain request to `https://node:port/path`; the answer may stream. */
  request(
    target: { readonly host: string; readonly port: number; readonly tls: boolean },
    request: ApiRequest,
  ): ReturnType<Handle>;
}
