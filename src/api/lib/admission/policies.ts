// What the two kinds of admission policies, and the two of their bindings, have in common.
// Upstream: pkg/apis/admissionregistration/validation.
import type {
  MatchCondition,
  MatchResources,
  MutatingAdmissionPolicySpec,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicySpec,
  Variable,
} from "../../../../facts/types/admissionregistration.v1.ts";
import { deepEqual, dns1035Label, dns1123Subdomain, field, pathSegmentName } from "../../../machinery/index.ts";
import { labelSelector } from "../selector-rules.ts";
import { type Check, child, each, empty, type Findings, findings, optional, worthChecking } from "../validate.ts";
import {
  auditAnnotation,
  expressionCompiler,
  matchConditions,
  mutation,
  type PolicyContext,
  validation,
  variable,
} from "./expressions.ts";
import {
  defaultMatchResources,
  failurePolicy,
  matchConstraints,
  matchResources,
  mutableOperations,
  reinvocationPolicy,
} from "./match-rules.ts";

interface CommonSpec {
  failurePolicy?: "Fail" | "Ignore";
  matchConditions?: MatchCondition[];
  matchConstraints?: MatchResources;
  paramKind?: ParamKind;
  variables?: Variable[];
}

interface Policy<Spec> {
  readonly metadata: { readonly name?: string };
  readonly spec?: Spec;
}

const paramKind: Check<ParamKind> = ({ apiVersion = "", kind = "" }, at, found) => {
  groupVersion(apiVersion, child(at, "apiVersion"), found);
  if (kind === "") found.push(field.required(child(at, "kind")));
  else {
    const texts = dns1035Label(kind.toLowerCase());
    if (texts.length > 0)
      found.push(
        field.invalid(child(at, "kind"), kind, `may have mixed case, but should otherwise match: ${texts.join(",")}`),
      );
  }
};

