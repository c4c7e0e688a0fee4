import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  certificateSigningRequests,
  csiNodes,
  type KindDefinition,
  leases,
  nodes,
  persistentVolumeClaims,
  pods,
  serviceAccounts,
} from "../../../../api/index.ts";
import { seededRng, silentLogger, VirtualClock } from "../../../../base/index.ts";
import { builtinSchemas, type KubeObject, StatusError } from "../../../../machinery/index.ts";
import { alwaysAllow, alwaysDeny } from "../../../authz/modes.ts";
import { memoryObjects } from "../../../authz/reader.fixture.ts";
import { createCatalog } from "../../../catalog.ts";
import type { AdmissionAttributes, AdmissionOperation, Authorizer } from "../../../contract.ts";
import { nodeRestriction } from "./noderestriction.ts";

const object = (kind: string, name: string, rest: object = {}, metadata: object = {}): KubeObject =>
  ({ apiVersion: "v1", kind, metadata: { name, uid: `uid-${name}`, ...metadata }, ...rest }) as KubeObject;

interface Asked {
  readonly operation: AdmissionOperation;
  readonly kind: KindDefinition<never> | { readonly group: string; readonly resource: string };
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly object?: KubeObject;
  readonly oldObject?: KubeObject;
  readonly user?: string;
  readonly authorizer?: Authorizer;
}

async function refusal(asked: Asked): Promise<string | undefined> {
  const objects = memoryObjects();
  objects.set(nodes, object("Node", "n1"));
  objects.set(
    pods,
    object(
      "Pod",
      "mine",
      {
        spec: {
          nodeName: "n1",
          volumes: [{ name: "t", projected: { sources: [{ serviceAccountToken: { audience: "vault" } }] } }],
        },
      },
      { namespace: "ns" },
    ),
  );
  objects.set(pods, object("Pod", "theirs", { spec: { nodeName: "n2" } }, { namespace: "ns" }));
  const plugin = nodeRestriction.create({
    reader: objects.reader,
    writer: objects.writer,
    authorizer: asked.authorizer ?? alwaysDeny,
    clock: new VirtualClock(),
    rng: seededRng(1),
    log: silentLogger,
    featureEnabled: () => true,
    catalog: createCatalog({ kinds: [], serves: () => true, schemas: builtinSchemas(), hooks: new Map() }),
    objects: { get: async () => undefined, list: async () => [] },
  });
  const attributes = {
    subresource: "",
    namespace: "ns",
    options: {},
    dryRun: false,
    warn: () => {},
    annotate: () => {},
    ...asked,
    bodyKind: asked.kind,
    user: { username: asked.user ?? "system:node:n1", groups: ["system:nodes"] },
  } as unknown as AdmissionAttributes;
  if (!plugin.handles(attributes)) return undefined;
  try {
    await plugin.admit!(attributes);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    return error.message;
  }
}

const owner = { apiVersion: "v1", kind: "Node", name: "n1", uid: "uid-n1", controller: true };
const mirror = (spec: object = {}, metadata: object = {}): KubeObject =>
  object(
    "Pod",
    "m",
    { spec: { nodeName: "n1", containers: [], ...spec } },
    { annotations: { "kubernetes.io/config.mirror": "x" }, ownerReferences: [owner], ...metadata },
  );
const token = (spec: object): KubeObject => object("TokenRequest", "", { spec });
const bound = (name: string, uid?: string) => ({
  boundObjectRef: { apiVersion: "v1", kind: "Pod", name, ...(uid ? { uid } : {}) },
});
const node = (labels: object = {}, spec: object = {}, metadata: object = {}) =>
  object("Node", "n1", { spec }, { labels, ...metadata });
const claim = (status: object, metadata: object = {}) =>
  object("PersistentVolumeClaim", "c", { spec: {}, status }, metadata);
/** `openssl req` for CN=system:node:n1, as a CertificateSigningRequest carries it. */
const csr =
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIck1JR1NBZ0VBTURBeEZUQVRCZ05WQkFvTURITjVjM1JsYlRwdWIyUmxjekVYTUJVR0ExVUVBd3dPYzNsegpkR1Z0T201dlpHVTZiakV3V1RBVEJnY3Foa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVJYSkIwenN5VDRKQUpSCm5NQzNRV0lvS05pTmxkTWFxWjA0a0x0ZFlRZ1MvK2sxR05VWmo0b3RiSmZNRG1xMWpvN0dHUnpFMWdKV05LQm8KNklMM1JMZ0VvQUF3Q2dZSUtvWkl6ajBFQXdJRFNBQXdSUUlnYzh6RlIrSTErd1BKS0JpeHFSaHNZTXNSUWw3ZApmSk91RkkrL1IrWmNicVFDSVFDRjJmNS9SY2tYbUxUMGVDZmdPcEVadHlCN3NlSThFbW10Rm9qMEpTUTQ4QT09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=";

