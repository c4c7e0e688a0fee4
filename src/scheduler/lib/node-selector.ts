// Node selectors and node affinity. Upstream: k8s.io/component-helpers/scheduling/corev1/nodeaffinity.
import type {
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  Pod,
  PreferredSchedulingTerm,
} from "../../api/index.ts";

/** What is looked at: a node's name and labels. */
export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export type NodeMatcher = (node: NodeFacts) => boolean;

const decimal = /^[+-]?[0-9]+$/;

function labelRequirement(requirement: NodeSelectorRequirement): NodeMatcher | undefined {
  const { key } = requirement;
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case "In": {
      if (values.length === 0) return undefined;
      if (values.length === 1) {
        const only = values[0]!;
        return (node) => node.labels[key] === only;
      }
      const among = new Set(values);
      return (node) => node.labels[key] !== undefined && among.has(node.labels[key]);
    }
    case "NotIn": {
      if (values.length === 0) return undefined;
      const among = new Set(values);
      return (node) => node.labels[key] === undefined || !among.has(node.labels[key]);
    }
    case "Exists":
      return values.length > 0 ? undefined : (node) => node.labels[key] !== undefined;
    case "DoesNotExist":
      return values.length > 0 ? undefined : (node) => node.labels[key] === undefined;
    case "Gt":
    case "Lt": {
      if (values.length !== 1 || !decimal.test(values[0]!)) return undefined;
      const bound = BigInt(values[0]!);
      const greater = requirement.operator === "Gt";
      return (node) => {
        const value = node.labels[key];
        if (value === undefined || !decimal.test(value)) return false;
        return greater ? BigInt(value) > bound : BigInt(value) < bound;
      };
    }
    default:
      return undefined;
  }
}

/** Of fields only metadata.name exists; one value exactly. */
function fieldRequirement(requirement: NodeSelectorRequirement): NodeMatcher | undefined {
  if (requirement.values?.length !== 1) return undefined;
  const value = requirement.values[0]!;
  const fieldOf = (node: NodeFacts): string => (requirement.key === "metadata.name" ? node.name : "");
  if (requirement.operator === "In") return (node) => fieldOf(node) === value;
  if (requirement.operator === "NotIn") return (node) => fieldOf(node) !== value;
  return undefined;
}

/** A term that cannot be parsed matches no node; an empty one is left out. */
function termMatcher(term: NodeSelectorTerm): NodeMatcher | undefined {
  const requirements: NodeMatcher[] = [];
  for (const expression of term.matchExpressions ?? []) {
    const matcher = labelRequirement(expression);
    if (matcher === undefined) return () => false;
    requirements.push(matcher);
  }
  for (const field of term.matchFields ?? []) {
    const matcher = fieldRequirement(field);
    if (matcher === undefined) return () => false;
    requirements.push(matcher);
  }
  if (requirements.length === 0) return undefined;
  if (requirements.length === 1) return requirements[0]!;
  return (node) => requirements.every((matches) => matches(node));
}

/** Terms are ORed; no usable term matches nothing. */
export function nodeSelectorMatcher(selector: NodeSelector): NodeMatcher {
  const terms = selector.nodeSelectorTerms.map(termMatcher).filter((term) => term !== undefined);
  return (node) => terms.some((matches) => matches(node));
}

const shared = new Map<string, NodeMatcher>();
const mostShared = 4096;

/** nodeSelector and required node affinity together; undefined when the pod asks for neither. */
export function requiredNodeMatcher(pod: Pod): NodeMatcher | undefined {
  const selector = pod.spec?.nodeSelector;
  const affinity = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const pairs = selector === undefined ? [] : Object.entries(selector);
  if (affinity === undefined && pairs.length === 0) return undefined;
  const key = JSON.stringify([pairs, affinity]);
  const found = shared.get(key);
  if (found !== undefined) return found;
  const byAffinity = affinity === undefined ? undefined : nodeSelectorMatcher(affinity);
  const matcher: NodeMatcher = (node) => {
    for (const pair of pairs) if (node.labels[pair[0]] !== pair[1]) return false;
    return byAffinity === undefined || byAffinity(node);
  };
  if (shared.size >= mostShared) shared.delete(shared.keys().next().value!);
  shared.set(key, matcher);
  return matcher;
}

/** The sum of the weights of the preferred terms that match.. */
export function preferredNodeScore(terms: readonly PreferredSchedulingTerm[]): (node: NodeFacts) => number {
  const weighted: { matches: NodeMatcher; weight: number }[] = [];
  for (const term of terms) {
    const matches = term.weight === 0 ? undefined : termMatcher(term.preference);
    if (matches !== undefined) weighted.push({ matches, weight: term.weight });
  }
  return (node) => {
    let score = 0;
    for (const term of weighted) if (term.matches(node)) score += term.weight;
    return score;
  };
}
