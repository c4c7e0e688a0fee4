/**
 * Arithmetic of size and cost estimates: ranges of unsigned 64-bit integers that saturate instead of overflowing. Numbers
 * are doubles; `unbounded` stands for the largest uint64, and what lies between 2^53 and it is only compared and divided.
 * Source: github.com/google/cel-go/checker/cost.go.
 */

export interface Estimate {
  readonly min: number;
  readonly max: number;
}

/** The largest uint64, which means that nothing is known. */
export const unbounded = 2 ** 64;
export const unknownSize: Estimate = { min: 0, max: unbounded };

/** Cost of looking at one byte of a string. */
export const stringTraversalCostFactor = 0.1;
/** Cost of one byte of a regular expression. */
export const regexStringLengthCostFactor = 0.25;
export const listCreateBaseCost = 10;
export const mapCreateBaseCost = 30;
export const structCreateBaseCost = 40;

export const exactly = (value: number): Estimate => ({ min: value, max: value });

const capped = (value: number): number => (value >= unbounded ? unbounded : value);

export const add = (a: Estimate, b: Estimate): Estimate => ({ min: capped(a.min + b.min), max: capped(a.max + b.max) });

export const multiply = (a: Estimate, b: Estimate): Estimate => ({
  min: capped(a.min * b.min),
  max: capped(a.max * b.max),
});

/** Each bound times the factor, rounded up. */
export const scale = (a: Estimate, factor: number): Estimate => ({
  min: capped(Math.ceil(a.min * factor)),
  max: capped(Math.ceil(a.max * factor)),
});

export const union = (a: Estimate, b: Estimate): Estimate => ({
  min: Math.min(a.min, b.min),
  max: Math.max(a.max, b.max),
});
