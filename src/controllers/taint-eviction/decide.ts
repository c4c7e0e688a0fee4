// How long a pod may stay beside the NoExecute taints of its node. Upstream: pkg/controller/tainteviction getMinTolerationTime.
import type { Taint, Toleration } from "../../api/index.ts";
import { tolerates } from "../lib/index.ts";

/** Milliseconds: 0 when a taint is not tolerated; undefined when there is none, or all are tolerated for ever. */
export function toleration(tolerations: readonly Toleration[], taints: readonly Taint[]): number | undefined {
  let shortestMs: number | undefined;
  for (const taint of taints) {
    // The first that fits counts, as upstream, and not the longest.
    const matching = tolerations.find((each) => tolerates(each, taint));
    if (matching === undefined) return 0;
    const { tolerationSeconds } = matching;
    if (tolerationSeconds === undefined) continue;
    shortestMs = Math.min(shortestMs ?? Number.POSITIVE_INFINITY, Math.max(0, tolerationSeconds) * 1000);
  }
  return shortestMs;
}
