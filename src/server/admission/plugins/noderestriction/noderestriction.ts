// NodeRestriction: a kubelet changes only its own Node, the pods bound to it, and what belongs to these.
// Upstream: plugin/pkg/admission/noderestriction.

import {
  type CertificateSigningRequest,
  type Node,
  nodes,
  type PersistentVolumeClaim,
  type Pod,
} from "../../../../api/index.ts";
import { errorText } from "../../../../base/index.ts";
import { deepEqual, forbidden, notFound, type StatusError } from "../../../../machinery/index.ts";
import { requestSubject } from "../../../authn/x509-subject.ts";
import { nodeNameOf } from "../../../authz/node-identity.ts";
import type { AdmissionAttributes, AdmissionPlugin, AdmissionPluginEntry } from "../../../contract.ts";
import { forbiddenLabels } from "./labels.ts";
import { checkPodCertificateRequest } from "./pod-certificate.ts";
import { referencedApiObject } from "./references.ts";
import { mirrorAnnotation, type NodeRequest, podOf } from "./request.ts";
import { checkTokenRequest } from "./token-audience.ts";

export const nodeRestriction: AdmissionPluginEntry = {
  name: "NodeRestriction",
  onByDefault: false,
  create: (host) => createNodeRestriction(host),
};

const leaseNamespace = "kube-node-lease";

function createNodeRestriction(host: NodeRequest["host"]): AdmissionPlugin {
  return {
    name: "NodeRestriction",
    handles: ({ operation, user }) => operation !== "CONNECT" && nodeNameOf(user) !== undefined,
    admit(attributes) {
      const { kind, user } = attributes;
      const nodeName = nodeNameOf(user)!;
      const refuse = (why: string): StatusError =>
        forbidden({ group: kind.group, resource: kind.resource }, nameOf(attributes), why);
      if (nodeName === "") throw refuse(`could not determine node from user ${JSON.stringify(user.username)}`);
      return rules[`${kind.group}/${kind.resource}`]?.({ nodeName, attributes, host, refuse });
    },
  };
}

/** Names are not generated yet when this runs. */
function nameOf({ name, object }: AdmissionAttributes): string {
  return name || object?.metadata.name || object?.metadata.generateName || "Unknown";
}

type Rule = (request: NodeRequest) => void | Promise<void>;

const rules: Readonly<Record<string, Rule>> = {
  "/pods": (request) => {
    const { subresource } = request.attributes;
    if (subresource === "") return checkPod(request);
    if (subresource === "status") return checkPodStatus(request);
    if (subresource === "eviction") return checkEviction(request);
    throw request.refuse(
      `unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`,
    );
  },
  "/nodes": checkNode,
  "/persistentvolumeclaims": checkClaimStatus,
  "/serviceaccounts": (request) => {
    const { operation, subresource } = request.attributes;
    return operation === "CREATE" && subresource === "token" ? checkTokenRequest(request) : undefined;
  },
  "coordination.k8s.io/leases": ({ attributes, nodeName, refuse }) => {
    if (attributes.namespace !== leaseNamespace)
      throw refuse(`can only access leases in the "${leaseNamespace}" system namespace`);
    if (ownNameOf(attributes) !== nodeName)
      throw refuse("can only access node lease with the same name as the requesting node");
  },
  "storage.k8s.io/csinodes": ({ attributes, nodeName, refuse }) => {
    if (ownNameOf(attributes) !== nodeName)
      throw refuse("can only access CSINode with the same name as the requesting node");
  },
  "resource.k8s.io/resourceslices": ({ attributes, nodeName, refuse }) => {
    const { operation, object, oldObject } = attributes;
    const slice = (operation === "CREATE" ? object : oldObject) as { spec?: { nodeName?: string } } | undefined;
    if ((operation === "CREATE" || operation === "DELETE") && slice?.spec?.nodeName !== nodeName)
      throw refuse(`can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`);
  },
  "certificates.k8s.io/certificatesigningrequests": checkSigningRequest,
  "certificates.k8s.io/podcertificaterequests": checkPodCertificateRequest,
};