const groupVersion: Check<string> = (apiVersion, at, found) => {
  if (apiVersion === "") {
    found.push(field.required(at));
    return;
  }
  const parts = apiVersion === "/" ? ["", ""] : apiVersion.split("/");
  if (parts.length > 2) {
    found.push(field.invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
    return;
  }
  const [group, version] = parts.length === 1 ? ["", apiVersion] : (parts as [string, string]);
  const wrong = (value: string, texts: readonly string[]): void => {
    if (texts.length > 0) found.push(field.invalid(at, value, texts.join(",")));
  };
  if (group !== "") wrong(group, dns1123Subdomain(group));
  if (version === "") found.push(field.invalid(at, apiVersion, "version must be specified"));
  else wrong(version, dns1035Label(version));
};

const requiredFailurePolicy: Check<string | undefined> = (value, at, found) => {
  if (value === undefined) found.push(field.required(at));
  else failurePolicy(value, at, found);
};

interface Judgement<Spec> {
  readonly policy: Policy<Spec>;
  readonly old: Policy<Spec> | undefined;
  readonly mutating: boolean;
}

/** Rules of both kinds up to the match conditions; what is left to judge with. */
function judgeCommon(
  judgement: Judgement<CommonSpec>,
  compiler: PolicyContext["compiler"],
  found: Findings,
): PolicyContext {
  const { policy, old, mutating } = judgement;
  const spec = policy.spec ?? {};
  const params = spec.paramKind !== undefined;
  requiredFailurePolicy(spec.failurePolicy, "spec.failurePolicy", found);
  optional(paramKind)(spec.paramKind, "spec.paramKind", found);
  matchConstraints({ mutating })(spec.matchConstraints, "spec.matchConstraints", found);
  const unchanged =
    old !== undefined &&
    deepEqual(spec.paramKind, old.spec?.paramKind) &&
    deepEqual(spec.matchConditions ?? [], old.spec?.matchConditions ?? []);
  if (!unchanged) matchConditions({ params })(spec.matchConditions, "spec.matchConditions", found);
  const policyContext = { compiler, params, policyName: policy.metadata.name ?? "" };
  each(variable(policyContext))(spec.variables, "spec.variables", found);
  return policyContext;
}

const mostAnnotations = 20;

/** Findings of a ValidatingAdmissionPolicy; `old` on update. */
export function judgeValidatingPolicy(
  policy: Policy<ValidatingAdmissionPolicySpec>,
  old?: Policy<ValidatingAdmissionPolicySpec>,
): Findings {
  const found: Findings = [];
  const spec = policy.spec ?? {};
  const compiler = expressionCompiler(!empty(spec.variables));
  const context = judgeCommon({ policy, old, mutating: false }, compiler, found);
  if (empty(spec.validations) && empty(spec.auditAnnotations)) {
    const text = "validations or auditAnnotations must contain at least one item";
    found.push(field.required("spec.validations", text), field.required("spec.auditAnnotations", text));
    return found;
  }
  each(validation(context))(spec.validations, "spec.validations", found);
  judgeAnnotations(spec, context, found);
  return found;
}

function judgeAnnotations(spec: ValidatingAdmissionPolicySpec, context: PolicyContext, found: Findings): void {
  const at = "spec.auditAnnotations";
  const list = spec.auditAnnotations ?? [];
  if (list.length > mostAnnotations) {
    const shown = list.map(({ key = "", valueExpression = "" }) => ({ Key: key, ValueExpression: valueExpression }));
    found.push(field.invalid(at, shown, `must not have more than ${mostAnnotations} auditAnnotations`));
  }
  const keys = new Set<string>();
  for (const [index, annotation] of worthChecking(list, found)) {
    const path = `${at}[${index}]`;
    auditAnnotation(context)(annotation, path, found);
    const key = annotation.key ?? "";
    if (keys.has(key)) found.push(field.duplicate(child(path, "key"), key));
    keys.add(key);
  }
}

/** Findings of a MutatingAdmissionPolicy; `old` on update. */
export function judgeMutatingPolicy(
  policy: Policy<MutatingAdmissionPolicySpec>,
  old?: Policy<MutatingAdmissionPolicySpec>,
): Findings {
  const found: Findings = [];
  const spec = policy.spec ?? {};
  const context = judgeCommon({ policy, old, mutating: true }, expressionCompiler(true), found);
  if (empty(spec.mutations)) found.push(field.required("spec.mutations", "mutations must contain at least one item"));
  else each(mutation(context))(spec.mutations, "spec.mutations", found);
  const reinvocation = "spec.reinvocationPolicy";
  if (empty(spec.reinvocationPolicy)) found.push(field.required(reinvocation));
  else reinvocationPolicy(spec.reinvocationPolicy, reinvocation, found);
  return found;
}

export function defaultPolicySpec(spec: CommonSpec): void {
  spec.failurePolicy ??= "Fail";
  defaultMatchResources(spec.matchConstraints);
}

const exclusive = "name and selector are mutually exclusive";

const paramRef: Check<ParamRef> = (reference, at, found) => {
  const { name = "", selector, parameterNotFoundAction: action = "" } = reference;
  if (name !== "") {
    for (const text of pathSegmentName(name)) found.push(field.invalid(child(at, "name"), name, text));
    if (selector !== undefined) found.push(field.forbidden(child(at, "name"), exclusive));
  }
  if (selector !== undefined) {
    labelSelector(selector, child(at, "selector"), found);
    if (name !== "") found.push(field.forbidden(child(at, "selector"), exclusive));
  }
  if (name === "" && selector === undefined)
    found.push(field.required(at, "one of name or selector must be specified"));
  const path = child(at, "parameterNotFoundAction");
  if (action === "") found.push(field.required(path));
  else if (action !== "Deny" && action !== "Allow") found.push(field.notSupported(path, action, ["Deny", "Allow"]));
};

export interface BindingSpec {
  readonly policyName?: string;
  readonly paramRef?: ParamRef;
  readonly matchResources?: MatchResources;
}

/** Rules of both kinds of bindings. */
const bindingSpec =
  (mutating: { readonly mutating: boolean }): Check<BindingSpec | undefined> =>
  (spec, at, found) => {
    const { policyName = "", paramRef: reference, matchResources: match } = spec ?? {};
    const path = child(at, "policyName");
    if (policyName === "") found.push(field.required(path));
    else for (const text of dns1123Subdomain(policyName)) found.push(field.invalid(path, policyName, text));
    optional(paramRef)(reference, child(at, "paramRef"), found);
    optional(matchResources)(match, child(at, "matchResources"), found);
    if (mutating.mutating) optional(mutableOperations)(match, child(at, "matchResources"), found);
  };

const actions = ["Audit", "Deny", "Warn"];

/** Deny and Warn together would say the same thing twice. */
export const validationActions: Check<readonly string[] | undefined> = (sent, at, found) => {
  const list = sent ?? [];
  for (const [index, action] of worthChecking(list, found)) {
    const path = `${at}[${index}]`;
    if (!actions.includes(action)) found.push(field.notSupported(path, action, actions));
    if (list.indexOf(action) < index) found.push(field.duplicate(path, action));
  }
  if (list.includes("Deny") && list.includes("Warn"))
    found.push(
      field.invalid(
        at,
        list,
        "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
      ),
    );
  if (list.length === 0) found.push(field.required(at, "at least one validation action is required"));
};

/** Findings of a binding, of either kind. */
export const judgeBinding = (spec: BindingSpec | undefined, mutating: { readonly mutating: boolean }): Findings =>
  findings(spec, bindingSpec(mutating), "spec");
