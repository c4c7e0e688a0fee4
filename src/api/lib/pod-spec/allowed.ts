// What validation lets through in this pod spec alone: gates that are on, and what an object had already when its gate was turned off.
// Found out where fields behind gates are dropped; validation finds the answer by the spec. Upstream: pkg/api/pod
// GetValidationOptionsFromPodSpecAndMeta.
import type { PodSpec } from "../../../../facts/types/core.v1.ts";
import type { RuleContext } from "../../kind.ts";

export interface Allowed {
  /** Tolerations may compare numbers: Lt and Gt. */
  readonly comparisons: boolean;
  /** Pods with users of their own may share the node's network. */
  readonly hostNetwork: boolean;
}

const nothing: Allowed = { comparisons: false, hostNetwork: false };
const known = new WeakMap<PodSpec, Allowed>();

const compares = (spec: PodSpec): boolean =>
  spec.tolerations?.some(({ operator }) => operator === "Lt" || operator === "Gt") === true;
const sharesNetwork = (spec: PodSpec): boolean => spec.hostUsers === false && spec.hostNetwork === true;

export function noteAllowed(
  spec: PodSpec,
  old: PodSpec | undefined,
  { featureEnabled }: Pick<RuleContext, "featureEnabled">,
): void {
  // Nearly all specs ask for neither.
  const [wantsComparisons, wantsNetwork] = [compares(spec), sharesNetwork(spec)];
  if (!wantsComparisons && !wantsNetwork) return;
  const had = (uses: (spec: PodSpec) => boolean): boolean => old !== undefined && uses(old);
  known.set(spec, {
    comparisons: featureEnabled("TaintTolerationComparisonOperators") || had(compares),
    hostNetwork: featureEnabled("UserNamespacesHostNetworkSupport") || had(sharesNetwork),
  });
}

export const allowedIn = (spec: PodSpec): Allowed => known.get(spec) ?? nothing;

/** For a spec that stands for another one while it is judged. */
export function allowAlike(spec: PodSpec, other: PodSpec | undefined): void {
  const found = other && known.get(other);
  if (found !== undefined) known.set(spec, found);
}
