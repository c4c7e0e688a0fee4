// RBAC's four kinds, indexed by subject and kept current by the watch cache: finding the rules of a user touches that user's
// bindings alone. One index serves the authorizer and the escalation check.

import {
  type ClusterRoleBinding,
  clusterRoleBindings,
  clusterRoles,
  type PolicyRule,
  type RoleBinding,
  type RoleRef,
  roleBindings,
  roles,
} from "../../api/index.ts";
import type { UserInfo } from "../../machinery/index.ts";
import type { ObjectReader } from "../contract.ts";

export interface RbacIndex {
  /** Visits the rules that hold for the user; cluster-wide bindings first. `visit` returns false to stop. */
  visit(user: UserInfo, namespace: string, visitor: RuleVisitor): void;
  /** Undefined: the role does not exist. */
  rulesOf(roleRef: RoleRef, bindingNamespace: string): readonly PolicyRule[] | undefined;
  close(): void;
}

export interface RuleVisitor {
  /** `describe` says where the rule comes from, as upstream words it. */
  rule(rule: PolicyRule, describe: () => string): boolean;
  /** A binding that applies refers to a role that does not exist. */
  missing(roleRef: RoleRef): void;
}

type Subject = NonNullable<RoleBinding["subjects"]>[number];

interface Grant {
  readonly binding: ClusterRoleBinding | RoleBinding;
  readonly subject: Subject;
}

/** Grants of one scope by subject key, in the order in which bindings came. */
type Grants = Map<string, Map<string, Grant>>;

const noRules: readonly PolicyRule[] = [];

function createRbacIndex(reader: ObjectReader): RbacIndex {
  const clusterGrants: Grants = new Map();
  const namespaceGrants = new Map<string, Grants>();

  const bindingObserver = <T extends ClusterRoleBinding | RoleBinding>() => ({
    upsert(binding: T, before: T | undefined): void {
      if (before !== undefined) drop(before);
      const grants = grantsOf(binding.metadata.namespace ?? "");
      for (const subject of binding.subjects ?? []) {
        const key = subjectKey(subject, binding.metadata.namespace ?? "");
        if (key === undefined) continue;
        let held = grants.get(key);
        if (held === undefined) grants.set(key, (held = new Map()));
        if (!held.has(binding.metadata.name)) held.set(binding.metadata.name, { binding, subject });
      }
    },
    remove: (binding: T): void => drop(binding),
  });

  function grantsOf(namespace: string): Grants {
    if (namespace === "") return clusterGrants;
    let grants = namespaceGrants.get(namespace);
    if (grants === undefined) namespaceGrants.set(namespace, (grants = new Map()));
    return grants;
  }

  function drop(binding: ClusterRoleBinding | RoleBinding): void {
    const namespace = binding.metadata.namespace ?? "";
    const grants = grantsOf(namespace);
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespace);
      const held = key === undefined ? undefined : grants.get(key);
      if (held === undefined) continue;
      held.delete(binding.metadata.name);
      if (held.size === 0) grants.delete(key!);
    }
    if (namespace !== "" && grants.size === 0) namespaceGrants.delete(namespace);
  }

  const unsubscribe = [
    reader.subscribe(clusterRoleBindings, bindingObserver<ClusterRoleBinding>()),
    reader.subscribe(roleBindings, bindingObserver<RoleBinding>()),
  ];

  function rulesOf(roleRef: RoleRef, bindingNamespace: string): readonly PolicyRule[] | undefined {
    const role =
      roleRef.kind === "Role"
        ? reader.get(roles, bindingNamespace, roleRef.name)
        : reader.get(clusterRoles, "", roleRef.name);
    return role === undefined ? undefined : (role.rules ?? noRules);
  }

  /** False once the visitor wants no more. */
  function visitScope(grants: Grants | undefined, user: UserInfo, visitor: RuleVisitor): boolean {
    if (grants === undefined) return true;
    const seen = new Set<string>();
    const { username, groups } = user;
    for (let index = -1; index < groups.length; index++) {
      const held = grants.get(index < 0 ? `u:${username}` : `g:${groups[index]}`);
      if (held === undefined) continue;
      for (const [name, grant] of held) {
        if (seen.has(name)) continue;
        seen.add(name);
        const { roleRef, metadata } = grant.binding;
        const rules = rulesOf(roleRef, metadata.namespace ?? "");
        if (rules === undefined) visitor.missing(roleRef);
        else if (!visitAll(rules, grant, visitor)) return false;
      }
    }
    return true;
  }

  return {
    visit(user, namespace, visitor) {
      if (visitScope(clusterGrants, user, visitor) && namespace !== "")
        visitScope(namespaceGrants.get(namespace), user, visitor);
    },
    rulesOf,
    close() {
      for (const stop of unsubscribe) stop();
    },
  };
}

const indexes = new WeakMap<ObjectReader, RbacIndex>();

/** The one index over a reader; it lives as long as the reader. */
export function rbacIndexOf(reader: ObjectReader): RbacIndex {
  let index = indexes.get(reader);
  if (index === undefined) indexes.set(reader, (index = createRbacIndex(reader)));
  return index;
}

/** Users and service accounts share one space of names; groups have their own. */
function subjectKey(subject: Subject, bindingNamespace: string): string | undefined {
  switch (subject.kind) {
    case "User":
      return `u:${subject.name}`;
    case "Group":
      return `g:${subject.name}`;
    case "ServiceAccount": {
      const namespace = subject.namespace || bindingNamespace;
      return namespace === "" ? undefined : `u:system:serviceaccount:${namespace}:${subject.name}`;
    }
    default:
      return undefined;
  }
}

/** False once the visitor wants no more. */
function visitAll(rules: readonly PolicyRule[], grant: Grant, visitor: RuleVisitor): boolean {
  const told = (): string => describe(grant);
  for (let index = 0; index < rules.length; index++) if (!visitor.rule(rules[index]!, told)) return false;
  return true;
}

function describe({ binding, subject }: Grant): string {
  const { name, namespace = "" } = binding.metadata;
  const shown =
    namespace === ""
      ? `ClusterRoleBinding ${JSON.stringify(name)}`
      : `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}`;
  const subjectName =
    subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  return `${shown} of ${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)} to ${subject.kind} ${JSON.stringify(subjectName)}`;
}
