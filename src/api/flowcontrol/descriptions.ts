// What `kubectl explain` says about flowcontrol.apiserver.k8s.io/v1. An empty field name stands for the type itself.

import { conditionFields } from "../lib/descriptions/conditions.ts";
import type { Descriptions } from "../lib/descriptions/contract.ts";

const lendablePercent = "Share of its seats that the level lends to others, in percent. 0 by default.";

const schemas: Descriptions = {
  FlowDistinguisherMethod: {
    "": "How the requests of a flow schema are split into flows, so that none crowds out the others.",
    type: "ByUser: a flow for each user. ByNamespace: a flow for each namespace of the requested objects.",
  },
  FlowSchema: {
    "": "Sorts requests into a priority level, and there into flows, by who asks for what. The first schema that matches, by matchingPrecedence, decides.",
    spec: "Which requests match, and where they go.",
    status: "Whether the schema can be used.",
  },
  FlowSchemaCondition: {
    "": "One observed aspect of a flow schema.",
    ...conditionFields,
    type: "Dangling: the priority level that the schema names does not exist.",
  },
  FlowSchemaSpec: {
    "": "Which requests a flow schema matches, and where they go.",
    distinguisherMethod: "How the requests are split into flows. Without it they are one flow.",
    matchingPrecedence: "Order among the schemas: the lowest number is tried first. 1 to 10000; 1000 by default.",
    priorityLevelConfiguration: "The priority level. As long as it does not exist, the schema is not used.",
    rules: "Which requests match: those that any of the rules matches. Empty: none.",
  },
  FlowSchemaStatus: {
    "": "Whether a flow schema can be used.",
    conditions: "The observed conditions, one for each type.",
  },
  GroupSubject: {
    "": "The users of a group.",
    name: 'Name of the group, e.g. system:authenticated; "*" are all.',
  },
  NonResourcePolicyRule: {
    "": "Matches requests for paths outside the API's resources, by verb and path.",
    nonResourceURLs: 'Paths such as /healthz, or /healthz/* for everything below. "*" alone are all.',
    verbs: 'HTTP methods in lower case; "*" alone are all.',
  },
  PolicyRulesWithSubjects: {
    "": "Matches a request when one of the subjects sent it and one of the rules describes it.",
    nonResourceRules: "Paths outside the API's resources. One of both lists of rules must have entries.",
    resourceRules: "Resources. One of both lists of rules must have entries.",
    subjects: "Who sends the request. At least one.",
  },
  ResourcePolicyRule: {
    "": "Matches requests for resources by verb, group, resource and namespace, all of which must match.",
    apiGroups: 'API groups; "" is the core group, "*" alone are all.',
    clusterScope:
      "true: requests that name no namespace match, be it that the resource has none or that all are meant. false by default.",
    namespaces:
      'Namespaces of the request; "*" are all, but not a request without one. May be empty only with clusterScope.',
    resources: 'Resources in plural, with their subresource where one is meant, e.g. nodes/status. "*" alone are all.',
    verbs: 'Verbs such as get and list; "*" alone are all.',
  },
  ServiceAccountSubject: {
    "": "A service account, or all of a namespace.",
    name: 'Name of the service account; "*" are all.',
    namespace: "Namespace of the service account.",
  },
  Subject: {
    "": "Who sends a request. The field that kind names is set.",
    group: "The users of a group.",
    kind: "User, Group or ServiceAccount.",
    serviceAccount: "A service account.",
    user: "One user.",
  },
  UserSubject: {
    "": "One user.",
    name: 'Name of the user; "*" are all.',
  },
};

const levels: Descriptions = {
  ExemptPriorityLevelConfiguration: {
    "": "Settings of a level whose requests never wait.",
    lendablePercent,
    nominalConcurrencyShares:
      "Share of the server's seats that is set aside for the level, in proportion to the shares of the others; it limits nothing here. 0 by default.",
  },
  LimitResponse: {
    "": "What happens to requests that find no seat.",
    queuing: "How they wait. Only with the type Queue.",
    type: "Queue: they wait for a seat. Reject: they are answered 429 at once.",
  },
  LimitedPriorityLevelConfiguration: {
    "": "Settings of a level whose requests share a limited number of seats. A request takes a seat while it is worked on, a large one several.",
    borrowingLimitPercent:
      "How many seats the level may borrow from others, in percent of its own. Without it as many as others lend.",
    lendablePercent,
    limitResponse: "What happens to requests that find no seat.",
    nominalConcurrencyShares:
      "Share of the server's seats that belongs to the level, in proportion to the shares of the others. 30 by default; 0 lets requests in only on borrowed seats.",
  },
  PriorityLevelConfiguration: {
    "": "A class of requests with a share of the API server's capacity of its own, so that others cannot starve it. FlowSchemas sort requests into it.",
    spec: "Whether the level is limited, and how.",
    status: "What the server noted about the level.",
  },
  PriorityLevelConfigurationCondition: {
    "": "One observed aspect of a priority level.",
    ...conditionFields,
    type: "Which aspect of the priority level this condition is about.",
  },
  PriorityLevelConfigurationReference: {
    "": "Names a priority level.",
    name: "Name of the PriorityLevelConfiguration.",
  },
  PriorityLevelConfigurationSpec: {
    "": "Whether a priority level is limited, and how.",
    exempt: "Settings of an Exempt level. Not with the type Limited.",
    limited: "Settings of a Limited level. Required with that type, and only with it.",
    type: "Limited: requests share a number of seats and wait, or are rejected, when all are taken. Exempt: they never wait.",
  },
  PriorityLevelConfigurationStatus: {
    "": "What the server noted about a priority level.",
    conditions: "The observed conditions, one for each type.",
  },
  QueuingConfiguration: {
    "": "How requests wait for a seat. The flows are dealt out to several queues, so that a flow with many requests fills only a few of these.",
    handSize:
      "From how many queues a flow may choose; it takes the shortest. 8 by default, not above queues, and better much below.",
    queueLengthLimit: "How many requests may wait in one queue; more are answered 429. 50 by default.",
    queues: "Number of queues. 64 by default; 1 puts all flows into the same one.",
  },
};

export const descriptions: Descriptions = { ...schemas, ...levels };
