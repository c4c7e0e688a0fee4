// What `kubectl explain` says about apiextensions.k8s.io/v1. An empty field name stands for the type itself. The JSON schema has a
// file of its own: schema-descriptions.ts.

import { conditionFields } from "../lib/descriptions/conditions.ts";
import type { Descriptions } from "../lib/descriptions/contract.ts";
import { schema } from "./schema-descriptions.ts";

const definitions: Descriptions = {
  CustomResourceColumnDefinition: {
    "": "A column that `kubectl get` shows for custom resources.",
    description: "What the column shows, for people.",
    format: "Closer form of the value, e.g. int64, date or name. name marks the column with the object's name.",
    jsonPath: "Path of the value within the object, e.g. .spec.replicas.",
    name: "Heading of the column.",
    priority: "0: always shown. Above: only in the wide output.",
    type: "Type of the value: integer, number, string, boolean or date.",
  },
  CustomResourceConversion: {
    "": "How custom resources are converted from one version to another.",
    strategy: "None: only apiVersion is changed. Webhook: a webhook converts the object.",
    webhook: "The webhook. Required with the strategy Webhook, forbidden otherwise.",
  },
  CustomResourceDefinition: {
    "": "Adds a kind of your own to the API, with its names, versions and schema. Its name is <plural>.<group>. Deleting it deletes all its objects.",
    spec: "Names, versions and schema of the kind.",
    status: "Whether the kind is served, under which names, and in which versions it is stored.",
  },
  CustomResourceDefinitionCondition: {
    "": "One observed aspect of a definition.",
    ...conditionFields,
    observedGeneration: "The metadata.generation that this condition is about.",
    type: "Established (it is served), NamesAccepted (nobody else has its names), NonStructuralSchema, Terminating (its objects are being deleted), KubernetesAPIApprovalPolicyConformant (only for groups of Kubernetes itself).",
  },
  CustomResourceDefinitionNames: {
    "": "Under which names a custom resource is known.",
    categories: "Groups of resources that it is part of: with all, `kubectl get all` shows it too.",
    kind: "Kind of the objects, in CamelCase and singular, as they have it in their field kind.",
    listKind: "Kind of a list of them. By default the kind with List behind it.",
    plural: "The resource in plural and lower case, as in its URL /apis/<group>/<version>/…/<plural>. Immutable.",
    shortNames: "Short names for the command line, in lower case.",
    singular: "The resource in singular and lower case. By default the kind in lower case.",
  },
  CustomResourceDefinitionSpec: {
    "": "What a custom resource is to be.",
    conversion: "How objects are converted between versions. By default only their apiVersion is changed.",
    group: "API group of the resource, a domain name such as example.com. Immutable.",
    names: "The names of the resource and its kind.",
    preserveUnknownFields:
      "Deprecated: must be false. In a schema, x-kubernetes-preserve-unknown-fields takes its place.",
    scope: "Namespaced or Cluster. Immutable.",
    versions:
      "The versions. Exactly one is stored. Discovery shows them from the most to the least mature, and newest first: v10, v2, v1, v1beta2, v1beta1, v1alpha1, then names of any other form.",
  },
  CustomResourceDefinitionStatus: {
    "": "What the server made of a definition.",
    acceptedNames: "The names that are served. They differ from spec.names where another resource has a name already.",
    conditions: "The observed conditions, one for each type.",
    observedGeneration: "The metadata.generation that this status is about.",
    storedVersions:
      "Versions in which objects were ever stored. Remove one from here only after all objects are written anew; then it may leave spec.versions.",
  },
  CustomResourceDefinitionVersion: {
    "": "A version of a custom resource.",
    additionalPrinterColumns: "Columns of `kubectl get` beside the name. By default the age.",
    deprecated: "true: every request to this version is answered with a warning. false by default.",
    deprecationWarning:
      "The text of that warning. Only with deprecated. By default it names the version and, if there is one, a better one.",
    name: "Name of the version, e.g. v1 or v1beta1, as in its URL.",
    schema: "Which fields objects have. All else is dropped.",
    selectableFields: "Fields that lists and watches can select by. At most 8.",
    served: "true: the API serves this version.",
    storage: "true: objects are stored in this version. Exactly one version must say so.",
    subresources: "Which of status and scale the resource has. By default neither.",
  },
  CustomResourceSubresourceScale: {
    "": "Makes `kubectl scale` and autoscalers work, by telling where an object has its number of replicas.",
    labelSelectorPath:
      "Path, below .spec or .status, of a text that holds a label selector for the pods. HorizontalPodAutoscalers need it.",
    specReplicasPath: "Path, below .spec, of the wanted number.",
    statusReplicasPath: "Path, below .status, of the present number. Where there is none, it is 0.",
  },
  CustomResourceSubresourceStatus: {
    "": "Parts spec from status: who writes the object does not change its status, and who writes the subresource status changes nothing else.",
  },
  CustomResourceSubresources: {
    "": "Which subresources a custom resource has.",
    scale: "Turns on the subresource scale.",
    status: "Turns on the subresource status.",
  },
  CustomResourceValidation: {
    "": "The schema of a custom resource.",
    openAPIV3Schema:
      "The schema. It is used to check objects, to fill in defaults and to drop fields that it does not know.",
  },
  SelectableField: {
    "": "A field that lists and watches can select by.",
    jsonPath:
      "Path of the field, e.g. .spec.color: a string, a boolean or an integer, not in a list, not in the metadata.",
  },
};

const webhooks: Descriptions = {
  ServiceReference: {
    "": "The service that a webhook runs behind.",
    name: "Name of the service.",
    namespace: "Namespace of the service.",
    path: "Path of the URL.",
    port: "Port of the service. 443 by default.",
  },
  WebhookClientConfig: {
    "": "How to reach a webhook. Exactly one of service and url must be given.",
    caBundle: "Certificates, as PEM, that verify the webhook's. By default those of the system.",
    service: "The service, for a webhook that runs in the cluster.",
    url: "The URL, beginning with https://, for a webhook elsewhere. No user, no query, no fragment.",
  },
  WebhookConversion: {
    "": "A webhook that converts objects between versions.",
    clientConfig: "How to reach the webhook.",
    conversionReviewVersions:
      "Versions of ConversionReview that the webhook understands, the best first. The first that the server knows too is used: v1 or v1beta1.",
  },
};

export const descriptions: Descriptions = { ...definitions, ...webhooks, ...schema };
