// Rules of label selectors, node selectors and the label keys beside them.
// Upstream: k8s.io/apimachinery/pkg/apis/meta/v1/validation, pkg/apis/core/validation.
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from "../../../facts/types/core.v1.ts";
import {
  dns1123Subdomain,
  type FieldError,
  field,
  goJson,
  type LabelSelector,
  type LabelSelectorRequirement,
  labelValue,
} from "../../machinery/index.ts";
import { labelKey, labels } from "./metadata.ts";
import { type Check, child, each, item, worthChecking } from "./validate.ts";

/** Operators have types of their own, which upstream prints as JSON. */
const badOperator = (at: string, operator = ""): FieldError => {
  const path = child(at, "operator");
  return {
    ...field.invalid(path, operator, ""),
    message: `Invalid value: ${goJson(operator)}: not a valid selector operator`,
  };
};

const values: Check<readonly string[] | undefined> = (list = [], at, found) => {
  for (const [index, value] of worthChecking(list, found))
    for (const text of labelValue(value)) found.push(field.invalid(item(at, index), value, text));
};

const requirement: Check<LabelSelectorRequirement> = (value, at, found) => {
  const count = value.values?.length ?? 0;
  if (value.operator === "In" || value.operator === "NotIn") {
    if (count === 0)
      found.push(field.required(child(at, "values"), "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (value.operator === "Exists" || value.operator === "DoesNotExist") {
    if (count > 0)
      found.push(
        field.forbidden(child(at, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
      );
  } else found.push(badOperator(at, value.operator));
  labelKey(value.key ?? "", child(at, "key"), found);
  values(value.values, child(at, "values"), found);
};

export const labelSelector: Check<LabelSelector | undefined | null> = (selector, at, found) => {
  labels(selector?.matchLabels, child(at, "matchLabels"), found);
  each(requirement)(selector?.matchExpressions, child(at, "matchExpressions"), found);
};

const nodeRequirement =
  (allowInvalidValues: { readonly allowInvalidValues: boolean }): Check<NodeSelectorRequirement> =>
  (value, at, found) => {
    const count = value.values?.length ?? 0;
    const list = child(at, "values");
    switch (value.operator) {
      case "In":
      case "NotIn":
        if (count === 0) found.push(field.required(list, "must be specified when `operator` is 'In' or 'NotIn'"));
        break;
      case "Exists":
      case "DoesNotExist":
        if (count > 0)
          found.push(field.forbidden(list, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        break;
      case "Gt":
      case "Lt":
        if (count !== 1)
          found.push(field.required(list, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        break;
      default:
        found.push(badOperator(at, value.operator));
    }
    labelKey(value.key ?? "", child(at, "key"), found);
    if (!allowInvalidValues.allowInvalidValues) values(value.values, list, found);
  };

const nodeField: Check<NodeSelectorRequirement> = (value, at, found) => {
  if (value.operator !== "In" && value.operator !== "NotIn") found.push(badOperator(at, value.operator));
  else if (value.values?.length !== 1)
    found.push(
      field.required(
        child(at, "values"),
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      ),
    );
  if (value.key !== "metadata.name")
    found.push(field.invalid(child(at, "key"), value.key ?? "", "not a valid field selector key"));
  else
    for (const [index, name] of worthChecking(value.values ?? [], found))
      for (const text of dns1123Subdomain(name))
        found.push(field.invalid(item(child(at, "values"), index), name, text));
};

export const nodeSelectorTerm =
  (options: { readonly allowInvalidValues: boolean }): Check<NodeSelectorTerm> =>
  (term, at, found) => {
    each(nodeRequirement(options))(term.matchExpressions, child(at, "matchExpressions"), found);
    each(nodeField)(term.matchFields, child(at, "matchFields"), found);
  };

export const nodeSelector: Check<NodeSelector> = (selector, at, found) => {
  const terms = child(at, "nodeSelectorTerms");
  if ((selector.nodeSelectorTerms?.length ?? 0) === 0)
    found.push(field.required(terms, "must have at least one node selector term"));
  else each(nodeSelectorTerm({ allowInvalidValues: false }))(selector.nodeSelectorTerms, terms, found);
};

const labelKeys =
  (selector: LabelSelector | undefined): Check<readonly string[] | undefined> =>
  (keys = [], at, found) => {
    if (keys.length === 0) return;
    if (selector === undefined) found.push(field.forbidden(at, "must not be specified when labelSelector is not set"));
    else each(labelKey)(keys, at, found);
  };

interface KeyedSelector {
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
  readonly labelSelector?: LabelSelector;
}

/** matchLabelKeys and mismatchLabelKeys, which may not repeat each other or the selector. */
export const selectorKeys: Check<KeyedSelector> = (value, at, found) => {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector: selector } = value;
  labelKeys(selector)(matchLabelKeys, child(at, "matchLabelKeys"), found);
  labelKeys(selector)(mismatchLabelKeys, child(at, "mismatchLabelKeys"), found);
  const inSelector = new Set(Object.keys(selector?.matchLabels ?? {}));
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = matchLabelKeys.lastIndexOf(key);
    if (index >= 0 && inSelector.has(key))
      found.push(field.invalid(item(at, index), key, "exists in both matchLabelKeys and labelSelector"));
    inSelector.add(key);
  }
  for (const [index, key] of worthChecking(matchLabelKeys, found))
    if (mismatchLabelKeys.includes(key))
      found.push(
        field.invalid(
          item(child(at, "matchLabelKeys"), index),
          key,
          "exists in both matchLabelKeys and mismatchLabelKeys",
        ),
      );
};
