/**
 * Authorization checks in expressions: `authorizer.group("apps").resource("deployments").check("create").allowed()`.
 * Evaluation is synchronous and authorizers may not be, so decisions come from a table that the caller fills between
 * evaluations: see `createRequestAuthorizer` in ../request-authorizer.ts.
 * Sources: k8s.io/apiserver/pkg/cel/library/authz.go, authz_selectors (KEP-4601).
 */
import { dns1123Label, dns1123Subdomain } from "../../../names.ts";
import type { Library } from "../../contract.ts";
import { BOOL, STRING, structType } from "../../types.ts";
import { CelError, CelOpaque, type Result } from "../../values.ts";
import { functions, method, noSuchOverload } from "./lib.ts";

export const AUTHORIZER_TYPE = structType("kubernetes.authorization.Authorizer");
export const PATH_CHECK_TYPE = structType("kubernetes.authorization.PathCheck");
export const GROUP_CHECK_TYPE = structType("kubernetes.authorization.GroupCheck");
export const RESOURCE_CHECK_TYPE = structType("kubernetes.authorization.ResourceCheck");
export const DECISION_TYPE = structType("kubernetes.authorization.Decision");

/** Whose permissions are asked about. */
export interface AuthorizerUser {
  readonly name: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a check asks. Resource checks are about any version. */
export type AuthorizationQuestion =
  | { readonly user: AuthorizerUser; readonly verb: string; readonly path: string }
  | {
      readonly user: AuthorizerUser;
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
      /** Selector texts, unparsed; empty when there is none. */
      readonly fieldSelector: string;
      readonly labelSelector: string;
    };

export interface AuthorizationAnswer {
  readonly allowed: boolean;
  readonly reason: string;
  /** Why there is no proper decision. */
  readonly error?: string;
}

/** Answers at once, or undefined to be asked again later, when the answer is there. */
export type Decide = (question: AuthorizationQuestion) => AuthorizationAnswer | undefined;

/** The error of a check whose answer is not there yet. */
const pendingDecision = new CelError("authorization decision is pending");

/** Upstream's values of this library have no equality. */
abstract class AuthorizationValue extends CelOpaque {
  equals(): Result {
    return noSuchOverload;
  }
}

export class AuthorizerValue extends AuthorizationValue {
  readonly type = AUTHORIZER_TYPE;
  readonly user: AuthorizerUser;
  readonly decide: Decide;

  constructor(user: AuthorizerUser, decide: Decide) {
    super();
    this.user = user;
    this.decide = decide;
  }
}

class PathCheck extends AuthorizationValue {
  readonly type = PATH_CHECK_TYPE;
  readonly authorizer: AuthorizerValue;
  readonly path: string;

  constructor(authorizer: AuthorizerValue, path: string) {
    super();
    this.authorizer = authorizer;
    this.path = path;
  }
}

class GroupCheck extends AuthorizationValue {
  readonly type = GROUP_CHECK_TYPE;
  readonly authorizer: AuthorizerValue;
  readonly group: string;

  constructor(authorizer: AuthorizerValue, group: string) {
    super();
    this.authorizer = authorizer;
    this.group = group;
  }
}

/** What a resource check is about. */
export interface ResourceCheckTarget {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

class ResourceCheck extends AuthorizationValue {
  readonly type = RESOURCE_CHECK_TYPE;
  readonly authorizer: AuthorizerValue;
  readonly target: ResourceCheckTarget;

  constructor(authorizer: AuthorizerValue, target: ResourceCheckTarget) {
    super();
    this.authorizer = authorizer;
    this.target = target;
  }

  with(change: Partial<ResourceCheckTarget>): ResourceCheck {
    return new ResourceCheck(this.authorizer, { ...this.target, ...change });
  }
}

class DecisionValue extends AuthorizationValue {
  readonly type = DECISION_TYPE;
  readonly answer: AuthorizationAnswer;

