// Label and field selectors. Upstream: k8s.io/apimachinery/pkg/labels, pkg/fields, meta/v1 LabelSelectorAsSelector.
import type { LabelSelector } from "./object.ts";

export type Labels = Readonly<Record<string, string>>;
export type LabelOperator = "in" | "notin" | "=" | "==" | "!=" | "exists" | "!" | "gt" | "lt";

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

export interface LabelMatcher {
  readonly requirements: readonly LabelRequirement[];
  /** True when nothing is asked: everything matches. */
  readonly everything: boolean;
  matches(labels: Labels | undefined): boolean;
  /** Query-string form with upstream's ordering. */
  toString(): string;
}

export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

export interface FieldMatcher {
  readonly requirements: readonly FieldRequirement[];
  readonly everything: boolean;
  matches(fields: Readonly<Record<string, string>>): boolean;
  toString(): string;
}

/** Throws StatusError 400 with upstream's text. */
export function parseLabelSelector(_text: string): LabelMatcher {
  throw new Error("being written");
}
/** A spec.selector: undefined or null matches nothing, an empty selector matches everything. Throws Error for bad operators. */
export function labelSelectorMatcher(_selector: LabelSelector | undefined | null): LabelMatcher {
  throw new Error("being written");
}
/** A plain map (Service, ReplicationController, nodeSelector): all pairs must be there. */
export function labelsMatcher(_labels: Labels | undefined): LabelMatcher {
  throw new Error("being written");
}
/** Throws StatusError 400 with upstream's text. */
export function parseFieldSelector(_text: string): FieldMatcher {
  throw new Error("being written");
}
