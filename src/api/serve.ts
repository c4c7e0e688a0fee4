// The rules by which the API server serves each kind of kinds.ts. For `server` alone: clients do not pull this in.
import {
  builtinSchemas,
  decodeValue,
  deepClone,
  type FieldError,
  formatApiVersion,
  type KubeObject,
} from "../machinery/index.ts";
import { mutatingAdmissionPolicies } from "./admissionregistration/mutatingadmissionpolicies/kind.ts";
import { mutatingAdmissionPolicyRules } from "./admissionregistration/mutatingadmissionpolicies/serve.ts";
import { mutatingAdmissionPoliciesV1alpha1 } from "./admissionregistration/mutatingadmissionpolicies-v1alpha1/kind.ts";
import { mutatingAdmissionPolicyV1alpha1Rules } from "./admissionregistration/mutatingadmissionpolicies-v1alpha1/serve.ts";
import { mutatingAdmissionPoliciesV1beta1 } from "./admissionregistration/mutatingadmissionpolicies-v1beta1/kind.ts";
import { mutatingAdmissionPolicyV1beta1Rules } from "./admissionregistration/mutatingadmissionpolicies-v1beta1/serve.ts";
import { mutatingAdmissionPolicyBindings } from "./admissionregistration/mutatingadmissionpolicybindings/kind.ts";
import { mutatingAdmissionPolicyBindingRules } from "./admissionregistration/mutatingadmissionpolicybindings/serve.ts";
import { mutatingAdmissionPolicyBindingsV1alpha1 } from "./admissionregistration/mutatingadmissionpolicybindings-v1alpha1/kind.ts";
import { mutatingAdmissionPolicyBindingV1alpha1Rules } from "./admissionregistration/mutatingadmissionpolicybindings-v1alpha1/serve.ts";
import { mutatingAdmissionPolicyBindingsV1beta1 } from "./admissionregistration/mutatingadmissionpolicybindings-v1beta1/kind.ts";
import { mutatingAdmissionPolicyBindingV1beta1Rules } from "./admissionregistration/mutatingadmissionpolicybindings-v1beta1/serve.ts";
import { mutatingWebhookConfigurations } from "./admissionregistration/mutatingwebhookconfigurations/kind.ts";
import { mutatingWebhookConfigurationRules } from "./admissionregistration/mutatingwebhookconfigurations/serve.ts";
import { validatingAdmissionPolicies } from "./admissionregistration/validatingadmissionpolicies/kind.ts";
import { validatingAdmissionPolicyRules } from "./admissionregistration/validatingadmissionpolicies/serve.ts";
import { validatingAdmissionPolicyBindings } from "./admissionregistration/validatingadmissionpolicybindings/kind.ts";
import { validatingAdmissionPolicyBindingRules } from "./admissionregistration/validatingadmissionpolicybindings/serve.ts";
import { validatingWebhookConfigurations } from "./admissionregistration/validatingwebhookconfigurations/kind.ts";
import { validatingWebhookConfigurationRules } from "./admissionregistration/validatingwebhookconfigurations/serve.ts";
import { customResourceDefinitions } from "./apiextensions/customresourcedefinitions/kind.ts";
import { customResourceDefinitionRules } from "./apiextensions/customresourcedefinitions/serve.ts";
import { apiServices } from "./apiregistration/apiservices/kind.ts";
import { apiServiceRules } from "./apiregistration/apiservices/serve.ts";
import { storageVersions } from "./apiserverinternal/storageversions/kind.ts";
import { storageVersionRules } from "./apiserverinternal/storageversions/serve.ts";
import { controllerRevisions } from "./apps/controllerrevisions/kind.ts";
import { controllerRevisionRules } from "./apps/controllerrevisions/serve.ts";
import { daemonSets } from "./apps/daemonsets/kind.ts";
import { daemonSetRules } from "./apps/daemonsets/serve.ts";
import { deployments } from "./apps/deployments/kind.ts";
import { deploymentRules } from "./apps/deployments/serve.ts";
import { replicaSets } from "./apps/replicasets/kind.ts";
import { replicaSetRules } from "./apps/replicasets/serve.ts";
import { statefulSets } from "./apps/statefulsets/kind.ts";
import { statefulSetRules } from "./apps/statefulsets/serve.ts";
import { selfSubjectReviews } from "./authentication/selfsubjectreviews/kind.ts";
import { selfSubjectReviewRules } from "./authentication/selfsubjectreviews/serve.ts";
import { tokenReviews } from "./authentication/tokenreviews/kind.ts";
import { tokenReviewRules } from "./authentication/tokenreviews/serve.ts";
import { localSubjectAccessReviews } from "./authorization/localsubjectaccessreviews/kind.ts";
import { localSubjectAccessReviewRules } from "./authorization/localsubjectaccessreviews/serve.ts";
import { selfSubjectAccessReviews } from "./authorization/selfsubjectaccessreviews/kind.ts";
import { selfSubjectAccessReviewRules } from "./authorization/selfsubjectaccessreviews/serve.ts";
import { selfSubjectRulesReviews } from "./authorization/selfsubjectrulesreviews/kind.ts";
import { selfSubjectRulesReviewRules } from "./authorization/selfsubjectrulesreviews/serve.ts";
import { subjectAccessReviews } from "./authorization/subjectaccessreviews/kind.ts";
import { subjectAccessReviewRules } from "./authorization/subjectaccessreviews/serve.ts";
import { horizontalPodAutoscalers } from "./autoscaling/horizontalpodautoscalers/kind.ts";
import { horizontalPodAutoscalerRules } from "./autoscaling/horizontalpodautoscalers/serve.ts";
import { horizontalPodAutoscalersV1 } from "./autoscaling/horizontalpodautoscalers-v1/kind.ts";
import { horizontalPodAutoscalerV1Rules } from "./autoscaling/horizontalpodautoscalers-v1/serve.ts";
import { cronJobs } from "./batch/cronjobs/kind.ts";
import { cronJobRules } from "./batch/cronjobs/serve.ts";
import { jobs } from "./batch/jobs/kind.ts";
import { jobRules } from "./batch/jobs/serve.ts";
import { certificateSigningRequests } from "./certificates/certificatesigningrequests/kind.ts";
import { certificateSigningRequestRules } from "./certificates/certificatesigningrequests/serve.ts";
import { clusterTrustBundles } from "./certificates/clustertrustbundles/kind.ts";
import { clusterTrustBundleRules } from "./certificates/clustertrustbundles/serve.ts";
import { clusterTrustBundlesV1alpha1 } from "./certificates/clustertrustbundles-v1alpha1/kind.ts";
import { clusterTrustBundleV1alpha1Rules } from "./certificates/clustertrustbundles-v1alpha1/serve.ts";
import { podCertificateRequests } from "./certificates/podcertificaterequests/kind.ts";
import { podCertificateRequestRules } from "./certificates/podcertificaterequests/serve.ts";
import { leaseCandidates } from "./coordination/leasecandidates/kind.ts";
import { leaseCandidateRules } from "./coordination/leasecandidates/serve.ts";
import { leaseCandidatesV1alpha2 } from "./coordination/leasecandidates-v1alpha2/kind.ts";
import { leaseCandidateV1alpha2Rules } from "./coordination/leasecandidates-v1alpha2/serve.ts";
import { leases } from "./coordination/leases/kind.ts";
import { leaseRules } from "./coordination/leases/serve.ts";
import { bindings } from "./core/bindings/kind.ts";
import { bindingRules } from "./core/bindings/serve.ts";
import { componentStatuses } from "./core/componentstatuses/kind.ts";
import { componentStatusRules } from "./core/componentstatuses/serve.ts";
import { configMaps } from "./core/configmaps/kind.ts";
import { configMapRules } from "./core/configmaps/serve.ts";
import { endpoints } from "./core/endpoints/kind.ts";
import { endpointsRules } from "./core/endpoints/serve.ts";
import { events } from "./core/events/kind.ts";
import { eventRules } from "./core/events/serve.ts";
import { limitRanges } from "./core/limitranges/kind.ts";
import { limitRangeRules } from "./core/limitranges/serve.ts";
import { namespaces } from "./core/namespaces/kind.ts";
import { namespaceRules } from "./core/namespaces/serve.ts";
import { nodes } from "./core/nodes/kind.ts";
import { nodeRules } from "./core/nodes/serve.ts";
import { persistentVolumeClaims } from "./core/persistentvolumeclaims/kind.ts";
import { persistentVolumeClaimRules } from "./core/persistentvolumeclaims/serve.ts";
import { persistentVolumes } from "./core/persistentvolumes/kind.ts";
import { persistentVolumeRules } from "./core/persistentvolumes/serve.ts";
import { pods } from "./core/pods/kind.ts";
import { podRules } from "./core/pods/serve.ts";
import { podTemplates } from "./core/podtemplates/kind.ts";
import { podTemplateRules } from "./core/podtemplates/serve.ts";
import { replicationControllers } from "./core/replicationcontrollers/kind.ts";
import { replicationControllerRules } from "./core/replicationcontrollers/serve.ts";
import { resourceQuotas } from "./core/resourcequotas/kind.ts";
import { resourceQuotaRules } from "./core/resourcequotas/serve.ts";
import { secrets } from "./core/secrets/kind.ts";
import { secretRules } from "./core/secrets/serve.ts";
import { serviceAccounts } from "./core/serviceaccounts/kind.ts";
import { serviceAccountRules } from "./core/serviceaccounts/serve.ts";
import { services } from "./core/services/kind.ts";
import { serviceRules } from "./core/services/serve.ts";
import { endpointSlices } from "./discovery/endpointslices/kind.ts";
import { endpointSliceRules } from "./discovery/endpointslices/serve.ts";
import { eventsV1 } from "./events/events/kind.ts";
import { eventV1Rules } from "./events/events/serve.ts";
import { flowSchemas } from "./flowcontrol/flowschemas/kind.ts";
import { flowSchemaRules } from "./flowcontrol/flowschemas/serve.ts";
import { priorityLevelConfigurations } from "./flowcontrol/prioritylevelconfigurations/kind.ts";
import { priorityLevelConfigurationRules } from "./flowcontrol/prioritylevelconfigurations/serve.ts";
import type { KindDefinition, RuleContext, ServedKind, ServeRules } from "./kind.ts";
import { pathName, validateObjectMeta, validateObjectMetaUpdate } from "./lib/metadata.ts";
import { privilegedPods } from "./lib/pod-spec/privileged.ts";
import { findings, named } from "./lib/validate.ts";
import { ingressClasses } from "./networking/ingressclasses/kind.ts";
import { ingressClassRules } from "./networking/ingressclasses/serve.ts";
import { ingresses } from "./networking/ingresses/kind.ts";
import { ingressRules } from "./networking/ingresses/serve.ts";
import { ipAddresses } from "./networking/ipaddresses/kind.ts";
import { ipAddressRules } from "./networking/ipaddresses/serve.ts";
import { ipAddressesV1beta1 } from "./networking/ipaddresses-v1beta1/kind.ts";
import { ipAddressV1beta1Rules } from "./networking/ipaddresses-v1beta1/serve.ts";
import { networkPolicies } from "./networking/networkpolicies/kind.ts";
import { networkPolicyRules } from "./networking/networkpolicies/serve.ts";
import { serviceCIDRs } from "./networking/servicecidrs/kind.ts";
import { serviceCIDRRules } from "./networking/servicecidrs/serve.ts";
import { serviceCIDRsV1beta1 } from "./networking/servicecidrs-v1beta1/kind.ts";
import { serviceCIDRV1beta1Rules } from "./networking/servicecidrs-v1beta1/serve.ts";
import { runtimeClasses } from "./node/runtimeclasses/kind.ts";
import { runtimeClassRules } from "./node/runtimeclasses/serve.ts";
import { podDisruptionBudgets } from "./policy/poddisruptionbudgets/kind.ts";
import { podDisruptionBudgetRules } from "./policy/poddisruptionbudgets/serve.ts";
import { clusterRoleBindings } from "./rbac/clusterrolebindings/kind.ts";
import { clusterRoleBindingRules } from "./rbac/clusterrolebindings/serve.ts";
import { clusterRoles } from "./rbac/clusterroles/kind.ts";
import { clusterRoleRules } from "./rbac/clusterroles/serve.ts";
import { roleBindings } from "./rbac/rolebindings/kind.ts";
import { roleBindingRules } from "./rbac/rolebindings/serve.ts";
import { roles } from "./rbac/roles/kind.ts";
import { roleRules } from "./rbac/roles/serve.ts";
import { deviceClasses } from "./resource/deviceclasses/kind.ts";
import { deviceClassRules } from "./resource/deviceclasses/serve.ts";
import { deviceClassesV1beta1 } from "./resource/deviceclasses-v1beta1/kind.ts";
import { deviceClassV1beta1Rules } from "./resource/deviceclasses-v1beta1/serve.ts";
import { deviceClassesV1beta2 } from "./resource/deviceclasses-v1beta2/kind.ts";
import { deviceClassV1beta2Rules } from "./resource/deviceclasses-v1beta2/serve.ts";
import { deviceTaintRules } from "./resource/devicetaintrules/kind.ts";
import { deviceTaintRuleRules } from "./resource/devicetaintrules/serve.ts";
import { deviceTaintRulesV1alpha3 } from "./resource/devicetaintrules-v1alpha3/kind.ts";
import { deviceTaintRuleV1alpha3Rules } from "./resource/devicetaintrules-v1alpha3/serve.ts";
import { resourceClaims } from "./resource/resourceclaims/kind.ts";
import { resourceClaimRules } from "./resource/resourceclaims/serve.ts";
import { resourceClaimsV1beta1 } from "./resource/resourceclaims-v1beta1/kind.ts";
import { resourceClaimV1beta1Rules } from "./resource/resourceclaims-v1beta1/serve.ts";
import { resourceClaimsV1beta2 } from "./resource/resourceclaims-v1beta2/kind.ts";
import { resourceClaimV1beta2Rules } from "./resource/resourceclaims-v1beta2/serve.ts";
import { resourceClaimTemplates } from "./resource/resourceclaimtemplates/kind.ts";
import { resourceClaimTemplateRules } from "./resource/resourceclaimtemplates/serve.ts";
import { resourceClaimTemplatesV1beta1 } from "./resource/resourceclaimtemplates-v1beta1/kind.ts";
import { resourceClaimTemplateV1beta1Rules } from "./resource/resourceclaimtemplates-v1beta1/serve.ts";
import { resourceClaimTemplatesV1beta2 } from "./resource/resourceclaimtemplates-v1beta2/kind.ts";
import { resourceClaimTemplateV1beta2Rules } from "./resource/resourceclaimtemplates-v1beta2/serve.ts";
import { resourcePoolStatusRequests } from "./resource/resourcepoolstatusrequests/kind.ts";
import { resourcePoolStatusRequestRules } from "./resource/resourcepoolstatusrequests/serve.ts";
import { resourceSlices } from "./resource/resourceslices/kind.ts";
import { resourceSliceRules } from "./resource/resourceslices/serve.ts";
import { resourceSlicesV1beta1 } from "./resource/resourceslices-v1beta1/kind.ts";
import { resourceSliceV1beta1Rules } from "./resource/resourceslices-v1beta1/serve.ts";
import { resourceSlicesV1beta2 } from "./resource/resourceslices-v1beta2/kind.ts";
import { resourceSliceV1beta2Rules } from "./resource/resourceslices-v1beta2/serve.ts";
import { podGroups } from "./scheduling/podgroups/kind.ts";
import { podGroupRules } from "./scheduling/podgroups/serve.ts";
import { priorityClasses } from "./scheduling/priorityclasses/kind.ts";
import { priorityClassRules } from "./scheduling/priorityclasses/serve.ts";
import { workloads } from "./scheduling/workloads/kind.ts";
import { workloadRules } from "./scheduling/workloads/serve.ts";
import { csiDrivers } from "./storage/csidrivers/kind.ts";
import { csiDriverRules } from "./storage/csidrivers/serve.ts";
import { csiNodes } from "./storage/csinodes/kind.ts";
import { csiNodeRules } from "./storage/csinodes/serve.ts";
import { csiStorageCapacities } from "./storage/csistoragecapacities/kind.ts";
import { csiStorageCapacityRules } from "./storage/csistoragecapacities/serve.ts";
import { storageClasses } from "./storage/storageclasses/kind.ts";
import { storageClassRules } from "./storage/storageclasses/serve.ts";
import { volumeAttachments } from "./storage/volumeattachments/kind.ts";
import { volumeAttachmentRules } from "./storage/volumeattachments/serve.ts";
import { volumeAttributesClasses } from "./storage/volumeattributesclasses/kind.ts";
import { volumeAttributesClassRules } from "./storage/volumeattributesclasses/serve.ts";
import { volumeAttributesClassesV1beta1 } from "./storage/volumeattributesclasses-v1beta1/kind.ts";
import { volumeAttributesClassV1beta1Rules } from "./storage/volumeattributesclasses-v1beta1/serve.ts";
import { storageVersionMigrations } from "./storagemigration/storageversionmigrations/kind.ts";
import { storageVersionMigrationRules } from "./storagemigration/storageversionmigrations/serve.ts";

