// Fills Secrets of type kubernetes.io/service-account-token and deletes those whose account is gone.
// Upstream: pkg/controller/serviceaccount/tokens_controller.go. Reads `options.signServiceAccountToken` (claims to token) and
// `options.rootCa` (PEM text).
import { type Secret, type ServiceAccount, secrets, serviceAccounts } from "../../api/index.ts";
import { hasReason, ignoreNotFound, isNotFound, objectKey } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { accountNameKey, accountUidKey, completed, isComplete, isTokenOf, lacks, tokenSecretType } from "./decide.ts";

const isOurs = ({ type }: Secret): boolean => type === tokenSecretType;

type Sign = (claims: Readonly<Record<string, unknown>>) => Promise<string>;

/** What is left to do for a Secret that is gone. */
interface Lost {
  readonly name: string;
  readonly account: string;
  readonly uid: string | undefined;
}

export async function runServiceAccountTokens(context: ControllerContext): Promise<void> {
  const sign = context.options["signServiceAccountToken"] as Sign | undefined;
  if (sign === undefined) return; // upstream without --service-account-private-key-file
  const queue = newQueue(context, "serviceaccount_tokens_secret");
  /** Secrets that are gone, by their key: their accounts may still name them. */
  const lost = new Map<string, Lost>();
  const add = (secret: Secret): void => {
    if (isOurs(secret)) queue.add(objectKey(secret));
  };
  const held = watch(context, secrets, {
    add,
    update: (_, secret) => add(secret),
    delete(secret) {
      const account = secret.metadata.annotations?.[accountNameKey];
      if (!isOurs(secret) || !account) return;
      const uid = secret.metadata.annotations?.[accountUidKey];
      lost.set(objectKey(secret), { name: secret.metadata.name, account, uid });
      queue.add(objectKey(secret));
    },
  });
  const accounts = watch(context, serviceAccounts, {
    delete(account) {
      for (const secret of held.list(account.metadata.namespace)) if (isTokenOf(secret, account)) add(secret);
    },
  });
  const tokens: Tokens = { context, held, accounts, sign, rootCa: rootCaOf(context) };
  await runLoop(context, {
    queue,
    informers: [held, accounts],
    reconcile: async (key) => {
      const secret = held.byKey(key);
      const gone = lost.get(key);
      lost.delete(key);
      if (secret !== undefined) return keep(tokens, secret);
      if (gone === undefined) return;
      try {
        await forget(tokens, key.slice(0, key.indexOf("/")), gone);
      } catch (error) {
        lost.set(key, gone);
        throw error;
      }
    },
  });
}

interface Tokens {
  readonly context: ControllerContext;
  readonly held: { byKey(key: string): Secret | undefined };
  readonly accounts: { get(namespace: string, name: string): ServiceAccount | undefined };
  readonly sign: Sign;
  readonly rootCa: string | undefined;
}

function rootCaOf({ options }: ControllerContext): string | undefined {
  const rootCa = options["rootCa"];
  return typeof rootCa === "string" && rootCa !== "" ? rootCa : undefined;
}

async function keep(tokens: Tokens, cached: Secret): Promise<void> {
  const client = tokens.context.client.of(secrets);
  const name = cached.metadata.annotations?.[accountNameKey];
  if (!name || !isOurs(cached)) return;
  const account = await accountOf(tokens, cached, name);
  try {
    if (account === undefined) {
      await client.delete(cached.metadata, { preconditions: { uid: cached.metadata.uid } });
      return;
    }
    if (isComplete(lacks(cached, tokens))) return;
    const live = await client.get(cached.metadata);
    // Otherwise an update is on its way here, and with it the next try.
    if (live.metadata.resourceVersion !== cached.metadata.resourceVersion) return;
    await client.update(await completed(live, account, tokens));
  } catch (error) {
    // Gone, or changed by somebody else who will be heard of.
    if (!isNotFound(error) && !hasReason(error, "Conflict")) throw error;
  }
}

/** The account that the Secret names, by the server's word when the cache has none. */
async function accountOf(tokens: Tokens, secret: Secret, name: string): Promise<ServiceAccount | undefined> {
  const namespace = secret.metadata.namespace ?? "";
  const uid = secret.metadata.annotations?.[accountUidKey];
  const fits = (account: ServiceAccount | undefined): account is ServiceAccount =>
    account !== undefined && (!uid || account.metadata.uid === uid);
  const cached = tokens.accounts.get(namespace, name);
  if (fits(cached)) return cached;
  const live = await tokens.context.client.of(serviceAccounts).find({ namespace, name });
  return fits(live) ? live : undefined;
}

/** A Secret is gone: its account names it no longer. */
async function forget(tokens: Tokens, namespace: string, { name, account, uid }: Lost): Promise<void> {
  const client = tokens.context.client.of(serviceAccounts);
  if (tokens.accounts.get(namespace, account) === undefined) return;
  const live = await client.find({ namespace, name: account });
  if (live === undefined || (uid && live.metadata.uid !== uid)) return;
  const kept = live.secrets?.filter((each) => each.name !== name) ?? [];
  if (kept.length === (live.secrets?.length ?? 0)) return;
  const { secrets: _, ...rest } = live;
  await client.update(kept.length > 0 ? { ...rest, secrets: kept } : rest).catch(ignoreNotFound);
}
