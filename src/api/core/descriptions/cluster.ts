// Namespaces, quotas and limits, events, replication controllers and the health of components.
import type { Descriptions } from "../../lib/descriptions/contract.ts";

const condition = {
  lastTransitionTime: "When its status last changed.",
  message: "Details of the last change, for people.",
  reason: "Why it last changed, in one CamelCase word.",
  status: "True, False or Unknown.",
};
const scopes =
  "Terminating and NotTerminating (with and without activeDeadlineSeconds), BestEffort and NotBestEffort, PriorityClass, CrossNamespacePodAffinity, VolumeAttributesClass";

export const cluster: Descriptions = {
  Namespace: {
    "": "A part of the cluster in which names are unique, and to which rights and quotas can be limited.",
    spec: "What has to be done before it can go.",
    status: "Whether it lives or goes.",
  },
  NamespaceSpec: {
    "": "What has to be done before a namespace can go.",
    finalizers:
      "Who has something to do before it goes; kubernetes empties it. Changed by the subresource finalize alone.",
  },
  NamespaceStatus: {
    "": "Whether a namespace lives or goes.",
    conditions: "When it is going: what is left in it, and what hinders.",
    phase: "Active, or Terminating: its deletion was asked for and its content goes.",
  },
  NamespaceCondition: {
    "": "One aspect of a namespace that is going.",
    ...condition,
    type: "The aspect, such as NamespaceContentRemaining, NamespaceFinalizersRemaining or NamespaceDeletionDiscoveryFailure.",
  },
  ResourceQuota: {
    "": "How much all objects of a namespace may have together. A request that would go beyond it is refused.",
    spec: "The limits, and what counts.",
    status: "The limits, and how much there is.",
  },
  ResourceQuotaSpec: {
    "": "The limits of a quota, and what counts.",
    hard: "Limits by resource, such as requests.cpu, limits.memory, pods, services.nodeports or count/deployments.apps.",
    scopeSelector: "Which objects count, with operators and values. Together with scopes, both must fit.",
    scopes: `Which objects count: ${scopes}. All must fit. Default all objects.`,
  },
  ResourceQuotaStatus: {
    "": "How much of a quota there is.",
    hard: "The limits that are in force.",
    used: "How much there is now.",
  },
  ScopeSelector: {
    "": "Which objects a quota counts.",
    matchExpressions: "Requirements that must all be met.",
  },
  ScopedResourceSelectorRequirement: {
    "": "One requirement on the objects that a quota counts.",
    operator:
      "In, NotIn, Exists or DoesNotExist. For scopes other than PriorityClass and VolumeAttributesClass, Exists.",
    scopeName: `The scope: ${scopes}.`,
    values: "At least one for In and NotIn, none for Exists and DoesNotExist.",
  },
  LimitRange: {
    "": "Least, greatest and default amounts for single pods, containers and claims of a namespace.",
    spec: "The amounts.",
  },
  LimitRangeSpec: {
    "": "The amounts of a LimitRange.",
    limits: "One entry for each type of object.",
  },
  LimitRangeItem: {
    "": "Amounts for one type of object, by resource.",
    default: "The limit of a container that names none. Default max.",
    defaultRequest: "The request of a container that names none. Default what default says, else min.",
    max: "At most so much.",
    maxLimitRequestRatio: "The limit may be at most so many times the request; both must be named then.",
    min: "At least so much.",
    type: "Container, Pod (all containers together) or PersistentVolumeClaim.",
  },
  Event: {
    "": "Something that happened to an object, told by a component. Events are kept for an hour or so and may be left out or put together: do not rely on them.",
    action: "What was done, or failed, in one word.",
    count: "How often it happened, as older writers count.",
    eventTime: "When it first happened, as newer writers note it.",
    firstTimestamp: "When it first happened, as older writers note it.",
    involvedObject: "The object that it happened to.",
    lastTimestamp: "When it last happened, as older writers note it.",
    message: "What happened, for people.",
    reason: "What happened, in one CamelCase word, such as Scheduled, Pulled or BackOff.",
    related: "A second object that has to do with it.",
    reportingComponent: "The component that tells it, such as kubelet or default-scheduler.",
    reportingInstance: "Which instance of the component.",
    series: "When it goes on happening: how often, and when last. Absent for a single time.",
    source: "The component that tells it, and its node, as older writers note it.",
    type: "Normal or Warning.",
  },
  EventSeries: {
    "": "An event that goes on happening.",
    count: "How often until lastObservedTime.",
    lastObservedTime: "When it last happened.",
  },
  EventSource: {
    "": "Who tells of an event.",
    component: "The component.",
    host: "The node that it runs on.",
  },
  ReplicationController: {
    "": "Keeps a number of equal pods running. Deployments and ReplicaSets have taken its place.",
    spec: "How many pods, and what they look like.",
    status: "How many there are.",
  },
  ReplicationControllerSpec: {
    "": "How many pods, and what they look like.",
    minReadySeconds: "Seconds that a pod must be ready until it counts as available. Default 0.",
    replicas: "How many pods. Default 1.",
    selector:
      "Labels of the pods that are its own. They must be among the template's. Default all labels of the template.",
    template: "What the pods look like. Only restartPolicy Always. Running pods are not changed when this changes.",
  },
  ReplicationControllerStatus: {
    "": "How many pods there are.",
    availableReplicas: "How many have been ready for minReadySeconds.",
    conditions: "Aspects of its state, such as ReplicaFailure.",
    fullyLabeledReplicas: "How many have all labels of the template.",
    observedGeneration: "The metadata.generation that this status is about.",
    readyReplicas: "How many are ready.",
    replicas: "How many there are.",
  },
  ReplicationControllerCondition: {
    "": "One aspect of a replication controller's state.",
    ...condition,
    type: "The aspect: ReplicaFailure, a pod could not be made or deleted.",
  },
  ComponentStatus: {
    "": "Whether a component of the control plane is healthy. Deprecated: ask the components themselves.",
    conditions: "What was found.",
  },
  ComponentCondition: {
    "": "What was found out about a component.",
    error: "What went wrong when it was asked.",
    message: "What it answered.",
    status: "True: healthy; False; or Unknown.",
    type: "Healthy, the only one.",
  },
};
