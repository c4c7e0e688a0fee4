// For how many seconds kubelets may keep Secrets and ConfigMaps, by the number of nodes: the more ask, the longer.
// Upstream: pkg/controller/ttl. The steps overlap, so that a node more or less does not rewrite all nodes for and back.

interface Step {
  readonly min: number;
  readonly max: number;
  readonly ttlSeconds: number;
}

const steps: readonly Step[] = [
  { min: 0, max: 100, ttlSeconds: 0 },
  { min: 90, max: 500, ttlSeconds: 15 },
  { min: 450, max: 1000, ttlSeconds: 30 },
  { min: 900, max: 2000, ttlSeconds: 60 },
  { min: 1800, max: Number.POSITIVE_INFINITY, ttlSeconds: 300 },
];

/** The step for this many nodes, starting from the one that held so far. */
export function nextStep(step: number, nodes: number): number {
  let next = step;
  while (nodes > steps[next]!.max) next++;
  while (nodes < steps[next]!.min) next--;
  return next;
}

export const ttlSecondsOf = (step: number): number => steps[step]!.ttlSeconds;
