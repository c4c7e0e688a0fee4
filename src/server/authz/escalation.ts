// Nobody grants more than they hold: creating or changing roles and bindings is refused when it would give permissions that
// the caller does not have, unless the caller may `escalate` the role or `bind` it. Upstream: pkg/registry/rbac/*/policybased.
//
// It is an admission plugin that is always on and runs last of the mutating ones, which is where upstream's storage looks.

import type { ClusterRole, PolicyRule, Role, RoleBinding, RoleRef } from "../../api/index.ts";
import {
  badRequest,
  deepEqual,
  forbidden,
  type KubeObject,
  notFound,
  pathSegmentName,
  plainError,
  quoteGo,
  quoteGoList,
  type UserInfo,
} from "../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../contract.ts";
import { collectRules } from "./rbac.ts";
import { type RbacIndex, rbacIndexOf } from "./rbac-index.ts";
import { showMissing, uncovered } from "./rbac-rules.ts";

const group = "rbac.authorization.k8s.io";
const resources: ReadonlySet<string> = new Set(["roles", "clusterroles", "rolebindings", "clusterrolebindings"]);

const everything: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

export function rbacEscalationCheck(host: Pick<AdmissionHost, "reader" | "authorizer">): AdmissionPlugin {
  const index = rbacIndexOf(host.reader);
  return {
    name: "RBACEscalationCheck",
    handles: ({ kind, operation, subresource }) =>
      kind.group === group &&
      subresource === "" &&
      resources.has(kind.resource) &&
      (operation === "CREATE" || operation === "UPDATE"),
    async admit(attributes) {
      const { user, object, oldObject } = attributes;
      if (object === undefined || user.groups.includes("system:masters")) return;
      if (oldObject !== undefined && changesOnlyOwnership(object, oldObject)) return;
      if (attributes.kind.resource.endsWith("bindings")) await checkBinding(attributes, object as RoleBinding);
      else await checkRole(attributes, object as Role);
    },
  };

  async function allowed(
    user: UserInfo,
    verb: string,
    target: { resource: string; name: string; namespace: string },
  ): Promise<boolean> {
    const answer = await host.authorizer.authorize({
      user,
      verb,
      resourceRequest: true,
      group,
      version: "*",
      subresource: "",
      path: "",
      ...target,
    });
    return answer.decision === "allow";
  }

  async function checkRole(attributes: AdmissionAttributes, role: Role): Promise<void> {
    const { user, kind, namespace } = attributes;
    const { resource } = kind;
    // A create by POST has no name in its URL, so `escalate` on one name does not reach it.
    const name = attributes.operation === "CREATE" ? "" : attributes.name;
    if (await allowed(user, "escalate", { resource, name, namespace })) return;
    const refuse = (why: string) => forbidden({ group, resource }, role.metadata.name ?? "", why);
    const why = missingText(index, { user, namespace, resource }, role.rules ?? []);
    if (why !== undefined) throw refuse(why);
    if (!hasAggregation(role) && !hasAggregation(attributes.oldObject)) return;
    if (missingText(index, { user, namespace, resource }, everything) !== undefined)
      throw refuse("must have cluster-admin privileges to use the aggregationRule");
  }

  async function checkBinding(attributes: AdmissionAttributes, binding: RoleBinding): Promise<void> {
    const { user, kind, namespace } = attributes;
    const { resource } = kind;
    const { roleRef } = binding;
    const referred = roleRef.kind === "ClusterRole" ? "clusterroles" : roleRef.kind === "Role" ? "roles" : undefined;
    if (referred !== undefined && (await allowed(user, "bind", { resource: referred, name: roleRef.name, namespace })))
      return;
    refuseUnreadable(roleRef, namespace);
    const rules = index.rulesOf(roleRef, namespace);
    // Upstream names the resource of the request here, not the role's.
    if (rules === undefined) throw notFound({ group, resource }, roleRef.name);
    const why = missingText(index, { user, namespace, resource }, rules);
    if (why !== undefined) throw forbidden({ group, resource }, binding.metadata.name ?? "", why);
  }
}

/** What cannot be looked up, in the words of the lookup. Validation, which would say it better, comes later. */
function refuseUnreadable({ kind, name }: RoleRef, namespace: string): void {
  if (kind !== "Role" && kind !== "ClusterRole")
    throw plainError(`unsupported role reference kind: ${JSON.stringify(kind ?? "")}`);
  if (kind === "Role" && namespace === "") throw badRequest("Namespace parameter required.");
  if (!name) throw badRequest("Name parameter required.");
  const faults = pathSegmentName(name);
  if (faults.length > 0) throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${faults.join(";")}`);
}

/** Undefined when the user holds all of the rules. */
function missingText(
  index: RbacIndex,
  who: { readonly user: UserInfo; readonly namespace: string; readonly resource: string },
  wanted: readonly PolicyRule[],
): string | undefined {
  const { rules, missing } = collectRules(index, who.user, who.namespace);
  const lacking = uncovered(rules, wanted);
  if (lacking.length === 0) return undefined;
  const { username, groups } = who.user;
  const text = `user ${quoteGo(username)} (groups=${quoteGoList(groups)}) is attempting to grant RBAC permissions not currently held:\n${showMissing(lacking)}`;
  if (missing.length === 0) return text;
  const errors = [
    ...new Set(missing.map((roleRef: RoleRef) => `${who.resource}.${group} ${JSON.stringify(roleRef.name)} not found`)),
  ];
  return `${text}; resolution errors: [${errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`}]`;
}

const hasAggregation = (role: KubeObject | undefined): boolean =>
  ((role as ClusterRole | undefined)?.aggregationRule?.clusterRoleSelectors ?? []).length > 0;

/** The garbage collector changes finalizers and owner references of roles that it does not hold. */
function changesOnlyOwnership(object: KubeObject, old: KubeObject): boolean {
  const { ownerReferences, finalizers, managedFields } = old.metadata;
  return deepEqual({ ...object, metadata: { ...object.metadata, ownerReferences, finalizers, managedFields } }, old);
}
