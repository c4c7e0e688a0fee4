// Pods: what runs together on one node, and how.
import type { Descriptions } from "../../lib/descriptions/contract.ts";

export const pods: Descriptions = {
  Pod: {
    "": "Containers that run together on one node and share an IP and volumes: the smallest thing that Kubernetes runs. Most pods are made by a workload such as a Deployment or a Job.",
    spec: "What shall run, and how. Most of it cannot be changed once the pod exists.",
    status: "What is known of the pod now. The kubelet of its node writes most of it, so it may lag behind.",
  },
  PodSpec: {
    "": "What a pod runs, and how: containers, volumes, where it may be placed, who it runs as.",
    activeDeadlineSeconds:
      "How long the pod may be active, in seconds from status.startTime; then it is ended and counts as Failed. Greater than 0. It may be added or shortened later.",
    affinity:
      "Which nodes the pod must or should run on, and near to or far from which other pods. Immutable, but for gated pods.",
    automountServiceAccountToken:
      "Whether the containers get a token of the service account as a file. Default what the ServiceAccount says, else true.",
    containers:
      "The containers: at least one. They all start together, after the init containers. None can be added or removed later.",
    dnsConfig: "DNS settings; they are added to those that dnsPolicy makes.",
    dnsPolicy:
      "Where the containers' resolver settings come from: ClusterFirst, the cluster's DNS, but the node's with hostNetwork; ClusterFirstWithHostNet, the cluster's DNS always; Default, the node's; None, dnsConfig alone. Default ClusterFirst.",
    enableServiceLinks:
      "Whether each Service of the namespace becomes environment variables such as NAME_SERVICE_HOST. Default true.",
    ephemeralContainers:
      "Containers added to the running pod to look into it. Only through the subresource ephemeralcontainers; none can be removed.",
    hostAliases: "Lines that are added to the containers' /etc/hosts.",
    hostIPC: "Whether the containers are in the node's IPC namespace. Default false.",
    hostNetwork:
      "Whether the containers use the node's network, with its addresses and ports, instead of one of their own. Default false.",
    hostPID: "Whether the containers see the node's processes. Not together with shareProcessNamespace. Default false.",
    hostUsers:
      "Whether user ids in the containers are those of the node. With false the pod has a user namespace of its own: root in it has no rights on the node, and neither hostNetwork, hostPID, hostIPC nor block devices are allowed. Default true.",
    hostname: "Host name of the pod: a DNS label. Default metadata.name. With subdomain it is also a name in DNS.",
    hostnameOverride:
      "The host name that the containers see, whatever hostname and subdomain say; DNS is not touched. At most 64 characters. Not together with setHostnameAsFQDN or hostNetwork.",
    imagePullSecrets: "Secrets of the namespace with credentials of image registries, for all images of the pod.",
    initContainers:
      "Containers that run before the others, one after the other: each must succeed before the next starts, but for those with restartPolicy Always (sidecars), which go on beside. None can be added or removed later.",
    nodeName:
      "The node that the pod runs on. The scheduler sets it through a binding; when it is set at once, the scheduler is passed by. Cannot be changed after that.",
    nodeSelector:
      "Labels that a node must have, with just these values, for the pod to run there. Immutable, but for gated pods.",
    os: "The operating system of the containers. It decides which other fields may be set.",
    overhead:
      "What the pod needs beside its containers' resources. Set from the RuntimeClass when the pod is created; it cannot say anything else.",
    preemptionPolicy:
      "Whether pods of lower priority may be removed from a node to make room: PreemptLowerPriority or Never. Default PreemptLowerPriority. Set from the PriorityClass.",
    priority: "Priority as a number; higher is more important. Set from priorityClassName when the pod is created.",
    priorityClassName:
      "Name of the PriorityClass. system-node-critical and system-cluster-critical are the highest. Default the class that is marked as default, else priority 0.",
    readinessGates:
      "Conditions that must be True, beside the readiness of all containers, for the pod to be ready. Others write them into the status.",
    resourceClaims:
      "Claims for devices, which must be allocated before the pod starts. Containers use them by name in resources.claims. Immutable.",
    resources: "Requests and limits of cpu, memory and huge pages for all containers together, which share them.",
    restartPolicy:
      "Whether containers that ended are started again: Always, OnFailure (only after a failure) or Never. Default Always. Containers may say otherwise for themselves.",
    runtimeClassName:
      "Name of the RuntimeClass, that is: which way of running containers the node uses. Default the node's own. The pod is refused when there is no such class.",
    schedulerName: "Name of the scheduler that places the pod. Default default-scheduler.",
    schedulingGates:
      "As long as one is left the pod is not scheduled. Only set at creation; whoever set one takes it away.",
    schedulingGroup:
      "The group of pods with which this one is scheduled. Immutable. Needs the feature gate GenericWorkload.",
    securityContext: "Users, groups and other security options of all containers. What a container says itself wins.",
    serviceAccount: "Deprecated: another name of serviceAccountName.",
    serviceAccountName: "Name of the ServiceAccount that the pod acts as. Default the one named default. Immutable.",
    setHostnameAsFQDN:
      "Whether the host name that the containers see is the whole name with subdomain and domain. No effect without subdomain. Default false.",
    shareProcessNamespace:
      "Whether the containers see each other's processes. Then none of theirs has the process id 1. Not together with hostPID. Default false.",
    subdomain:
      "With it the pod's full name is hostname.subdomain.namespace.svc and the cluster's domain. A headless Service of this name puts it into DNS.",
    terminationGracePeriodSeconds:
      "Seconds from the first signal to end until the processes are killed; preStop hooks count in. 0 kills at once. A deletion may name a shorter time. Default 30.",
    tolerations: "Which taints of nodes the pod bears. More can be added later, none removed.",
    topologySpreadConstraints:
      "How the pods of a group are spread over zones, nodes or other parts of the cluster. All constraints must be met.",
    volumes: "Volumes that the containers can mount. Immutable.",
  },
  PodTemplate: {
    "": "A template of pods that is kept as an object by itself. Nothing in Kubernetes makes pods of it.",
    template: "The template.",
  },
  PodTemplateSpec: {
    "": "What the pods that a workload makes look like.",
    metadata: "Labels, annotations and finalizers of the pods. The labels must match the workload's selector.",
    spec: "What the pods run.",
  },
  PodDNSConfig: {
    "": "DNS settings of a pod, added to those that dnsPolicy makes.",
    nameservers: "IPs of DNS servers, behind those that are there; at most 3.",
    options: "Options of the resolver; one of the same name replaces the other.",
    searches: "Domains in which short names are looked up, behind those that are there; at most 32.",
  },
  PodDNSConfigOption: {
    "": "One option of the resolver, as in /etc/resolv.conf.",
    name: "Name of the option, such as ndots.",
    value: "Its value, for options that have one.",
  },
  HostAlias: {
    "": "One line of /etc/hosts: an IP and its names.",
    hostnames: "The names.",
    ip: "The IP.",
  },
  PodOS: {
    "": "The operating system that a pod's containers need.",
    name: "linux or windows; others may follow.",
  },
  PodReadinessGate: {
    "": "One more condition of the pod's readiness.",
    conditionType: "Type of a condition in the pod's status that must be True.",
  },
  PodSchedulingGate: {
    "": "One thing that the scheduling of a pod still waits for.",
    name: "Name of the gate, unique in the pod.",
  },
  PodSchedulingGroup: {
    "": "The group with which a pod is scheduled.",
    podGroupName: "Name of a PodGroup in the pod's namespace. It may be made after the pod.",
  },
  PodResourceClaim: {
    "": "One claim for devices: exactly one of resourceClaimName and resourceClaimTemplateName.",
    name: "Name by which containers use it: a DNS label, unique in the pod.",
    resourceClaimName: "Name of a ResourceClaim of the namespace, which several pods may share.",
    resourceClaimTemplateName:
      "Name of a ResourceClaimTemplate of the namespace. A ResourceClaim is made of it for this pod and goes when the pod goes.",
  },
  Binding: {
    "": "Says on which node a pod runs. Deprecated: post it to the subresource binding of the pod.",
    target: "The node.",
  },
};

