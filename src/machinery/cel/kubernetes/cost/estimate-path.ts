/**
 * The way from a variable to a part of it. Paths that grew from one path share their storage as upstream's slices do:
 * appending twice to a path that has room replaces what the first one wrote, and estimates depend on that.
 */

export interface Path {
  /** May hold more than `length` steps. */
  readonly steps: string[];
  readonly length: number;
}

export const pathOf = (...steps: readonly string[]): Path => ({ steps: [...steps], length: steps.length });

/** Room of a slice that was grown step by step. */
const capacity = (length: number): number => (length === 0 ? 0 : 2 ** Math.ceil(Math.log2(length)));

export function appended(path: Path, step: string): Path {
  const { length } = path;
  const steps = length < capacity(length) ? path.steps : path.steps.slice(0, length);
  steps[length] = step;
  return { steps, length: length + 1 };
}

/** The steps behind the variable. */
export const stepsOf = (path: Path): readonly string[] => path.steps.slice(1, path.length);
