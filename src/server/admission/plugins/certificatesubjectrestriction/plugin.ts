// Nobody asks the API server's own signer for a certificate in system:masters: the group passes every authorizer.
// Upstream: plugin/pkg/admission/certificates/subjectrestriction.
import { type CertificateSigningRequest, certificateSigningRequests } from "../../../../api/index.ts";
import { requestSubject } from "../../../authn/x509-subject.ts";
import type { AdmissionPlugin } from "../../../contract.ts";
import { refuse } from "../../framework.ts";

const clientSigner = "kubernetes.io/kube-apiserver-client";

export const createCertificateSubjectRestriction = (): AdmissionPlugin => ({
  name: "CertificateSubjectRestriction",
  handles: ({ operation, kind, subresource }) =>
    operation === "CREATE" &&
    subresource === "" &&
    kind.group === certificateSigningRequests.group &&
    kind.resource === certificateSigningRequests.resource,
  validate(attributes) {
    const { spec } = attributes.object as CertificateSigningRequest;
    if (spec.signerName !== clientSigner) return;
    if (organizationsOf(spec.request).includes("system:masters"))
      throw refuse(attributes, `use of ${clientSigner} signer with system:masters group is not allowed`);
  },
});

/** `request` is base64 of PEM; what is no request is validation's to refuse. */
function organizationsOf(request: string): readonly string[] {
  const body = /-----BEGIN CERTIFICATE REQUEST-----([^-]+)-----END/.exec(atob(request))?.[1];
  if (body === undefined) return [];
  return requestSubject(Uint8Array.from(atob(body.replace(/\s/g, "")), (each) => each.charCodeAt(0))).organizations;
}
