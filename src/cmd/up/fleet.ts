// What a cluster of simulated nodes needs beyond one of real ones: how many they are, from one start to the next, and a heap for many.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import process from "node:process";
import type { ClusterLayout } from "../../cluster/index.ts";

/** Fewer have room in what every cluster has. */
const leastFleet = 50;

/** How many simulated nodes the cluster had; undefined when it has had none. */
export function simulatedNodes({ simulatedFile }: ClusterLayout): number | undefined {
  if (!existsSync(simulatedFile)) return undefined;
  const { nodes } = JSON.parse(readFileSync(simulatedFile, "utf8")) as { readonly nodes?: unknown };
  if (Number.isInteger(nodes) && (nodes as number) > 0) return nodes as number;
  throw new Error(`${simulatedFile} does not tell the number of simulated nodes: say it again with --nodes`);
}

export const keepSimulatedNodes = ({ simulatedFile }: ClusterLayout, nodes: number): void =>
  writeFileSync(simulatedFile, `${JSON.stringify({ nodes })}\n`);

/**
 * V8's flags for a fleet. Bytes of objects count with the heap: by themselves they start a marking at every 64 MB more, and each of them made
 * meanwhile marks for ten milliseconds, seconds in all. What nodes do every ten seconds outlives a smaller young generation. The heap may
 * take more than V8's limit, near which it is collected again and again: six tenths of the memory. And it is collected at two and a half times of
 * what is in use: V8 by itself lets it grow by less the slower the program is, and while it marks a large heap the program has a fourth of
 * its time or less, so that it would be marking most of the time.
 */
export function fleetFlags(memoryBytes: number): readonly string[] {
  const megabytes = Math.floor((memoryBytes * 0.6) / 2 ** 20);
  return [
    "--max-semi-space-size=48",
    "--heap-growing-percent=150",
    "--external-memory-accounted-in-global-limit",
    `--max-old-space-size=${megabytes}`,
  ];
}

/**
 * From so many nodes on a thread makes up for what it takes: objects are decoded twice, so all cores together have more work, and the main
 * one less. Below, one heap is no burden.
 */
const leastThreaded = 1000;
/** One API server has no work for more. */
const mostThreads = 4;

/** How many threads simulated nodes have beside the main one; 0: they live in that. */
export const fleetThreads = (nodes: number, cores: number = availableParallelism()): number =>
  nodes < leastThreaded ? 0 : Math.min(cores - 1, mostThreads);

/** A limit of its control group, if there is a smaller one. */
function memory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** What the process of so many simulated nodes is to be started with beside this one's flags. */
export function missingFlags(nodes: number): readonly string[] {
  if (nodes < leastFleet || process.execArgv.some((flag) => flag.startsWith("--max-old-space-size"))) return [];
  return fleetFlags(memory());
}

/**
 * Begins this very process anew, as what it is and under the same number, with a heap for `nodes` simulated nodes: V8 takes such flags at the
 * start only. Returns when it need not, or cannot (Windows). What is open beside the standard streams is closed.
 */
export function restartForFleet(nodes: number): void {
  const flags = missingFlags(nodes);
  const { execve } = process;
  if (flags.length === 0 || execve === undefined || process.platform === "win32") return;
  const words = [...process.execArgv, ...flags, ...process.argv.slice(1)];
  execve.call(process, process.execPath, [process.execPath, ...words], process.env as NodeJS.Dict<string>);
}
