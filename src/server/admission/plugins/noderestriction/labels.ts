// Labels of its own Node that a kubelet may set. Upstream: k8s.io/kubelet/pkg/apis/well_known_labels.go.

type Labels = Readonly<Record<string, string>> | undefined;

const kubeletLabels: ReadonlySet<string> = new Set([
  "kubernetes.io/hostname",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
]);
const kubeletNamespaces = ["kubelet.kubernetes.io", "node.kubernetes.io"];

/** Keys that differ between the two and that a node may not touch, sorted. */
export function forbiddenLabels(after: Labels, before: Labels): string[] {
  const keys = new Set([...Object.keys(after ?? {}), ...Object.keys(before ?? {})]);
  return [...keys].filter((key) => after?.[key] !== before?.[key] && isForbidden(key)).sort();
}

function isForbidden(key: string): boolean {
  const slash = key.indexOf("/");
  const namespace = slash < 0 ? "" : key.slice(0, slash);
  if (isBelow(namespace, "node-restriction.kubernetes.io")) return true;
  if (!isBelow(namespace, "kubernetes.io") && !isBelow(namespace, "k8s.io")) return false;
  return !kubeletLabels.has(key) && !kubeletNamespaces.some((each) => isBelow(namespace, each));
}

const isBelow = (namespace: string, parent: string): boolean =>
  namespace === parent || namespace.endsWith(`.${parent}`);
