// What `kubectl explain` says about apiregistration.k8s.io/v1. An empty field name stands for the type itself.

import { conditionFields } from "../lib/descriptions/conditions.ts";
import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  APIService: {
    "": "Tells who serves a version of an API group: this API server itself, or another one that requests are passed on to. Its name is <version>.<group>.",
    spec: "The group and version, and where their server is.",
    status: "Whether that server can be reached.",
  },
  APIServiceCondition: {
    "": "One observed aspect of an APIService.",
    ...conditionFields,
    type: "Available: requests can be passed on.",
  },
  APIServiceSpec: {
    "": "Which version of which group is served where.",
    caBundle:
      "Certificates, as PEM, that verify the server's. By default those of the system. Excludes insecureSkipTLSVerify.",
    group: "The API group.",
    groupPriorityMinimum:
      "Rank of the group among all groups: the highest of its versions counts, and clients prefer higher ones. 1 to 20000; 17000 and more is common for Kubernetes' own.",
    insecureSkipTLSVerify: "true: the server's certificate is not checked. Better give caBundle.",
    service: "The service that the server is behind. Without it, this API server serves the version itself.",
    version: "The version, e.g. v1.",
    versionPriority:
      "Rank of the version within its group: clients prefer higher ones. 1 to 1000. Among equal ones, the more mature and then the newer comes first.",
  },
  APIServiceStatus: {
    "": "Whether the server can be reached.",
    conditions: "The observed conditions, one for each type.",
  },
  ServiceReference: {
    "": "The service that an API server is behind.",
    name: "Name of the service.",
    namespace: "Namespace of the service.",
    port: "Port of the service. 443 by default.",
  },
};
