// Who may approve and sign certificate requests, and for which subjects nobody may ask.
// Upstream: plugin/pkg/admission/certificates/{approval,signing,subjectrestriction}.
import { type CertificateSigningRequest, certificateSigningRequests } from "../../../../api/index.ts";
import { deepEqual } from "../../../../machinery/index.ts";
import type { AccessAttributes, AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { refuse } from "../../framework.ts";

const group = "certificates.k8s.io";

const isCsr = (attributes: AdmissionAttributes, subresource: string): boolean =>
  attributes.operation === "UPDATE" &&
  attributes.kind.group === certificateSigningRequests.group &&
  attributes.kind.resource === certificateSigningRequests.resource &&
  attributes.subresource === subresource;

/** `verb` on the signer, or on all signers of its domain. */
async function maySign(host: AdmissionHost, attributes: AdmissionAttributes, verb: string): Promise<boolean> {
  const signer = (attributes.oldObject as CertificateSigningRequest).spec.signerName;
  const domain = `${signer.split("/", 1)[0]}/*`;
  for (const name of [signer, domain]) {
    const access: AccessAttributes = {
      user: attributes.user,
      verb,
      resourceRequest: true,
      group,
      version: "*",
      resource: "signers",
      subresource: "",
      namespace: "",
      name,
      path: "",
    };
    if ((await host.authorizer.authorize(access)).decision === "allow") return true;
  }
  return false;
}

const signerOf = (attributes: AdmissionAttributes): string =>
  JSON.stringify((attributes.oldObject as CertificateSigningRequest).spec.signerName);

export const createCertificateApproval = (host: AdmissionHost): AdmissionPlugin => ({
  name: "CertificateApproval",
  handles: (attributes) => isCsr(attributes, "approval"),
  async validate(attributes) {
    if (!(await maySign(host, attributes, "approve")))
      throw refuse(attributes, `user not permitted to approve requests with signerName ${signerOf(attributes)}`);
  },
});

export const createCertificateSigning = (host: AdmissionHost): AdmissionPlugin => ({
  name: "CertificateSigning",
  handles: (attributes) => isCsr(attributes, "status"),
  async validate(attributes) {
    const now = (attributes.object as CertificateSigningRequest).status ?? {};
    const before = (attributes.oldObject as CertificateSigningRequest).status ?? {};
    if (now.certificate === before.certificate && deepEqual(now.conditions, before.conditions)) return;
    if (!(await maySign(host, attributes, "sign")))
      throw refuse(attributes, `user not permitted to sign requests with signerName ${signerOf(attributes)}`);
  },
});
