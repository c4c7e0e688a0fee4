// What `kubectl explain` says about policy/v1. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  Eviction: {
    "": "Asks for a pod to be deleted as far as its disruption budgets permit it now. It is sent to the pod's subresource eviction; the answer is 429 as long as a budget forbids it.",
    deleteOptions: "How the pod is deleted, e.g. with which grace period.",
    metadata: "Name and namespace of the pod to evict.",
  },
  PodDisruptionBudget: {
    "": "Says how many pods of an application may be missing at the same time because of evictions, e.g. while nodes are drained. Failures of nodes and plain deletions do not ask it.",
    spec: "Which pods are guarded, and how many of them must stay.",
    status: "How many of the pods are healthy, and how many evictions would be let through now.",
  },
  PodDisruptionBudgetSpec: {
    "": "What a budget guards. Only one of minAvailable and maxUnavailable may be given.",
    maxUnavailable:
      "How many of the pods may be unavailable after an eviction: a number, or a percentage of all wanted pods, rounded up. 0 forbids every eviction. Excludes minAvailable.",
    minAvailable:
      "How many of the pods must be available after an eviction: a number, or a percentage of all wanted pods, rounded up. 100% forbids every eviction. Excludes maxUnavailable.",
    selector:
      "Labels of the guarded pods. An empty selector means all pods of the namespace; without one there are none.",
    unhealthyPodEvictionPolicy:
      "Whether running pods that are not ready may be evicted: IfHealthyBudget (default) only while enough others are healthy, AlwaysAllow at any time.",
  },
  PodDisruptionBudgetStatus: {
    "": "What the controller last counted for a budget.",
    conditions:
      "The observed conditions. DisruptionAllowed tells whether an eviction would be let through, with the reason SufficientPods, InsufficientPods or SyncFailed.",
    currentHealthy: "Number of guarded pods that are ready.",
    desiredHealthy: "Number of guarded pods that have to be ready.",
    disruptedPods:
      "Pods whose eviction was let through but whose deletion was not seen yet, by name, with the time of the eviction. Entries leave after two minutes at most.",
    disruptionsAllowed: "How many more pods may be evicted now.",
    expectedPods: "Number of guarded pods that should exist.",
    observedGeneration:
      "The metadata.generation that this status is about. While it is not the object's own, no eviction is let through.",
  },
};
