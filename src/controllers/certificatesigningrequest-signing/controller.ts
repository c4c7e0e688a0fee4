// Signs approved requests of the four signers that Kubernetes has of its own. Upstream: pkg/controller/certificates/signer.
// Reads `options.certificates`; what has no authority in it is not signed, as upstream without --cluster-signing-*-file.
import { type CertificateSigningRequest, certificateSigningRequests } from "../../api/index.ts";
import { formatTime } from "../../machinery/index.ts";
import {
  type ControllerContext,
  certificateTools,
  isApproved,
  isIssued,
  newQueue,
  runLoop,
  signerRules,
  watch,
} from "../lib/index.ts";

/** A request may ask for less than the longest life, but not for less than this. */
const shortestMs = 600_000;

const lifeOf = (expirationSeconds: number | undefined, longestMs: number): number =>
  expirationSeconds === undefined ? longestMs : Math.min(longestMs, Math.max(shortestMs, expirationSeconds * 1000));

export async function runCertificateSigning(context: ControllerContext): Promise<void> {
  const tools = certificateTools(context);
  const authorityOf = tools?.authorityOf;
  if (tools === undefined || authorityOf === undefined) return;
  const client = context.client.of(certificateSigningRequests);
  const queue = newQueue(context, "certificate");
  const add = (csr: CertificateSigningRequest): void => queue.add(csr.metadata.name);
  const informer = watch(context, certificateSigningRequests, { add, update: (_, csr) => add(csr) });
  const failed = (message: string) => {
    const lastUpdateTime = formatTime(context.clock.now());
    return { type: "Failed", status: "True", reason: "SignerValidationFailure", message, lastUpdateTime };
  };
  const reconcile = async (name: string): Promise<undefined> => {
    const csr = informer.get("", name);
    if (csr === undefined || isIssued(csr) || !isApproved(csr)) return;
    const conditions = csr.status?.conditions ?? [];
    if (conditions.some((each) => each.type === "Failed" && (each.status || "True") === "True")) return;
    const rule = signerRules.get(csr.spec.signerName);
    const authority = authorityOf(csr.spec.signerName);
    if (rule === undefined || authority === undefined) return;
    const request = atob(csr.spec.request);
    const usages = csr.spec.usages ?? [];
    const problem = rule(await tools.read(request), usages);
    if (problem !== undefined) {
      await client.updateStatus({ ...csr, status: { ...csr.status, conditions: [...conditions, failed(problem)] } });
      return;
    }
    const lifeMs = lifeOf(csr.spec.expirationSeconds, authority.longestMs);
    const certificate = btoa(await authority.sign({ request, usages, lifeMs }));
    await client.updateStatus({ ...csr, status: { ...csr.status, certificate } });
  };
  await runLoop(context, { queue, informers: [informer], reconcile });
}