/** `status: {}` or what else upstream writes for a status that nobody has set, by kind. */
const emptyStatus = (kind: KindDefinition): unknown => {
  const apiVersion = formatApiVersion(kind);
  const schemas = builtinSchemas();
  const schema = schemas.ofKind(kind);
  if (schema === undefined) return undefined;
  const blank = { apiVersion, kind: kind.kind };
  return decodeValue(blank, { schema, schemas, fieldValidation: "Ignore" }).object["status"];
};

/** Kinds with a status always show one, also after the registry has cleared what the client sent. */
function withStatus<T extends KubeObject>(kind: KindDefinition<T>, rules: ServeRules<T>): ServeRules<T> {
  if (rules.status === undefined) return rules;
  let empty: unknown;
  return {
    ...rules,
    default: (draft, features) => {
      const own = draft as { status?: unknown };
      if (own.status === undefined) {
        empty ??= emptyStatus(kind) ?? null;
        if (empty !== null) own.status = deepClone(empty);
      }
      rules.default?.(draft, features);
    },
  };
}

const served = <T extends KubeObject>(kind: KindDefinition<T>, rules: ServeRules<T>): ServedKind =>
  ({ kind, rules: withStatus(kind, rules) }) as ServedKind;

export const servedKinds: readonly ServedKind[] = [
  served(mutatingAdmissionPolicies, mutatingAdmissionPolicyRules),
  served(mutatingAdmissionPoliciesV1beta1, mutatingAdmissionPolicyV1beta1Rules),
  served(mutatingAdmissionPoliciesV1alpha1, mutatingAdmissionPolicyV1alpha1Rules),
  served(mutatingAdmissionPolicyBindings, mutatingAdmissionPolicyBindingRules),
  served(mutatingAdmissionPolicyBindingsV1beta1, mutatingAdmissionPolicyBindingV1beta1Rules),
  served(mutatingAdmissionPolicyBindingsV1alpha1, mutatingAdmissionPolicyBindingV1alpha1Rules),
  served(mutatingWebhookConfigurations, mutatingWebhookConfigurationRules),
  served(validatingAdmissionPolicies, validatingAdmissionPolicyRules),
  served(validatingAdmissionPolicyBindings, validatingAdmissionPolicyBindingRules),
  served(validatingWebhookConfigurations, validatingWebhookConfigurationRules),
  served(apiServices, apiServiceRules),
  served(customResourceDefinitions, customResourceDefinitionRules),
  served(storageVersions, storageVersionRules),
  served(controllerRevisions, controllerRevisionRules),
  served(daemonSets, daemonSetRules),
  served(deployments, deploymentRules),
  served(replicaSets, replicaSetRules),
  served(statefulSets, statefulSetRules),
  served(selfSubjectReviews, selfSubjectReviewRules),
  served(tokenReviews, tokenReviewRules),
  served(localSubjectAccessReviews, localSubjectAccessReviewRules),
  served(selfSubjectAccessReviews, selfSubjectAccessReviewRules),
  served(selfSubjectRulesReviews, selfSubjectRulesReviewRules),
  served(subjectAccessReviews, subjectAccessReviewRules),
  served(horizontalPodAutoscalers, horizontalPodAutoscalerRules),
  served(horizontalPodAutoscalersV1, horizontalPodAutoscalerV1Rules),
  served(cronJobs, cronJobRules),
  served(jobs, jobRules),
  served(certificateSigningRequests, certificateSigningRequestRules),
  served(clusterTrustBundles, clusterTrustBundleRules),
  served(clusterTrustBundlesV1alpha1, clusterTrustBundleV1alpha1Rules),
  served(podCertificateRequests, podCertificateRequestRules),
  served(leases, leaseRules),
  served(bindings, bindingRules),
  served(componentStatuses, componentStatusRules),
  served(configMaps, configMapRules),
  served(endpoints, endpointsRules),
  served(events, eventRules),
  served(limitRanges, limitRangeRules),
  served(namespaces, namespaceRules),
  served(nodes, nodeRules),
  served(persistentVolumeClaims, persistentVolumeClaimRules),
  served(persistentVolumes, persistentVolumeRules),
  served(pods, podRules),
  served(podTemplates, podTemplateRules),
  served(replicationControllers, replicationControllerRules),
  served(resourceQuotas, resourceQuotaRules),
  served(secrets, secretRules),
  served(serviceAccounts, serviceAccountRules),
  served(services, serviceRules),
  served(endpointSlices, endpointSliceRules),
  served(eventsV1, eventV1Rules),
  served(flowSchemas, flowSchemaRules),
  served(priorityLevelConfigurations, priorityLevelConfigurationRules),
  served(ingressClasses, ingressClassRules),
  served(ingresses, ingressRules),
  served(ipAddresses, ipAddressRules),
  served(networkPolicies, networkPolicyRules),
  served(serviceCIDRs, serviceCIDRRules),
  served(runtimeClasses, runtimeClassRules),
  served(podDisruptionBudgets, podDisruptionBudgetRules),
  served(clusterRoleBindings, clusterRoleBindingRules),
  served(clusterRoles, clusterRoleRules),
  served(roleBindings, roleBindingRules),
  served(roles, roleRules),
  served(deviceClasses, deviceClassRules),
  served(resourceClaims, resourceClaimRules),
  served(resourceClaimTemplates, resourceClaimTemplateRules),
  served(resourceSlices, resourceSliceRules),
  served(serviceCIDRsV1beta1, serviceCIDRV1beta1Rules),
  served(ipAddressesV1beta1, ipAddressV1beta1Rules),
  served(volumeAttributesClassesV1beta1, volumeAttributesClassV1beta1Rules),
  served(deviceClassesV1beta2, deviceClassV1beta2Rules),
  served(resourceClaimsV1beta2, resourceClaimV1beta2Rules),
  served(resourceClaimTemplatesV1beta2, resourceClaimTemplateV1beta2Rules),
  served(resourceSlicesV1beta2, resourceSliceV1beta2Rules),
  served(deviceClassesV1beta1, deviceClassV1beta1Rules),
  served(resourceClaimsV1beta1, resourceClaimV1beta1Rules),
  served(resourceClaimTemplatesV1beta1, resourceClaimTemplateV1beta1Rules),
  served(resourceSlicesV1beta1, resourceSliceV1beta1Rules),
  served(leaseCandidates, leaseCandidateRules),
  served(leaseCandidatesV1alpha2, leaseCandidateV1alpha2Rules),
  served(deviceTaintRules, deviceTaintRuleRules),
  served(deviceTaintRulesV1alpha3, deviceTaintRuleV1alpha3Rules),
  served(resourcePoolStatusRequests, resourcePoolStatusRequestRules),
  served(storageVersionMigrations, storageVersionMigrationRules),
  served(priorityClasses, priorityClassRules),
  served(workloads, workloadRules),
  served(podGroups, podGroupRules),
  served(csiDrivers, csiDriverRules),
  served(csiNodes, csiNodeRules),
  served(csiStorageCapacities, csiStorageCapacityRules),
  served(storageClasses, storageClassRules),
  served(volumeAttachments, volumeAttachmentRules),
  served(volumeAttributesClasses, volumeAttributesClassRules),
];

