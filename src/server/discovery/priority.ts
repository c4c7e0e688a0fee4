// In which order groups and versions are shown. Upstream: kube-apiserver's apiVersionPriorities, apimachinery's version package.

const priorities: Readonly<Record<string, number>> = {
  "": 18000,
  "apiregistration.k8s.io": 20000,
  apps: 17800,
  "events.k8s.io": 17750,
  "authentication.k8s.io": 17700,
  "authorization.k8s.io": 17600,
  autoscaling: 17500,
  batch: 17400,
  "certificates.k8s.io": 17300,
  "networking.k8s.io": 17200,
  policy: 17100,
  "rbac.authorization.k8s.io": 17000,
  "storage.k8s.io": 16800,
  "apiextensions.k8s.io": 16700,
  "admissionregistration.k8s.io": 16700,
  "scheduling.k8s.io": 16600,
  "coordination.k8s.io": 16500,
  "node.k8s.io": 16300,
  "discovery.k8s.io": 16200,
  "flowcontrol.apiserver.k8s.io": 16100,
  "internal.apiserver.k8s.io": 16000,
  "resource.k8s.io": 15900,
  "storagemigration.k8s.io": 15800,
};

export const groupPriority = (group: string): number => priorities[group] ?? 1000;

/** Stable before beta before alpha, then the higher number: `v2` > `v1` > `v2beta1`. */
export function versionRank(version: string): number {
  const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (parts === null) return -1;
  const stage = parts[2] === undefined ? 2 : parts[2] === "beta" ? 1 : 0;
  return stage * 1e8 + Number(parts[1]) * 1e4 + Number(parts[3] ?? 0);
}
