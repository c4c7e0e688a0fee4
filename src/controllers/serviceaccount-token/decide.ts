// What a Secret of type kubernetes.io/service-account-token lacks, and the claims of its token.
// Upstream: pkg/controller/serviceaccount/tokens_controller.go, pkg/serviceaccount/legacy.go.
import type { Secret, ServiceAccount } from "../../api/index.ts";

export const tokenSecretType = "kubernetes.io/service-account-token";
export const accountNameKey = "kubernetes.io/service-account.name";
export const accountUidKey = "kubernetes.io/service-account.uid";

/** `iss` of tokens that do not expire; they hold as long as their Secret does. */
const secretTokenIssuer = "kubernetes/serviceaccount";

export interface Wanted {
  /** PEM; undefined publishes none. */
  readonly rootCa: string | undefined;
}

export interface Lacks {
  readonly ca: boolean;
  readonly namespace: boolean;
  readonly token: boolean;
}

export function lacks({ data }: Pick<Secret, "data">, { rootCa }: Wanted): Lacks {
  return {
    ca: rootCa !== undefined && data?.["ca.crt"] !== btoa(rootCa),
    namespace: !data?.["namespace"],
    token: !data?.["token"],
  };
}

export const isComplete = ({ ca, namespace, token }: Lacks): boolean => !ca && !namespace && !token;

/** The Secret belongs to this very account, not to one of the same name before it. */
export function isTokenOf({ type, metadata }: Secret, account: Pick<ServiceAccount, "metadata">): boolean {
  const { name, uid, namespace } = account.metadata;
  return (
    type === tokenSecretType &&
    metadata.namespace === namespace &&
    metadata.annotations?.[accountNameKey] === name &&
    metadata.annotations[accountUidKey] === uid
  );
}

function claimsOf(secret: Secret, account: ServiceAccount): Readonly<Record<string, string>> {
  const { namespace = "", name, uid = "" } = account.metadata;
  const prefix = "kubernetes.io/serviceaccount";
  return {
    iss: secretTokenIssuer,
    [`${prefix}/namespace`]: namespace,
    [`${prefix}/secret.name`]: secret.metadata.name,
    [`${prefix}/service-account.name`]: name,
    [`${prefix}/service-account.uid`]: uid,
    sub: `system:serviceaccount:${namespace}:${name}`,
  };
}

/** The Secret with all it lacks; `token` is asked for only when it is missing. */
export async function completed(
  secret: Secret,
  account: ServiceAccount,
  wanted: Wanted & { readonly sign: (claims: Readonly<Record<string, unknown>>) => Promise<string> },
): Promise<Secret> {
  const missing = lacks(secret, wanted);
  const { metadata } = secret;
  return {
    ...secret,
    metadata: {
      ...metadata,
      annotations: {
        ...metadata.annotations,
        [accountNameKey]: account.metadata.name,
        [accountUidKey]: account.metadata.uid ?? "",
      },
    },
    data: {
      ...secret.data,
      ...(missing.ca ? { "ca.crt": btoa(wanted.rootCa ?? "") } : {}),
      ...(missing.namespace ? { namespace: btoa(metadata.namespace ?? "") } : {}),
      ...(missing.token ? { token: btoa(await wanted.sign(claimsOf(secret, account))) } : {}),
    },
  };
}
