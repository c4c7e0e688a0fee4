// What `kubectl explain` says about discovery.k8s.io/v1. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  Endpoint: {
    "": "One backend of a service, mostly a pod.",
    addresses: "Addresses of the backend, of the slice's address type. 1 to 100, but only the first has a meaning.",
    conditions: "Whether the backend takes traffic.",
    deprecatedTopology: "Left over from v1beta1. Cannot be written any more: see nodeName and zone.",
    hints: "Which zones or nodes should use this backend.",
    hostname: "Name of the backend in DNS below the service's name. Backends of the same name share it.",
    nodeName: "Name of the node that the backend is on.",
    targetRef: "The object behind the backend, mostly a Pod.",
    zone: "Zone that the backend is in.",
  },
  EndpointConditions: {
    "": "Whether a backend takes traffic.",
    ready:
      "The backend should get traffic: it serves and is not ending, or its service publishes unready ones too. Unset means true.",
    serving: "The backend can answer, even when it is about to end. For pods: they are ready. Unset means true.",
    terminating: "The backend is about to end. Unset means false.",
  },
  EndpointHints: {
    "": "Who should use a backend, so that traffic stays near.",
    forNodes: "Nodes that should use the backend. At most 8.",
    forZones: "Zones that should use the backend. At most 8.",
  },
  EndpointPort: {
    "": "A port that all backends of a slice have.",
    appProtocol:
      "Protocol spoken on the port, as a hint: an IANA service name such as https, one of Kubernetes' own such as kubernetes.io/h2c, or a name with your own domain as prefix.",
    name: "Name of the port, as in the service. Unique in the slice; empty by default.",
    port: "Number of the port on the backends.",
    protocol: "TCP (default), UDP or SCTP.",
  },
  EndpointSlice: {
    "": "A part of the backends of a service. All slices with the label kubernetes.io/service-name of that service together are its backends; kube-proxy and DNS read them.",
    addressType: "IPv4 or IPv6, for all backends of the slice. FQDN is deprecated and has no effect. Immutable.",
    endpoints: "The backends. At most 1000.",
    ports: "The ports that each of the backends has, by name. Services have at least one.",
  },
  ForNode: {
    "": "A node that should use a backend.",
    name: "Name of the node.",
  },
  ForZone: {
    "": "A zone that should use a backend.",
    name: "Name of the zone.",
  },
};
