// ServiceAccount tokens that live in Secrets: they do not expire and hold as long as their Secret has them.
// Upstream: pkg/serviceaccount/legacy.go.

import { type Secret, secrets, serviceAccounts } from "../../api/index.ts";
import type { UserInfo } from "../../machinery/index.ts";
import type { ObjectReader } from "../contract.ts";
import { InvalidCredentials } from "./credentials.ts";

/** `iss` of every such token, whatever the issuer of the others is called. */
export const secretTokenIssuer = "kubernetes/serviceaccount";

const invalidSinceLabel = "kubernetes.io/legacy-token-invalid-since";
const lastUsedLabel = "kubernetes.io/legacy-token-last-used";

export interface SecretTokenClaims {
  readonly subject: string;
  readonly namespace: string;
  readonly secret: string;
  readonly account: string;
  readonly uid: string;
}

export interface SecretTokenOptions {
  readonly reader: ObjectReader;
  readonly nowMs: number;
  /** Called when the Secret's label does not say that it was used today. */
  readonly used?: (secret: Secret, day: string) => void;
}

/** What the payload of a verified token of `secretTokenIssuer` says. Throws InvalidCredentials when something is missing. */
export function secretTokenClaims(payload: Readonly<Record<string, unknown>>): SecretTokenClaims {
  const read = (claim: string, called: string): string => {
    const value = payload[claim];
    if (typeof value !== "string" || value === "") throw new InvalidCredentials(`${called} claim is missing`);
    return value;
  };
  const prefix = "kubernetes.io/serviceaccount";
  const claims = {
    subject: read("sub", "sub"),
    namespace: read(`${prefix}/namespace`, "namespace"),
    secret: read(`${prefix}/secret.name`, "secretName"),
    account: read(`${prefix}/service-account.name`, "serviceAccountName"),
    uid: read(`${prefix}/service-account.uid`, "serviceAccountUID"),
  };
  if (claims.subject !== `system:serviceaccount:${claims.namespace}:${claims.account}`)
    throw new InvalidCredentials("sub claim is invalid");
  return claims;
}

/** Who the token is. Throws InvalidCredentials when its Secret or account is gone, another one, or marked as invalid. */
export async function userOfSecretToken(
  token: string,
  claims: SecretTokenClaims,
  { reader, nowMs, used }: SecretTokenOptions,
): Promise<UserInfo> {
  const { namespace, account: name, uid } = claims;
  const secret =
    reader.get(secrets, namespace, claims.secret) ?? (await reader.getFresh(secrets, namespace, claims.secret));
  if (secret === undefined || secret.metadata.deletionTimestamp !== undefined)
    throw new InvalidCredentials("Token has been invalidated");
  if (secret.data?.["token"] !== btoa(token)) throw new InvalidCredentials("Token does not match server's copy");
  const account =
    reader.get(serviceAccounts, namespace, name) ?? (await reader.getFresh(serviceAccounts, namespace, name));
  if (account === undefined) throw new InvalidCredentials(`serviceaccounts ${JSON.stringify(name)} not found`);
  if (account.metadata.deletionTimestamp !== undefined)
    throw new InvalidCredentials(`ServiceAccount ${namespace}/${name} has been deleted`);
  if (account.metadata.uid !== uid)
    throw new InvalidCredentials(`ServiceAccount UID (${account.metadata.uid}) does not match claim (${uid})`);
  noteUse(secret, nowMs, used);
  if (secret.metadata.labels?.[invalidSinceLabel])
    throw new InvalidCredentials(
      `the token in secret ${namespace}/${claims.secret} for service account ${namespace}/${name} has been marked invalid. ` +
        "Use tokens from the TokenRequest API or manually created secret-based tokens, " +
        `or remove the '${invalidSinceLabel}' label from the secret to temporarily allow use of this token`,
    );
  return {
    username: claims.subject,
    uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
  };
}

const dayMs = 86_400_000;

function noteUse(secret: Secret, nowMs: number, used: SecretTokenOptions["used"]): void {
  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const last = secret.metadata.labels?.[lastUsedLabel];
  // Servers whose clocks differ do not take turns.
  if (last !== dayOf(nowMs) && last !== dayOf(nowMs + dayMs)) used?.(secret, dayOf(nowMs));
}

/** The Secret with the day of its last use. */
export const withLastUse = (secret: Secret, day: string): Secret => ({
  ...secret,
  metadata: { ...secret.metadata, labels: { ...secret.metadata.labels, [lastUsedLabel]: day } },
});