export const podStatuses: Descriptions = {
  PodStatus: {
    "": "What is known of a pod now. It may lag behind, above all when the node cannot reach the API server.",
    allocatedResources:
      "What the node has set aside for the pod: its requests, at pod level or the sum of its containers'.",
    conditions:
      "Aspects of the pod: PodScheduled, PodReadyToStartContainers, Initialized, ContainersReady, Ready, and others.",
    containerStatuses: "One entry for each of spec.containers.",
    ephemeralContainerStatuses: "One entry for each of spec.ephemeralContainers.",
    extendedResourceClaimStatus: "The claim that was made for extended resources that DRA drivers provide.",
    hostIP: "IP of the node. Empty until the pod was placed and the kubelet has seen it.",
    hostIPs: "IPs of the node, one of each family at most. The first is hostIP.",
    initContainerStatuses: "One entry for each of spec.initContainers.",
    message: "Why the pod is in this state, for people.",
    nodeAllocatableResourceClaimStatuses:
      "What claims of the pod take of the node's ordinary resources, such as cpu and memory. Needs the feature gate DRANodeAllocatableResources.",
    nominatedNodeName:
      "A node where the pod shall run as soon as other pods have left it. No promise: the scheduler may choose another.",
    observedGeneration: "The metadata.generation of the spec that this status is about.",
    phase:
      "Where the pod is in its life: Pending (not all containers were started), Running, Succeeded (all ended well), Failed (all ended, at least one badly) or Unknown.",
    podIP: "IP of the pod, reachable in the cluster. Empty until there is one.",
    podIPs: "IPs of the pod, one of each family at most. The first is podIP.",
    qosClass:
      "Guaranteed, Burstable or BestEffort: follows from requests and limits, and says which pods go first when memory is short.",
    reason: "Why the pod is in this state, in one word, such as Evicted.",
    resize: "Deprecated: the conditions PodResizePending and PodResizeInProgress say how a resize goes on.",
    resourceClaimStatuses: "The ResourceClaims that were made of templates.",
    resources: "Requests and limits of the pod as a whole that are in force now.",
    startTime: "When the kubelet took the pod on, before it pulled images.",
  },
  PodCondition: {
    "": "One aspect of a pod's state.",
    lastProbeTime: "When it was last looked at.",
    lastTransitionTime: "When its status last changed.",
    message: "Details of the last change, for people.",
    observedGeneration: "The metadata.generation that it was set upon.",
    reason: "Why it last changed, in one CamelCase word.",
    status: "True, False or Unknown.",
    type: "The aspect: PodScheduled, Initialized, ContainersReady, Ready, DisruptionTarget and others, also those of readiness gates.",
  },
  PodIP: {
    "": "One IP of a pod.",
    ip: "The IP.",
  },
  HostIP: {
    "": "One IP of a node.",
    ip: "The IP.",
  },
  PodResourceClaimStatus: {
    "": "Which ResourceClaim stands for a claim of the pod.",
    name: "Name of an entry of spec.resourceClaims.",
    resourceClaimName: "Name of the ResourceClaim that was made. Absent when none was needed.",
  },
  PodExtendedResourceClaimStatus: {
    "": "The ResourceClaim that the scheduler made for the pod's extended resources.",
    requestMappings: "Which extended resource of which container is which request of the claim.",
    resourceClaimName: "Name of the ResourceClaim.",
  },
  ContainerExtendedResourceRequest: {
    "": "One extended resource of one container, and the request that stands for it.",
    containerName: "The container.",
    requestName: "The request in the ResourceClaim.",
    resourceName: "The extended resource.",
  },
  NodeAllocatableResourceClaimStatus: {
    "": "What one claim takes of the node's ordinary resources.",
    containers: "Containers of the pod that use the claim.",
    resourceClaimName: "The ResourceClaim.",
    resources: "How much of each resource.",
  },
};
