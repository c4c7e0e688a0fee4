// The one explicit list of kinds. A kind is one folder and one line here (and one in serve.ts and index.ts).
import { mutatingAdmissionPolicies } from "./admissionregistration/mutatingadmissionpolicies/kind.ts";
import { mutatingAdmissionPoliciesV1alpha1 } from "./admissionregistration/mutatingadmissionpolicies-v1alpha1/kind.ts";
import { mutatingAdmissionPoliciesV1beta1 } from "./admissionregistration/mutatingadmissionpolicies-v1beta1/kind.ts";
import { mutatingAdmissionPolicyBindings } from "./admissionregistration/mutatingadmissionpolicybindings/kind.ts";
import { mutatingAdmissionPolicyBindingsV1alpha1 } from "./admissionregistration/mutatingadmissionpolicybindings-v1alpha1/kind.ts";
import { mutatingAdmissionPolicyBindingsV1beta1 } from "./admissionregistration/mutatingadmissionpolicybindings-v1beta1/kind.ts";
import { mutatingWebhookConfigurations } from "./admissionregistration/mutatingwebhookconfigurations/kind.ts";
import { validatingAdmissionPolicies } from "./admissionregistration/validatingadmissionpolicies/kind.ts";
import { validatingAdmissionPolicyBindings } from "./admissionregistration/validatingadmissionpolicybindings/kind.ts";
import { validatingWebhookConfigurations } from "./admissionregistration/validatingwebhookconfigurations/kind.ts";
import { customResourceDefinitions } from "./apiextensions/customresourcedefinitions/kind.ts";
import { apiServices } from "./apiregistration/apiservices/kind.ts";
import { storageVersions } from "./apiserverinternal/storageversions/kind.ts";
import { controllerRevisions } from "./apps/controllerrevisions/kind.ts";
import { daemonSets } from "./apps/daemonsets/kind.ts";
import { deployments } from "./apps/deployments/kind.ts";
import { replicaSets } from "./apps/replicasets/kind.ts";
import { statefulSets } from "./apps/statefulsets/kind.ts";
import { selfSubjectReviews } from "./authentication/selfsubjectreviews/kind.ts";
import { tokenReviews } from "./authentication/tokenreviews/kind.ts";
import { localSubjectAccessReviews } from "./authorization/localsubjectaccessreviews/kind.ts";
import { selfSubjectAccessReviews } from "./authorization/selfsubjectaccessreviews/kind.ts";
import { selfSubjectRulesReviews } from "./authorization/selfsubjectrulesreviews/kind.ts";
import { subjectAccessReviews } from "./authorization/subjectaccessreviews/kind.ts";
import { horizontalPodAutoscalers } from "./autoscaling/horizontalpodautoscalers/kind.ts";
import { horizontalPodAutoscalersV1 } from "./autoscaling/horizontalpodautoscalers-v1/kind.ts";
import { cronJobs } from "./batch/cronjobs/kind.ts";
import { jobs } from "./batch/jobs/kind.ts";
import { certificateSigningRequests } from "./certificates/certificatesigningrequests/kind.ts";
import { clusterTrustBundles } from "./certificates/clustertrustbundles/kind.ts";
import { clusterTrustBundlesV1alpha1 } from "./certificates/clustertrustbundles-v1alpha1/kind.ts";
import { podCertificateRequests } from "./certificates/podcertificaterequests/kind.ts";
import { leaseCandidates } from "./coordination/leasecandidates/kind.ts";
import { leaseCandidatesV1alpha2 } from "./coordination/leasecandidates-v1alpha2/kind.ts";
import { leases } from "./coordination/leases/kind.ts";
import { bindings } from "./core/bindings/kind.ts";
import { componentStatuses } from "./core/componentstatuses/kind.ts";
import { configMaps } from "./core/configmaps/kind.ts";
import { endpoints } from "./core/endpoints/kind.ts";
import { events } from "./core/events/kind.ts";
import { limitRanges } from "./core/limitranges/kind.ts";
import { namespaces } from "./core/namespaces/kind.ts";
import { nodes } from "./core/nodes/kind.ts";
import { persistentVolumeClaims } from "./core/persistentvolumeclaims/kind.ts";
import { persistentVolumes } from "./core/persistentvolumes/kind.ts";
import { pods } from "./core/pods/kind.ts";
import { podTemplates } from "./core/podtemplates/kind.ts";
import { replicationControllers } from "./core/replicationcontrollers/kind.ts";
import { resourceQuotas } from "./core/resourcequotas/kind.ts";
import { secrets } from "./core/secrets/kind.ts";
import { serviceAccounts } from "./core/serviceaccounts/kind.ts";
import { services } from "./core/services/kind.ts";
import { endpointSlices } from "./discovery/endpointslices/kind.ts";
import { eventsV1 } from "./events/events/kind.ts";
import { flowSchemas } from "./flowcontrol/flowschemas/kind.ts";
import { priorityLevelConfigurations } from "./flowcontrol/prioritylevelconfigurations/kind.ts";
import type { KindDefinition } from "./kind.ts";
import { ingressClasses } from "./networking/ingressclasses/kind.ts";
import { ingresses } from "./networking/ingresses/kind.ts";
import { ipAddresses } from "./networking/ipaddresses/kind.ts";
import { ipAddressesV1beta1 } from "./networking/ipaddresses-v1beta1/kind.ts";
import { networkPolicies } from "./networking/networkpolicies/kind.ts";
import { serviceCIDRs } from "./networking/servicecidrs/kind.ts";
import { serviceCIDRsV1beta1 } from "./networking/servicecidrs-v1beta1/kind.ts";
import { runtimeClasses } from "./node/runtimeclasses/kind.ts";
import { podDisruptionBudgets } from "./policy/poddisruptionbudgets/kind.ts";
import { clusterRoleBindings } from "./rbac/clusterrolebindings/kind.ts";
import { clusterRoles } from "./rbac/clusterroles/kind.ts";
import { roleBindings } from "./rbac/rolebindings/kind.ts";
import { roles } from "./rbac/roles/kind.ts";
import { deviceClasses } from "./resource/deviceclasses/kind.ts";
import { deviceClassesV1beta1 } from "./resource/deviceclasses-v1beta1/kind.ts";
import { deviceClassesV1beta2 } from "./resource/deviceclasses-v1beta2/kind.ts";
import { deviceTaintRules } from "./resource/devicetaintrules/kind.ts";
import { deviceTaintRulesV1alpha3 } from "./resource/devicetaintrules-v1alpha3/kind.ts";
import { resourceClaims } from "./resource/resourceclaims/kind.ts";
import { resourceClaimsV1beta1 } from "./resource/resourceclaims-v1beta1/kind.ts";
import { resourceClaimsV1beta2 } from "./resource/resourceclaims-v1beta2/kind.ts";
import { resourceClaimTemplates } from "./resource/resourceclaimtemplates/kind.ts";
import { resourceClaimTemplatesV1beta1 } from "./resource/resourceclaimtemplates-v1beta1/kind.ts";
import { resourceClaimTemplatesV1beta2 } from "./resource/resourceclaimtemplates-v1beta2/kind.ts";
import { resourcePoolStatusRequests } from "./resource/resourcepoolstatusrequests/kind.ts";
import { resourceSlices } from "./resource/resourceslices/kind.ts";
import { resourceSlicesV1beta1 } from "./resource/resourceslices-v1beta1/kind.ts";
import { resourceSlicesV1beta2 } from "./resource/resourceslices-v1beta2/kind.ts";
import { podGroups } from "./scheduling/podgroups/kind.ts";
import { priorityClasses } from "./scheduling/priorityclasses/kind.ts";
import { workloads } from "./scheduling/workloads/kind.ts";
import { csiDrivers } from "./storage/csidrivers/kind.ts";
import { csiNodes } from "./storage/csinodes/kind.ts";
import { csiStorageCapacities } from "./storage/csistoragecapacities/kind.ts";
import { storageClasses } from "./storage/storageclasses/kind.ts";
import { volumeAttachments } from "./storage/volumeattachments/kind.ts";
import { volumeAttributesClasses } from "./storage/volumeattributesclasses/kind.ts";
import { volumeAttributesClassesV1beta1 } from "./storage/volumeattributesclasses-v1beta1/kind.ts";
import { storageVersionMigrations } from "./storagemigration/storageversionmigrations/kind.ts";

