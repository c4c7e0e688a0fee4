// Score normalization. Upstream: plugins/helper/normalize_score.go.
import { maxNodeScore } from "../framework.ts";

/** Scales so that the highest becomes 100, in whole numbers. */
export function normalize(scores: Float64Array, count: number, order: "higher is better" | "lower is better"): void {
  let highest = 0;
  for (let index = 0; index < count; index++) if (scores[index]! > highest) highest = scores[index]!;
  const inverse = order === "lower is better";
  for (let index = 0; index < count; index++) {
    const scaled = highest === 0 ? 0 : Math.trunc((maxNodeScore * scores[index]!) / highest);
    scores[index] = inverse ? maxNodeScore - scaled : scaled;
  }
}
