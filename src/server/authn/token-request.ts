// POST …/serviceaccounts/NAME/token: makes a token for a ServiceAccount, bound to a pod, secret or node when asked.
// Upstream: pkg/registry/core/serviceaccount/storage/token.go.

import {
  type KindDefinition,
  nodes,
  type Pod,
  pods,
  type ServiceAccount,
  secrets,
  serviceAccounts,
  type TokenRequest,
} from "../../api/index.ts";
import { type Clock, type Rng, uuid } from "../../base/index.ts";
import {
  badRequest,
  conflict,
  type FieldError,
  field,
  formatTime,
  invalid,
  type KubeObject,
  notFound,
  parseApiVersion,
} from "../../machinery/index.ts";
import type { ObjectReader, TokenIssuer } from "../contract.ts";
import type { ObjectClaim } from "./service-account-claims.ts";

export interface TokenRequestOptions {
  readonly issuer: TokenIssuer;
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly rng: Rng;
  /** `--service-account-max-token-expiration`; 0: no limit. */
  readonly maxExpirationSeconds?: number;
  /** `--service-account-extend-token-expiration`, on by default. */
  readonly extendExpiration?: boolean;
}

export interface TokenRequestInput {
  readonly namespace: string;
  /** Of the ServiceAccount. */
  readonly name: string;
  /** Completed as upstream does: audiences, metadata, an empty status. */
  readonly body: TokenRequest;
  /** Validating admission: asked once the body is complete and valid. */
  validate(): Promise<void>;
  warn(text: string): void;
  annotate(key: string, value: string): void;
}

/** The expiration that kubelets ask for by default; such tokens live on for a year and are watched instead of refused. */
const watchedExpirationSeconds = 3607;
const extendedExpirationSeconds = 365 * 24 * 3600;
const gk = { group: "authentication.k8s.io", kind: "TokenRequest" };

/** Returns a function that answers one TokenRequest, or throws the StatusError of what is wrong with it. */
export function tokenRequests(options: TokenRequestOptions): (input: TokenRequestInput) => Promise<TokenRequest> {
  const { issuer, clock } = options;
  return async (input) => {
    const account = await checkAccount(options.reader, input);
    const nowMs = clock.now();
    complete(input.body, { account, audiences: issuer.audiences, nowMs });
    const { expirationSeconds, audiences } = input.body.spec as Required<NonNullable<TokenRequest["spec"]>>;
    const errors = checkExpiration(expirationSeconds);
    if (errors.length > 0) throw invalid(gk, "", errors);
    await input.validate();
    const bound = await findBound(options.reader, input);
    const limit = options.maxExpirationSeconds ?? 0;
    const allowedSeconds = limit > 0 && expirationSeconds > limit ? limit : expirationSeconds;
    if (allowedSeconds !== expirationSeconds)
      input.warn(`requested expiration of ${expirationSeconds} seconds shortened to ${limit} seconds`);
    const extend =
      (options.extendExpiration ?? true) &&
      bound.pod !== undefined &&
      allowedSeconds === watchedExpirationSeconds &&
      audiences.every((each) => issuer.audiences.includes(each));
    const nowSeconds = Math.floor(nowMs / 1000);
    const jti = uuid(options.rng);
    const token = await issuer.sign({
      aud: audiences,
      exp: nowSeconds + (extend ? extendedExpirationSeconds : allowedSeconds),
      iat: nowSeconds,
      iss: issuer.issuer,
      jti,
      "kubernetes.io": {
        namespace: account.metadata.namespace,
        ...(bound.node === undefined ? {} : { node: bound.node }),
        ...(bound.pod === undefined ? {} : { pod: bound.pod }),
        ...(bound.secret === undefined ? {} : { secret: bound.secret }),
        serviceaccount: claimOf(account),
        ...(extend ? { warnafter: nowSeconds + allowedSeconds } : {}),
      },
      nbf: nowSeconds,
      sub: `system:serviceaccount:${account.metadata.namespace}:${account.metadata.name}`,
    });
    input.annotate("authentication.kubernetes.io/issued-credential-id", `JTI=${jti}`);
    return {
      kind: "TokenRequest",
      apiVersion: "authentication.k8s.io/v1",
      metadata: input.body.metadata,
      spec: { ...input.body.spec, expirationSeconds: allowedSeconds },
      status: { token, expirationTimestamp: formatTime(nowMs + allowedSeconds * 1000) },
    } as TokenRequest;
  };
}

