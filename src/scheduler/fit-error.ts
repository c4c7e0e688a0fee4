// The sentence that says why a pod fits nowhere; people and tools parse it. Upstream: framework.FitError.
import type { Diagnosis } from "./framework.ts";

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). preemption: …` */
export function fitMessage(totalNodes: number, diagnosis: Diagnosis): string {
  let message = `0/${totalNodes} nodes are available:`;
  if (diagnosis.preFilterMessage !== "") message += ` ${diagnosis.preFilterMessage}.`;
  else {
    const reasons = countReasons(totalNodes, diagnosis);
    if (reasons.length > 0) message += ` ${reasons.join(", ")}.`;
  }
  return diagnosis.postFilterMessage === "" ? message : `${message} ${diagnosis.postFilterMessage}`;
}

/** `2 Insufficient cpu`, sorted as text. */
function countReasons(totalNodes: number, diagnosis: Diagnosis): string[] {
  const counts = new Map<string, number>();
  const add = (reasons: readonly string[], nodes: number): void => {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + nodes);
  };
  // Neighbours mostly failed for the same: their status is one object.
  for (let index = 0, same = 1; index < diagnosis.statuses.length; index++, same++) {
    const status = diagnosis.statuses[index]!;
    if (status === diagnosis.statuses[index + 1]) continue;
    add(status.reasons, same);
    same = 0;
  }
  const silent = totalNodes - diagnosis.statuses.length;
  if (silent > 0) add(diagnosis.absent.reasons, silent);
  return [...counts].map(([reason, nodes]) => `${nodes} ${reason}`).sort(byBytes);
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
