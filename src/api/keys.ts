// Where an object lives in the store: upstream's etcd layout, so that data moves both ways.
// Upstream: pkg/kubeapiserver/default_storage_factory_builder.go (special prefixes), the generic registry's key functions.
import type { KindDefinition } from "./kind.ts";

type Located = Pick<KindDefinition, "group" | "resource" | "namespaced" | "storageName">;

/** Upstream's own groups: their resources are stored without the group. All others carry it. */
const groupsWithoutPrefix: ReadonlySet<string> = new Set([
  "",
  "admissionregistration.k8s.io",
  "apps",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
]);

/** Prefix of all objects of a kind, with a slash at its end: `/registry/services/specs/`. */
export function storagePrefix(kind: Located): string {
  const name =
    kind.storageName ?? (groupsWithoutPrefix.has(kind.group) ? kind.resource : `${kind.group}/${kind.resource}`);
  return `/registry/${name}/`;
}

/** Prefix of what a list asks for: one namespace of a namespaced kind, or all. */
export const storageScope = (kind: Located, namespace: string): string =>
  kind.namespaced && namespace !== "" ? `${storagePrefix(kind)}${namespace}/` : storagePrefix(kind);

/** Key of one object: `/registry/pods/default/web`, `/registry/minions/node-1`. */
export const storageKey = (kind: Located, namespace: string, name: string): string =>
  `${storageScope(kind, namespace)}${name}`;
