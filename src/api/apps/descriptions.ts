// What `kubectl explain` says about apps/v1. An empty field name stands for the type itself.

import { conditionFields } from "../lib/descriptions/conditions.ts";
import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  ControllerRevision: {
    "": "A snapshot of the part of a StatefulSet's or DaemonSet's spec that its pods are made from. Its controller keeps such snapshots for updates and rollbacks; the data never changes, only the number may.",
    data: "The stored state, in a form that only the controller that wrote it needs to understand. Immutable.",
    revision: "Number of this snapshot: a higher one is newer. A rollback gives an old snapshot the newest number.",
  },
  DaemonSet: {
    "": "Runs one copy of a pod on every node, or on every node that the pod template's node selector, affinity and tolerations let it on.",
    spec: "Which pod to run on the nodes, and how to replace it when the template changes.",
    status: "How many nodes have the pod now. The controller writes it, so it may be a moment behind.",
  },
  DaemonSetCondition: {
    "": "One observed aspect of a DaemonSet. No condition types are in use at present.",
    ...conditionFields,
  },
  DaemonSetSpec: {
    "": "What a DaemonSet is asked to keep on the nodes.",
    minReadySeconds:
      "Seconds that a new pod has to stay ready, without a container that crashes, before it counts as available. 0 by default: available as soon as it is ready.",
    revisionHistoryLimit: "How many old ControllerRevisions to keep for rollbacks. 10 by default.",
    selector: "Labels by which the DaemonSet finds its pods. They must match the template's labels. Immutable.",
    template:
      "The pod to run on each node. The only restart policy allowed is Always. A change is rolled out as updateStrategy says.",
    updateStrategy: "How existing pods are replaced after a change of the template.",
  },
  DaemonSetStatus: {
    "": "What the controller last saw of a DaemonSet.",
    collisionCount:
      "Number of name collisions met so far. It goes into the hash that names the next ControllerRevision.",
    conditions: "The observed conditions, one for each type.",
    currentNumberScheduled: "Number of nodes that should run the pod and do run at least one.",
    desiredNumberScheduled: "Number of nodes that should run the pod, whether they do or not.",
    numberAvailable: "Number of nodes whose pod has been ready for minReadySeconds.",
    numberMisscheduled: "Number of nodes that run the pod although they should not.",
    numberReady: "Number of nodes that should run the pod and have one that is ready.",
    numberUnavailable: "Number of nodes that should run the pod and have none that is available.",
    observedGeneration: "The metadata.generation that this status is about.",
    updatedNumberScheduled: "Number of nodes that already run the pod of the newest template.",
  },
  DaemonSetUpdateStrategy: {
    "": "How a DaemonSet replaces its pods after a change of the template.",
    rollingUpdate: "Limits of a rolling update. Only with the type RollingUpdate.",
    type: "RollingUpdate (default) replaces the pods by itself, a few nodes at a time. OnDelete makes the new pod only after somebody deletes the old one.",
  },
  Deployment: {
    "": "Keeps a number of equal pods running and replaces them step by step when the template changes. It works through ReplicaSets: one for each version of the template.",
    spec: "Which pods to run, how many, and how to move from one version to the next.",
    status: "How far the rollout is, as the controller last saw it.",
  },
  DeploymentCondition: {
    "": "One observed aspect of a Deployment.",
    ...conditionFields,
    lastUpdateTime: "When this condition was last written, also if its status stayed the same.",
    reason:
      "One CamelCase word for the cause of the last change, e.g. MinimumReplicasAvailable or ProgressDeadlineExceeded.",
    type: "Available (enough pods are available), Progressing (a rollout moves on or is done) or ReplicaFailure (pods cannot be created or deleted).",
  },
  DeploymentSpec: {
    "": "What a Deployment is asked to keep running.",
    minReadySeconds:
      "Seconds that a new pod has to stay ready, without a container that crashes, before it counts as available. 0 by default: available as soon as it is ready.",
    paused: "While true, changes of the template are not rolled out. Scaling still works.",
    progressDeadlineSeconds:
      "Seconds without progress after which the rollout is reported as failed, in the condition Progressing with the reason ProgressDeadlineExceeded. The controller goes on trying. 600 by default; time spent paused does not count. Must be greater than minReadySeconds.",
    replicas:
      "Number of pods wanted. 1 by default; 0 is allowed. Leave it out of your manifests when an autoscaler sets it.",
    revisionHistoryLimit: "How many old ReplicaSets to keep for rollbacks. 10 by default; with 0 there is no way back.",
    selector: "Labels by which the Deployment finds its pods. They must match the template's labels. Immutable.",
    strategy: "How old pods are replaced by new ones.",
    template: "The pod to run. Any change of it starts a rollout. The only restart policy allowed is Always.",
  },
  DeploymentStatus: {
    "": "What the controller last saw of a Deployment.",
    availableReplicas: "Number of pods that have been ready for at least minReadySeconds.",
    collisionCount: "Number of name collisions met so far. It goes into the hash that names the next ReplicaSet.",
    conditions: "The observed conditions, one for each type.",
    observedGeneration:
      "The metadata.generation that this status is about. Before it reaches the object's own, the other fields describe an older spec.",
    readyReplicas: "Number of pods that are ready.",
    replicas: "Number of pods that match the selector and are not being deleted, of all versions.",
    terminatingReplicas: "Number of pods that are being deleted and have not ended yet.",
    unavailableReplicas:
      "Number of pods still missing until all wanted ones are available: not created yet, or not available yet.",
    updatedReplicas: "Number of pods of the newest template.",
  },
  DeploymentStrategy: {
    "": "How a Deployment moves from old pods to new ones.",
    rollingUpdate: "Limits of a rolling update. Only with the type RollingUpdate.",
    type: "RollingUpdate (default) replaces pods step by step, so that some are always there. Recreate ends all old pods before it makes the first new one.",
  },
  ReplicaSet: {
    "": "Keeps a number of equal pods running. Mostly made and used by a Deployment; make one yourself only if you never want to roll out changes.",
    metadata:
      "Name, labels and the rest of what every object has. Where no labels are given, those of the pod template are taken.",
    spec: "Which pods to run and how many.",
    status: "How many pods there are, as the controller last saw it.",
  },
  ReplicaSetCondition: {
    "": "One observed aspect of a ReplicaSet.",
    ...conditionFields,
    type: "ReplicaFailure: pods could not be created or deleted, e.g. because of a quota.",
  },
  ReplicaSetSpec: {
    "": "What a ReplicaSet is asked to keep running.",
    minReadySeconds:
      "Seconds that a new pod has to stay ready, without a container that crashes, before it counts as available. 0 by default: available as soon as it is ready.",
    replicas: "Number of pods wanted. 1 by default; 0 is allowed.",
    selector: "Labels by which the ReplicaSet finds its pods. They must match the template's labels. Immutable.",
    template: "The pod to make when there are too few. A change affects only pods made later.",
  },
  ReplicaSetStatus: {
    "": "What the controller last saw of a ReplicaSet.",
    availableReplicas: "Number of pods that have been ready for at least minReadySeconds.",
    conditions: "The observed conditions, one for each type.",
    fullyLabeledReplicas: "Number of pods that have all labels of the template.",
    observedGeneration: "The metadata.generation that this status is about.",
    readyReplicas: "Number of pods that are ready.",
    replicas: "Number of pods that match the selector and are not being deleted.",
    terminatingReplicas: "Number of pods that are being deleted and have not ended yet.",
  },
  RollingUpdateDaemonSet: {
    "": "Limits of a DaemonSet's rolling update. Exactly one of the two must be above 0.",
    maxSurge:
      "On how many nodes a new pod may start before the old one ends: a number, or a percentage of the wanted pods, rounded up. 0 by default; needs maxUnavailable: 0. Both pods are on the node for a while, so they cannot use the same host port.",
    maxUnavailable:
      "On how many nodes the pod may be missing during the update: a number, or a percentage of the wanted pods, rounded up. 1 by default.",
  },
  RollingUpdateDeployment: {
    "": "Limits of a Deployment's rolling update. At least one of the two must be above 0.",
    maxSurge:
      "How many pods may run above the wanted number during the update: a number, or a percentage of it, rounded up. 25% by default.",
    maxUnavailable:
      "How many of the wanted pods may be unavailable during the update: a number, or a percentage, rounded down. 25% by default.",
  },
  RollingUpdateStatefulSetStrategy: {
    "": "Limits of a StatefulSet's rolling update.",
    maxUnavailable:
      "How many pods may be unavailable during the update: a number, or a percentage of the replicas, rounded up; not 0. 1 by default. Needs the feature gate MaxUnavailableStatefulSet.",
    partition:
      "Only pods with this ordinal or a higher one are updated, the others keep the old version, even when they are made anew. 0 by default: all.",
  },
  StatefulSet: {
    "": "Keeps a number of pods that each have an identity: a stable name with an ordinal (web-0, web-1, …), a stable host name, and volumes of their own that stay when the pod is replaced.",
    spec: "Which pods with which volumes to keep, how many, and in which order they come and go.",
    status: "How many pods there are and of which revision, as the controller last saw it.",
  },
  StatefulSetCondition: {
    "": "One observed aspect of a StatefulSet. No condition types are in use at present.",
    ...conditionFields,
  },
  StatefulSetOrdinals: {
    "": "How the pods of a StatefulSet are numbered.",
    start: "Number of the first pod: the pods are start, start+1, … up to start+replicas-1. 0 by default.",
  },
  StatefulSetPersistentVolumeClaimRetentionPolicy: {
    "": "What becomes of the PersistentVolumeClaims made from volumeClaimTemplates once their pods are no longer wanted.",
    whenDeleted: "When the StatefulSet is deleted: Retain (default) keeps the claims, Delete deletes them too.",
    whenScaled:
      "When the number of replicas is lowered: Retain (default) keeps the claims of the removed pods, Delete deletes them once the pods are gone.",
  },
  StatefulSetSpec: {
    "": "What a StatefulSet is asked to keep running.",
    minReadySeconds:
      "Seconds that a new pod has to stay ready, without a container that crashes, before it counts as available. 0 by default: available as soon as it is ready.",
    ordinals: "How the pods are numbered. By default from 0 on.",
    persistentVolumeClaimRetentionPolicy:
      "Whether the volume claims go with the pods that they were made for. By default they are kept.",
    podManagementPolicy:
      "OrderedReady (default) makes pods one after another, each once the one before is ready, and removes them in reverse. Parallel makes and removes all at once. Updates are ordered either way. Immutable.",
    replicas: "Number of pods wanted. 1 by default; 0 is allowed.",
    revisionHistoryLimit: "How many old ControllerRevisions to keep for rollbacks. 10 by default.",
    selector: "Labels by which the StatefulSet finds its pods. They must match the template's labels. Immutable.",
    serviceName:
      "Name of the headless Service that gives the pods their DNS names, <pod>.<service>.<namespace>.svc. You make that Service yourself. Immutable.",
    template: "The pod to run, named <statefulset>-<ordinal>. The only restart policy allowed is Always.",
    updateStrategy: "How existing pods are replaced after a change of the template.",
    volumeClaimTemplates:
      "Claims made for each pod, named <template>-<pod>, and bound to it for good. Each needs a volume mount of the same name in a container; a volume of that name in the template is overruled. Immutable.",
  },
  StatefulSetStatus: {
    "": "What the controller last saw of a StatefulSet.",
    availableReplicas: "Number of pods that have been ready for at least minReadySeconds.",
    collisionCount:
      "Number of name collisions met so far. It goes into the hash that names the next ControllerRevision.",
    conditions: "The observed conditions, one for each type.",
    currentReplicas: "Number of pods of the revision currentRevision.",
    currentRevision: "Name of the ControllerRevision of the pods that are not updated yet.",
    observedGeneration: "The metadata.generation that this status is about.",
    readyReplicas: "Number of pods that are ready.",
    replicas: "Number of pods made by the controller.",
    updateRevision:
      "Name of the ControllerRevision that pods are updated to. Equal to currentRevision once the update is done.",
    updatedReplicas: "Number of pods of the revision updateRevision.",
  },
  StatefulSetUpdateStrategy: {
    "": "How a StatefulSet replaces its pods after a change of the template.",
    rollingUpdate: "Limits of a rolling update. Only with the type RollingUpdate.",
    type: "RollingUpdate (default) replaces the pods from the highest ordinal down. OnDelete makes the new pod only after somebody deletes the old one.",
  },
};
