// What `kubectl explain` says about rbac.authorization.k8s.io/v1. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

const roleRef = "The role that is granted. Immutable: to grant another one, delete the binding and make it anew.";
const subjects = "Who gets the role. May be empty.";

export const descriptions: Descriptions = {
  AggregationRule: {
    "": "Makes a ClusterRole the sum of others.",
    clusterRoleSelectors:
      "Labels of the ClusterRoles whose rules are taken. A role that any of the selectors matches counts.",
  },
  ClusterRole: {
    "": "A named set of permissions for the whole cluster: for objects in all namespaces or outside of any, and for URLs. A RoleBinding can grant it within one namespace.",
    aggregationRule: "Fills the rules from other ClusterRoles. The controller then overwrites rules written by hand.",
    rules: "The permissions. They only add up; nothing can be forbidden.",
  },
  ClusterRoleBinding: {
    "": "Grants a ClusterRole to users, groups and service accounts in the whole cluster.",
    roleRef,
    subjects,
  },
  PolicyRule: {
    "": "One permission: which verbs on which resources, or on which URLs. A rule has resources or URLs, not both.",
    apiGroups: 'API groups of the resources: "" is the core group, "*" are all.',
    nonResourceURLs:
      "Paths outside the API's resources, such as /healthz. A * is allowed as the last part of a path. Only in a ClusterRole that is granted by a ClusterRoleBinding.",
    resourceNames:
      "Names of the objects that the rule is limited to. Empty: all objects. Does not go with the verbs create and deletecollection.",
    resources: 'Resources in plural, with their subresource where one is meant, e.g. pods/log. "*" are all.',
    verbs:
      'What may be done: get, list, watch, create, update, patch, delete, deletecollection and others; "*" is everything.',
  },
  Role: {
    "": "A named set of permissions within one namespace.",
    rules: "The permissions. They only add up; nothing can be forbidden.",
  },
  RoleBinding: {
    "": "Grants a Role of its namespace, or a ClusterRole limited to its namespace, to users, groups and service accounts.",
    roleRef,
    subjects,
  },
  RoleRef: {
    "": "Names the role that a binding grants.",
    apiGroup: "Always rbac.authorization.k8s.io.",
    kind: "Role or ClusterRole. A ClusterRoleBinding can only name a ClusterRole.",
    name: "Name of the role.",
  },
  Subject: {
    "": "One user, group or service account.",
    apiGroup:
      'API group of the subject: "" for a ServiceAccount, rbac.authorization.k8s.io for a User or Group, each being the default.',
    kind: "User, Group or ServiceAccount.",
    name: "Name of the subject. Names of users and groups are those that authentication finds out.",
    namespace: "Namespace of a ServiceAccount. Not allowed for the others.",
  },
};
