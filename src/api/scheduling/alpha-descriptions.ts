// What `kubectl explain` says about scheduling.k8s.io/v1alpha2. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

const group = {
  disruptionMode:
    "Pod (default): pods of the group may be pushed out one by one. PodGroup: only all together. Needs the feature gate WorkloadAwarePreemption. Immutable.",
  priority:
    "How important the group is: the higher, the more. Admission fills it from priorityClassName. Needs the feature gate WorkloadAwarePreemption. Immutable.",
  priorityClassName:
    "Name of a PriorityClass for the group. By default the global default class, or else priority 0. Needs the feature gate WorkloadAwarePreemption. Immutable.",
  resourceClaims:
    "ResourceClaims that the pods of the group share. A pod uses one by having the same entry in its own spec.resourceClaims. Needs the feature gate DRAWorkloadResourceClaims. Immutable.",
  schedulingConstraints:
    "Where the pods of the group may be put with respect to each other. Needs the feature gate TopologyAwareWorkloadScheduling. Immutable.",
  schedulingPolicy: "Whether the pods are scheduled one by one or all together. Immutable.",
};

export const v1alpha2: Descriptions = {
  BasicSchedulingPolicy: {
    "": "Pods are scheduled one by one, as ever.",
  },
  GangSchedulingPolicy: {
    "": "Pods are scheduled together or not at all.",
    minCount: "How many pods must find room at the same time before any of them starts. At least 1.",
  },
  PodGroup: {
    "": "Pods that belong together for the scheduler. Controllers of workloads make it from a Workload's template; pods name it. Needs the feature gate GenericWorkload.",
    spec: "How the pods are scheduled.",
    status: "Whether the pods found room.",
  },
  PodGroupResourceClaim: {
    "": "A ResourceClaim that the pods of a group share. Exactly one of resourceClaimName and resourceClaimTemplateName must be given.",
    name: "Name of this entry within the group, a DNS label.",
    resourceClaimName: "Name of the ResourceClaim. It is reserved for the group, not for each pod.",
    resourceClaimTemplateName:
      "Name of a ResourceClaimTemplate, from which a claim is made for the group. It goes with the group.",
  },
  PodGroupResourceClaimStatus: {
    "": "Which ResourceClaim was made for an entry of the group.",
    name: "Name of the entry in spec.resourceClaims.",
    resourceClaimName: "Name of the ResourceClaim. Unset: none was needed.",
  },
  PodGroupSchedulingConstraints: {
    "": "Where the pods of a group may be put with respect to each other.",
    topology: "Which nodes they have to be on together. At most one entry so far.",
  },
  PodGroupSchedulingPolicy: {
    "": "Whether pods are scheduled one by one or all together. Exactly one of the fields must be given.",
    basic: "One by one.",
    gang: "All together or not at all.",
  },
  PodGroupSpec: {
    "": "How the pods of a group are scheduled. Controllers copy most of it from a template.",
    ...group,
    podGroupTemplateRef: "The template that the group was made from. Immutable.",
  },
  PodGroupStatus: {
    "": "What has become of a group.",
    conditions:
      "The observed conditions. PodGroupScheduled: the pods found room. DisruptionTarget: the group is about to be ended for others.",
    resourceClaimStatuses: "The ResourceClaims that were made for the group.",
  },
  PodGroupTemplate: {
    "": "A template for PodGroups.",
    ...group,
    name: "Name of the template within the Workload, a DNS label. Immutable.",
  },
  PodGroupTemplateReference: {
    "": "Names the template that a PodGroup was made from.",
    workload: "A template of a Workload.",
  },
  TopologyConstraint: {
    "": "Keeps the pods of a group together.",
    key: "Label of nodes: all pods of the group go to nodes with the same value, e.g. topology.kubernetes.io/zone. Another group may go elsewhere.",
  },
  TypedLocalObjectReference: {
    "": "Names an object of the same namespace.",
    apiGroup: "API group of the object. Empty for the core group.",
    kind: "Kind of the object.",
    name: "Name of the object.",
  },
  Workload: {
    "": "Tells the scheduler which groups of pods a workload consists of, and how each is to be scheduled. Needs the feature gate GenericWorkload.",
    spec: "The groups, as templates.",
  },
  WorkloadPodGroupTemplateReference: {
    "": "Names a template of a Workload.",
    podGroupTemplateName: "Name of the template.",
    workloadName: "Name of the Workload.",
  },
  WorkloadSpec: {
    "": "The groups of pods that a workload consists of.",
    controllerRef: "The object behind the workload, e.g. a Job, for tools that lead back to it. Immutable.",
    podGroupTemplates: "Templates of the groups, 1 to 8. Immutable.",
  },
};
