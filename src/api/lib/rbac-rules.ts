// Rules of roles and of what binds them. Upstream: pkg/apis/rbac/validation, pkg/apis/rbac/v1/defaults.go.
import type { PolicyRule, RoleRef, Subject } from "../../../facts/types/rbac.v1.ts";
import { deepEqual, type FieldError, field, pathSegmentName } from "../../machinery/index.ts";
import { subdomainName } from "./metadata.ts";
import { type Check, child, each, empty, findings, named, required } from "./validate.ts";

const rbacGroup = "rbac.authorization.k8s.io";

/** Any one path segment, with a prefix too. */
export const rbacName = (name: string): string[] => pathSegmentName(name);

export interface RoleScope {
  readonly namespaced: boolean;
}

export const policyRule =
  (scope: RoleScope): Check<PolicyRule> =>
  (rule, at, found) => {
    if (empty(rule.verbs)) found.push(field.required(child(at, "verbs"), "verbs must contain at least one value"));
    const urls = rule.nonResourceURLs ?? [];
    const path = child(at, "nonResourceURLs");
    if (urls.length > 0) {
      if (scope.namespaced) found.push(field.invalid(path, urls, "namespaced rules cannot apply to non-resource URLs"));
      if (!empty(rule.apiGroups) || !empty(rule.resources) || !empty(rule.resourceNames))
        found.push(field.invalid(path, urls, "rules cannot apply to both regular resources and non-resource URLs"));
      return;
    }
    if (empty(rule.apiGroups))
      found.push(field.required(child(at, "apiGroups"), "resource rules must supply at least one api group"));
    if (empty(rule.resources))
      found.push(field.required(child(at, "resources"), "resource rules must supply at least one resource"));
  };

const only =
  (...allowed: readonly string[]): Check<string | undefined> =>
  (value = "", at, found) => {
    if (!allowed.includes(value)) found.push(field.textNotSupported(at, value, allowed));
  };

const subject =
  (scope: RoleScope): Check<Subject> =>
  (value, at, found) => {
    required()(value.name, child(at, "name"), found);
    switch (value.kind) {
      case "ServiceAccount":
        if (value.name)
          for (const text of subdomainName(value.name, false))
            found.push(field.invalid(child(at, "name"), value.name, text));
        only("")(value.apiGroup, child(at, "apiGroup"), found);
        if (!scope.namespaced) required()(value.namespace, child(at, "namespace"), found);
        break;
      case "User":
      case "Group":
        only(rbacGroup)(value.apiGroup, child(at, "apiGroup"), found);
        break;
      default:
        found.push(field.textNotSupported(child(at, "kind"), value.kind ?? "", ["ServiceAccount", "User", "Group"]));
    }
  };

interface Binding {
  roleRef: RoleRef;
  subjects?: Subject[];
}

export function bindingFindings({ roleRef, subjects }: Binding, scope: RoleScope): FieldError[] {
  const kinds = scope.namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  return [
    ...findings(roleRef?.apiGroup, only(rbacGroup), "roleRef.apiGroup"),
    ...findings(roleRef?.kind, only(...kinds), "roleRef.kind"),
    ...findings(roleRef?.name, required(named(pathSegmentName)), "roleRef.name"),
    ...findings(subjects, each(subject(scope)), "subjects"),
  ];
}

/** A binding keeps its role. */
export const keptRole = ({ roleRef }: Binding, old: Binding): FieldError[] =>
  deepEqual(roleRef, old.roleRef)
    ? []
    : [
        field.invalid(
          "roleRef",
          { APIGroup: roleRef.apiGroup ?? "", Kind: roleRef.kind ?? "", Name: roleRef.name ?? "" },
          "cannot change roleRef",
        ),
      ];

export function defaultBinding(binding: Binding): void {
  binding.roleRef ??= { kind: "", name: "" };
  binding.roleRef.apiGroup ||= rbacGroup;
  for (const each of binding.subjects ?? [])
    if (!each.apiGroup && (each.kind === "User" || each.kind === "Group")) each.apiGroup = rbacGroup;
}
