// Values that are a number or a percentage: maxSurge, maxUnavailable, minAvailable, target ports.
// Upstream: k8s.io/apimachinery/pkg/util/intstr.
import type { IntOrString } from "./object.ts";

export interface ScaleOptions {
  /** The number that a percentage is of. */
  readonly total: number;
  readonly round: "up" | "down";
}

/** A plain number stays, a percentage is scaled. Throws Error with upstream's text for other strings. */
export function scaledIntOrPercent(value: IntOrString | undefined | null, options: ScaleOptions): number {
  if (value === undefined || value === null) throw new Error("nil value for IntOrString");
  if (typeof value === "number") return value;
  if (!value.endsWith("%")) throw new Error("invalid value for IntOrString: invalid type: string is not a percentage");
  const digits = value.slice(0, -1);
  if (!/^[+-]?[0-9]+$/.test(digits))
    throw new Error(
      `invalid value for IntOrString: invalid value ${JSON.stringify(value)}: strconv.Atoi: parsing ${JSON.stringify(digits)}: invalid syntax`,
    );
  const share = (Number(digits) * options.total) / 100;
  return options.round === "up" ? Math.ceil(share) : Math.floor(share);
}

/** The number of a number or a numeric string; 0 for any other string, as upstream's IntValue. */
export function intOrStringValue(value: IntOrString): number {
  if (typeof value === "number") return value;
  return /^[+-]?[0-9]+$/.test(value) ? Number(value) : 0;
}