/** Only what all objects have is known here of an object, so that definitions of every type fit. */
export const kinds: readonly KindDefinition[] = [
  mutatingAdmissionPolicies,
  mutatingAdmissionPoliciesV1beta1,
  mutatingAdmissionPoliciesV1alpha1,
  mutatingAdmissionPolicyBindings,
  mutatingAdmissionPolicyBindingsV1beta1,
  mutatingAdmissionPolicyBindingsV1alpha1,
  mutatingWebhookConfigurations,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
  validatingWebhookConfigurations,
  apiServices,
  customResourceDefinitions,
  storageVersions,
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  selfSubjectReviews,
  tokenReviews,
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
  horizontalPodAutoscalers,
  horizontalPodAutoscalersV1,
  cronJobs,
  jobs,
  certificateSigningRequests,
  clusterTrustBundles,
  clusterTrustBundlesV1alpha1,
  podCertificateRequests,
  leases,
  bindings,
  componentStatuses,
  configMaps,
  endpoints,
  events,
  limitRanges,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  podTemplates,
  replicationControllers,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  endpointSlices,
  eventsV1,
  flowSchemas,
  priorityLevelConfigurations,
  ingressClasses,
  ingresses,
  ipAddresses,
  networkPolicies,
  serviceCIDRs,
  runtimeClasses,
  podDisruptionBudgets,
  clusterRoleBindings,
  clusterRoles,
  roleBindings,
  roles,
  deviceClasses,
  resourceClaims,
  resourceClaimTemplates,
  resourceSlices,
  serviceCIDRsV1beta1,
  ipAddressesV1beta1,
  volumeAttributesClassesV1beta1,
  deviceClassesV1beta2,
  resourceClaimsV1beta2,
  resourceClaimTemplatesV1beta2,
  resourceSlicesV1beta2,
  deviceClassesV1beta1,
  resourceClaimsV1beta1,
  resourceClaimTemplatesV1beta1,
  resourceSlicesV1beta1,
  leaseCandidates,
  leaseCandidatesV1alpha2,
  deviceTaintRules,
  deviceTaintRulesV1alpha3,
  resourcePoolStatusRequests,
  storageVersionMigrations,
  priorityClasses,
  workloads,
  podGroups,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
];
