// The authorizer of a server from its list of modes. Upstream: pkg/kubeapiserver/authorizer.

import { nodeRules } from "../bootstrap/rbac.ts";
import type { Authorizer, ObjectReader } from "../contract.ts";
import { featureGates } from "../enablement/features.ts";
import { alwaysAllow, alwaysDeny, firstDecision, privilegedGroup } from "./modes.ts";
import { nodeAuthorizer } from "./node.ts";
import { rbacAuthorizer } from "./rbac.ts";

export type AuthorizationMode = "Node" | "RBAC" | "AlwaysAllow" | "AlwaysDeny";
export const authorizationModes: readonly AuthorizationMode[] = ["AlwaysAllow", "AlwaysDeny", "Node", "RBAC"];

/** Checks `--authorization-mode`. Throws an Error that names what is wrong with it. */
export function parseAuthorizationModes(
  modes: readonly string[],
  { mayBeNone = false }: { readonly mayBeNone?: boolean } = {},
): readonly AuthorizationMode[] {
  if (modes.length === 0 && !mayBeNone) throw new Error("at least one authorization-mode must be passed");
  for (const mode of modes)
    if (!authorizationModes.includes(mode as AuthorizationMode))
      throw new Error(
        `authorization-mode ${JSON.stringify(mode)} is not a valid mode; this server knows ${authorizationModes.join(", ")}`,
      );
  if (new Set(modes).size !== modes.length)
    throw new Error(`authorization-mode ${JSON.stringify(modes.join(","))} has mode specified more than once`);
  return modes as readonly AuthorizationMode[];
}

/** `system:masters` first, then the modes in order. The rules for SelfSubjectRulesReview come from the modes alone. */
export function createAuthorizer(
  modes: readonly (AuthorizationMode | Authorizer)[],
  reader: ObjectReader,
  gates: Readonly<Record<string, boolean>> = {},
): Authorizer {
  const { enabled } = featureGates(gates);
  const each = modes.map((mode) => (typeof mode === "string" ? authorizerOf(mode, { reader, enabled }) : mode));
  const all = firstDecision([privilegedGroup("system:masters"), ...each]);
  return { authorize: all.authorize, rulesFor: firstDecision(each).rulesFor };
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
