// Label selectors. Upstream: k8s.io/apimachinery/pkg/labels, meta/v1 LabelSelectorAsSelector. Field selectors are in
// field-selector.ts.
import { badRequest } from "../errors.ts";
import type { LabelSelector } from "../object.ts";
import { parseRequirements } from "./label-parser.ts";
import {
  checkedRequirement,
  type LabelOperator,
  type LabelRequirement,
  type Labels,
  parseInt64,
  SelectorError,
} from "./label-requirement.ts";

export {
  checkedRequirement,
  type LabelOperator,
  type LabelRequirement,
  type Labels,
  SelectorError,
} from "./label-requirement.ts";

export interface LabelMatcher {
  readonly requirements: readonly LabelRequirement[];
  /** True when nothing is asked: everything matches. */
  readonly everything: boolean;
  matches(labels: Labels | undefined): boolean;
  /** Query-string form with upstream's ordering. */
  toString(): string;
}

/** Throws StatusError 400 with upstream's text. */
export function parseLabelSelector(text: string): LabelMatcher {
  try {
    return matcherOf(parseRequirements(text));
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}

const expressionOperators: Readonly<Record<string, LabelOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

/** A spec.selector: undefined or null matches nothing, an empty selector matches everything. Throws SelectorError for bad operators. */
export function labelSelectorMatcher(selector: LabelSelector | undefined | null): LabelMatcher {
  if (selector === undefined || selector === null) return nothing;
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    requirements.push(checkedRequirement({ key, operator: "=", values: [value] }));
  for (const expression of selector.matchExpressions ?? []) {
    const operator = expressionOperators[expression.operator];
    if (operator === undefined)
      throw new SelectorError(`${JSON.stringify(expression.operator)} is not a valid label selector operator`);
    requirements.push(checkedRequirement({ key: expression.key, operator, values: expression.values ?? [] }));
  }
  return matcherOf(requirements);
}

/** A plain map (Service, ReplicationController, nodeSelector): all pairs must be there. */
export function labelsMatcher(labels: Labels | undefined): LabelMatcher {
  return matcherOf(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: "=", values: [value] })));
}

/** A matcher of requirements that are known to be valid. */
function matcherOf(requirements: readonly LabelRequirement[]): LabelMatcher {
  const sorted = [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return {
    requirements: sorted,
    everything: sorted.length === 0,
    matches: (labels) => {
      for (const requirement of sorted) if (!requirementMatches(requirement, labels)) return false;
      return true;
    },
    toString: () => sorted.map(requirementText).join(","),
  };
}

const nothing: LabelMatcher = {
  requirements: [],
  everything: false,
  matches: () => false,
  toString: () => "",
};

/** One requirement, checked on its own: node affinity, device selectors. */
function requirementMatches(requirement: LabelRequirement, labels: Labels | undefined): boolean {
  const { key, operator, values } = requirement;
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "=":
    case "==":
    case "in":
      return value !== undefined && values.includes(value);
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "gt":
    case "lt": {
      const has = value === undefined ? undefined : parseInt64(value);
      const asked = values.length === 1 ? parseInt64(values[0]!) : undefined;
      if (has === undefined || asked === undefined) return false;
      return operator === "gt" ? has > asked : has < asked;
    }
  }
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  const sorted = values.length > 1 ? [...values].sort().join(",") : (values[0] ?? "");
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${sorted})`;
    case "gt":
      return `${key}>${sorted}`;
    case "lt":
      return `${key}<${sorted}`;
    default:
      return `${key}${operator}${sorted}`;
  }
}