export { noteSigner } from "./certificates/podcertificaterequests/serve.ts";
export { validateFinalize } from "./core/namespaces/serve.ts";
export { validateServiceAddressing } from "./core/services/validate.ts";
export { domainPrefixedPath } from "./lib/domain-path.ts";
export { parseGoUrl } from "./lib/formats/go-url.ts";

/** Some kinds leave the names of finalizers alone. */
const leavesFinalizers = ({ rules }: ServedKind): boolean =>
  rules.metadataOnUpdate === "none" || rules.anyFinalizers === true;

/** Those that the registry finds for every kind leave the names of finalizers to the kind's. */
const withoutFinalizers = (found: readonly FieldError[]): FieldError[] =>
  found.filter((each) => !each.field.startsWith("metadata.finalizers["));

/** All findings of a create, in upstream's order and number; none when the object is fine. */
export const validateCreate = (served: ServedKind, object: KubeObject, context: RuleContext): FieldError[] => {
  const { rules, kind } = served;
  const isOther = rules.typeMeta !== undefined && rules.typeMeta(object).length > 0;
  const metadata = isOther ? [] : validateObjectMeta(object.metadata, kind, rules.validateName);
  const found = [
    ...(leavesFinalizers(served) ? withoutFinalizers(metadata) : metadata),
    ...(rules.validate?.(object, context) ?? []),
    ...ofPolicy(served, object, context),
  ];
  // Where the kind takes any name, the registry still wants one that fits into a path.
  return found.length === 0 && rules.validateName !== undefined
    ? findings(
        object.metadata.name,
        named((name) => pathName(name, false)),
        "metadata.name",
      )
    : found;
};

