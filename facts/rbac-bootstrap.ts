// Makes rbac-bootstrap.json: the roles and bindings that every cluster starts with, as kube-apiserver 1.36 creates them.
//
//   kubectl get clusterroles,clusterrolebindings -o json > cluster.json
//   kubectl get roles,rolebindings -A -o json > namespaced.json
//   node facts/rbac-bootstrap.ts cluster.json namespaced.json
//
// asked of a fresh API server without controllers. Rules are lists of comma-separated texts: v(erbs), g(roups), r(esources),
// n(ames), u(rls); a subject is `User:name`, `Group:name` or `ServiceAccount:namespace/name`.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface Rule {
  readonly verbs: string[];
  readonly apiGroups?: string[];
  readonly resources?: string[];
  readonly resourceNames?: string[];
  readonly nonResourceURLs?: string[];
}
interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  readonly rules?: Rule[] | null;
  readonly aggregationRule?: { readonly clusterRoleSelectors: { readonly matchLabels: Record<string, string> }[] };
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

const marker = "kubernetes.io/bootstrapping";
const items: Item[] = process.argv
  .slice(2)
  .flatMap((path) => JSON.parse(readFileSync(path, "utf8")).items as Item[])
  .filter((item) => item.metadata.labels?.[marker] === "rbac-defaults");
if (items.length === 0) {
  console.error("usage: node facts/rbac-bootstrap.ts cluster.json namespaced.json");
  process.exit(2);
}

const list = (values: readonly string[]): string => {
  if (values.some((value) => value.includes(","))) throw new Error(`a value holds a comma: ${values.join(" | ")}`);
  return values.join(",");
};
const ruleOf = (rule: Rule): Record<string, string> => ({
  v: list(rule.verbs),
  ...(rule.apiGroups === undefined ? {} : { g: list(rule.apiGroups) }),
  ...(rule.resources === undefined ? {} : { r: list(rule.resources) }),
  ...(rule.resourceNames === undefined ? {} : { n: list(rule.resourceNames) }),
  ...(rule.nonResourceURLs === undefined ? {} : { u: list(rule.nonResourceURLs) }),
});

function entryOf(item: Item): unknown {
  const { name, namespace, labels = {} } = item.metadata;
  const extraLabels = Object.fromEntries(Object.entries(labels).filter(([key]) => key !== marker));
  const identity = { name, ...(namespace === undefined ? {} : { namespace }) };
  if (item.roleRef !== undefined)
    return {
      ...identity,
      role: `${item.roleRef.kind}:${item.roleRef.name}`,
      subjects: (item.subjects ?? []).map(
        (each) => `${each.kind}:${each.namespace ? `${each.namespace}/` : ""}${each.name}`,
      ),
    };
  return {
    ...identity,
    ...(Object.keys(extraLabels).length > 0 ? { labels: extraLabels } : {}),
    ...(item.aggregationRule === undefined
      ? { rules: (item.rules ?? []).map(ruleOf) }
      : { aggregates: item.aggregationRule.clusterRoleSelectors.map((each) => each.matchLabels) }),
  };
}

const sorted = items.toSorted((a, b) =>
  `${a.metadata.namespace ?? ""}/${a.metadata.name}` < `${b.metadata.namespace ?? ""}/${b.metadata.name}` ? -1 : 1,
);
const of = (kind: string): string =>
  sorted
    .filter((item) => item.kind === kind)
    .map((item) => JSON.stringify(entryOf(item)))
    .join(",\n");
writeFileSync(
  join(dirname(fileURLToPath(import.meta.url)), "rbac-bootstrap.json"),
  `{"clusterRoles":[\n${of("ClusterRole")}\n],\n"clusterRoleBindings":[\n${of("ClusterRoleBinding")}\n],\n"roles":[\n${of("Role")}\n],\n"roleBindings":[\n${of("RoleBinding")}\n]}\n`,
);
