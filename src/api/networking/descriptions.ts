// What `kubectl explain` says about networking.k8s.io/v1; v1beta1 has some of its types. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  HTTPIngressPath: {
    "": "Sends requests with a certain path to a backend.",
    backend: "Where these requests go.",
    path: "The path, beginning with /. Required for Exact and Prefix.",
    pathType:
      "How the path is compared: Exact, by the whole path; Prefix, by whole elements from the beginning, so that /a matches /a/b but not /ab; ImplementationSpecific, as the controller likes.",
  },
  HTTPIngressRuleValue: {
    "": "Rules for HTTP requests of a host.",
    paths: "The paths and their backends.",
  },
  IPAddress: {
    "": "Shows that an IP address is in use, mostly as a service's cluster IP. Its name is the address in canonical form, so that no address is given away twice.",
    spec: "Who uses the address.",
  },
  IPAddressSpec: {
    "": "Who uses an IP address.",
    parentRef: "The object that the address belongs to. Immutable.",
  },
  IPBlock: {
    "": "A range of IP addresses, with exceptions.",
    cidr: "The range, e.g. 192.168.1.0/24 or 2001:db8::/64.",
    except: "Ranges within cidr that are left out.",
  },
  Ingress: {
    "": "Leads HTTP requests from outside to services, by host and path, with TLS if wanted. An ingress controller has to be there to carry it out.",
    spec: "Which requests go to which services.",
    status: "Where the ingress can be reached.",
  },
  IngressBackend: {
    "": "Where requests go. Exactly one of the fields must be given.",
    resource: "Another object of the same namespace, of a kind that the controller knows. Excludes service.",
    service: "A port of a Service of the same namespace. Excludes resource.",
  },
  IngressClass: {
    "": "Names an ingress controller, with parameters for it. The annotation ingressclass.kubernetes.io/is-default-class makes it the class of ingresses that name none.",
    spec: "The controller and its parameters.",
  },
  IngressClassParametersReference: {
    "": "Names the object that has the parameters of an ingress class.",
    apiGroup: "API group of that object. Without it the core group.",
    kind: "Kind of that object.",
    name: "Name of that object.",
    namespace: "Namespace of that object. Required with the scope Namespace, forbidden with Cluster.",
    scope: "Cluster (default) or Namespace.",
  },
  IngressClassSpec: {
    "": "The controller of an ingress class.",
    controller:
      "Name of the controller with a domain as prefix, e.g. example.com/ingress. At most 250 characters. Immutable.",
    parameters: "An object with further parameters for the controller, if it wants one.",
  },
  IngressLoadBalancerIngress: {
    "": "One way to reach an ingress from outside.",
    hostname: "Its host name, where it is reached by name.",
    ip: "Its IP address, where it is reached by address.",
    ports: "Its ports.",
  },
  IngressLoadBalancerStatus: {
    "": "How an ingress can be reached from outside.",
    ingress: "The ways to reach it.",
  },
  IngressPortStatus: {
    "": "State of one port of a load balancer.",
    error: "What is wrong with the port, as one CamelCase word, with a domain as prefix if it is a provider's own.",
    port: "Number of the port.",
    protocol: "TCP, UDP or SCTP.",
  },
  IngressRule: {
    "": "Rules for the requests of one host.",
    host: "The host name of the request. *.example.com stands for any one label in front of example.com. No address, no port. Without it the rule holds for all hosts.",
  },
  IngressServiceBackend: {
    "": "A port of a service.",
    name: "Name of the Service, in the namespace of the ingress.",
    port: "The port, by name or by number.",
  },
  IngressSpec: {
    "": "What an ingress is asked to do. At least defaultBackend or one rule must be given.",
    defaultBackend: "Where requests go that no rule matches. Without it the controller decides.",
    ingressClassName:
      "Name of the IngressClass whose controller serves this ingress. Without it the default class is set on creation, if there is one.",
    rules: "Where requests go, by host and path.",
    tls: "Certificates by host. TLS is on port 443 for all of them; the client says which host it wants (SNI).",
  },
  IngressStatus: {
    "": "Where an ingress can be reached.",
    loadBalancer: "The load balancer in front, filled by the controller.",
  },
  IngressTLS: {
    "": "A certificate for some hosts.",
    hosts: "Host names that the certificate is for. They should be those in the certificate.",
    secretName: "Name of the Secret, of type kubernetes.io/tls, with the certificate and its key.",
  },
  NetworkPolicy: {
    "": "Says which traffic some pods may have. Pods that no policy selects may have all; a selected one may have only what a policy permits. The network plugin has to support it.",
    spec: "The pods and the traffic that they may have.",
  },
  NetworkPolicyEgressRule: {
    "": "Traffic that selected pods may send. It has to match both ports and to.",
    ports: "Ports that may be reached, any of these. Empty: all.",
    to: "Who may be reached, any of these. Empty: everybody.",
  },
  NetworkPolicyIngressRule: {
    "": "Traffic that selected pods may get. It has to match both ports and from.",
    from: "Who may connect, any of these. Empty: everybody.",
    ports: "Ports of the pods that may be reached, any of these. Empty: all.",
  },
  NetworkPolicyPeer: {
    "": "Others that traffic is exchanged with: an address range, or pods by their labels.",
    ipBlock: "A range of addresses. Excludes both selectors.",
    namespaceSelector:
      "Labels of namespaces: all their pods are meant, or with podSelector those that it matches. An empty selector means all namespaces.",
    podSelector:
      "Labels of pods, in the namespaces of namespaceSelector or else in the policy's own. An empty selector means all pods.",
  },
  NetworkPolicyPort: {
    "": "A port, or a range of ports.",
    endPort: "Last port of a range that begins with port, which must be a number then. Not below port.",
    port: "Number of the port, or the name of a container's port. Without it all ports of the protocol.",
    protocol: "TCP (default), UDP or SCTP.",
  },
  NetworkPolicySpec: {
    "": "The pods of a network policy and what they may do.",
    egress: "What the pods may send. Empty, while egress is among policyTypes: nothing.",
    ingress: "What the pods may get. Empty, while ingress is among policyTypes: nothing, but for the node itself.",
    podSelector:
      "Labels of the pods, in the policy's namespace. Empty: all of them. What several policies permit adds up.",
    policyTypes:
      "Which directions the policy is about: Ingress, Egress or both. By default Ingress, and Egress too where egress has rules. To forbid all sending, name Egress and give no rules.",
  },
  ParentReference: {
    "": "Names the object that an IP address belongs to.",
    group: "API group of that object. Empty for the core group.",
    name: "Name of that object.",
    namespace: "Namespace of that object.",
    resource: "Resource of that object, e.g. services.",
  },
  ServiceBackendPort: {
    "": "A port of a service, by name or by number, not both.",
    name: "Name of the port.",
    number: "Number of the port.",
  },
  ServiceCIDR: {
    "": "A range of addresses from which services get their cluster IPs. Several may exist; one cannot go while addresses of it alone are in use.",
    spec: "The range of each IP family.",
    status: "Whether addresses are taken from it.",
  },
  ServiceCIDRSpec: {
    "": "The ranges of a ServiceCIDR.",
    cidrs:
      "One range, or one for each IP family, e.g. 10.96.0.0/16 and 2001:db8::/108. Immutable, but that a second family may be added.",
  },
  ServiceCIDRStatus: {
    "": "Whether addresses are taken from a ServiceCIDR.",
    conditions:
      "The observed conditions. Ready: addresses can be taken. With the reason Terminating it is about to be deleted.",
  },
};
