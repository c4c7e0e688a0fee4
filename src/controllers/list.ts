// The one explicit list of controllers. A controller is one folder and one entry here; names are those of upstream's
// `--controllers` (cmd/kube-controller-manager/names).
import type { ControllerEntry } from "./lib/index.ts";

/** Accounts that are not called as their controller is. */
const accounts: Readonly<Record<string, string>> = {
  "certificatesigningrequest-signing-controller": "certificate-controller",
  "certificatesigningrequest-approving-controller": "certificate-controller",
  "certificatesigningrequest-cleaner-controller": "certificate-controller",
  "podcertificaterequest-cleaner-controller": "podcertificaterequestcleaner",
  "bootstrap-signer-controller": "bootstrap-signer",
  "token-cleaner-controller": "token-cleaner",
  "replicationcontroller-controller": "replication-controller",
  "daemonset-controller": "daemon-set-controller",
  "garbage-collector-controller": "generic-garbage-collector",
  "serviceaccount-controller": "service-account-controller",
  "service-cidr-controller": "service-cidrs-controller",
  "horizontal-pod-autoscaler-controller": "horizontal-pod-autoscaler",
  "legacy-serviceaccount-token-cleaner-controller": "legacy-service-account-token-cleaner",
  "root-ca-certificate-publisher-controller": "root-ca-cert-publisher",
  "endpoints-controller": "endpoint-controller",
  "endpointslice-mirroring-controller": "endpointslicemirroring-controller",
  "node-lifecycle-controller": "node-controller",
  "taint-eviction-controller": "node-controller",
  "node-ipam-controller": "node-controller",
  "pod-garbage-collector-controller": "pod-garbage-collector",
  "persistentvolumeclaim-protection-controller": "pvc-protection-controller",
  "persistentvolume-binder-controller": "persistent-volume-binder",
  "persistentvolume-protection-controller": "pv-protection-controller",
  "persistentvolume-expander-controller": "expand-controller",
  "persistentvolume-attach-detach-controller": "attachdetach-controller",
  "resourceclaim-controller": "resource-claim-controller",
  "kube-apiserver-serving-clustertrustbundle-publisher-controller":
    "kube-apiserver-serving-clustertrustbundle-publisher",
};

const entry = (name: string, load: ControllerEntry["load"]): ControllerEntry => ({
  name,
  account: accounts[name] ?? name,
  onByDefault: true,
  load,
});

/** One that runs only when it is named. */
const optional = (name: string, load: ControllerEntry["load"]): ControllerEntry => ({
  ...entry(name, load),
  onByDefault: false,
});

/** One whose work the accounts of the others depend on: it asks as the manager itself. */
const rooted = (name: string, load: ControllerEntry["load"]): ControllerEntry => ({
  ...entry(name, load),
  account: undefined,
});