function complete(
  body: TokenRequest,
  known: { readonly account: ServiceAccount; readonly audiences: readonly string[]; readonly nowMs: number },
): void {
  const { account, nowMs } = known;
  const { audiences = [], expirationSeconds = 3600, boundObjectRef } = body.spec ?? {};
  const { name, namespace, uid } = account.metadata;
  Object.assign(body, {
    metadata: { ...body.metadata, name, namespace, uid, creationTimestamp: formatTime(nowMs) },
    spec: {
      audiences: (audiences ?? []).length > 0 ? audiences : [...known.audiences],
      expirationSeconds,
      boundObjectRef: boundObjectRef ?? null,
    },
    status: { token: "", expirationTimestamp: null },
  });
}

async function checkAccount(
  reader: ObjectReader,
  { body, name, namespace }: TokenRequestInput,
): Promise<ServiceAccount> {
  const { metadata } = body;
  const mismatch = (path: string, value: string, what: string) =>
    invalid(gk, name, [field.invalid(path, value, `must match the service account ${what} if specified`)]);
  if (metadata?.name && metadata.name !== name) throw mismatch("metadata.name", metadata.name, "name");
  if (metadata?.namespace && metadata.namespace !== namespace)
    throw mismatch("metadata.namespace", metadata.namespace, "namespace");
  const account = await reader.getFresh(serviceAccounts, namespace, name);
  if (account === undefined) throw notFound({ group: "", resource: "serviceaccounts" }, name);
  if (metadata?.uid && metadata.uid !== account.metadata.uid)
    throw conflict(
      { group: gk.group, resource: gk.kind },
      name,
      `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${account.metadata.uid})`,
    );
  return account;
}

function checkExpiration(seconds: number): FieldError[] {
  if (seconds < 600)
    return [field.invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")];
  if (seconds > 2 ** 32)
    return [field.invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")];
  return [];
}

interface BoundClaims {
  readonly pod?: ObjectClaim;
  readonly secret?: ObjectClaim;
  readonly node?: ObjectClaim;
}

const claimOf = (object: KubeObject): ObjectClaim => ({ name: object.metadata.name, uid: object.metadata.uid ?? "" });

async function findBound(reader: ObjectReader, { body, name, namespace }: TokenRequestInput): Promise<BoundClaims> {
  const ref = body.spec?.boundObjectRef;
  if (ref === undefined || ref === null) return {};
  const { group, version } = parseApiVersion(ref.apiVersion ?? "");
  const refName = ref.name ?? "";
  const find = async <T extends KubeObject>(kind: KindDefinition<T>, where: string): Promise<T> => {
    const object = await reader.getFresh(kind, where, refName);
    if (object === undefined) throw notFound({ group: "", resource: kind.resource }, refName);
    return object;
  };
  const checkUid = (object: KubeObject): void => {
    if (ref.uid && ref.uid !== object.metadata.uid)
      throw conflict(
        { group, resource: ref.kind ?? "" },
        refName,
        `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
  };
  switch (group === "" ? ref.kind : undefined) {
    case "Pod": {
      const pod: Pod = await find(pods, namespace);
      if (pod.spec.serviceAccountName !== name)
        throw badRequest(
          `cannot bind token for serviceaccount ${JSON.stringify(name)} to pod running with different serviceaccount name.`,
        );
      checkUid(pod);
      const { nodeName } = pod.spec;
      if (!nodeName) return { pod: claimOf(pod) };
      const node = reader.get(nodes, "", nodeName);
      return { pod: claimOf(pod), node: node === undefined ? ({ name: nodeName } as ObjectClaim) : claimOf(node) };
    }
    case "Node": {
      const node = await find(nodes, "");
      checkUid(node);
      return { node: claimOf(node) };
    }
    case "Secret": {
      const secret = await find(secrets, namespace);
      checkUid(secret);
      return { secret: claimOf(secret) };
    }
    default:
      throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${ref.kind ?? ""}`);
  }
}
