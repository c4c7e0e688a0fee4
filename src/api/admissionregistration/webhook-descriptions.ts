// What `kubectl explain` says about webhooks for admission. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

const webhook = {
  admissionReviewVersions:
    "Versions of AdmissionReview that the webhook understands, the best first. The first that the server knows too is used: v1 or v1beta1.",
  clientConfig: "How to reach the webhook.",
  failurePolicy:
    "When the webhook cannot be reached or answers nonsense: Fail (default) rejects the request, Ignore goes on without it.",
  matchConditions:
    "CEL expressions that must all be true, else the webhook is not called. They are looked at after rules and selectors. At most 64.",
  matchPolicy:
    "Equivalent (default): a request matches also when it comes by another version or group of the same resource, and is converted. Exact: only as the rules say.",
  name: "Name of the webhook with a domain behind it, e.g. images.example.com. Unique in the configuration.",
  namespaceSelector:
    "Labels of the object's namespace; of the object itself, where it is a namespace. Other objects without a namespace always match. Empty: all.",
  objectSelector:
    "Labels of the object, old or new. Who writes objects can evade it by choosing the labels. Empty: all.",
  rules:
    "Requests that the webhook is called for, any of these. Configurations of webhooks themselves never match, so that none locks you out.",
  sideEffects:
    "Whether calls change something elsewhere: None, or NoneOnDryRun if not in dry runs. Dry runs that meet webhooks with Some or Unknown, of old versions, fail.",
  timeoutSeconds: "Seconds to wait for the answer, 1 to 30. 10 by default. Then failurePolicy decides.",
};

export const webhooks: Descriptions = {
  MutatingWebhook: {
    "": "A webhook that may change or reject objects.",
    ...webhook,
    reinvocationPolicy:
      "Never (default): called once for each request. IfNeeded: called again if something after it changed the object, so it must not mind that.",
  },
  MutatingWebhookConfiguration: {
    "": "Webhooks that may change or reject objects on their way into the cluster. They are called one after another.",
    webhooks: "The webhooks.",
  },
  RuleWithOperations: {
    "": "Requests by operation and resource.",
    apiGroups: 'API groups; "" is the core group, "*" alone are all.',
    apiVersions: 'API versions; "*" alone are all.',
    operations: "CREATE, UPDATE, DELETE, CONNECT; * alone are all.",
    resources:
      'Resources in plural: pods; pods/log a subresource; pods/* all of these; "*" all resources without, "*/*" with subresources.',
    scope:
      "Cluster: objects outside namespaces, and namespaces. Namespaced: objects in namespaces. *: both, the default.",
  },
  ServiceReference: {
    "": "The service that a webhook runs behind.",
    name: "Name of the service.",
    namespace: "Namespace of the service.",
    path: "Path of the URL.",
    port: "Port of the service. 443 by default.",
  },
  ValidatingWebhook: {
    "": "A webhook that may reject requests, but change nothing.",
    ...webhook,
  },
  ValidatingWebhookConfiguration: {
    "": "Webhooks that may reject requests. They are called at the same time, after all changes are made.",
    webhooks: "The webhooks.",
  },
  WebhookClientConfig: {
    "": "How to reach a webhook. Exactly one of service and url must be given.",
    caBundle: "Certificates, as PEM, that verify the webhook's. By default those of the system.",
    service: "The service, for a webhook that runs in the cluster.",
    url: "The URL, beginning with https://, for a webhook elsewhere. No user, no query, no fragment.",
  },
};