  constructor(answer: AuthorizationAnswer) {
    super();
    this.answer = answer;
  }
}

/** The value of the variable `authorizer`. */
export const authorizerValue = (user: AuthorizerUser, decide: Decide): AuthorizerValue =>
  new AuthorizerValue(user, decide);

/** The value of the variable `authorizer.requestResource`. */
export const requestResourceValue = (authorizer: AuthorizerValue, target: ResourceCheckTarget): ResourceCheck =>
  new ResourceCheck(authorizer, target);

const blank = (text: string): boolean => text.trim() === "";

function serviceAccount(authorizer: AuthorizerValue, namespace: string, name: string): Result {
  if (dns1123Subdomain(name).length > 0) return new CelError("Invalid service account name");
  if (dns1123Label(namespace).length > 0) return new CelError("Invalid service account namespace");
  const user: AuthorizerUser = {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`],
  };
  return new AuthorizerValue(user, authorizer.decide);
}

function decide(authorizer: AuthorizerValue, question: AuthorizationQuestion): Result {
  const answer = authorizer.decide(question);
  return answer === undefined ? pendingDecision : new DecisionValue(answer);
}

const checkPath = ({ authorizer, path }: PathCheck, verb: string): Result =>
  decide(authorizer, { user: authorizer.user, verb, path });

const checkResource = ({ authorizer, target }: ResourceCheck, verb: string): Result =>
  decide(authorizer, {
    user: authorizer.user,
    verb,
    subresource: "",
    namespace: "",
    name: "",
    fieldSelector: "",
    labelSelector: "",
    ...target,
  });

const narrow = (id: string, field: keyof ResourceCheckTarget) =>
  method(id, [[RESOURCE_CHECK_TYPE, STRING], RESOURCE_CHECK_TYPE], (check: ResourceCheck, value: string) =>
    check.with({ [field]: value }),
  );

export const AUTHZ: Library = {
  name: "kubernetes.authz",
  functions: functions({
    path: [
      method("authorizer_path", [[AUTHORIZER_TYPE, STRING], PATH_CHECK_TYPE], (value: AuthorizerValue, path: string) =>
        blank(path) ? new CelError("path must not be empty") : new PathCheck(value, path),
      ),
    ],
    group: [
      method(
        "authorizer_group",
        [[AUTHORIZER_TYPE, STRING], GROUP_CHECK_TYPE],
        (value: AuthorizerValue, group: string) => new GroupCheck(value, group),
      ),
    ],
    serviceAccount: [
      method("authorizer_serviceaccount", [[AUTHORIZER_TYPE, STRING, STRING], AUTHORIZER_TYPE], serviceAccount),
    ],
    resource: [
      method(
        "groupcheck_resource",
        [[GROUP_CHECK_TYPE, STRING], RESOURCE_CHECK_TYPE],
        ({ authorizer, group }: GroupCheck, resource: string) =>
          blank(resource)
            ? new CelError("resource must not be empty")
            : new ResourceCheck(authorizer, { group, resource }),
      ),
    ],
    subresource: [narrow("resourcecheck_subresource", "subresource")],
    namespace: [narrow("resourcecheck_namespace", "namespace")],
    name: [narrow("resourcecheck_name", "name")],
    check: [
      method("pathcheck_check", [[PATH_CHECK_TYPE, STRING], DECISION_TYPE], checkPath),
      method("resourcecheck_check", [[RESOURCE_CHECK_TYPE, STRING], DECISION_TYPE], checkResource),
    ],
    errored: [
      method("decision_errored", [[DECISION_TYPE], BOOL], ({ answer }: DecisionValue) => answer.error !== undefined),
    ],
    error: [method("decision_error", [[DECISION_TYPE], STRING], ({ answer }: DecisionValue) => answer.error ?? "")],
    allowed: [method("decision_allowed", [[DECISION_TYPE], BOOL], ({ answer }: DecisionValue) => answer.allowed)],
    reason: [method("decision_reason", [[DECISION_TYPE], STRING], ({ answer }: DecisionValue) => answer.reason)],
  }),
};

export const AUTHZ_SELECTORS: Library = {
  name: "kubernetes.authzSelectors",
  functions: functions({
    fieldSelector: [narrow("authorizer_fieldselector", "fieldSelector")],
    labelSelector: [narrow("authorizer_labelselector", "labelSelector")],
  }),
};
