// The Node authorizer: a kubelet reads the objects that pods bound to its node need, and writes its own.
// Upstream: plugin/pkg/auth/authorizer/node/node_authorizer.go; feature AuthorizeNodeWithSelectors is on.

import type { PolicyRule } from "../../api/index.ts";
import type { AccessAttributes, AccessDecision, Authorizer, ObjectReader } from "../contract.ts";
import { createNodeGraph, type NodeGraph, type NodeNeed } from "./node-graph.ts";
import { nodeNameOf } from "./node-identity.ts";
import { ruleAllows } from "./rbac-rules.ts";

/** Rules of the ClusterRole `system:node`: what every node may do, whatever its pods. */
export interface NodeAuthorizerOptions {
  readonly reader: ObjectReader;
  readonly nodeRules: readonly PolicyRule[];
  /** Feature PodCertificateRequest. */
  readonly podCertificates: boolean;
}

type Check = (asked: AccessAttributes, nodeName: string, graph: NodeGraph) => string | undefined;

const allow: AccessDecision = { decision: "allow", reason: "" };
const noOpinion = (reason: string): AccessDecision => ({ decision: "noOpinion", reason });
const leaseNamespace = "kube-node-lease";

export function nodeAuthorizer({ reader, nodeRules, podCertificates }: NodeAuthorizerOptions): Authorizer {
  const graph = createNodeGraph(reader);
  const own = podCertificates ? { ...checks, [requestsOfPods]: checkPodCertificateRequest } : checks;
  return {
    async authorize(asked) {
      const nodeName = nodeNameOf(asked.user);
      if (nodeName === undefined) return noOpinion("");
      if (nodeName === "") return noOpinion(`unknown node for user ${JSON.stringify(asked.user.username)}`);
      const check = asked.resourceRequest ? own[`${asked.group}/${asked.resource}`] : undefined;
      if (check === undefined) return nodeRules.some((rule) => ruleAllows(rule, asked)) ? allow : noOpinion("");
      const refusal = check(asked, nodeName, graph);
      return refusal === undefined ? allow : noOpinion(refusal);
    },
    async rulesFor(user) {
      const isNode = nodeNameOf(user) !== undefined;
      return {
        resourceRules: [],
        nonResourceRules: [],
        incomplete: isNode,
        ...(isNode ? { evaluationError: "node authorizer does not support user rule resolution" } : {}),
      };
    },
  };
}

const unrelated = (nodeName: string): string => `no relationship found between node '${nodeName}' and this object`;

const related =
  (what: NodeNeed): Check =>
  (asked, nodeName, graph) => {
    if (asked.name === "") return "No Object name found";
    return graph.needs(nodeName, what, asked) ? undefined : unrelated(nodeName);
  };

const readNamespaced =
  (what: NodeNeed): Check =>
  (asked, nodeName, graph) => {
    if (!isRead(asked.verb)) return "can only read resources of this type";
    if (asked.subresource !== "") return "cannot read subresource";
    if (asked.namespace === "") return "can only read namespaced object of this type";
    return related(what)(asked, nodeName, graph);
  };

const getOne =
  (what: NodeNeed): Check =>
  (asked, nodeName, graph) => {
    if (asked.verb !== "get") return "can only get individual resources of this type";
    if (asked.subresource !== "") return "cannot get subresource";
    return related(what)(asked, nodeName, graph);
  };

const checkClaim: Check = (asked, nodeName, graph) => {
  if (asked.subresource !== "status") return getOne("persistentvolumeclaim")(asked, nodeName, graph);
  if (asked.verb !== "update" && asked.verb !== "patch") return "can only get/update/patch this type";
  return related("persistentvolumeclaim")(asked, nodeName, graph);
};

const checkServiceAccount: Check = (asked, nodeName, graph) => {
  if (asked.verb === "get" && asked.subresource === "") return readNamespaced("serviceaccount")(asked, nodeName, graph);
  if (asked.verb !== "create" || asked.name === "") return "can only create tokens for individual service accounts";
  if (asked.subresource !== "token") return "can only create token subresource of serviceaccount";
  return related("serviceaccount")(asked, nodeName, graph);
};

const checkLease: Check = (asked, nodeName) => {
  if (!isOwnWrite(asked.verb)) return "can only get, create, update, patch, or delete a node lease";
  if (asked.namespace !== leaseNamespace) return `can only access leases in the "${leaseNamespace}" system namespace`;
  // The name of a new object is admission's to check: it is not in the URL.
  if (asked.verb !== "create" && asked.name !== nodeName)
    return "can only access node lease with the same name as the requesting node";
  return undefined;
};

