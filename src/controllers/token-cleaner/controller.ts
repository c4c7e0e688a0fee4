// Deletes bootstrap tokens that have expired. Upstream: pkg/controller/bootstrap/tokencleaner.go.
import { type Secret, secrets } from "../../api/index.ts";
import { hasReason, isNotFound, objectKey } from "../../machinery/index.ts";
import { type ControllerContext, isBootstrapToken, newQueue, runLoop, tokenLeftMs, watch } from "../lib/index.ts";

export async function runTokenCleaner(context: ControllerContext): Promise<void> {
  const { client, clock } = context;
  const queue = newQueue(context, "token_cleaner");
  const add = (secret: Secret): void => {
    if (isBootstrapToken(secret)) queue.add(objectKey(secret));
  };
  const informer = watch(context, secrets, { add, update: (_, secret) => add(secret) });
  const reconcile = async (key: string): Promise<number | undefined> => {
    const secret = informer.byKey(key);
    if (secret === undefined || !isBootstrapToken(secret)) return undefined;
    const leftMs = tokenLeftMs(secret, clock.now());
    if (leftMs === undefined || leftMs > 0) return leftMs;
    try {
      await client.of(secrets).delete(secret.metadata, { preconditions: { uid: secret.metadata.uid } });
    } catch (error) {
      // Gone already, or another one took its name.
      if (!isNotFound(error) && !hasReason(error, "Conflict")) throw error;
    }
    return undefined;
  };
  await runLoop(context, { queue, informers: [informer], reconcile });
}
