// Quantities (`100m`, `1.5Gi`, `2e3`). Upstream: k8s.io/apimachinery/pkg/api/resource.

export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

/** value = unscaled · 10^-scale, exact. */
export interface ParsedQuantity {
  readonly unscaled: bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
}

/** Throws Error with upstream's text (`quantities must match the regular expression '…'`) for text that is none. */
export function parseQuantity(_text: string | number): ParsedQuantity {
  throw new Error("being written");
}
/** The canonical form upstream stores: `1000m` → `1`, `1024Ki` → `1Mi`. */
export function canonicalQuantity(_text: string | number): string {
  throw new Error("being written");
}
export function formatQuantity(_value: ParsedQuantity): string {
  throw new Error("being written");
}
/** Whole units, rounded up, as a number (cached by text; exact below 2^53). */
export function quantityValue(_text: string | number): number {
  throw new Error("being written");
}
/** Thousandths, rounded up: CPU arithmetic. */
export function quantityMilliValue(_text: string | number): number {
  throw new Error("being written");
}
export function addQuantities(_a: string, _b: string): string {
  throw new Error("being written");
}
export function subtractQuantities(_a: string, _b: string): string {
  throw new Error("being written");
}
/** Negative, zero or positive. */
export function compareQuantities(_a: string | number, _b: string | number): number {
  throw new Error("being written");
}
