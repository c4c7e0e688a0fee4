// The API server with its real authentication and authorization, as every composition root needs it: over HTTPS for
// processes, in process for the all-in-one cluster and the library.
import { type Secret, secrets } from "../../api/index.ts";
import type { Clock, Logger, MetricRegistry, Rng } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import { createClient, createEventRecorder } from "../../client/index.ts";
import { inProcessTransport, type Transport, type UserInfo } from "../../machinery/index.ts";
import {
  type ApiServer,
  type ApiServerOptions,
  type AuthorizationMode,
  type AuthorizerEntry,
  accessReviews,
  authenticationReviews,
  type BrowserOptions,
  bootstrapRbac,
  bootstrapTokens,
  createApiServer,
  createAuthenticator,
  createAuthorizer,
  type DocumentRoute,
  debugFlagRoutes,
  decisionMetrics,
  forBrowsers,
  openIdDiscovery,
  type RequestHeaderOptions,
  serverUser,
  serviceAccountTokens,
  staticTokens,
  type TokenCheck,
  type TokenIssuer,
  tokenRequests,
  type WebhookConnections,
  withLastUse,
} from "../../server/index.ts";
import type { Store } from "../../store/index.ts";

export interface ControlPlaneOptions
  extends Pick<
    ApiServerOptions,
    | "admission"
    | "advertise"
    | "allowPrivileged"
    | "anonymous"
    | "auditor"
    | "componentProbes"
    | "connect"
    | "encryptionChecks"
    | "eventTtlSeconds"
    | "featureGates"
    | "flags"
    | "kubeconfigUsers"
    | "kubernetesServiceNodePort"
    | "livezGraceMs"
    | "manifestDirectory"
    | "remoteEndpoint"
    | "runtimeConfig"
    | "maxMutatingRequestsInflight"
    | "maxRequestsInflight"
    | "priorityAndFairness"
    | "minRequestTimeoutMs"
    | "requestTimeoutMs"
    | "serviceClusterIPRange"
    | "serviceNodePortRange"
    | "tolerationSeconds"
    | "aggregation"
    | "extensionAuthentication"
  > {
  readonly store: Store;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
  readonly authorizationModes: readonly AuthorizationMode[];
  /** All authorizers in order, when there are others than the modes, or when they change. */
  readonly authorizers?: readonly AuthorizerEntry[] | (() => readonly AuthorizerEntry[]);
  /** Checks of tokens that nothing else here knows. */
  readonly moreTokens?: readonly TokenCheck[];
  /** Signs ServiceAccount tokens; without one they are refused and none is issued. */
  readonly tokenIssuer?: TokenIssuer;
  /** Secrets of type bootstrap.kubernetes.io/token let nodes in that join. */
  readonly bootstrapTokens?: boolean;
  readonly staticTokens?: ReadonlyMap<string, UserInfo>;
  readonly requestHeader?: RequestHeaderOptions;
  readonly maxTokenExpirationSeconds?: number;
  /** Tokens for kubelets live a year; true when not given. */
  readonly extendTokenExpiration?: boolean;
  /** `host:port` of this server in URLs that it gives out; the advertised address when not given. */
  readonly externalAddress?: string;
  readonly jwksUri?: string;
  readonly browsers?: BrowserOptions;
  /** What /debug/flags/v sets; without it there is no such page. */
  readonly setVerbosity?: (verbosity: number) => void;
}

export interface ControlPlane extends ApiServer {
  /** In process, in the name of a user: skips the wire, nothing else. */
  transport(user: UserInfo): Transport;
  client(user: UserInfo, userAgent: string): Client;
}

/** Users that upstream's components have by their certificates. */
export const componentUsers = {
  admin: { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] },
  controllerManager: { username: "system:kube-controller-manager", groups: ["system:authenticated"] },
  scheduler: { username: "system:kube-scheduler", groups: ["system:authenticated"] },
  proxy: { username: "system:kube-proxy", groups: ["system:authenticated"] },
  node: (name: string): UserInfo => ({
    username: `system:node:${name}`,
    groups: ["system:nodes", "system:authenticated"],
  }),
} as const;