/** What the whole cluster refuses, whatever the kind's rules say. */
const ofPolicy = ({ kind }: ServedKind, object: KubeObject, context: RuleContext): FieldError[] =>
  context.allowPrivileged ? [] : findings(object, privilegedPods(kind.kind));

export interface Change {
  readonly object: KubeObject;
  readonly old: KubeObject;
}

/** What the registry finds in metadata on every update; the kind's own rules find most of it again. */
const commonOfUpdate = ({ kind }: ServedKind, { object, old }: Change): FieldError[] =>
  withoutFinalizers([
    ...validateObjectMeta(object.metadata, kind, pathName),
    ...validateObjectMetaUpdate(object.metadata, old.metadata),
  ]);

const metadataOfUpdate = (served: ServedKind, { object, old }: Change): FieldError[] => {
  const which = served.rules.metadataOnUpdate ?? "update";
  const update = which === "update" || which === "both";
  const creates = which === "createTwice" ? 2 : which === "create" || which === "both" ? 1 : 0;
  const found = [
    ...(update ? validateObjectMetaUpdate(object.metadata, old.metadata) : []),
    ...Array.from({ length: creates }, () =>
      validateObjectMeta(object.metadata, served.kind, served.rules.validateName),
    ).flat(),
  ];
  return leavesFinalizers(served) ? withoutFinalizers(found) : found;
};

