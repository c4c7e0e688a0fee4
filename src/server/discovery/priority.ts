// In which order groups and versions are shown. Upstream: kube-apiserver's apiVersionPriorities, apimachinery's version package.

const priorities: Readonly<Record<string, readonly [group: number, versions: Readonly<Record<string, number>>]>> = {
  "": [18000, { v1: 1 }],
  "apiregistration.k8s.io": [20000, { v1: 0 }],
  apps: [17800, { v1: 15 }],
  "events.k8s.io": [17750, { v1: 15, v1beta1: 5 }],
  "authentication.k8s.io": [17700, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "authorization.k8s.io": [17600, { v1: 15 }],
  autoscaling: [17500, { v2: 30, v1: 15 }],
  batch: [17400, { v1: 15, v1beta1: 9 }],
  "certificates.k8s.io": [17300, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "networking.k8s.io": [17200, { v1: 15, v1beta1: 9 }],
  policy: [17100, { v1: 15, v1beta1: 9 }],
  "rbac.authorization.k8s.io": [17000, { v1: 15 }],
  "storage.k8s.io": [16800, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "apiextensions.k8s.io": [16700, { v1: 15 }],
  "admissionregistration.k8s.io": [16700, { v1: 15, v1beta1: 12, v1alpha1: 9 }],
  "scheduling.k8s.io": [16600, { v1: 15, v1alpha2: 2 }],
  "coordination.k8s.io": [16500, { v1: 15, v1beta1: 13, v1alpha2: 12 }],
  "node.k8s.io": [16300, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "discovery.k8s.io": [16200, { v1: 15, v1beta1: 12 }],
  "resource.k8s.io": [16200, { v1: 21, v1beta2: 15, v1beta1: 9, v1alpha3: 1 }],
  "flowcontrol.apiserver.k8s.io": [16100, { v1: 21, v1beta3: 18, v1beta2: 15, v1beta1: 12 }],
  "internal.apiserver.k8s.io": [16000, { v1alpha1: 9 }],
  "storagemigration.k8s.io": [15800, { v1beta1: 9 }],
};

export const groupPriority = (group: string): number => priorities[group]?.[0] ?? 1000;

/** Undefined for versions that upstream registers no APIService for. */
export const versionPriority = (group: string, version: string): number | undefined => priorities[group]?.[1][version];

/** Stable before beta before alpha, then the higher number: `v2` > `v1` > `v2beta1`. */
export function versionRank(version: string): number {
  const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (parts === null) return -1;
  const stage = parts[2] === undefined ? 2 : parts[2] === "beta" ? 1 : 0;
  return stage * 1e8 + Number(parts[1]) * 1e4 + Number(parts[3] ?? 0);
}
