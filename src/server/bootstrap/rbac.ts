// The roles and bindings that every cluster has from its first start, and their upkeep at each later one: what an upgrade
// adds is added, what an administrator added stays, and `rbac.authorization.kubernetes.io/autoupdate: "false"` keeps hands off.
// Upstream: pkg/registry/rbac/rest/storage_rbac.go, component-helpers/auth/rbac/reconciliation.

import table from "../../../facts/rbac-bootstrap.json" with { type: "json" };
import {
  type ClusterRole,
  type ClusterRoleBinding,
  clusterRoleBindings,
  clusterRoles,
  type KindDefinition,
  type PolicyRule,
  type Role,
  type RoleBinding,
  roleBindings,
  roles,
} from "../../api/index.ts";
import { deepFreeze, type KubeObject } from "../../machinery/index.ts";
import { uncovered } from "../authz/rbac-rules.ts";
import type { ObjectReader, ObjectWriter } from "../contract.ts";
import { gatedRoles, moreRules } from "./gated-rules.ts";
import type { SettledWriter } from "./settled.ts";

const apiGroup = "rbac.authorization.k8s.io";
const apiVersion = `${apiGroup}/v1`;
const autoupdate = "rbac.authorization.kubernetes.io/autoupdate";

type AnyRole = ClusterRole | Role;
type AnyBinding = ClusterRoleBinding | RoleBinding;

interface RoleEntry {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules?: readonly RuleEntry[];
  readonly aggregates?: readonly Readonly<Record<string, string>>[];
}
interface BindingEntry {
  readonly name: string;
  readonly namespace?: string;
  readonly role: string;
  readonly subjects: readonly string[];
}
interface RuleEntry {
  readonly v: string;
  readonly g?: string;
  readonly r?: string;
  readonly n?: string;
  readonly u?: string;
}

const ruleOf = ({ v, g, r, n, u }: RuleEntry): PolicyRule => ({
  verbs: v.split(","),
  ...(g === undefined ? {} : { apiGroups: g.split(",") }),
  ...(r === undefined ? {} : { resources: r.split(",") }),
  ...(n === undefined ? {} : { resourceNames: n.split(",") }),
  ...(u === undefined ? {} : { nonResourceURLs: u.split(",") }),
});

const metadataOf = ({ name, namespace, labels }: { name: string; namespace?: string; labels?: object }): object => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
  annotations: { [autoupdate]: "true" },
});

const roleOf = (kind: string, entry: RoleEntry): AnyRole =>
  ({
    apiVersion,
    kind,
    metadata: metadataOf(entry),
    rules: entry.aggregates === undefined ? (entry.rules ?? []).map(ruleOf) : null,
    ...(entry.aggregates === undefined
      ? {}
      : { aggregationRule: { clusterRoleSelectors: entry.aggregates.map((matchLabels) => ({ matchLabels })) } }),
  }) as AnyRole;

