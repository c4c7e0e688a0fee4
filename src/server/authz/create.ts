// The authorizer of a server from its list of modes. Upstream: pkg/kubeapiserver/authorizer.

import { nodeRules } from "../bootstrap/rbac.ts";
import type { Authorizer, ObjectReader } from "../contract.ts";
import { featureGates } from "../enablement/features.ts";
import { alwaysAllow, alwaysDeny, firstDecision, privilegedGroup } from "./modes.ts";
import { nodeAuthorizer } from "./node.ts";
import { rbacAuthorizer } from "./rbac.ts";

export type AuthorizationMode = "Node" | "RBAC" | "AlwaysAllow" | "AlwaysDeny";

/** An authorizer of another kind, under the name that metrics have of it. */
export interface NamedAuthorizer extends Authorizer {
  readonly type: "ABAC" | "Webhook";
  readonly name: string;
}

export type AuthorizerEntry = AuthorizationMode | NamedAuthorizer;
export const authorizationModes: readonly AuthorizationMode[] = ["AlwaysAllow", "AlwaysDeny", "Node", "RBAC"];

export interface AuthorizerMeans {
  readonly gates?: Readonly<Record<string, boolean>>;
  /** Wraps what counts the decisions of one of them. */
  readonly instrument?: (authorizer: Authorizer, as: { readonly type: string; readonly name: string }) => Authorizer;
}

/**
 * `system:masters` first, then the entries in order. The rules for SelfSubjectRulesReview come from the entries alone. A function is
 * asked before each decision; another list takes effect at once, and the modes' authorizers live on in it.
 */
export function createAuthorizer(
  entries: readonly AuthorizerEntry[] | (() => readonly AuthorizerEntry[]),
  reader: ObjectReader,
  { gates = {}, instrument = (authorizer) => authorizer }: AuthorizerMeans = {},
): Authorizer {
  const { enabled } = featureGates(gates);
  const modes = new Map<AuthorizationMode, Authorizer>();
  const made = (entry: AuthorizerEntry): Authorizer => {
    if (typeof entry !== "string") return instrument(entry, entry);
    let authorizer = modes.get(entry);
    if (authorizer === undefined) {
      authorizer = instrument(authorizerOf(entry, { reader, enabled }), { type: entry, name: entry.toLowerCase() });
      modes.set(entry, authorizer);
    }
    return authorizer;
  };
  const union = (list: readonly AuthorizerEntry[]): Authorizer => {
    const each = list.map(made);
    const all = firstDecision([privilegedGroup("system:masters"), ...each]);
    return { authorize: all.authorize, rulesFor: firstDecision(each).rulesFor };
  };
  if (typeof entries !== "function") return union(entries);
  let list = entries();
  let current = union(list);
  const latest = (): Authorizer => {
    const next = entries();
    if (next !== list) [list, current] = [next, union(next)];
    return current;
  };
  return {
    authorize: (attributes) => latest().authorize(attributes),
    rulesFor: (user, namespace) => latest().rulesFor(user, namespace),
  };
}

interface Means {
  readonly reader: ObjectReader;
  readonly enabled: (gate: string) => boolean;
}

function authorizerOf(mode: AuthorizationMode, { reader, enabled }: Means): Authorizer {
  switch (mode) {
    case "AlwaysAllow":
      return alwaysAllow;
    case "AlwaysDeny":
      return alwaysDeny;
    case "RBAC":
      return rbacAuthorizer(reader);
    case "Node":
      return nodeAuthorizer({
        reader,
        nodeRules: nodeRules(enabled),
        podCertificates: enabled("PodCertificateRequest"),
      });
  }
}
