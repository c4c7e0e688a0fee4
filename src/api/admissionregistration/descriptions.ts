// What `kubectl explain` says about admissionregistration.k8s.io/v1: policies here, webhooks in webhook-descriptions.ts. The beta and
// alpha versions have some of these types. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";
import { webhooks } from "./webhook-descriptions.ts";

const failurePolicy =
  "What to do when an expression cannot be evaluated, or the policy is set up wrongly: Fail (default) rejects the request, Ignore goes on without the policy.";
const paramKind =
  "Kind of the objects that hold parameters for the policy. Without it there are none, and params is unknown to expressions.";
const variables =
  "Named expressions that others can use as variables.<name>, except those in matchConditions. One can use those before it.";
const matchConditions =
  "CEL expressions that must all be true, else the policy is not applied. They are looked at after matchConstraints. At most 64.";

const matching: Descriptions = {
  MatchCondition: {
    "": "A further condition, in CEL, for a request to be looked at.",
    expression:
      "CEL expression that yields true or false. It can use object, oldObject, request, authorizer and, in policies, params.",
    name: "Name of the condition, unique in its list, e.g. exclude-leases or example.com/exclude-leases.",
  },
  MatchResources: {
    "": "Which requests are looked at. All that is given must match.",
    excludeResourceRules: "Requests that are left out, whatever resourceRules says.",
    matchPolicy:
      "Equivalent (default): a request matches also when it comes by another version or group of the same resource, and is converted. Exact: only as the rules say.",
    namespaceSelector:
      "Labels of the object's namespace; of the object itself, where it is a namespace. Other objects without a namespace always match. Empty: all.",
    objectSelector:
      "Labels of the object, old or new. Who writes objects can evade it by choosing the labels. Empty: all.",
    resourceRules: "Requests that match, any of these. In a binding, empty means all that the policy matches.",
  },
  NamedRuleWithOperations: {
    "": "Requests by operation, resource and name.",
    apiGroups: 'API groups; "" is the core group, "*" alone are all.',
    apiVersions: 'API versions; "*" alone are all.',
    operations: "CREATE, UPDATE, DELETE, CONNECT; * alone are all.",
    resourceNames: "Names of the objects. Empty: all.",
    resources:
      'Resources in plural: pods; pods/log a subresource; pods/* all of these; "*" all resources without, "*/*" with subresources.',
    scope:
      "Cluster: objects outside namespaces, and namespaces. Namespaced: objects in namespaces. *: both, the default.",
  },
  ParamKind: {
    "": "Kind of the objects that hold parameters.",
    apiVersion: "Group and version of the kind, e.g. example.com/v1.",
    kind: "The kind.",
  },
  ParamRef: {
    "": "Which objects hold the parameters. Exactly one of name and selector must be given.",
    name: "Name of the object. Excludes selector.",
    namespace:
      "Namespace of the object. Empty, while the kind has namespaces: that of the request's object. Not allowed for kinds without namespaces.",
    parameterNotFoundAction: "When no object is found: Allow lets the request through, Deny goes by failurePolicy.",
    selector: "Labels of the objects: the policy is applied once with each of them. Excludes name.",
  },
  Variable: {
    "": "A named expression.",
    expression: "The CEL expression. It is evaluated when first used.",
    name: "Name of the variable, a CEL identifier.",
  },
};

