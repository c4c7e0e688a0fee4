// The one list of admission plugins, in upstream's order, which is the order they run in.
import type { AdmissionHost, AdmissionPlugin, AdmissionPluginEntry } from "../contract.ts";
import { aggregate } from "./framework.ts";
import { createAlwaysDeny } from "./plugins/alwaysdeny/plugin.ts";
import { createAlwaysPullImages } from "./plugins/alwayspullimages/plugin.ts";
import { createCertificateApproval, createCertificateSigning } from "./plugins/certificates/plugin.ts";
import { createCertificateSubjectRestriction } from "./plugins/certificatesubjectrestriction/plugin.ts";
import { createClusterTrustBundleAttest } from "./plugins/clustertrustbundleattest/plugin.ts";
import { createDefaultIngressClass } from "./plugins/defaultingressclass/plugin.ts";
import { createDefaultStorageClass } from "./plugins/defaultstorageclass/plugin.ts";
import { createDefaultTolerationSeconds } from "./plugins/defaulttolerationseconds/plugin.ts";
import { createDenyServiceExternalIPs } from "./plugins/denyserviceexternalips/plugin.ts";
import { createEventRateLimit } from "./plugins/eventratelimit/plugin.ts";
import { createExtendedResourceToleration } from "./plugins/extendedresourcetoleration/plugin.ts";
import { createImagePolicyWebhook } from "./plugins/imagepolicywebhook/plugin.ts";
import { createJobValidation } from "./plugins/jobvalidation/plugin.ts";
import { createLimitPodHardAntiAffinityTopology } from "./plugins/limitpodhardantiaffinitytopology/plugin.ts";
import { createLimitRanger } from "./plugins/limitranger/plugin.ts";
import { createMutatingAdmissionPolicy } from "./plugins/mutatingadmissionpolicy/plugin.ts";
import { createMutatingAdmissionWebhook } from "./plugins/mutatingadmissionwebhook/plugin.ts";
import { createNamespaceAutoProvision } from "./plugins/namespaceautoprovision/plugin.ts";
import { createNamespaceExists } from "./plugins/namespaceexists/plugin.ts";
import { createNamespaceLifecycle } from "./plugins/namespacelifecycle/plugin.ts";
import { createNodeDeclaredFeatureValidator } from "./plugins/nodedeclaredfeaturevalidator/plugin.ts";
import { nodeRestriction } from "./plugins/noderestriction/noderestriction.ts";
import { createOwnerReferencesPermissionEnforcement } from "./plugins/ownerreferencespermissionenforcement/plugin.ts";
import { createPersistentVolumeClaimResize } from "./plugins/persistentvolumeclaimresize/plugin.ts";
import { createPodGroupProtection } from "./plugins/podgroupprotection/plugin.ts";
import { createPodGroupWorkloadExists } from "./plugins/podgroupworkloadexists/plugin.ts";
import { createPodNodeSelector } from "./plugins/podnodeselector/plugin.ts";
import { createPodResizeValidator } from "./plugins/podresizevalidator/plugin.ts";
import { createPodSecurity } from "./plugins/podsecurity/plugin.ts";
import { createPodTolerationRestriction } from "./plugins/podtolerationrestriction/plugin.ts";
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
  { name: "NamespaceAutoProvision", onByDefault: false, create: createNamespaceAutoProvision },
  { name: "NamespaceLifecycle", onByDefault: true, create: createNamespaceLifecycle },
  { name: "NamespaceExists", onByDefault: false, create: createNamespaceExists },
  { name: "LimitPodHardAntiAffinityTopology", onByDefault: false, create: createLimitPodHardAntiAffinityTopology },
  { name: "LimitRanger", onByDefault: true, create: createLimitRanger },
  { name: "ServiceAccount", onByDefault: true, create: createServiceAccount },
  nodeRestriction,
  { name: "TaintNodesByCondition", onByDefault: true, create: createTaintNodesByCondition },
  { name: "AlwaysPullImages", onByDefault: false, create: createAlwaysPullImages },
  { name: "ImagePolicyWebhook", onByDefault: false, create: createImagePolicyWebhook },
  { name: "PodSecurity", onByDefault: true, create: createPodSecurity },
  { name: "PodNodeSelector", onByDefault: false, create: createPodNodeSelector },
  { name: "Priority", onByDefault: true, create: createPriority },
  { name: "DefaultTolerationSeconds", onByDefault: true, create: createDefaultTolerationSeconds },
  { name: "PodTolerationRestriction", onByDefault: false, create: createPodTolerationRestriction },
  { name: "EventRateLimit", onByDefault: false, create: createEventRateLimit },
  { name: "ExtendedResourceToleration", onByDefault: false, create: createExtendedResourceToleration },
  { name: "DefaultStorageClass", onByDefault: true, create: createDefaultStorageClass },
  { name: "StorageObjectInUseProtection", onByDefault: true, create: createStorageObjectInUseProtection },
  { name: "PodGroupProtection", onByDefault: true, create: createPodGroupProtection },
  {
    name: "OwnerReferencesPermissionEnforcement",
    onByDefault: false,
    create: createOwnerReferencesPermissionEnforcement,
  },
  { name: "PersistentVolumeClaimResize", onByDefault: true, create: createPersistentVolumeClaimResize },
  { name: "RuntimeClass", onByDefault: true, create: createRuntimeClass },
  { name: "CertificateApproval", onByDefault: true, create: createCertificateApproval },
  { name: "CertificateSigning", onByDefault: true, create: createCertificateSigning },
  { name: "ClusterTrustBundleAttest", onByDefault: true, create: createClusterTrustBundleAttest },
  { name: "CertificateSubjectRestriction", onByDefault: true, create: createCertificateSubjectRestriction },
  { name: "DefaultIngressClass", onByDefault: true, create: createDefaultIngressClass },
  { name: "DenyServiceExternalIPs", onByDefault: false, create: createDenyServiceExternalIPs },
  { name: "PodTopologyLabels", onByDefault: true, create: createPodTopologyLabels },
  { name: "PodGroupWorkloadExists", onByDefault: true, create: createPodGroupWorkloadExists },
  { name: "NodeDeclaredFeatureValidator", onByDefault: true, create: createNodeDeclaredFeatureValidator },
  { name: "JobValidation", onByDefault: true, create: createJobValidation },
  { name: "PodResizeValidator", onByDefault: true, create: createPodResizeValidator },
  { name: "MutatingAdmissionPolicy", onByDefault: true, create: createMutatingAdmissionPolicy },
  { name: "MutatingAdmissionWebhook", onByDefault: true, create: createMutatingAdmissionWebhook },
  { name: "ValidatingAdmissionPolicy", onByDefault: true, create: createValidatingAdmissionPolicy },
  { name: "ValidatingAdmissionWebhook", onByDefault: true, create: createValidatingAdmissionWebhook },
  { name: "ResourceQuota", onByDefault: true, create: createResourceQuota },
  { name: "AlwaysDeny", onByDefault: false, create: createAlwaysDeny },
];