function bindingOf(kind: string, entry: BindingEntry): AnyBinding {
  const [roleKind, roleName] = splitOnce(entry.role, ":");
  const subjects = entry.subjects.map((text) => {
    const [subjectKind, rest] = splitOnce(text, ":");
    if (subjectKind !== "ServiceAccount") return { kind: subjectKind, apiGroup, name: rest };
    const [namespace, name] = splitOnce(rest, "/");
    return { kind: subjectKind, name, namespace };
  });
  return {
    apiVersion,
    kind,
    metadata: metadataOf(entry),
    subjects,
    roleRef: { apiGroup, kind: roleKind, name: roleName },
  } as AnyBinding;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

/** The default objects, the same ones on each call: nobody changes them. */
export const bootstrapClusterRoles = once((): ClusterRole[] =>
  (table.clusterRoles as readonly RoleEntry[]).map((entry) => roleOf("ClusterRole", entry) as ClusterRole),
);
export const bootstrapClusterRoleBindings = once((): ClusterRoleBinding[] =>
  (table.clusterRoleBindings as readonly BindingEntry[]).map(
    (entry) => bindingOf("ClusterRoleBinding", entry) as ClusterRoleBinding,
  ),
);
export const bootstrapRoles = once((): Role[] =>
  (table.roles as readonly RoleEntry[]).map((entry) => roleOf("Role", entry) as Role),
);
export const bootstrapRoleBindings = once((): RoleBinding[] =>
  (table.roleBindings as readonly BindingEntry[]).map((entry) => bindingOf("RoleBinding", entry) as RoleBinding),
);

/** What no build has prepared. */
const beyondDefaults = new WeakSet<object>();
const beyond = <T extends object>(object: T): T => {
  beyondDefaults.add(object);
  return object;
};

type FeatureEnabled = (gate: string) => boolean;

/** The rules of a default role with those that gates add; the same list when they add none. */
function withGated(role: string, rules: readonly PolicyRule[], enabled: FeatureEnabled): readonly PolicyRule[] {
  let all = rules;
  for (const more of moreRules.filter((each) => each.role === role && enabled(each.gate))) {
    const found = all.findIndex(({ resources }) => resources?.join() === more.before);
    const at = found < 0 ? all.length : found;
    all = [...all.slice(0, at), ...more.rules.map(ruleOf), ...all.slice(at)];
  }
  return all;
}

function allClusterRoles(enabled: FeatureEnabled): readonly ClusterRole[] {
  if (![...moreRules, ...gatedRoles].some(({ gate }) => enabled(gate))) return bootstrapClusterRoles();
  return [
    ...bootstrapClusterRoles().map((role) => {
      const before = role.rules ?? [];
      const rules = withGated(role.metadata.name, before, enabled);
      return rules === before ? role : beyond({ ...role, rules: [...rules] });
    }),
    ...gatedRoles
      .filter(({ gate }) => enabled(gate))
      .map(({ name, rules }) => beyond(roleOf("ClusterRole", { name, rules }) as ClusterRole)),
  ];
}

const allClusterRoleBindings = (enabled: FeatureEnabled): readonly ClusterRoleBinding[] => [
  ...bootstrapClusterRoleBindings(),
  ...gatedRoles
    .filter(({ gate }) => enabled(gate))
    .map(({ name, subject }) => {
      const entry = { name, role: `ClusterRole:${name}`, subjects: [subject] };
      return beyond(bindingOf("ClusterRoleBinding", entry) as ClusterRoleBinding);
    }),
];

function once<T extends KubeObject>(make: () => T[]): () => readonly T[] {
  let made: readonly T[] | undefined;
  return () => (made ??= deepFreeze(make()));
}

/** Rules of `system:node`, which the Node authorizer grants to kubelets without a binding. */
export function nodeRules(enabled: FeatureEnabled): readonly PolicyRule[] {
  const name = "system:node";
  const entry = (table.clusterRoles as readonly RoleEntry[]).find((each) => each.name === name);
  return withGated(name, (entry?.rules ?? []).map(ruleOf), enabled);
}

export interface BootstrapMeans {
  readonly settled?: SettledWriter;
  readonly featureEnabled?: (gate: string) => boolean;
}

/**
 * Creates what is missing and completes what is there. Reads the cache alone when nothing has to change. The namespaces
 * kube-system and kube-public must exist. All writes go out together, so that the store can commit them as one group; those of a new
 * cluster as settled objects, where there is a writer of such.
 */
export async function bootstrapRbac(
  writer: ObjectWriter,
  reader: ObjectReader,
  { settled, featureEnabled = () => false }: BootstrapMeans = {},
): Promise<void> {
  const writes: Promise<unknown>[] = [];
  const reconcile = <T extends AnyRole | AnyBinding>(
    kind: KindDefinition<T>,
    wanted: readonly T[],
    complete: (current: T, wanted: T) => T | "recreate" | undefined,
  ): void => {
    const isNew = settled !== undefined && reader.list(kind).length === 0;
    if (isNew) {
      const defaults = wanted.filter((object) => !beyondDefaults.has(object));
      writes.push(
        settled.create(
          kind,
          defaults.map((body) => ({ body })),
        ),
      );
    }
    for (const object of isNew ? wanted.filter((each) => beyondDefaults.has(each)) : wanted) {
      const { name, namespace = "" } = object.metadata;
      const current = reader.get(kind, namespace, name);
      if (current === undefined) writes.push(writer.create(kind, object));
      else if (current.metadata.annotations?.[autoupdate] !== "false") {
        const next = complete(current, object);
        if (next === "recreate")
          writes.push(writer.remove(kind, { namespace, name }).then(() => writer.create(kind, object)));
        else if (next !== undefined)
          writes.push(
            writer.update(kind, { namespace, name }, (latest) => {
              const again = complete(latest, object);
              return again === "recreate" ? undefined : again;
            }),
          );
      }
    }
  };
  reconcile(clusterRoles, allClusterRoles(featureEnabled), completeRole);
  reconcile(clusterRoleBindings, allClusterRoleBindings(featureEnabled), completeBinding);
  reconcile(roles, bootstrapRoles(), completeRole);
  reconcile(roleBindings, bootstrapRoleBindings(), completeBinding);
  await Promise.all(writes);
}

/** The current role with what it lacks of the wanted one; undefined when it lacks nothing. */
function completeRole<T extends AnyRole>(current: T, wanted: T): T | undefined {
  const metadata = completeMetadata(current, wanted);
  const selectors = (role: T) => (role as ClusterRole).aggregationRule?.clusterRoleSelectors ?? [];
  const lackingSelectors = selectors(wanted).filter(
    (each) => !selectors(current).some((held) => JSON.stringify(held) === JSON.stringify(each)),
  );
  const lackingRules = uncovered(current.rules ?? [], wanted.rules ?? []);
  if (metadata === undefined && lackingSelectors.length === 0 && lackingRules.length === 0) return undefined;
  return {
    ...current,
    metadata: metadata ?? current.metadata,
    ...(lackingRules.length > 0 ? { rules: [...(current.rules ?? []), ...lackingRules] } : {}),
    ...(lackingSelectors.length > 0
      ? { aggregationRule: { clusterRoleSelectors: [...selectors(current), ...lackingSelectors] } }
      : {}),
  };
}

/** As completeRole; a binding to another role has to be made anew, since its roleRef never changes. */
function completeBinding<T extends AnyBinding>(current: T, wanted: T): T | "recreate" | undefined {
  const { roleRef } = current;
  if (roleRef.kind !== wanted.roleRef.kind || roleRef.name !== wanted.roleRef.name) return "recreate";
  const metadata = completeMetadata(current, wanted);
  const lacking = (wanted.subjects ?? []).filter(
    (each) =>
      !(current.subjects ?? []).some(
        (held) =>
          held.kind === each.kind && held.name === each.name && (held.namespace ?? "") === (each.namespace ?? ""),
      ),
  );
  if (metadata === undefined && lacking.length === 0) return undefined;
  return {
    ...current,
    metadata: metadata ?? current.metadata,
    subjects: [...(current.subjects ?? []), ...lacking],
  };
}

/** Labels and annotations that an administrator set stay as they are. */
function completeMetadata(current: KubeObject, wanted: KubeObject): KubeObject["metadata"] | undefined {
  const lacks = (
    held: Readonly<Record<string, string>> | undefined,
    needed: Readonly<Record<string, string>> | undefined,
  ): boolean => Object.keys(needed ?? {}).some((key) => held?.[key] === undefined);
  const { labels, annotations } = current.metadata;
  if (!lacks(labels, wanted.metadata.labels) && !lacks(annotations, wanted.metadata.annotations)) return undefined;
  return {
    ...current.metadata,
    labels: { ...wanted.metadata.labels, ...labels },
    annotations: { ...wanted.metadata.annotations, ...annotations },
  };
}
