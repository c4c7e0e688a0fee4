// What `kubectl explain` says about node.k8s.io/v1. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  Overhead: {
    "": "What running a pod in a runtime class costs beside its containers.",
    podFixed: "Resources that each such pod needs on top of what its containers request, e.g. cpu and memory.",
  },
  RuntimeClass: {
    "": "Names a way of running containers, e.g. in a virtual machine. Pods choose it by spec.runtimeClassName.",
    handler:
      "Name under which the container runtime of the nodes knows this way of running. It must be configured there. Immutable.",
    overhead: "What pods of this class cost beside their containers. Admission adds it to the pods.",
    scheduling: "Which nodes can run this class. Without it, all of them are taken to.",
  },
  Scheduling: {
    "": "Keeps the pods of a runtime class on the nodes that can run it.",
    nodeSelector:
      "Labels that nodes must have. They are added to each pod's own; a pod that contradicts them is rejected.",
    tolerations: "Tolerations that each pod of the class gets beside its own.",
  },
};
