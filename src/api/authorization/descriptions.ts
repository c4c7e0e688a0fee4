// What `kubectl explain` says about authorization.k8s.io/v1. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

const question = {
  nonResourceAttributes: "The path asked about. Excludes resourceAttributes.",
  resourceAttributes: "The resource asked about. Excludes nonResourceAttributes.",
};

const selector = {
  rawSelector:
    "The selector as a text from a query. Only for webhooks of servers that cannot split it; excludes requirements.",
};

const answer = { spec: "The question.", status: "The answer, filled by the server." };

export const descriptions: Descriptions = {
  FieldSelectorAttributes: {
    "": "The field selector of a request, so that it can be allowed for some objects only. Exactly one of the fields is set.",
    ...selector,
    requirements:
      "The parts of the selector, all of which hold. What an authorizer does not understand it must ignore.",
  },
  LabelSelectorAttributes: {
    "": "The label selector of a request, so that it can be allowed for some objects only. Exactly one of the fields is set.",
    ...selector,
    requirements:
      "The parts of the selector, all of which hold. What an authorizer does not understand it must ignore.",
  },
  LocalSubjectAccessReview: {
    "": "Asks whether a user may do something in one namespace. Unlike with SubjectAccessReview, the right to ask can be granted for that namespace alone.",
    ...answer,
    spec: "The question. Its namespace must be that of the review; empty means that one.",
  },
  NonResourceAttributes: {
    "": "A request for a path outside the API's resources.",
    path: "Path of the request, e.g. /healthz.",
    verb: "HTTP method in lower case, e.g. get.",
  },
  NonResourceRule: {
    "": "Paths that the user may request.",
    nonResourceURLs: 'The paths. "*" as the last part stands for anything.',
    verbs: 'HTTP methods in lower case; "*" are all.',
  },
  ResourceAttributes: {
    "": "A request for a resource of the API.",
    fieldSelector: "The request is limited to objects with these fields. Can only make it easier to allow.",
    group: 'API group of the resource; "*" means all.',
    labelSelector: "The request is limited to objects with these labels. Can only make it easier to allow.",
    name: "Name of the object. Empty: all of them.",
    namespace: "Namespace of the object. Empty: no namespace, or all namespaces where the resource has them.",
    resource: 'The resource in plural, e.g. pods; "*" means all.',
    subresource: 'The subresource, e.g. log; "*" means all.',
    verb: 'What is to be done: get, list, watch, create, update, delete, proxy and others; "*" means everything.',
    version: 'API version of the resource; "*" means all.',
  },
  ResourceRule: {
    "": "Resources that the user may do something with.",
    apiGroups: 'API groups of the resources; "*" are all.',
    resourceNames: 'Names of the objects. Empty or "*": all.',
    resources: 'Resources, with their subresource where one is meant; "*" are all, "*/log" that subresource of all.',
    verbs: 'What may be done, e.g. get or list; "*" is everything.',
  },
  SelfSubjectAccessReview: {
    "": "Asks whether you yourself may do something, as `kubectl auth can-i` does. Everybody may ask.",
    ...answer,
  },
  SelfSubjectAccessReviewSpec: {
    "": "What you want to do. Exactly one of the fields must be given.",
    ...question,
  },
  SelfSubjectRulesReview: {
    "": "Asks for all that you may do in a namespace, to show or hide buttons by. It may be incomplete, so do not decide with it what others may do.",
    ...answer,
  },
  SelfSubjectRulesReviewSpec: {
    "": "Which namespace the question is about.",
    namespace: "Name of the namespace. Required.",
  },
  SubjectAccessReview: {
    "": "Asks whether a user may do something. Servers that leave authorization to the cluster ask this, and webhooks for authorization get it.",
    ...answer,
  },
  SubjectAccessReviewSpec: {
    "": "Who wants to do what. One of user and groups is needed, and exactly one of the two kinds of attributes.",
    ...question,
    extra: "What else authentication knows about the user.",
    groups: "Groups of the user.",
    uid: "UID of the user.",
    user: "Name of the user. Without groups, only what the user alone may do counts.",
  },
  SubjectAccessReviewStatus: {
    "": "Whether it is allowed.",
    allowed: "true: it is allowed.",
    denied:
      "true: it is forbidden, whatever other authorizers would say. With both false nobody has an opinion, which counts as no.",
    evaluationError:
      "What went wrong on the way. The answer can hold nevertheless, e.g. when a role is missing but others are enough.",
    reason: "Why, in words.",
  },
  SubjectRulesReviewStatus: {
    "": "What a user may do.",
    evaluationError: "Why the lists may be incomplete.",
    incomplete: "true: there may be more, because an authorizer cannot list its rules or failed.",
    nonResourceRules: "Paths that may be requested. Their order means nothing.",
    resourceRules: "Resources that may be used. Their order means nothing.",
  },
};