const validating: Descriptions = {
  AuditAnnotation: {
    "": "A note for the audit log.",
    key: "Key of the note; the policy's name and a slash go before it. Unique in the policy, at most 63 characters.",
    valueExpression:
      "CEL expression that yields the text. null or an empty text writes nothing. Texts are cut at 10 KiB.",
  },
  ExpressionWarning: {
    "": "What the type check found in an expression.",
    fieldRef: "Where the expression is, e.g. spec.validations[0].expression.",
    warning: "For each type that the expression meets: its name, and what is wrong.",
  },
  TypeChecking: {
    "": "What the type check of a policy found.",
    expressionWarnings: "The findings. Empty: none.",
  },
  ValidatingAdmissionPolicy: {
    "": "Rules in CEL that requests must obey, evaluated in the API server. It has effect only with a ValidatingAdmissionPolicyBinding.",
    spec: "Which requests the policy is about, and its rules.",
    status: "What the server found when it checked the expressions.",
  },
  ValidatingAdmissionPolicyBinding: {
    "": "Puts a ValidatingAdmissionPolicy into effect, for some requests, with parameters and consequences. A policy may have several.",
    spec: "Which policy, for which requests, with what consequences.",
  },
  ValidatingAdmissionPolicyBindingSpec: {
    "": "How a policy is put into effect.",
    matchResources: "Narrows down which of the policy's requests are looked at. By default all.",
    paramRef: "Objects that hold the parameters, of the policy's paramKind.",
    policyName: "Name of the policy. As long as it does not exist, the binding has no effect.",
    validationActions:
      "What happens when a rule is broken: Deny rejects the request, Warn lets it through with a warning, Audit notes it in the audit log. Deny and Warn exclude each other.",
  },
  ValidatingAdmissionPolicySpec: {
    "": "Which requests a policy is about, and its rules. At least one of validations and auditAnnotations is needed.",
    auditAnnotations: "Notes for the audit log.",
    failurePolicy: `${failurePolicy} In the first case validationActions of the binding decide.`,
    matchConditions,
    matchConstraints:
      "Requests that the policy is about. Required. Policies and bindings themselves never match, so that none locks you out.",
    paramKind,
    validations: "The rules.",
    variables,
  },
  ValidatingAdmissionPolicyStatus: {
    "": "What the server found in a policy.",
    conditions: "The observed conditions, one for each type.",
    observedGeneration: "The metadata.generation that this status is about.",
    typeChecking: "What the type check of the expressions found. Present once it is done.",
  },
  Validation: {
    "": "A rule in CEL.",
    expression:
      "CEL expression that must be true. It can use object, oldObject, request, params, namespaceObject, variables and authorizer; object is null on deletion, oldObject on creation.",
    message:
      "What to say when the rule is broken, in one line. Without it the expression is shown. Required when that has several lines.",
    messageExpression:
      "CEL expression that yields the message. It goes before message, unless it fails or yields nothing.",
    reason:
      "Reason and status code of a rejection: Invalid (default), Forbidden, Unauthorized or RequestEntityTooLarge.",
  },
};

const mutating: Descriptions = {
  ApplyConfiguration: {
    "": "A change by a partial object that is applied like in server-side apply.",
    expression:
      "CEL expression that yields the partial object, e.g. Object{spec: Object.spec{replicas: 3}}. It cannot change atomic lists, maps and structures.",
  },
  JSONPatch: {
    "": "A change by a JSON patch.",
    expression:
      'CEL expression that yields a list of steps, e.g. [JSONPatch{op: "add", path: "/spec/replicas", value: 3}]. Slashes and tildes in keys are escaped by jsonpatch.escapeKey().',
  },
  MutatingAdmissionPolicy: {
    "": "Changes objects on their way into the cluster by CEL expressions, evaluated in the API server. It has effect only with a MutatingAdmissionPolicyBinding.",
    spec: "Which requests the policy is about, and its changes.",
  },
  MutatingAdmissionPolicyBinding: {
    "": "Puts a MutatingAdmissionPolicy into effect, for some requests and with parameters. A policy may have several.",
    spec: "Which policy, for which requests.",
  },
  MutatingAdmissionPolicyBindingSpec: {
    "": "How a policy is put into effect.",
    matchResources: "Narrows down which of the policy's requests are looked at. By default all.",
    paramRef: "Objects that hold the parameters, of the policy's paramKind.",
    policyName: "Name of the policy. As long as it does not exist, the binding has no effect.",
  },
  MutatingAdmissionPolicySpec: {
    "": "Which requests a policy is about, and its changes.",
    failurePolicy,
    matchConditions,
    matchConstraints:
      "Requests that the policy is about: CREATE, UPDATE and CONNECT. Required. Policies and bindings themselves never match.",
    mutations: "The changes, in order. At least one.",
    paramKind,
    reinvocationPolicy:
      "Never: once for each binding. IfNeeded: once more if something after it changed the object, so it must not mind that.",
    variables,
  },
  Mutation: {
    "": "One change of the object. The field that patchType names is set.",
    applyConfiguration: "The change as a partial object.",
    jsonPatch: "The change as a JSON patch.",
    patchType: "ApplyConfiguration or JSONPatch.",
  },
};

const policies: Descriptions = { ...matching, ...validating, ...mutating };
export const descriptions: Descriptions = { ...policies, ...webhooks };