const ownNameOf = ({ operation, object, name }: AdmissionAttributes): string =>
  operation === "CREATE" ? (object?.metadata.name ?? "") : name;

function checkPod(request: NodeRequest): void {
  const { attributes, nodeName, refuse } = request;
  const node = JSON.stringify(nodeName);
  switch (attributes.operation) {
    case "CREATE":
      checkMirrorPod(request, attributes.object as Pod);
      return;
    case "DELETE":
      // A deletion of a collection has no name; each of its members comes here by itself.
      if (podOf(request, attributes.name).spec.nodeName !== nodeName)
        throw refuse(`node ${node} can only delete pods with spec.nodeName set to itself`);
      return;
    default:
      throw refuse(
        `unexpected operation "${attributes.operation}", node ${node} can only create and delete mirror pods`,
      );
  }
}

function checkMirrorPod({ nodeName, host, refuse }: NodeRequest, pod: Pod): void {
  const node = JSON.stringify(nodeName);
  if (pod.metadata.annotations?.[mirrorAnnotation] === undefined)
    throw refuse(`pod does not have "${mirrorAnnotation}" annotation, node ${node} can only create mirror pods`);
  if (pod.spec.nodeName !== nodeName)
    throw refuse(`node ${node} can only create pods with spec.nodeName set to itself`);
  const [owner, ...others] = pod.metadata.ownerReferences ?? [];
  if (others.length > 0) throw refuse(`node ${node} can only create pods with a single owner reference set to itself`);
  if (owner === undefined || owner.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== nodeName)
    throw refuse(`node ${node} can only create pods with an owner reference set to itself`);
  if (owner.controller !== true)
    throw refuse(`node ${node} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion === true)
    throw refuse(`node ${node} must not set blockOwnerDeletion on an owner reference`);
  const current = host.reader.get(nodes, "", nodeName);
  if (current === undefined) throw notFound({ group: "", resource: "node" }, nodeName);
  if (owner.uid !== current.metadata.uid)
    throw refuse(`node ${nodeName} UID mismatch: expected ${owner.uid} got ${current.metadata.uid}`);
  const referenced = referencedApiObject(pod);
  if (referenced?.error !== undefined)
    throw refuse(`error checking mirror pod for API references: ${referenced.error}`);
  if (referenced !== undefined) throw refuse(`node ${node} can not create pods that reference ${referenced.resource}`);
}

function checkPodStatus({ attributes, nodeName, refuse }: NodeRequest): void {
  if (attributes.operation !== "UPDATE") throw refuse(`unexpected operation "${attributes.operation}"`);
  const node = JSON.stringify(nodeName);
  const before = attributes.oldObject as Pod;
  const after = attributes.object as Pod;
  if (before.spec.nodeName !== nodeName)
    throw refuse(`node ${node} can only update pod status for pods with spec.nodeName set to itself`);
  if (!deepEqual(before.metadata.labels, after.metadata.labels))
    throw refuse(`node ${node} cannot update labels through pod status`);
  if (!deepEqual(before.status?.resourceClaimStatuses, after.status?.resourceClaimStatuses))
    throw refuse(`node ${node} cannot update resource claim statues`);
  if (!deepEqual(before.status?.extendedResourceClaimStatus, after.status?.extendedResourceClaimStatus))
    throw refuse(`node ${node} cannot update extended resource claim status`);
}

function checkEviction(request: NodeRequest): void {
  const { attributes, nodeName, refuse } = request;
  if (attributes.operation !== "CREATE") throw refuse(`unexpected operation ${attributes.operation}`);
  const name = attributes.name || attributes.object?.metadata.name;
  if (!name) throw refuse("could not determine pod from request data");
  if (podOf(request, name).spec.nodeName !== nodeName)
    throw refuse(`node ${nodeName} can only evict pods with spec.nodeName set to itself`);
}

function checkClaimStatus({ attributes, nodeName, refuse }: NodeRequest): void {
  if (attributes.subresource !== "status") throw refuse("may only update PVC status");
  if (attributes.operation !== "UPDATE") throw refuse(`unexpected operation "${attributes.operation}"`);
  const rest = ({ metadata, status, ...claim }: PersistentVolumeClaim): object => {
    const { resourceVersion: _, managedFields: __, ...kept } = metadata;
    const {
      capacity: ___,
      conditions: ____,
      allocatedResourceStatuses: _____,
      allocatedResources: ______,
      ...keptStatus
    } = status ?? {};
    return { ...claim, metadata: kept, status: keptStatus };
  };
  const before = rest(attributes.oldObject as PersistentVolumeClaim);
  const after = rest(attributes.object as PersistentVolumeClaim);
  if (!deepEqual(before, after))
    throw refuse(
      `node ${JSON.stringify(nodeName)} is not allowed to update fields other than status.quantity and status.conditions`,
    );
}

function checkNode({ attributes, nodeName, refuse }: NodeRequest): void {
  const quoted = JSON.stringify(nodeName);
  if (attributes.name !== nodeName)
    throw refuse(`node ${quoted} is not allowed to modify node ${JSON.stringify(attributes.name)}`);
  const node = attributes.object as Node | undefined;
  const before = attributes.oldObject as Node | undefined;
  if (attributes.operation === "CREATE" && node !== undefined) {
    if (node.spec?.configSource)
      throw refuse(`node ${quoted} is not allowed to create pods with a non-nil configSource`);
    const labels = forbiddenLabels(node.metadata.labels, undefined);
    if (labels.length > 0)
      throw refuse(`node ${quoted} is not allowed to set the following labels: ${labels.join(", ")}`);
  }
  if (attributes.operation !== "UPDATE" || node === undefined || before === undefined) return;
  const [source, oldSource] = [node.spec?.configSource, before.spec?.configSource];
  if (source && (!oldSource || !deepEqual(source, oldSource)))
    throw refuse(`node ${quoted} is not allowed to update configSource to a new non-nil configSource`);
  if (!deepEqual(node.spec?.taints, before.spec?.taints))
    throw refuse(`node ${quoted} is not allowed to modify taints`);
  if (!deepEqual(node.metadata.ownerReferences, before.metadata.ownerReferences))
    throw refuse(`node ${quoted} is not allowed to modify ownerReferences`);
  const labels = forbiddenLabels(node.metadata.labels, before.metadata.labels);
  if (labels.length > 0) throw refuse(`is not allowed to modify labels: ${labels.join(", ")}`);
}

function checkSigningRequest({ attributes, nodeName, refuse }: NodeRequest): void {
  if (attributes.operation !== "CREATE" || attributes.object === undefined) return;
  const { spec } = attributes.object as CertificateSigningRequest;
  if (
    spec.signerName !== "kubernetes.io/kubelet-serving" &&
    spec.signerName !== "kubernetes.io/kube-apiserver-client-kubelet"
  )
    return;
  if (commonNameOf(spec.request, refuse) !== `system:node:${nodeName}`)
    throw refuse(`can only create a node CSR with CN=system:node:${nodeName}`);
}

/** `request` is base64 of PEM. */
function commonNameOf(request: string, refuse: NodeRequest["refuse"]): string {
  const body = /-----BEGIN CERTIFICATE REQUEST-----([^-]+)-----END/.exec(atob(request))?.[1];
  if (body === undefined) throw refuse("unable to parse csr: PEM block type must be CERTIFICATE REQUEST");
  try {
    return requestSubject(Uint8Array.from(atob(body.replace(/\s/g, "")), (each) => each.charCodeAt(0))).commonName;
  } catch (error) {
    throw refuse(`unable to parse csr: ${errorText(error)}`);
  }
}