export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { store, clock, rng, log, metrics, tokenIssuer, ...rest } = options;
  const webhooks = callsOnDemand();
  const noteUse = (secret: Secret, day: string): void => {
    const { namespace = "", name } = secret.metadata;
    server.writer
      .update(secrets, { namespace, name }, (current) => withLastUse(current, day))
      .catch((error: unknown) => log.warn("could not note that a token was used", { secret: name, namespace, error }));
  };
  const server: ApiServer = createApiServer({
    priorityAndFairness: true,
    webhooks,
    ...rest,
    store,
    clock,
    rng,
    log,
    metrics,
    authenticator: (reader) =>
      createAuthenticator({
        tokens: [
          ...(options.staticTokens ? [staticTokens(options.staticTokens)] : []),
          ...(tokenIssuer ? [serviceAccountTokens({ issuer: tokenIssuer, reader, clock, secretUsed: noteUse })] : []),
          ...(options.bootstrapTokens ? [bootstrapTokens({ reader, clock, log })] : []),
          ...(options.moreTokens ?? []),
        ],
        audiences: tokenIssuer?.audiences ?? [],
        ...(options.requestHeader ? { requestHeader: options.requestHeader } : {}),
      }),
    authorizer: (reader) =>
      createAuthorizer(options.authorizers ?? options.authorizationModes, reader, {
        gates: options.featureGates ?? {},
        instrument: decisionMetrics(metrics),
      }),
    virtualKinds: () => [
      ...accessReviews,
      ...authenticationReviews({
        authenticator: {
          authenticate: (request, peer) => server.authenticator.authenticate(request, peer),
          authenticateToken: (token, audiences) => server.authenticator.authenticateToken(token, audiences),
        },
      }),
    ],
    ...(tokenIssuer
      ? {
          tokenRequests: ({ reader }) =>
            tokenRequests({
              issuer: tokenIssuer,
              reader,
              clock,
              rng,
              extendExpiration: options.extendTokenExpiration ?? true,
              ...(options.maxTokenExpirationSeconds ? { maxExpirationSeconds: options.maxTokenExpirationSeconds } : {}),
            }),
        }
      : {}),
    events: (component) =>
      createEventRecorder({
        client: createClient(inProcessTransport(server.handle, serverUser), { userAgent: "kube-apiserver" }),
        clock,
        rng,
        log,
        component,
        api: "events",
      }),
    documents: [
      ...discoveryDocuments(options),
      ...(options.setVerbosity === undefined ? [] : debugFlagRoutes(options.setVerbosity)),
    ],
    ...(options.authorizationModes.includes("RBAC") ? { bootstrap: bootstrapRbac } : {}),
  });
  const transport = (user: UserInfo): Transport => inProcessTransport(server.handle, user);
  return {
    ...server,
    ...(options.browsers === undefined ? {} : { handle: forBrowsers(server.handle, options.browsers) }),
    transport,
    client: (user, userAgent) => createClient(transport(user), { userAgent }),
    async close() {
      await server.close();
      webhooks.close();
    },
  };
}

/** Node's HTTPS client is loaded with the first webhook that is called. */
function callsOnDemand(): WebhookConnections {
  let connections: Promise<WebhookConnections> | undefined;
  return {
    async post(call) {
      connections ??= import("../../server/node/index.ts").then(({ webhookConnections }) => webhookConnections());
      return (await connections).post(call);
    },
    close() {
      void connections?.then((opened) => opened.close());
    },
  };
}

function discoveryDocuments({
  tokenIssuer,
  advertise,
  externalAddress,
  jwksUri,
}: ControlPlaneOptions): readonly DocumentRoute[] {
  if (tokenIssuer === undefined || advertise === undefined) return [];
  const answer = openIdDiscovery({
    issuer: tokenIssuer,
    externalAddress: externalAddress ?? `${advertise.address}:${advertise.port}`,
    ...(jwksUri === undefined ? {} : { jwksUri }),
  });
  if (answer === undefined) return [];
  return ["/.well-known/openid-configuration", "/openid/v1/jwks"].map((path) => ({
    path,
    methods: ["GET"],
    handler: async ({ request }) => {
      const response = await answer(path, request.headers["accept"]);
      if (response === undefined) throw new Error(`no document at ${path}`);
      return response;
    },
  }));
}