const checkCsiNode: Check = (asked, nodeName) => {
  if (!isOwnWrite(asked.verb)) return "can only get, create, update, patch, or delete a CSINode";
  if (asked.subresource !== "") return "cannot authorize CSINode subresources";
  if (asked.verb !== "create" && asked.name !== nodeName)
    return "can only access CSINode with the same name as the requesting node";
  return undefined;
};

const checkNode: Check = ({ verb, subresource, name }, nodeName) => {
  if (subresource === "status") return verb === "update" || verb === "patch" ? undefined : "";
  if (subresource !== "") return "";
  if (verb === "create" || verb === "update" || verb === "patch") return undefined;
  if (!isRead(verb)) return "";
  if (name === nodeName) return undefined;
  return name === ""
    ? `node '${nodeName}' cannot read all nodes, only its own Node object`
    : `node '${nodeName}' cannot read '${name}', only its own Node object`;
};

const checkPod: Check = (asked, nodeName, graph) => {
  const { verb, subresource } = asked;
  if (subresource === "status") return verb === "update" || verb === "patch" ? undefined : "";
  if (subresource === "eviction") return verb === "create" ? undefined : "";
  if (subresource !== "") return "";
  if (verb === "get") return getOne("pod")(asked, nodeName, graph);
  if (verb === "create" || verb === "delete") return undefined;
  if (verb !== "list" && verb !== "watch") return "";
  if (selectsNode(asked, "spec.nodeName", nodeName)) return undefined;
  return asked.name === ""
    ? "can only list/watch pods with spec.nodeName field selector"
    : related("pod")(asked, nodeName, graph);
};

const checkResourceSlice: Check = (asked, nodeName) => {
  if (asked.subresource !== "") return "cannot authorize ResourceSlice subresources";
  switch (asked.verb) {
    case "create":
      return undefined;
    case "watch":
    case "list":
    case "deletecollection":
      return selectsNode(asked, "spec.nodeName", nodeName)
        ? undefined
        : "can only list/watch/deletecollection resourceslices with nodeName field selector";
    case "get":
    case "update":
    case "patch":
    case "delete":
      // Slices are not stored by this server yet, so no slice belongs to the node.
      return asked.name === "" ? "No Object name found" : unrelated(nodeName);
    default:
      return "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection";
  }
};

const requestsOfPods = "certificates.k8s.io/podcertificaterequests";

/** What a new request says is admission's to check. */
const checkPodCertificateRequest: Check = (asked, nodeName, graph) => {
  const { verb, subresource } = asked;
  if (subresource !== "") return "nodes may not access the status subresource of PodCertificateRequests";
  if (verb === "create") return undefined;
  if (verb === "get") return related("podcertificaterequest")(asked, nodeName, graph);
  if (verb !== "list" && verb !== "watch") return `nodes may not ${verb} podcertificaterequests`;
  return selectsNode(asked, "spec.nodeName", nodeName)
    ? undefined
    : "can only list/watch podcertificaterequests with nodeName field selector";
};

const isRead = (verb: string): boolean => verb === "get" || verb === "list" || verb === "watch";
const isOwnWrite = (verb: string): boolean =>
  verb === "get" || verb === "create" || verb === "update" || verb === "patch" || verb === "delete";
const selectsNode = (asked: AccessAttributes, field: string, nodeName: string): boolean =>
  asked.fieldSelector?.some((each) => each.field === field && each.operator === "=" && each.value === nodeName) ??
  false;

const checks: Readonly<Record<string, Check>> = {
  "/secrets": readNamespaced("secret"),
  "/configmaps": readNamespaced("configmap"),
  "/persistentvolumeclaims": checkClaim,
  "/persistentvolumes": getOne("persistentvolume"),
  "/serviceaccounts": checkServiceAccount,
  "/nodes": checkNode,
  "/pods": checkPod,
  "resource.k8s.io/resourceclaims": getOne("resourceclaim"),
  "resource.k8s.io/resourceslices": checkResourceSlice,
  "storage.k8s.io/volumeattachments": getOne("volumeattachment"),
  "storage.k8s.io/csinodes": checkCsiNode,
  "coordination.k8s.io/leases": checkLease,
  [requestsOfPods]: () => "",
};
