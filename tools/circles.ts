// Import circles. Modules that reach each other cannot be read, tested or moved one at a time; circles of types alone count
// too, since they say that two files are one thing.

export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/**
 * One circle for each group of modules that reach each other: the shortest through the group's first name, which stands at
 * both ends. Modules that the graph does not hold end a path.
 */
export function circles(graph: ImportGraph): string[][] {
  const found: string[][] = [];
  const told = new Set<string>();
  for (const start of [...graph.keys()].sort()) {
    if (told.has(start)) continue;
    const circle = shortestCircle(graph, start);
    if (circle === undefined) continue;
    found.push(circle);
    for (const each of reachable(graph, start)) if (reachable(graph, each).has(start)) told.add(each);
  }
  return found;
}

function reachable(graph: ImportGraph, start: string): Set<string> {
  const seen = new Set<string>();
  const ahead = [...(graph.get(start) ?? [])];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    ahead.push(...(graph.get(next) ?? []));
  }
  return seen;
}

/** Breadth first; undefined when no path comes back. */
function shortestCircle(graph: ImportGraph, start: string): string[] | undefined {
  const from = new Map<string, string>();
  const queue = [start];
  for (const at of queue) {
    for (const next of graph.get(at) ?? []) {
      if (next === start) {
        const path = [start];
        for (let step = at; step !== start; step = from.get(step)!) path.unshift(step);
        return [start, ...path];
      }
      if (from.has(next)) continue;
      from.set(next, at);
      queue.push(next);
    }
  }
  return undefined;
}
