// Label selectors, compiled once for each distinct text and shared by identity: pods of one template have equal selectors,
// and indexes of the snapshot are keyed by `Selector.id`.
import { type LabelMatcher, type LabelSelector, type Labels, labelSelectorMatcher } from "../../machinery/index.ts";

export interface Selector {
  /** Equal selectors have equal ids. */
  readonly id: number;
  /** Matches everything because it asks nothing. */
  readonly everything: boolean;
  /** Labels that each of those it matches has, as labelPair writes them; not all that it asks for can be said so. */
  readonly pairs: readonly string[];
  matches(labels: Labels | undefined): boolean;
}

export const labelPair = (key: string, value: string): string => `${key}=${value}`;

const pairsOf = ({ requirements }: LabelMatcher): readonly string[] =>
  requirements.flatMap(({ key, operator, values }) =>
    values.length === 1 && (operator === "=" || operator === "==" || operator === "in")
      ? [labelPair(key, values[0]!)]
      : [],
  );

let nextId = 1;
const compiled = new Map<string, Selector>();
/** Distinct selectors kept; beyond, the oldest is compiled anew when it comes back (with a new id, so indexes rebuild). */
const mostCompiled = 8192;

function shareable(key: string, compile: () => LabelMatcher): Selector {
  const found = compiled.get(key);
  if (found !== undefined) return found;
  const matcher = compile();
  const selector: Selector = {
    id: nextId++,
    everything: matcher.everything,
    pairs: pairsOf(matcher),
    matches: (labels) => matcher.matches(labels),
  };
  if (compiled.size >= mostCompiled) compiled.delete(compiled.keys().next().value!);
  compiled.set(key, selector);
  return selector;
}

/** An absent selector matches nothing, an empty one everything. Throws for operators and values that are none. */
export const compileSelector = (selector: LabelSelector | undefined): Selector =>
  selector === undefined ? matchesNothing : shareable(JSON.stringify(selector), () => labelSelectorMatcher(selector));

export const matchesNothing: Selector = { id: 0, everything: false, pairs: [], matches: () => false };
