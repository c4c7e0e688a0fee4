// Tolerations that compare numbers, Lt and Gt: the taint's value must be less or greater than the toleration's. The API server takes
// them while the gate TaintTolerationComparisonOperators is on. Upstream: k8s.io/api/core/v1 toleration.go.
import type { Taint, Toleration } from "../../../facts/types/core.v1.ts";

const canonical = /^(?:0|-?[1-9][0-9]*)$/;

/** What a decimal number in canonical form within 64 bits says; undefined for anything else. */
function numberOf(text: string | undefined): bigint | undefined {
  if (text === undefined || !canonical.test(text)) return undefined;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

export const isCanonicalInteger = (text: string): boolean => canonical.test(text);

/** Whether the operator is Lt or Gt and holds; key and effect are not looked at. */
export function comparesTo({ operator, value }: Toleration, taint: Taint): boolean {
  if (operator !== "Lt" && operator !== "Gt") return false;
  const [own, given] = [numberOf(value), numberOf(taint.value)];
  if (own === undefined || given === undefined) return false;
  return operator === "Lt" ? given < own : given > own;
}
