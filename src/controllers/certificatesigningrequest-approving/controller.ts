// Approves what kubelets ask for: a first client certificate by those who may (`nodeclient`), and renewals by the node itself
// (`selfnodeclient`). Upstream: pkg/controller/certificates/approver. Reads `options.certificates`.
import { type CertificateSigningRequest, certificateSigningRequests, subjectAccessReviews } from "../../api/index.ts";
import { formatTime } from "../../machinery/index.ts";
import {
  type ControllerContext,
  certificateTools,
  isDecided,
  isIssued,
  kubeletClientProblem,
  newQueue,
  type RequestedCertificate,
  runLoop,
  signers,
  watch,
} from "../lib/index.ts";

interface Permission {
  readonly subresource: string;
  readonly message: string;
}

/** Permissions any of which is enough, in the order in which they are asked for. */
function permissionsFor(csr: CertificateSigningRequest, asked: RequestedCertificate): Permission[] {
  if (csr.spec.signerName !== signers.kubeletClient) return [];
  if (kubeletClientProblem(asked, csr.spec.usages ?? []) !== undefined) return [];
  const self = {
    subresource: "selfnodeclient",
    message: "Auto approving self kubelet client certificate after SubjectAccessReview.",
  };
  const other = {
    subresource: "nodeclient",
    message: "Auto approving kubelet client certificate after SubjectAccessReview.",
  };
  return csr.spec.username === asked.commonName ? [self, other] : [other];
}

export async function runCertificateApproving(context: ControllerContext): Promise<void> {
  const tools = certificateTools(context);
  if (tools === undefined) return;
  const { client, clock } = context;
  const queue = newQueue(context, "certificate");
  const add = (csr: CertificateSigningRequest): void => queue.add(csr.metadata.name);
  const informer = watch(context, certificateSigningRequests, { add, update: (_, csr) => add(csr) });
  const allowed = async (csr: CertificateSigningRequest, subresource: string): Promise<boolean> => {
    const { username = "", uid = "", groups = [], extra = {} } = csr.spec;
    const group = "certificates.k8s.io";
    const resource = "certificatesigningrequests";
    const review = await client.of(subjectAccessReviews).create({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      metadata: { name: "" },
      spec: {
        ...{ user: username, uid, groups, extra },
        resourceAttributes: { group, resource, subresource, verb: "create", version: "*" },
      },
    });
    return review.status?.allowed === true;
  };
  const reconcile = async (name: string): Promise<undefined> => {
    const csr = informer.get("", name);
    if (csr === undefined || isIssued(csr) || isDecided(csr)) return;
    const permissions = permissionsFor(csr, await tools.read(atob(csr.spec.request)));
    for (const { subresource, message } of permissions) {
      if (!(await allowed(csr, subresource))) continue;
      const now = formatTime(clock.now());
      const approved = { type: "Approved", status: "True", reason: "AutoApproved", message, lastUpdateTime: now };
      const conditions = [...(csr.status?.conditions ?? []), approved];
      await client.of(certificateSigningRequests).updateSubresource(csr.metadata, "approval", {
        ...csr,
        status: { ...csr.status, conditions },
      });
      return;
    }
    if (permissions.length > 0)
      throw new Error(
        `recognized csr ${JSON.stringify(name)} as [${permissions.map((each) => each.subresource).join(" ")}] but subject access review was not approved`,
      );
  };
  await runLoop(context, { queue, informers: [informer], reconcile });
}
