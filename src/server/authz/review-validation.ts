// Selectors in access reviews. Upstream: pkg/apis/authorization/validation, apimachinery meta/v1/validation. Operators that
// this version does not know are let through: a newer client may ask with them, and they are ignored then.

import type { SubjectAccessReview } from "../../api/index.ts";
import { type FieldError, field, labelValue, qualifiedName } from "../../machinery/index.ts";

type ResourceAttributes = SubjectAccessReview["spec"]["resourceAttributes"];

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | null;
}

export function checkSelectors(attributes: ResourceAttributes | null): FieldError[] {
  if (!attributes) return [];
  const { fieldSelector, labelSelector } = attributes;
  return [
    ...checkSelector("spec.resourceAttributes.fieldSelector", fieldSelector, checkFieldRequirement),
    ...checkSelector("spec.resourceAttributes.labelSelector", labelSelector, checkLabelRequirement),
  ];
}

function checkSelector(
  path: string,
  selector: { rawSelector?: string; requirements?: Requirement[] } | undefined,
  check: (requirement: Requirement, path: string) => FieldError[],
): FieldError[] {
  if (!selector) return [];
  const { rawSelector = "", requirements = [] } = selector;
  const errors: FieldError[] = [];
  if (rawSelector !== "" && requirements.length > 0)
    errors.push(
      field.invalid(`${path}.rawSelector`, rawSelector, "may not specified at the same time as requirements"),
    );
  if (rawSelector === "" && requirements.length === 0)
    errors.push(
      field.required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`),
    );
  return [...errors, ...requirements.flatMap((each, index) => check(each, `${path}.requirements[${index}]`))];
}

function checkOperator({ operator, values }: Requirement, path: string): FieldError[] {
  const count = values?.length ?? 0;
  if ((operator === "In" || operator === "NotIn") && count === 0)
    return [field.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  if ((operator === "Exists" || operator === "DoesNotExist") && count > 0)
    return [field.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
  return [];
}

function checkFieldRequirement(requirement: Requirement, path: string): FieldError[] {
  const errors = checkOperator(requirement, path);
  return requirement.key ? errors : [...errors, field.required(`${path}.key`, "must be specified")];
}

function checkLabelRequirement(requirement: Requirement, path: string): FieldError[] {
  return [
    ...checkOperator(requirement, path),
    ...qualifiedName(requirement.key).map((text) => field.invalid(`${path}.key`, requirement.key, text)),
    ...(requirement.values ?? []).flatMap((value, index) =>
      labelValue(value).map((text) => field.invalid(`${path}.values[${index}]`, value, text)),
    ),
  ];
}
