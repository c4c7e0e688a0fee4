// What a ServiceAccount token says, and whether what it says still holds. Upstream: pkg/serviceaccount/claims.go.

import { type KindDefinition, nodes, pods, secrets, serviceAccounts } from "../../api/index.ts";
import { type KubeObject, parseTime, type UserInfo } from "../../machinery/index.ts";
import type { ObjectReader } from "../contract.ts";
import { InvalidCredentials } from "./credentials.ts";

export interface ObjectClaim {
  readonly name: string;
  readonly uid: string;
}

export interface ServiceAccountClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  /** Seconds since 1970. */
  readonly exp: number;
  readonly iat: number;
  readonly nbf: number;
  readonly jti?: string;
  readonly "kubernetes.io": {
    readonly namespace: string;
    readonly serviceaccount: ObjectClaim;
    readonly pod?: ObjectClaim;
    readonly secret?: ObjectClaim;
    readonly node?: ObjectClaim;
    /** When the token is past the lifetime that was asked for, but tolerated. */
    readonly warnafter?: number;
  };
}

/** Clocks of nodes and servers may differ by as much. Upstream: go-jose DefaultLeeway. */
const leewaySeconds = 60;

/** The claims when the payload has the form of a ServiceAccount token; undefined otherwise. */
export function serviceAccountClaims(payload: Readonly<Record<string, unknown>>): ServiceAccountClaims | undefined {
  const bound = payload["kubernetes.io"] as ServiceAccountClaims["kubernetes.io"] | undefined;
  if (typeof bound?.namespace !== "string" || typeof bound.serviceaccount?.name !== "string") return undefined;
  const { aud } = payload;
  return { ...payload, aud: typeof aud === "string" ? [aud] : (aud ?? []) } as ServiceAccountClaims;
}

export function checkTimes(claims: ServiceAccountClaims, nowMs: number): void {
  const now = nowMs / 1000;
  if (typeof claims.nbf === "number" && now + leewaySeconds < claims.nbf)
    throw new InvalidCredentials("service account token is not valid yet");
  if (typeof claims.exp === "number" && now - leewaySeconds > claims.exp)
    throw new InvalidCredentials("service account token has expired");
  if (typeof claims.iat === "number" && now + leewaySeconds < claims.iat)
    throw new InvalidCredentials("service account token is issued in the future");
}

/** Throws InvalidCredentials when the account or what the token is bound to is gone or another one by now. */
export async function checkBoundObjects(
  claims: ServiceAccountClaims,
  reader: ObjectReader,
  nowMs: number,
): Promise<void> {
  const { namespace, serviceaccount, secret, pod, node } = claims["kubernetes.io"];
  const find = <T extends KubeObject>(
    kind: KindDefinition<T>,
    where: string,
    name: string,
  ): Promise<T | undefined> | T => reader.get(kind, where, name) ?? reader.getFresh(kind, where, name);
  const gone = (object: KubeObject): boolean => {
    const deletedMs = parseTime(object.metadata.deletionTimestamp);
    return deletedMs < nowMs - leewaySeconds * 1000;
  };
  const account = await find(serviceAccounts, namespace, serviceaccount.name);
  if (account === undefined)
    throw new InvalidCredentials(`serviceaccounts ${JSON.stringify(serviceaccount.name)} not found`);
  if (account.metadata.uid !== serviceaccount.uid)
    throw new InvalidCredentials(
      `service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid})`,
    );
  if (gone(account))
    throw new InvalidCredentials(`service account ${namespace}/${serviceaccount.name} has been deleted`);

  const check = async <T extends KubeObject>(
    what: "secret" | "pod" | "node",
    kind: KindDefinition<T>,
    where: string,
    claim: ObjectClaim,
  ): Promise<void> => {
    const object = await find(kind, where, claim.name);
    if (object === undefined) throw new InvalidCredentials("service account token has been invalidated");
    if (object.metadata.uid !== claim.uid)
      throw new InvalidCredentials(
        `${what} UID (${object.metadata.uid}) does not match service account ${what} ref claim (${claim.uid})`,
      );
    if (gone(object)) throw new InvalidCredentials("service account token has been invalidated");
  };
  if (secret !== undefined) await check("secret", secrets, namespace, secret);
  if (pod !== undefined) await check("pod", pods, namespace, pod);
  else if (node !== undefined) await check("node", nodes, "", node);
}

export function userOfClaims(claims: ServiceAccountClaims): UserInfo {
  const { namespace, serviceaccount, pod, node } = claims["kubernetes.io"];
  const prefix = "authentication.kubernetes.io";
  const extra: Record<string, readonly string[]> = {};
  if (pod?.name && pod.uid) {
    extra[`${prefix}/pod-name`] = [pod.name];
    extra[`${prefix}/pod-uid`] = [pod.uid];
  }
  if (claims.jti) extra[`${prefix}/credential-id`] = [`JTI=${claims.jti}`];
  if (node?.name) {
    extra[`${prefix}/node-name`] = [node.name];
    if (node.uid) extra[`${prefix}/node-uid`] = [node.uid];
  }
  return {
    username: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}
