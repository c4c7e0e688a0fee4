// Removes requests for pods' certificates a quarter of an hour after they were made: by then they are answered, or nobody waits for them.
// Upstream: pkg/controller/certificates/cleaner/pcrcleaner.go. Runs with feature PodCertificateRequest.
import { type PodCertificateRequest, podCertificateRequests } from "../../api/index.ts";
import { isAbort, sleep } from "../../base/index.ts";
import { isConflict, isNotFound, parseTime } from "../../machinery/index.ts";
import { type ControllerContext, featureEnabled, watch } from "../lib/index.ts";

const longestMs = 15 * 60_000;
const everyMs = 5 * 60_000;

export const isOver = ({ metadata }: Pick<PodCertificateRequest, "metadata">, nowMs: number): boolean =>
  nowMs >= parseTime(metadata.creationTimestamp) + longestMs;

export async function runPodCertificateRequestCleaner(context: ControllerContext): Promise<void> {
  if (!featureEnabled(context, "PodCertificateRequest")) return;
  const { client, clock, signal } = context;
  const informer = watch(context, podCertificateRequests);
  try {
    await informer.whenSynced(signal);
    for (;;) {
      for (const { metadata } of informer.list().filter((each) => isOver(each, clock.now())))
        try {
          const { uid } = metadata;
          await client.of(podCertificateRequests).delete(metadata, { preconditions: { uid } });
        } catch (error) {
          // Somebody was faster, or another one has its name by now.
          if (!isNotFound(error) && !isConflict(error)) throw error;
        }
      await sleep(clock, everyMs, signal);
    }
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}