export const controllers: readonly ControllerEntry[] = [
  entry("deployment-controller", async () => (await import("./deployment/controller.ts")).runDeployments),
  entry("replicaset-controller", async () => (await import("./replicaset/controller.ts")).runReplicaSets),
  entry(
    "replicationcontroller-controller",
    async () => (await import("./replicationcontroller/controller.ts")).runReplicationControllers,
  ),
  entry("statefulset-controller", async () => (await import("./statefulset/controller.ts")).runStatefulSets),
  entry("daemonset-controller", async () => (await import("./daemonset/controller.ts")).runDaemonSets),
  entry("job-controller", async () => (await import("./job/controller.ts")).runJobs),
  entry(
    "ttl-after-finished-controller",
    async () => (await import("./ttlafterfinished/controller.ts")).runTtlAfterFinished,
  ),
  entry("cronjob-controller", async () => (await import("./cronjob/controller.ts")).runCronJobs),
  entry("namespace-controller", async () => (await import("./namespace/controller.ts")).runNamespaces),
  entry(
    "garbage-collector-controller",
    async () => (await import("./garbage-collector/controller.ts")).runGarbageCollector,
  ),
  entry("serviceaccount-controller", async () => (await import("./serviceaccount/controller.ts")).runServiceAccounts),
  entry(
    "root-ca-certificate-publisher-controller",
    async () => (await import("./root-ca/controller.ts")).runRootCaPublisher,
  ),
  rooted(
    "serviceaccount-token-controller",
    async () => (await import("./serviceaccount-token/controller.ts")).runServiceAccountTokens,
  ),
  entry(
    "legacy-serviceaccount-token-cleaner-controller",
    async () => (await import("./legacy-serviceaccount-token-cleaner/controller.ts")).runLegacyTokenCleaner,
  ),
  entry("endpointslice-controller", async () => (await import("./endpointslice/controller.ts")).runEndpointSlices),
  entry("node-lifecycle-controller", async () => (await import("./node-lifecycle/controller.ts")).runNodeLifecycle),
  entry(
    "device-taint-eviction-controller",
    async () => (await import("./device-taint-eviction/controller.ts")).runDeviceTaintEviction,
  ),
  entry("taint-eviction-controller", async () => (await import("./taint-eviction/controller.ts")).runTaintEviction),
  entry("endpoints-controller", async () => (await import("./endpoints/controller.ts")).runEndpoints),
  entry(
    "endpointslice-mirroring-controller",
    async () => (await import("./endpointslice-mirroring/controller.ts")).runEndpointSliceMirroring,
  ),
  entry(
    "pod-garbage-collector-controller",
    async () => (await import("./pod-garbage-collector/controller.ts")).runPodGarbageCollector,
  ),
  entry("node-ipam-controller", async () => (await import("./node-ipam/controller.ts")).runNodeIpam),
  entry(
    "horizontal-pod-autoscaler-controller",
    async () => (await import("./horizontalpodautoscaler/controller.ts")).runHorizontalPodAutoscalers,
  ),
  entry("service-cidr-controller", async () => (await import("./service-cidr/controller.ts")).runServiceCidrs),
  entry("disruption-controller", async () => (await import("./disruption/controller.ts")).runDisruption),
  entry("resourcequota-controller", async () => (await import("./resourcequota/controller.ts")).runResourceQuotas),
  entry(
    "clusterrole-aggregation-controller",
    async () => (await import("./clusterrole-aggregation/controller.ts")).runClusterRoleAggregation,
  ),
  entry(
    "persistentvolumeclaim-protection-controller",
    async () => (await import("./pvc-protection/controller.ts")).runClaimProtection,
  ),
  entry(
    "persistentvolume-binder-controller",
    async () => (await import("./persistentvolume-binder/controller.ts")).runPersistentVolumeBinder,
  ),
  entry(
    "persistentvolume-protection-controller",
    async () => (await import("./pv-protection/controller.ts")).runPersistentVolumeProtection,
  ),
  entry(
    "persistentvolume-attach-detach-controller",
    async () => (await import("./attach-detach/controller.ts")).runAttachDetach,
  ),
  entry(
    "persistentvolume-expander-controller",
    async () => (await import("./persistentvolume-expander/controller.ts")).runVolumeExpander,
  ),
  entry(
    "ephemeral-volume-controller",
    async () => (await import("./ephemeral-volume/controller.ts")).runEphemeralVolumes,
  ),
  entry("resourceclaim-controller", async () => (await import("./resourceclaim/controller.ts")).runResourceClaims),
  entry(
    "volumeattributesclass-protection-controller",
    async () => (await import("./volumeattributesclass-protection/controller.ts")).runVolumeAttributesClassProtection,
  ),
  entry(
    "certificatesigningrequest-signing-controller",
    async () => (await import("./certificatesigningrequest-signing/controller.ts")).runCertificateSigning,
  ),
  entry(
    "certificatesigningrequest-approving-controller",
    async () => (await import("./certificatesigningrequest-approving/controller.ts")).runCertificateApproving,
  ),
  entry(
    "certificatesigningrequest-cleaner-controller",
    async () => (await import("./certificatesigningrequest-cleaner/controller.ts")).runCertificateCleaner,
  ),
  entry(
    "podcertificaterequest-cleaner-controller",
    async () => (await import("./podcertificaterequest-cleaner/controller.ts")).runPodCertificateRequestCleaner,
  ),
  entry(
    "podgroup-protection-controller",
    async () => (await import("./podgroup-protection/controller.ts")).runPodGroupProtection,
  ),
  entry(
    "kube-apiserver-serving-clustertrustbundle-publisher-controller",
    async () => (await import("./clustertrustbundle-publisher/controller.ts")).runTrustBundlePublisher,
  ),
  optional(
    "bootstrap-signer-controller",
    async () => (await import("./bootstrap-signer/controller.ts")).runBootstrapSigner,
  ),
  optional("token-cleaner-controller", async () => (await import("./token-cleaner/controller.ts")).runTokenCleaner),
  entry("ttl-controller", async () => (await import("./ttl/controller.ts")).runTtl),
  entry(
    "validatingadmissionpolicy-status-controller",
    async () => (await import("./validatingadmissionpolicy-status/controller.ts")).runValidatingAdmissionPolicyStatus,
  ),
];