const table: readonly [string, Asked, string | undefined][] = [
  ["others are not restricted", { operation: "CREATE", kind: nodes, name: "x", user: "admin" }, undefined],
  [
    "a node without a name",
    { operation: "CREATE", kind: nodes, name: "x", user: "system:node:" },
    'nodes "x" is forbidden: could not determine node from user "system:node:"',
  ],
  [
    "another node",
    { operation: "UPDATE", kind: nodes, name: "n2" },
    'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
  ],
  [
    "own node",
    {
      operation: "CREATE",
      kind: nodes,
      name: "n1",
      object: node({ "kubernetes.io/hostname": "n1", a: "b", "x.node.kubernetes.io/y": "z" }),
    },
    undefined,
  ],
  [
    "a forbidden label",
    {
      operation: "CREATE",
      kind: nodes,
      name: "n1",
      object: node({ "foo.k8s.io/x": "1", "a.node-restriction.kubernetes.io/y": "2" }),
    },
    'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: a.node-restriction.kubernetes.io/y, foo.k8s.io/x',
  ],
  [
    "a label taken away",
    {
      operation: "UPDATE",
      kind: nodes,
      name: "n1",
      object: node(),
      oldObject: node({ "node-restriction.kubernetes.io/x": "1" }),
    },
    'nodes "n1" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/x',
  ],
  [
    "a taint",
    {
      operation: "UPDATE",
      kind: nodes,
      name: "n1",
      object: node({}, { taints: [] }),
      oldObject: node({}, { taints: [{ key: "k", effect: "NoSchedule" }] }),
    },
    'nodes "n1" is forbidden: node "n1" is not allowed to modify taints',
  ],
  [
    "an owner",
    {
      operation: "UPDATE",
      kind: nodes,
      name: "n1",
      object: node({}, {}, { ownerReferences: [owner] }),
      oldObject: node(),
    },
    'nodes "n1" is forbidden: node "n1" is not allowed to modify ownerReferences',
  ],
  [
    "a plain pod",
    { operation: "CREATE", kind: pods, name: "", object: object("Pod", "p", { spec: {} }) },
    'pods "p" is forbidden: pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
  ],
  [
    "a mirror pod",
    {
      operation: "CREATE",
      kind: pods,
      name: "m",
      object: mirror({ volumes: [{ name: "h", hostPath: { path: "/" } }] }),
    },
    undefined,
  ],
  [
    "a mirror pod elsewhere",
    { operation: "CREATE", kind: pods, name: "m", object: mirror({ nodeName: "n2" }) },
    'pods "m" is forbidden: node "n1" can only create pods with spec.nodeName set to itself',
  ],
  [
    "a mirror pod of nobody",
    { operation: "CREATE", kind: pods, name: "m", object: mirror({}, { ownerReferences: [] }) },
    'pods "m" is forbidden: node "n1" can only create pods with an owner reference set to itself',
  ],
  [
    "a mirror pod of an earlier node",
    { operation: "CREATE", kind: pods, name: "m", object: mirror({}, { ownerReferences: [{ ...owner, uid: "old" }] }) },
    'pods "m" is forbidden: node n1 UID mismatch: expected old got uid-n1',
  ],
  [
    "a mirror pod with a secret",
    { operation: "CREATE", kind: pods, name: "m", object: mirror({ imagePullSecrets: [{ name: "s" }] }) },
    'pods "m" is forbidden: node "n1" can not create pods that reference secrets',
  ],
  [
    "a mirror pod with a claim",
    {
      operation: "CREATE",
      kind: pods,
      name: "m",
      object: mirror({ volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] }),
    },
    'pods "m" is forbidden: node "n1" can not create pods that reference persistentvolumeclaims',
  ],
  [
    "an update of a pod",
    { operation: "UPDATE", kind: pods, name: "mine" },
    'pods "mine" is forbidden: unexpected operation "UPDATE", node "n1" can only create and delete mirror pods',
  ],
  ["deletion of its pod", { operation: "DELETE", kind: pods, name: "mine" }, undefined],
  [
    "deletion of another's pod",
    { operation: "DELETE", kind: pods, name: "theirs" },
    'pods "theirs" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself',
  ],
  ["deletion of no pod", { operation: "DELETE", kind: pods, name: "none" }, 'pod "none" not found'],
  [
    "status of another's pod",
    {
      operation: "UPDATE",
      kind: pods,
      subresource: "status",
      name: "theirs",
      object: object("Pod", "theirs", { spec: { nodeName: "n2" } }),
      oldObject: object("Pod", "theirs", { spec: { nodeName: "n2" } }),
    },
    'pods "theirs" is forbidden: node "n1" can only update pod status for pods with spec.nodeName set to itself',
  ],
  [
    "labels through status",
    {
      operation: "UPDATE",
      kind: pods,
      subresource: "status",
      name: "mine",
      object: object("Pod", "mine", { spec: { nodeName: "n1" } }, { labels: { a: "b" } }),
      oldObject: object("Pod", "mine", { spec: { nodeName: "n1" } }),
    },
    'pods "mine" is forbidden: node "n1" cannot update labels through pod status',
  ],
  [
    "eviction of another's pod",
    { operation: "CREATE", kind: pods, subresource: "eviction", name: "theirs", object: object("Eviction", "theirs") },
    'pods "theirs" is forbidden: node n1 can only evict pods with spec.nodeName set to itself',
  ],
  [
    "exec",
    { operation: "CREATE", kind: pods, subresource: "exec", name: "mine" },
    `pods "mine" is forbidden: unexpected pod subresource "exec", only 'status' and 'eviction' are allowed`,
  ],
  [
    "capacity of a claim",
    {
      operation: "UPDATE",
      kind: persistentVolumeClaims,
      subresource: "status",
      name: "c",
      object: claim({ capacity: { storage: "2" } }),
      oldObject: claim({ capacity: { storage: "1" } }),
    },
    undefined,
  ],
  [
    "labels of a claim",
    {
      operation: "UPDATE",
      kind: persistentVolumeClaims,
      subresource: "status",
      name: "c",
      object: claim({}, { labels: { a: "b" } }),
      oldObject: claim({}),
    },
    'persistentvolumeclaims "c" is forbidden: node "n1" is not allowed to update fields other than status.quantity and status.conditions',
  ],
  [
    "a claim",
    { operation: "CREATE", kind: persistentVolumeClaims, name: "c" },
    'persistentvolumeclaims "c" is forbidden: may only update PVC status',
  ],
  [
    "its lease",
    { operation: "CREATE", kind: leases, namespace: "kube-node-lease", name: "", object: object("Lease", "n1") },
    undefined,
  ],
  [
    "another's lease",
    { operation: "UPDATE", kind: leases, namespace: "kube-node-lease", name: "n2" },
    'leases.coordination.k8s.io "n2" is forbidden: can only access node lease with the same name as the requesting node',
  ],
  [
    "another's CSINode",
    { operation: "CREATE", kind: csiNodes, namespace: "", name: "", object: object("CSINode", "n2") },
    'csinodes.storage.k8s.io "n2" is forbidden: can only access CSINode with the same name as the requesting node',
  ],
  [
    "a token without a pod",
    { operation: "CREATE", kind: serviceAccounts, subresource: "token", name: "bot", object: token({}) },
    'serviceaccounts "bot" is forbidden: node requested token not bound to a pod',
  ],
  [
    "a token without a uid",
    { operation: "CREATE", kind: serviceAccounts, subresource: "token", name: "bot", object: token(bound("mine")) },
    'serviceaccounts "bot" is forbidden: node requested token with a pod binding without a uid',
  ],
  [
    "a token for another's pod",
    {
      operation: "CREATE",
      kind: serviceAccounts,
      subresource: "token",
      name: "bot",
      object: token(bound("theirs", "uid-theirs")),
    },
    'serviceaccounts "bot" is forbidden: node requested token bound to a pod scheduled on a different node',
  ],
  [
    "a token for an audience of its pod",
    {
      operation: "CREATE",
      kind: serviceAccounts,
      subresource: "token",
      name: "bot",
      object: token({ ...bound("mine", "uid-mine"), audiences: ["vault"] }),
    },
    undefined,
  ],
  [
    "a token for another audience",
    {
      operation: "CREATE",
      kind: serviceAccounts,
      subresource: "token",
      name: "bot",
      object: token({ ...bound("mine", "uid-mine"), audiences: ["x"] }),
    },
    'serviceaccounts "bot" is forbidden: audience "x" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
  ],
  [
    "a token for an audience that it may ask for",
    {
      operation: "CREATE",
      kind: serviceAccounts,
      subresource: "token",
      name: "bot",
      authorizer: alwaysAllow,
      object: token({ ...bound("mine", "uid-mine"), audiences: ["x"] }),
    },
    undefined,
  ],
  [
    "its certificate request",
    {
      operation: "CREATE",
      kind: certificateSigningRequests,
      namespace: "",
      name: "r",
      object: object("CertificateSigningRequest", "r", {
        spec: { signerName: "kubernetes.io/kubelet-serving", request: csr },
      }),
    },
    undefined,
  ],
  [
    "another's certificate request",
    {
      operation: "CREATE",
      kind: certificateSigningRequests,
      namespace: "",
      name: "r",
      user: "system:node:n2",
      object: object("CertificateSigningRequest", "r", {
        spec: { signerName: "kubernetes.io/kubelet-serving", request: csr },
      }),
    },
    'certificatesigningrequests.certificates.k8s.io "r" is forbidden: can only create a node CSR with CN=system:node:n2',
  ],
  [
    "a broken certificate request",
    {
      operation: "CREATE",
      kind: certificateSigningRequests,
      namespace: "",
      name: "r",
      object: object("CertificateSigningRequest", "r", {
        spec: { signerName: "kubernetes.io/kubelet-serving", request: btoa("x") },
      }),
    },
    'certificatesigningrequests.certificates.k8s.io "r" is forbidden: unable to parse csr: PEM block type must be CERTIFICATE REQUEST',
  ],
];

describe("NodeRestriction", () => {
  for (const [name, asked, wanted] of table) it(name, async () => assert.equal(await refusal(asked), wanted));
});