export interface AdmissionSelection {
  readonly enable: readonly string[];
  readonly disable: readonly string[];
}

/** In the order they run in. */
export const admissionPluginNames = (): string[] => admissionPlugins.map(({ name }) => name);

/** The plugins to run, in order. Throws Error with upstream's texts for names that there are not and names that are turned on and off. */
export function selectPlugins(host: AdmissionHost, selection: AdmissionSelection): AdmissionPlugin[] {
  const names = new Set(admissionPlugins.map(({ name }) => name));
  const faults = (["enable", "disable"] as const).flatMap((list) =>
    selection[list]
      .filter((name) => !names.has(name))
      .map((name) => `${list}-admission-plugins plugin ${JSON.stringify(name)} is unknown`),
  );
  const both = [...new Set(selection.enable.filter((name) => selection.disable.includes(name)))].sort();
  if (both.length > 0)
    faults.push(`[${both.join(" ")}] in enable-admission-plugins and disable-admission-plugins overlapped`);
  if (faults.length > 0) throw new Error(aggregate(faults));
  const chosen = admissionPlugins.filter(
    ({ name, onByDefault }) => !selection.disable.includes(name) && (onByDefault || selection.enable.includes(name)),
  );
  return chosen.map(({ name, create }) => {
    try {
      return create(host);
    } catch (error) {
      throw new Error(`couldn't init admission plugin "${name}": ${(error as Error).message}`, { cause: error });
    }
  });
}
