// PodCertificateRequest: certificates.k8s.io/v1beta1 podcertificaterequests. A kubelet asks for the certificate of a pod. KEP-4317.
import type { PodCertificateRequest } from "../../../../facts/types/certificates.v1beta1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { column, labelsCell, nameColumn } from "../../lib/columns.ts";

function state({ status }: PodCertificateRequest): string {
  const known = status?.conditions?.findLast(({ type }) => type === "Issued" || type === "Denied" || type === "Failed");
  return known?.type ?? "Pending";
}

export const podCertificateRequests = defineKind<PodCertificateRequest>({
  group: "certificates.k8s.io",
  version: "v1beta1",
  kind: "PodCertificateRequest",
  resource: "podcertificaterequests",
  singular: "podcertificaterequest",
  shortNames: [],
  categories: [],
  namespaced: true,
  featureGate: "PodCertificateRequest",
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: [
    nameColumn,
    column(
      "PodName",
      "podName is the name of the pod into which the certificate will be mounted.",
      ({ spec }) => spec.podName,
    ),
    column(
      "ServiceAccountName",
      "serviceAccountName is the name of the service account the pod is running as.",
      ({ spec }) => spec.serviceAccountName,
    ),
    column("NodeName", "nodeName is the name of the node the pod is assigned to.", ({ spec }) => spec.nodeName),
    column(
      "SignerName",
      "signerName indicates the requested signer.\n\nAll signer names beginning with `kubernetes.io` are reserved for use by the Kubernetes project.  There is currently one well-known signer documented by the Kubernetes project, `kubernetes.io/kube-apiserver-client-pod`, which will issue client certificates understood by kube-apiserver.  It is currently unimplemented.",
      ({ spec }) => spec.signerName,
    ),
    column("State", "Is the request Pending, Issued, Denied, or Failed?", state),
    column(
      "UnverifiedUserAnnotations",
      "unverifiedUserAnnotations allow pod authors to pass additional information to the signer implementation.  Kubernetes does not restrict or validate this metadata in any way.\n\nEntries are subject to the same validation as object metadata annotations, with the addition that all keys must be domain-prefixed. No restrictions are placed on values, except an overall size limitation on the entire field.\n\nSigners should document the keys and values they support.  Signers should deny requests that contain keys they do not recognize.",
      ({ spec }) => labelsCell(spec.unverifiedUserAnnotations),
    ),
  ],
  selectableFields: {
    "spec.signerName": ({ spec }) => spec.signerName ?? "",
    "spec.podName": ({ spec }) => spec.podName ?? "",
    "spec.nodeName": ({ spec }) => spec.nodeName ?? "",
  },
});
