// What `kubectl explain` says about certificates.k8s.io. An empty field name stands for the type itself.

import { conditionFields } from "../lib/descriptions/conditions.ts";
import type { Descriptions } from "../lib/descriptions/contract.ts";

const creator = "of the user who made the request. The server sets it. Immutable.";

export const v1: Descriptions = {
  CertificateSigningRequest: {
    "": "Asks a signer for an X.509 certificate. Somebody approves or denies it, then the signer issues the certificate. Kubelets get their certificates this way. It is deleted some time later, whatever came of it.",
    spec: "What is asked for. Immutable; clients set request, signerName, expirationSeconds and usages, the server the rest.",
    status: "Whether the request is approved, and the certificate.",
  },
  CertificateSigningRequestCondition: {
    "": "What was decided about a request.",
    ...conditionFields,
    lastUpdateTime: "When this condition was last written.",
    reason: "One word for why it was decided so.",
    status: "True, False or Unknown. Approved, Denied and Failed can only be True.",
    type: "Approved and Denied come by the subresource approval and exclude each other; Failed comes from the signer. None of them goes away again.",
  },
  CertificateSigningRequestSpec: {
    "": "What a certificate is asked for.",
    expirationSeconds:
      "Seconds that the certificate should be valid, at least 600. The signer may give less or more: look into the certificate.",
    extra: `What else is known ${creator}`,
    groups: `Groups ${creator}`,
    request: "The request, a PEM block CERTIFICATE REQUEST, which JSON and YAML show in base64 once more.",
    signerName:
      "Who is to sign, e.g. kubernetes.io/kube-apiserver-client, kubernetes.io/kube-apiserver-client-kubelet, kubernetes.io/kubelet-serving, or a signer of your own under your domain. Can be used as field selector.",
    uid: `UID ${creator}`,
    usages:
      "What the key may be used for, e.g. digital signature, key encipherment and client auth or server auth. Signers permit only some.",
    username: `Name ${creator}`,
  },
  CertificateSigningRequestStatus: {
    "": "What has become of a request.",
    certificate:
      "The certificate, and those between it and the root, as PEM blocks. The signer sets it by the subresource status. Immutable from then on.",
    conditions: "What was decided: Approved, Denied, Failed.",
  },
};

/** v1alpha1 and v1beta1. */
export const v1beta1: Descriptions = {
  ClusterTrustBundle: {
    "": "A set of root certificates for everybody in the cluster. Pods can mount it by a projected volume, and all service accounts may read it.",
    spec: "The certificates, and the signer that they are for.",
  },
  ClusterTrustBundleSpec: {
    "": "Root certificates and their signer.",
    signerName:
      "Signer whose certificates these roots verify, or empty. With one, the object's name begins with it, its slash a colon: example.com:name:…; writing it needs the permission to attest for that signer. Immutable.",
    trustBundle:
      "The certificates as PEM blocks CERTIFICATE. Each must be a CA's and different from the others. Their order means nothing.",
  },
  PodCertificateRequest: {
    "": "Asks a signer for a certificate for a pod. Kubelets make it for volumes of the source podCertificate.",
    spec: "What is asked for, and for which pod. Immutable.",
    status: "The certificate, or why there is none.",
  },
  PodCertificateRequestSpec: {
    "": "What certificate is asked for, and for which pod.",
    maxExpirationSeconds:
      "Seconds that the certificate may be valid at most: 86400 by default, 3600 to 7862400. The signer may give less, down to 3600; signers of kubernetes.io give at most 86400.",
    nodeName: "Name of the node that the pod is on.",
    nodeUID: "UID of that node.",
    pkixPublicKey: "Deprecated, use stubPKCS10Request: the public key in PKIX form. Excludes it.",
    podName: "Name of the pod that gets the certificate.",
    podUID: "UID of that pod.",
    proofOfPossession: "Deprecated, with pkixPublicKey: the pod's UID signed by the private key.",
    serviceAccountName: "Name of the service account that the pod runs as.",
    serviceAccountUID: "UID of that service account.",
    signerName: "Who is to sign. Names that begin with kubernetes.io belong to Kubernetes itself.",
    stubPKCS10Request:
      "A PKCS #10 request in DER form, made by the kubelet with the pod's key and otherwise empty. It proves that the key is there; signers take the public key from it.",
    unverifiedUserAnnotations:
      "What the pod's author wants the signer to know, by keys with a domain as prefix. Nobody has checked it; signers should deny what they do not know.",
  },
  PodCertificateRequestStatus: {
    "": "What has become of a pod's request. The signer writes it by the subresource status.",
    beginRefreshAt:
      "When the kubelet should begin to ask for the next certificate. A hint. Set together with the certificate.",
    certificateChain: "The certificate first, then those between it and the root, as PEM blocks. Immutable once set.",
    conditions: "What was decided: Issued, Denied or Failed. At most one of them, and only with the status True.",
    notAfter: "When the certificate ceases to be valid, the same as it says itself.",
    notBefore: "When the certificate begins to be valid, the same as it says itself.",
  },
};
