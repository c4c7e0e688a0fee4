// Who may approve and sign certificate requests, and for which subjects nobody may ask.
// Upstream: plugin/pkg/admission/certificates/{approval,signing,subjectrestriction}.
import { type CertificateSigningRequest, certificateSigningRequests } from "../../../../api/index.ts";
import { deepEqual } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { maySpeakFor } from "../../../signers.ts";
import { refuse } from "../../framework.ts";

const isCsr = (attributes: AdmissionAttributes, subresource: string): boolean =>
  attributes.operation === "UPDATE" &&
  attributes.kind.group === certificateSigningRequests.group &&
  attributes.kind.resource === certificateSigningRequests.resource &&
  attributes.subresource === subresource;

const maySign = (host: AdmissionHost, { user, oldObject }: AdmissionAttributes, verb: string): Promise<boolean> =>
  maySpeakFor(host.authorizer, { user, verb, signer: (oldObject as CertificateSigningRequest).spec.signerName });

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
