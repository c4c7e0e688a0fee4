// Removes requests whose time is over, once an hour. Upstream: pkg/controller/certificates/cleaner. Reads `options.certificates`.
import { type CertificateSigningRequest, certificateSigningRequests } from "../../api/index.ts";
import { isAbort, sleep } from "../../base/index.ts";
import { ignoreNotFound, parseTime } from "../../machinery/index.ts";
import { type ControllerContext, certificateTools, isIssued, watch } from "../lib/index.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Why a request goes; undefined when it stays. `endMs`: end of its certificate's validity. */
export function whyRemoved(
  csr: CertificateSigningRequest,
  { nowMs, endMs }: { readonly nowMs: number; readonly endMs: number | undefined },
): string | undefined {
  const conditions = csr.status?.conditions ?? [];
  const older = (time: string | undefined, ms: number): boolean => nowMs - parseTime(time) > ms;
  const since = (type: string, ms: number): boolean =>
    conditions.some((each) => each.type === type && older(each.lastUpdateTime, ms));
  const approved = conditions.some((each) => each.type === "Approved");
  if (isIssued(csr) && since("Approved", hourMs)) return "it was issued more than an hour ago";
  if (since("Denied", hourMs)) return "it was denied more than an hour ago";
  if (since("Failed", hourMs)) return "it failed more than an hour ago";
  if (conditions.length === 0 && older(csr.metadata.creationTimestamp, dayMs)) return "nobody decided for a day";
  if (approved && isIssued(csr) && endMs !== undefined && nowMs > endMs) return "its certificate has expired";
  if (!isIssued(csr) && since("Approved", dayMs)) return "it was approved and not signed for a day";
  return undefined;
}

export async function runCertificateCleaner(context: ControllerContext): Promise<void> {
  const tools = certificateTools(context);
  if (tools === undefined) return;
  const { clock, log, signal } = context;
  const informer = watch(context, certificateSigningRequests);
  try {
    await informer.whenSynced(signal);
    for (;;) {
      for (const csr of informer.list()) {
        const endMs = isIssued(csr) ? await tools.endOf(atob(csr.status!.certificate!)) : undefined;
        const why = whyRemoved(csr, { nowMs: clock.now(), endMs });
        if (why === undefined) continue;
        log.info("cleaning a certificate request", { csr: csr.metadata.name, why });
        await remove(context, csr);
      }
      await sleep(clock, hourMs, signal);
    }
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}

async function remove({ client }: ControllerContext, csr: CertificateSigningRequest): Promise<void> {
  await client.of(certificateSigningRequests).delete(csr.metadata).catch(ignoreNotFound);
}
