// Services, the endpoints behind them, load balancers.
import type { Descriptions } from "../../lib/descriptions/contract.ts";

export const services: Descriptions = {
  Service: {
    "": "A name and most often an IP under which a set of pods is reached, however these come and go.",
    spec: "How the Service is reached, and which pods are behind it.",
    status: "What a load balancer has made of it.",
  },
  ServiceSpec: {
    "": "How a Service is reached, and which pods are behind it.",
    allocateLoadBalancerNodePorts:
      "Whether a LoadBalancer gets node ports. With false, only for ports that name one. Default true. For type LoadBalancer only.",
    clusterIP:
      "IP in the cluster, chosen by the server or from its range by you. None: a headless Service without an IP, whose pods are found by DNS. Immutable, unless the type changes to or from ExternalName.",
    clusterIPs: "IPs in the cluster, at most one of each family. The first is clusterIP.",
    externalIPs: "IPs that nodes also take traffic for. You have to see to it that it comes to the nodes.",
    externalName: "For type ExternalName: the DNS name that the Service is an alias of; nothing is forwarded.",
    externalTrafficPolicy:
      "Where traffic from outside goes: Cluster, to all endpoints; Local, to those of the node that it came to, with the client's IP kept. Default Cluster. For NodePort, LoadBalancer and external IPs.",
    healthCheckNodePort:
      "Port of the nodes where a load balancer asks whether there are endpoints on them. Only for type LoadBalancer with externalTrafficPolicy Local; chosen by the server. Immutable.",
    internalTrafficPolicy:
      "Where traffic from the cluster goes: Cluster, to all endpoints; Local, to those of the same node alone, and nowhere if it has none. Default Cluster.",
    ipFamilies:
      "IPv4 and IPv6, in the order of clusterIPs. The second may be added or taken away, the first not changed. Default what the cluster and ipFamilyPolicy say.",
    ipFamilyPolicy:
      "SingleStack: one family; PreferDualStack: two where the cluster has two; RequireDualStack: two, or an error. Default SingleStack.",
    loadBalancerClass:
      "Which implementation makes the load balancer. Absent: the default one. Only for type LoadBalancer, and immutable as long as that is the type.",
    loadBalancerIP: "Deprecated: a wish for the load balancer's IP. What comes of it depends on the implementation.",
    loadBalancerSourceRanges: "CIDRs of clients that the load balancer lets in. Default all, where it can tell at all.",
    ports: "The ports of the Service. At least one, unless it is headless or an ExternalName.",
    publishNotReadyAddresses:
      "Whether pods count as endpoints also while they are not ready, as members of a StatefulSet that must find each other. Default false.",
    selector:
      "Labels of the pods that are behind it. Without one, nobody makes endpoints for it: write EndpointSlices yourself. No meaning with ExternalName.",
    sessionAffinity: "ClientIP: requests of one client go to the same pod; None. Default None.",
    sessionAffinityConfig: "How long sessionAffinity holds.",
    trafficDistribution:
      "Which endpoints are preferred: PreferSameZone (PreferClose is its older name), those in the client's zone; PreferSameNode, those on its node. Default none.",
    type: "ClusterIP: an IP in the cluster; NodePort: a port of each node as well; LoadBalancer: a load balancer outside as well; ExternalName: an alias in DNS. Default ClusterIP.",
  },
  ServicePort: {
    "": "One port of a Service.",
    appProtocol:
      "What is spoken on it, as a hint: a name of IANA, kubernetes.io/h2c, kubernetes.io/ws, kubernetes.io/wss, or a name with a domain of your own.",
    name: "Name of the port: a DNS label, unique in the Service. May be left out when there is only one.",
    nodePort:
      "Port of each node that leads to it, for types NodePort and LoadBalancer: chosen by the server, or from its range (30000-32767 by default) by you.",
    port: "The port of the Service, 1 to 65535.",
    protocol: "TCP, UDP or SCTP. Default TCP.",
    targetPort:
      "Port of the pods: a number, or the name of a container's port, which may have another number in each pod. Default port. No meaning for headless Services.",
  },
  SessionAffinityConfig: {
    "": "How long a client keeps to one pod.",
    clientIP: "For sessionAffinity ClientIP.",
  },
  ClientIPConfig: {
    "": "How long clients keep to one pod, told apart by IP.",
    timeoutSeconds: "Seconds after the last connection: 1 to 86400. Default 10800, three hours.",
  },
  ServiceStatus: {
    "": "What has been made of a Service.",
    conditions: "Aspects of its state.",
    loadBalancer: "The load balancer, once there is one.",
  },
  LoadBalancerStatus: {
    "": "Where a load balancer takes traffic.",
    ingress: "The points at which it does.",
  },
  LoadBalancerIngress: {
    "": "One point at which a load balancer takes traffic.",
    hostname: "Its DNS name, for load balancers that are found by name.",
    ip: "Its IP, for load balancers that are found by IP.",
    ipMode:
      "VIP: traffic comes to the nodes still addressed to this IP, so they may take a short cut to it; Proxy: it comes addressed to a node or pod, so they must not. Default VIP. Only with ip.",
    ports: "The ports, and what went wrong with any of them.",
  },
  PortStatus: {
    "": "One port of a load balancer.",
    error: "What went wrong, in one CamelCase word, those of a cloud with its domain. Absent when nothing did.",
    port: "Number of the Service's port.",
    protocol: "TCP, UDP or SCTP.",
  },
  Endpoints: {
    "": "IPs and ports of the pods behind a Service. Deprecated: use EndpointSlices, which can hold many and tell more.",
    subsets: "The addresses and ports, grouped: each address of a group has each port of it.",
  },
  EndpointSubset: {
    "": "Addresses that all have the same ports.",
    addresses: "Addresses that are ready.",
    notReadyAddresses: "Addresses that are not: pods that start, fail their readiness probe or end.",
    ports: "The ports.",
  },
  EndpointAddress: {
    "": "One address behind a Service.",
    hostname: "Its host name in DNS, below the Service's name.",
    ip: "The IP. Not a loopback, link-local or multicast address.",
    nodeName: "The node that it is on.",
    targetRef: "The object that it belongs to, most often a pod.",
  },
  EndpointPort: {
    "": "One port behind a Service.",
    appProtocol: "What is spoken on it, as in the Service.",
    name: "Name of the Service's port.",
    port: "The number.",
    protocol: "TCP, UDP or SCTP. Default TCP.",
  },
};
