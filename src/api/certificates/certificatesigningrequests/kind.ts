// CertificateSigningRequest: certificates.k8s.io/v1 certificatesigningrequests.
import type { CertificateSigningRequest } from "../../../../facts/types/certificates.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { humanDuration, orElse, tableColumns } from "../../lib/columns.ts";

function condition({ status }: CertificateSigningRequest): string {
  const types = new Set(status?.conditions?.map(({ type }) => type));
  const decision = types.has("Denied") ? "Denied" : types.has("Approved") ? "Approved" : "Pending";
  return `${decision}${types.has("Failed") ? ",Failed" : ""}${status?.certificate ? ",Issued" : ""}`;
}

export const certificateSigningRequests = defineKind<CertificateSigningRequest>({
  group: "certificates.k8s.io",
  version: "v1",
  kind: "CertificateSigningRequest",
  resource: "certificatesigningrequests",
  singular: "certificatesigningrequest",
  shortNames: ["csr"],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [
    { name: "approval", verbs: ["get", "patch", "update"] },
    { name: "status", verbs: ["get", "patch", "update"] },
  ],
  columns: tableColumns<CertificateSigningRequest>("certificates.k8s.io/v1/CertificateSigningRequest", {
    SignerName: ({ spec }) => orElse(spec.signerName, "<none>"),
    Requestor: ({ spec }) => spec.username ?? "",
    RequestedDuration: ({ spec }) =>
      spec.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000),
    Condition: condition,
  }),
  selectableFields: { "spec.signerName": (each) => each.spec?.signerName ?? "" },
});
