// Marks, and a year later deletes, tokens in Secrets that were made unasked and that nobody uses. Once a day, and only when uses have
// been noted for a year. Upstream: pkg/controller/serviceaccount/legacy_serviceaccount_token_cleaner.go.
// Reads `options.legacyTokenCleanUpPeriodMs` (--legacy-service-account-token-clean-up-period).
import { configMaps, pods, type Secret, type ServiceAccount, secrets, serviceAccounts } from "../../api/index.ts";
import { hasReason, isNotFound } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { dayOf, decide, invalidSinceLabel, secretNamesOf } from "./decide.ts";

const dayMs = 86_400_000;
const tracking = { namespace: "kube-system", name: "kube-apiserver-legacy-service-account-token-tracking" };

export async function runLegacyTokenCleaner(context: ControllerContext): Promise<void> {
  const { clock, log, client } = context;
  const unusedForMs = Number(context.options["legacyTokenCleanUpPeriodMs"] ?? 365 * dayMs);
  const held = watch(context, secrets);
  const accounts = watch(context, serviceAccounts);
  const running = watch(context, pods);
  const queue = newQueue(context, "legacy_service_account_token_cleaner");

  const trackedLongEnough = async (nowMs: number): Promise<boolean> => {
    const since = Date.parse((await client.of(configMaps).find(tracking))?.data?.["since"] ?? "");
    // The day on which it began does not count.
    return nowMs >= since + dayMs + unusedForMs;
  };
  const accountOf = (secret: Secret): ServiceAccount | undefined => {
    const { "kubernetes.io/service-account.name": name, "kubernetes.io/service-account.uid": uid } =
      secret.metadata.annotations ?? {};
    const account = name ? accounts.get(secret.metadata.namespace ?? "", name) : undefined;
    return !uid || account?.metadata.uid === uid ? account : undefined;
  };
  const clean = async (secret: Secret, verdict: "mark" | "delete", nowMs: number): Promise<void> => {
    const { name, namespace = "", resourceVersion = "", uid } = secret.metadata;
    try {
      if (verdict === "delete")
        await client.of(secrets).delete({ namespace, name }, { preconditions: { resourceVersion } });
      else
        await client
          .of(secrets)
          .patch(
            { namespace, name },
            { metadata: { uid, labels: { [invalidSinceLabel]: dayOf(nowMs) } } },
            { type: "merge" },
          );
    } catch (error) {
      if (isNotFound(error) || hasReason(error, "Conflict")) return;
      // The next day comes with the next try.
      log.error("could not clean up a token that nobody uses", { secret: `${namespace}/${name}`, error });
    }
  };
  queue.add("all");
  await runLoop(context, {
    queue,
    workers: 1,
    informers: [held, accounts, running],
    reconcile: async () => {
      const nowMs = clock.now();
      if (!(await trackedLongEnough(nowMs))) return dayMs;
      const mountedIn = new Map<string, ReadonlySet<string>>();
      for (const secret of held.list()) {
        const namespace = secret.metadata.namespace ?? "";
        const mounted: ReadonlySet<string> =
          mountedIn.get(namespace) ?? new Set(running.list(namespace).flatMap(secretNamesOf));
        mountedIn.set(namespace, mounted);
        const verdict = decide({ secret, account: accountOf(secret), mounted, nowMs, unusedForMs });
        if (verdict !== "keep") await clean(secret, verdict, nowMs);
      }
      return dayMs;
    },
  });
}
