// The one list of admission plugins, in upstream's order, which is the order they run in.
import type { AdmissionHost, AdmissionPlugin, AdmissionPluginEntry } from "../contract.ts";
import { createAlwaysPullImages } from "./plugins/alwayspullimages/plugin.ts";
import { createCertificateApproval, createCertificateSigning } from "./plugins/certificates/plugin.ts";
import { createCertificateSubjectRestriction } from "./plugins/certificatesubjectrestriction/plugin.ts";
import { createDefaultIngressClass } from "./plugins/defaultingressclass/plugin.ts";
import { createDefaultStorageClass } from "./plugins/defaultstorageclass/plugin.ts";
import { createDefaultTolerationSeconds } from "./plugins/defaulttolerationseconds/plugin.ts";
import { createLimitRanger } from "./plugins/limitranger/plugin.ts";
import { createMutatingAdmissionPolicy } from "./plugins/mutatingadmissionpolicy/plugin.ts";
import { createMutatingAdmissionWebhook } from "./plugins/mutatingadmissionwebhook/plugin.ts";
import { createNamespaceLifecycle } from "./plugins/namespacelifecycle/plugin.ts";
import { nodeRestriction } from "./plugins/noderestriction/noderestriction.ts";
import { createPersistentVolumeClaimResize } from "./plugins/persistentvolumeclaimresize/plugin.ts";
import { createPodSecurity } from "./plugins/podsecurity/plugin.ts";
import { createPodTopologyLabels } from "./plugins/podtopologylabels/plugin.ts";
import { createPriority } from "./plugins/priority/plugin.ts";
import { createResourceQuota } from "./plugins/resourcequota/plugin.ts";
import { createRuntimeClass } from "./plugins/runtimeclass/plugin.ts";
import { createServiceAccount } from "./plugins/serviceaccount/plugin.ts";
import { createStorageObjectInUseProtection } from "./plugins/storageobjectinuseprotection/plugin.ts";
import { createTaintNodesByCondition } from "./plugins/taintnodesbycondition/plugin.ts";
import { createValidatingAdmissionPolicy } from "./plugins/validatingadmissionpolicy/plugin.ts";
import { createValidatingAdmissionWebhook } from "./plugins/validatingadmissionwebhook/plugin.ts";

const alwaysAdmit: AdmissionPlugin = { name: "AlwaysAdmit", handles: () => false };

export const admissionPlugins: readonly AdmissionPluginEntry[] = [
  { name: "AlwaysAdmit", onByDefault: false, create: () => alwaysAdmit },
  { name: "NamespaceLifecycle", onByDefault: true, create: createNamespaceLifecycle },
  { name: "LimitRanger", onByDefault: true, create: createLimitRanger },
  { name: "ServiceAccount", onByDefault: true, create: createServiceAccount },
  nodeRestriction,
  { name: "TaintNodesByCondition", onByDefault: true, create: createTaintNodesByCondition },
  { name: "AlwaysPullImages", onByDefault: false, create: createAlwaysPullImages },
  { name: "PodSecurity", onByDefault: true, create: createPodSecurity },
  { name: "Priority", onByDefault: true, create: createPriority },
  { name: "DefaultTolerationSeconds", onByDefault: true, create: createDefaultTolerationSeconds },
  { name: "DefaultStorageClass", onByDefault: true, create: createDefaultStorageClass },
  { name: "StorageObjectInUseProtection", onByDefault: true, create: createStorageObjectInUseProtection },
  { name: "PersistentVolumeClaimResize", onByDefault: true, create: createPersistentVolumeClaimResize },
  { name: "RuntimeClass", onByDefault: true, create: createRuntimeClass },
  { name: "CertificateApproval", onByDefault: true, create: createCertificateApproval },
  { name: "CertificateSigning", onByDefault: true, create: createCertificateSigning },
  { name: "CertificateSubjectRestriction", onByDefault: true, create: createCertificateSubjectRestriction },
  { name: "DefaultIngressClass", onByDefault: true, create: createDefaultIngressClass },
  { name: "PodTopologyLabels", onByDefault: true, create: createPodTopologyLabels },
  { name: "MutatingAdmissionPolicy", onByDefault: true, create: createMutatingAdmissionPolicy },
  { name: "MutatingAdmissionWebhook", onByDefault: true, create: createMutatingAdmissionWebhook },
  { name: "ValidatingAdmissionPolicy", onByDefault: true, create: createValidatingAdmissionPolicy },
  { name: "ValidatingAdmissionWebhook", onByDefault: true, create: createValidatingAdmissionWebhook },
  { name: "ResourceQuota", onByDefault: true, create: createResourceQuota },
];

/** Upstream's order of all plugins: where one that is brought from outside the list belongs. */
const order = [
  "AlwaysAdmit",
  "NamespaceAutoProvision",
  "NamespaceLifecycle",
  "NamespaceExists",
  "LimitPodHardAntiAffinityTopology",
  "LimitRanger",
  "ServiceAccount",
  "NodeRestriction",
  "TaintNodesByCondition",
  "AlwaysPullImages",
  "ImagePolicyWebhook",
  "PodSecurity",
  "PodNodeSelector",
  "Priority",
  "DefaultTolerationSeconds",
  "PodTolerationRestriction",
  "EventRateLimit",
  "ExtendedResourceToleration",
  "DefaultStorageClass",
  "StorageObjectInUseProtection",
  "PodGroupProtection",
  "OwnerReferencesPermissionEnforcement",
  "PersistentVolumeClaimResize",
  "RuntimeClass",
  "CertificateApproval",
  "CertificateSigning",
  "ClusterTrustBundleAttest",
  "CertificateSubjectRestriction",
  "DefaultIngressClass",
  "DenyServiceExternalIPs",
  "PodTopologyLabels",
  "PodGroupWorkloadExists",
  "NodeDeclaredFeatureValidator",
  "JobValidation",
  "PodResizeValidator",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionWebhook",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionWebhook",
  "ResourceQuota",
  "AlwaysDeny",
];

export interface AdmissionSelection {
  readonly enable: readonly string[];
  readonly disable: readonly string[];
}

/**
 * The plugins to run, in order. Throws Error with the names that there are: for a name that upstream does not have, and
 * for enabling one that this server does not have yet. Disabling such a one is fine: it does not run.
 */
export function selectPlugins(
  host: AdmissionHost,
  selection: AdmissionSelection,
  brought: readonly AdmissionPluginEntry[] = [],
): AdmissionPlugin[] {
  const entries = [...admissionPlugins, ...brought].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const names = entries.map((entry) => entry.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`admission plugin ${twice} is listed twice`);
  const show = (list: readonly string[]): string => list.map((name) => JSON.stringify(name)).join(", ");
  const unknown = [...selection.enable, ...selection.disable].filter(
    (name) => !names.includes(name) && !order.includes(name),
  );
  if (unknown.length > 0) throw new Error(`unknown admission plugin ${show(unknown)}; there are: ${names.join(", ")}`);
  const missing = selection.enable.filter((name) => !names.includes(name));
  if (missing.length > 0)
    throw new Error(`admission plugin ${show(missing)} is not part of this server; there are: ${names.join(", ")}`);
  const both = selection.enable.filter((name) => selection.disable.includes(name));
  if (both.length > 0) throw new Error(`admission plugin ${show(both)} is both enabled and disabled`);
  return entries
    .filter(
      (entry) =>
        !selection.disable.includes(entry.name) && (entry.onByDefault || selection.enable.includes(entry.name)),
    )
    .map((entry) => entry.create(host));
}
