// What `kubectl explain` says about scheduling.k8s.io/v1. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  PriorityClass: {
    "": "Gives a number a name: how important pods are. Pods choose it by spec.priorityClassName.",
    description: "When to use this class, for people.",
    globalDefault:
      "true: pods that name no class get this one. If several classes say so, the one with the lowest value counts.",
    preemptionPolicy:
      "PreemptLowerPriority (default): pods of this class may push out less important ones. Never: they wait for room, but ahead of less important ones. Immutable.",
    value: "The priority: the higher, the more important. Up to 1000000000; more is for the system. Immutable.",
  },
};