/** All findings of an update of the main resource. */
export const validateUpdate = (served: ServedKind, change: Change, context: RuleContext): FieldError[] => [
  ...commonOfUpdate(served, change),
  ...metadataOfUpdate(served, change),
  ...(served.rules.validateOnUpdate === false ? [] : (served.rules.validate?.(change.object, context) ?? [])),
  ...(served.rules.validateUpdate?.(change.object, change.old, context) ?? []),
  ...ofPolicy(served, change.object, context),
];

/** All findings of an update of another part: `pods/resize`. */
export const validatePartUpdate =
  (part: string) =>
  (served: ServedKind, change: Change, context: RuleContext): FieldError[] => [
    ...commonOfUpdate(served, change),
    ...(served.rules.parts?.[part]?.validateUpdate(change.object, change.old, context) ?? []),
    ...ofPolicy(served, change.object, context),
  ];

/** All findings of an update of `/status`. */
export const validateStatusUpdate = (served: ServedKind, change: Change, context: RuleContext): FieldError[] => [
  ...commonOfUpdate(served, change),
  ...(leavesFinalizers(served) ? [] : validateObjectMetaUpdate(change.object.metadata, change.old.metadata)),
  ...(served.rules.status?.validateUpdate?.(change.object, change.old, context) ?? []),
];
