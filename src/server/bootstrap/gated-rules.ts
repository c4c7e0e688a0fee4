// What feature gates add to the default roles. Upstream: bootstrappolicy/policy.go and controller_policy.go.

/** Verbs, group, resources and names, as the table of the default roles writes them. */
export interface GatedRule {
  readonly v: string;
  readonly g: string;
  readonly r: string;
  readonly n?: string;
}

interface MoreRules {
  readonly gate: string;
  /** A default role, or one of `gatedRoles`. */
  readonly role: string;
  readonly rules: readonly GatedRule[];
  /** They come before the default rule of these resources; after all others when not given. */
  readonly before?: string;
}

const read = "get,list,watch";
const write = "create,delete,deletecollection,patch,update";
const certificates = "certificates.k8s.io";
const scheduling = "scheduling.k8s.io";
const devices = "resource.k8s.io";
const events: GatedRule = { v: "create,patch,update", g: ",events.k8s.io", r: "events" };

export const moreRules: readonly MoreRules[] = [
  {
    gate: "ClusterTrustBundle",
    role: "system:node",
    rules: [{ v: read, g: certificates, r: "clustertrustbundles" }],
    before: "serviceaccounts",
  },
  {
    gate: "PodCertificateRequest",
    role: "system:node",
    rules: [{ v: `create,${read}`, g: certificates, r: "podcertificaterequests" }],
  },
  {
    gate: "GenericWorkload",
    role: "system:aggregate-to-view",
    rules: [{ v: read, g: scheduling, r: "podgroups,podgroups/status,workloads" }],
  },
  {
    gate: "GenericWorkload",
    role: "system:aggregate-to-edit",
    rules: [{ v: write, g: scheduling, r: "podgroups,workloads" }],
  },
  {
    gate: "DRADeviceTaintRules",
    role: "system:kube-scheduler",
    rules: [{ v: read, g: devices, r: "devicetaintrules" }],
    before: "resourceclaims/binding",
  },
  {
    gate: "GenericWorkload",
    role: "system:kube-scheduler",
    rules: [
      { v: read, g: scheduling, r: "podgroups" },
      { v: "patch,update", g: scheduling, r: "podgroups/status" },
    ],
  },
  {
    gate: "DRAWorkloadResourceClaims",
    role: "system:controller:resource-claim-controller",
    rules: [
      { v: read, g: scheduling, r: "podgroups" },
      { v: "patch,update", g: scheduling, r: "podgroups/status" },
    ],
    before: "resourceclaims/binding",
  },
  {
    gate: "DRADeviceTaintRules",
    role: "system:controller:device-taint-eviction-controller",
    rules: [
      { v: "patch,update", g: devices, r: "devicetaintrules/status" },
      { v: read, g: devices, r: "devicetaintrules" },
    ],
  },
  {
    gate: "WorkloadWithJob",
    role: "system:controller:job-controller",
    rules: [{ v: `create,${read}`, g: scheduling, r: "podgroups,workloads" }],
  },
];

interface GatedRole {
  readonly gate: string;
  readonly name: string;
  readonly rules: readonly GatedRule[];
  /** Who is bound to it. */
  readonly subject: string;
}

const controller = (gate: string, account: string, rules: readonly GatedRule[]): GatedRole => ({
  gate,
  name: `system:controller:${account}`,
  rules,
  subject: `ServiceAccount:kube-system/${account}`,
});

export const gatedRoles: readonly GatedRole[] = [
  {
    gate: "ClusterTrustBundle",
    name: "system:cluster-trust-bundle-discovery",
    rules: [{ v: read, g: certificates, r: "clustertrustbundles" }],
    subject: "Group:system:serviceaccounts",
  },
  controller("ClusterTrustBundle", "kube-apiserver-serving-clustertrustbundle-publisher", [
    { v: "attest", g: certificates, r: "signers", n: "kubernetes.io/kube-apiserver-serving" },
    { v: "create,delete,list,update,watch", g: certificates, r: "clustertrustbundles" },
    events,
  ]),
  controller("PodCertificateRequest", "podcertificaterequestcleaner", [
    { v: `delete,${read}`, g: certificates, r: "podcertificaterequests" },
  ]),
  controller("GenericWorkload", "podgroup-protection-controller", [
    { v: "get,list,update,watch", g: scheduling, r: "podgroups" },
    { v: read, g: "", r: "pods" },
  ]),
  controller("DRAResourcePoolStatus", "resourcepoolstatusrequest-controller", [
    { v: `delete,${read}`, g: devices, r: "resourcepoolstatusrequests" },
    { v: "patch,update", g: devices, r: "resourcepoolstatusrequests/status" },
    { v: read, g: devices, r: "resourceslices" },
    { v: read, g: devices, r: "resourceclaims" },
    events,
  ]),
];
