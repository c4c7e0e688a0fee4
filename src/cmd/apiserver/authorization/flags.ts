// Flags that say who decides what users may do. Upstream: pkg/kubeapiserver/options/authorization.go.
import type { Clock, Logger, MetricRegistry, Rng } from "../../../base/index.ts";
import type { FlagDefinitions, FlagValues } from "../../../cli/index.ts";
import { type AuthorizerEntry, authorizationModes, type WebhookConnections } from "../../../server/index.ts";

export const authorizationFlags = {
  "authorization-mode": {
    type: "list",
    help: "authorizers in order: Node, RBAC, ABAC, Webhook, AlwaysAllow, AlwaysDeny; AlwaysAllow without --authorization-config",
  },
  "authorization-config": {
    type: "string",
    help: "AuthorizationConfiguration: authorizers instead of --authorization-mode; read again when it changes",
  },
  "authorization-policy-file": { type: "string", help: "policies of mode ABAC, a JSON object a line" },
  "authorization-webhook-config-file": { type: "string", help: "kubeconfig of the service that mode Webhook asks" },
  "authorization-webhook-version": {
    type: "string",
    help: "version of SubjectAccessReview that the service understands: v1 or v1beta1",
    default: "v1beta1",
  },
  "authorization-webhook-cache-authorized-ttl": {
    type: "duration",
    help: "how long answers that allow are kept",
    default: "5m",
  },
  "authorization-webhook-cache-unauthorized-ttl": {
    type: "duration",
    help: "how long other answers are kept",
    default: "30s",
  },
} as const satisfies FlagDefinitions;

export type AuthorizationValues = FlagValues<typeof authorizationFlags>;

export interface AuthorizationMeans {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
  readonly connections: () => WebhookConnections;
  readonly signal: AbortSignal;
}

export interface Authorizers {
  /** Those of the flags or of the file as it is at the start. */
  readonly types: ReadonlySet<string>;
  /** A function is asked before each decision. */
  readonly authorizers: readonly AuthorizerEntry[] | (() => readonly AuthorizerEntry[]);
}

/** The modes, or what there is without any. */
export const modesOf = (values: AuthorizationValues): readonly string[] =>
  values["authorization-mode"].length > 0 || values["authorization-config"]
    ? values["authorization-mode"]
    : ["AlwaysAllow"];

const fileAlone = [
  ...["authorization-mode", "authorization-webhook-config-file", "authorization-webhook-version"],
  ...["authorization-webhook-cache-authorized-ttl", "authorization-webhook-cache-unauthorized-ttl"],
];

/** What can not be meant, in upstream's words and order. `given`: names of the flags that are on the command line. */
export function* authorizationProblems(values: AuthorizationValues, given: ReadonlySet<string>): Iterable<string> {
  if (values["authorization-config"]) {
    if (fileAlone.some((name) => given.has(name)))
      yield "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined";
    return;
  }
  const modes = modesOf(values);
  const [policies, kubeconfig] = [values["authorization-policy-file"], values["authorization-webhook-config-file"]];
  for (const mode of modes) {
    if (![...authorizationModes, "ABAC", "Webhook"].includes(mode))
      yield `authorization-mode ${JSON.stringify(mode)} is not a valid mode`;
    if (mode === "ABAC" && !policies) yield "authorization-mode ABAC's authorization policy file not passed";
    if (mode === "Webhook" && !kubeconfig) yield "authorization-mode Webhook's authorization config file not passed";
  }
  if (policies && !modes.includes("ABAC")) yield "cannot specify --authorization-policy-file without mode ABAC";
  if (kubeconfig && !modes.includes("Webhook"))
    yield "cannot specify --authorization-webhook-config-file without mode Webhook";
  if (new Set(modes).size !== modes.length)
    yield `authorization-mode [${modes.map((mode) => JSON.stringify(mode)).join(" ")}] has mode specified more than once`;
}
