// The four access reviews. Upstream: pkg/registry/authorization, pkg/apis/authorization/validation.

import {
  type LocalSubjectAccessReview,
  localSubjectAccessReviews,
  metadataInGoOrder,
  type SelfSubjectAccessReview,
  type SelfSubjectRulesReview,
  type SubjectAccessReview,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
} from "../../api/index.ts";
import {
  badRequest,
  type FieldError,
  field,
  invalid,
  type KubeObject,
  parseFieldSelector,
  parseLabelSelector,
  StatusError,
  type UserInfo,
} from "../../machinery/index.ts";
import type { AccessAttributes, Authorizer } from "../contract.ts";
import type { VirtualContext, VirtualKind } from "../registry/virtual.ts";
import { checkSelectors } from "./review-validation.ts";

type AnyReview = SubjectAccessReview | LocalSubjectAccessReview;
type ResourceAttributes = NonNullable<SubjectAccessReview["spec"]["resourceAttributes"]>;

export const accessReviews: readonly VirtualKind[] = [
  {
    kind: subjectAccessReviews as VirtualKind["kind"],
    create: (body, context) => {
      const review = body as SubjectAccessReview;
      refuse([...checkSpec(review.spec, "subject"), ...checkMetadata(review, "must be empty")]);
      return answer(review, userOf(review.spec), context.authorizer);
    },
  },
  {
    kind: localSubjectAccessReviews as VirtualKind["kind"],
    create: (body, context) => {
      const review = body as LocalSubjectAccessReview;
      refuse(checkLocal(review));
      if (review.metadata.namespace !== context.namespace)
        throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${context.namespace}`);
      return answer(review, userOf(review.spec), context.authorizer);
    },
  },
  {
    kind: selfSubjectAccessReviews as VirtualKind["kind"],
    create: (body, context) => {
      const review = body as SelfSubjectAccessReview;
      refuse([...checkSpec(review.spec, "self"), ...checkMetadata(review, "must be empty")]);
      return answer(review as unknown as AnyReview, context.user, context.authorizer);
    },
  },
  { kind: selfSubjectRulesReviews as VirtualKind["kind"], create: reviewRules },
];

/** The kind is lost on upstream's way here, so its message begins with the group alone. */
function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const error = invalid({ group: "authorization.k8s.io", kind: "" }, "", errors);
  const { kind: _, ...details } = error.status.details as Record<string, unknown>;
  throw new StatusError({ ...error.status, details });
}

function checkSpec(spec: AnyReview["spec"] | SelfSubjectAccessReview["spec"], whose: "subject" | "self"): FieldError[] {
  const errors: FieldError[] = [];
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (resourceAttributes && nonResourceAttributes)
    errors.push(
      field.invalid(
        "spec.nonResourceAttributes",
        goNames(nonResourceAttributes),
        "cannot be specified in combination with resourceAttributes",
      ),
    );
  if (!resourceAttributes && !nonResourceAttributes)
    errors.push(
      field.invalid(
        "spec.resourceAttributes",
        null,
        "exactly one of nonResourceAttributes or resourceAttributes must be specified",
      ),
    );
  if (whose === "subject") {
    const { user = "", groups = [] } = spec as AnyReview["spec"];
    if (user === "" && groups.length === 0)
      errors.push(field.invalid("spec.user", user, "at least one of user or group must be specified"));
  }
  return [...errors, ...checkSelectors(resourceAttributes)];
}

function checkLocal(review: LocalSubjectAccessReview): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = review.spec;
  const errors = [...checkSpec(review.spec, "subject"), ...checkMetadata(review, "must be empty except for namespace")];
  const namespace = resourceAttributes?.namespace ?? "";
  if (resourceAttributes && namespace !== (review.metadata.namespace ?? ""))
    errors.push(field.invalid("spec.resourceAttributes.namespace", namespace, "must match metadata.namespace"));
  if (nonResourceAttributes)
    errors.push(
      field.invalid("spec.nonResourceAttributes", goNames(nonResourceAttributes), "disallowed on this kind of request"),
    );
  return errors;
}

/** Upstream prints its internal type, whose fields begin with capitals. */
const goNames = ({ path = "", verb = "" }: { path?: string; verb?: string }): object => ({ Path: path, Verb: verb });

function checkMetadata(review: KubeObject, why: string): FieldError[] {
  const { managedFields: _, namespace, ...rest } = review.metadata;
  const left = why.includes("namespace") ? rest : { ...rest, namespace };
  return Object.values(left).some(isSet) ? [field.invalid("metadata", metadataInGoOrder(review.metadata), why)] : [];
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== "" && value !== 0;

const userOf = ({ user = "", uid, groups = [], extra }: AnyReview["spec"]): UserInfo => ({
  username: user,
  ...(uid ? { uid } : {}),
  groups,
  ...(extra ? { extra } : {}),
});

async function answer(review: AnyReview, user: UserInfo, authorizer: Authorizer): Promise<KubeObject> {
  const { resourceAttributes, nonResourceAttributes } = review.spec;
  const faults: string[] = [];
  const asked = resourceAttributes
    ? resourceAttributesOf(user, resourceAttributes, faults)
    : nonResourceAttributesOf(user, nonResourceAttributes!);
  const decision = await authorizer.authorize(asked);
  const evaluationError = [...(decision.error ? [decision.error] : []), ...faults].join("; ");
  return {
    ...review,
    status: {
      allowed: decision.decision === "allow",
      ...(decision.decision === "deny" ? { denied: true } : {}),
      ...(decision.reason ? { reason: decision.reason } : {}),
      ...(evaluationError ? { evaluationError } : {}),
    },
  } as unknown as KubeObject;
}

const blank = { group: "", version: "", resource: "", subresource: "", namespace: "", name: "", path: "" } as const;

const nonResourceAttributesOf = (
  user: UserInfo,
  { path = "", verb = "" }: { path?: string; verb?: string },
): AccessAttributes => ({
  ...blank,
  user,
  verb,
  resourceRequest: false,
  path,
});

/** `faults` gets a text for each selector that had to be dropped in part or whole; dropping asks for more, never for less. */
function resourceAttributesOf(user: UserInfo, asked: ResourceAttributes, faults: string[]): AccessAttributes {
  const read = <T>(
    name: string,
    selector: { raw?: string; parsed: readonly (T | undefined)[] } | undefined,
    parse: (raw: string) => readonly T[],
  ) => {
    if (selector === undefined) return undefined;
    const kept = selector.parsed.filter((each) => each !== undefined);
    if (kept.length < selector.parsed.length)
      faults.push(
        `spec.resourceAttributes.${name} ${kept.length > 0 ? "partially ignored" : "ignored"} due to parse error`,
      );
    if (selector.parsed.length > 0 || !selector.raw) return kept;
    try {
      return parse(selector.raw);
    } catch {
      faults.push(`spec.resourceAttributes.${name} ignored due to parse error`);
      return undefined;
    }
  };
  const fields = asked.fieldSelector && {
    raw: asked.fieldSelector.rawSelector ?? "",
    parsed: (asked.fieldSelector.requirements ?? []).map(({ key, operator, values = [] }) => {
      if (values.length !== 1 || (operator !== "In" && operator !== "NotIn")) return undefined;
      return { field: key, operator: operator === "In" ? ("=" as const) : ("!=" as const), value: values[0]! };
    }),
  };
  const labels = asked.labelSelector && {
    raw: asked.labelSelector.rawSelector ?? "",
    parsed: (asked.labelSelector.requirements ?? []).map(({ key, operator, values = [] }) => {
      const known = labelOperators[operator];
      return known === undefined ? undefined : { key, operator: known, values: values as readonly string[] };
    }),
  };
  const fieldSelector = read("fieldSelector", fields, (raw) => parseFieldSelector(raw).requirements);
  const labelSelector = read("labelSelector", labels, (raw) => parseLabelSelector(raw).requirements);
  return {
    ...blank,
    user,
    verb: asked.verb ?? "",
    resourceRequest: true,
    group: asked.group ?? "",
    version: asked.version || "*",
    resource: asked.resource ?? "",
    subresource: asked.subresource ?? "",
    namespace: asked.namespace ?? "",
    name: asked.name ?? "",
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  };
}

const labelOperators: Readonly<Record<string, "in" | "notin" | "exists" | "!">> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

async function reviewRules(body: KubeObject, { user, authorizer }: VirtualContext): Promise<KubeObject> {
  const { namespace = "" } = (body as SelfSubjectRulesReview).spec;
  if (namespace === "") throw badRequest("no namespace on request");
  const { resourceRules, nonResourceRules, incomplete, evaluationError } = await authorizer.rulesFor(user, namespace);
  return {
    kind: "SelfSubjectRulesReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
    spec: {},
    status: { resourceRules, nonResourceRules, incomplete, ...(evaluationError ? { evaluationError } : {}) },
  } as unknown as KubeObject;
}
