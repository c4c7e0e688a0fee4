// Kinds whose every use is answered with a warning. Upstream: the lifecycle that types of k8s.io/api declare, and
// apiserver/pkg/endpoints/deprecation. Versions that are no more than alpha or beta say it before the time has come.

const told: Readonly<Record<string, string>> = {
  "v1 ComponentStatus": "v1 ComponentStatus is deprecated in v1.19+",
  "v1 Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
};

interface Passing {
  readonly kinds: readonly string[];
  /** Minor version of Kubernetes 1; three later the kind is gone. */
  readonly since: number;
  readonly instead?: string;
}

const admission = ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"];
const devices = ["DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"];

const passing: Readonly<Record<string, readonly Passing[]>> = {
  "admissionregistration.k8s.io/v1alpha1": [{ kinds: admission, since: 35 }],
  "admissionregistration.k8s.io/v1beta1": [{ kinds: admission, since: 37, instead: "admissionregistration.k8s.io/v1" }],
  "certificates.k8s.io/v1alpha1": [{ kinds: ["ClusterTrustBundle"], since: 34 }],
  "certificates.k8s.io/v1beta1": [
    { kinds: ["ClusterTrustBundle"], since: 37 },
    { kinds: ["PodCertificateRequest"], since: 38 },
  ],
  "coordination.k8s.io/v1alpha2": [{ kinds: ["LeaseCandidate"], since: 35 }],
  "coordination.k8s.io/v1beta1": [{ kinds: ["LeaseCandidate"], since: 36 }],
  "networking.k8s.io/v1beta1": [{ kinds: ["IPAddress", "ServiceCIDR"], since: 34 }],
  "resource.k8s.io/v1alpha3": [
    { kinds: ["DeviceTaintRule"], since: 36 },
    { kinds: ["ResourcePoolStatusRequest"], since: 39 },
  ],
  "resource.k8s.io/v1beta1": [{ kinds: devices, since: 35 }],
  "resource.k8s.io/v1beta2": [
    { kinds: devices, since: 36 },
    { kinds: ["DeviceTaintRule"], since: 39 },
  ],
  "storage.k8s.io/v1beta1": [{ kinds: ["VolumeAttributesClass"], since: 34, instead: "storage.k8s.io/v1" }],
  "storagemigration.k8s.io/v1beta1": [{ kinds: ["StorageVersionMigration"], since: 38 }],
};

/** The text of the warning; undefined for kinds that are used without one. */
export function deprecationText(apiVersion: string, kind: string): string | undefined {
  const found = passing[apiVersion]?.find(({ kinds }) => kinds.includes(kind));
  if (found === undefined) return told[`${apiVersion} ${kind}`];
  const instead = found.instead === undefined ? "" : `; use ${found.instead} ${kind}`;
  return `${apiVersion} ${kind} is deprecated in v1.${found.since}+, unavailable in v1.${found.since + 3}+${instead}`;
}
