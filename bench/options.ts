// What may be asked of a benchmark: its parts and its flags, for the command and for the process of each part.
import type { Part } from "./lib/part.ts";

export const parts: Readonly<Record<string, () => Promise<{ readonly part: Part }>>> = {
  start: () => import("./parts/start.ts"),
  idle: () => import("./parts/idle.ts"),
  library: () => import("./parts/library.ts"),
  api: () => import("./parts/api.ts"),
  custom: () => import("./parts/custom.ts"),
  watch: () => import("./parts/watch.ts"),
  watchers: () => import("./parts/watchers.ts"),
  store: () => import("./parts/store.ts"),
  cycle: () => import("./parts/cycle.ts"),
  scheduler: () => import("./parts/scheduler.ts"),
  workloads: () => import("./parts/workloads.ts"),
  fleet: () => import("./parts/fleet.ts"),
};

export const options = {
  full: { type: "boolean", default: false },
  upstream: { type: "string" },
  "no-upstream": { type: "boolean", default: false },
  scripts: { type: "string" },
  t8s: { type: "string" },
  scale: { type: "string", default: "1" },
  sizes: { type: "string" },
  "no-history": { type: "boolean", default: false },
  name: { type: "string", default: "bench" },
} as const;

/** What `--sizes` says: numbers above 0, with commas between. Undefined when it was not given; throws for anything else. */
export function sizesOf(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const sizes = text.split(",").map(Number);
  if (sizes.every((size) => Number.isInteger(size) && size > 0)) return sizes;
  throw new Error(`--sizes takes numbers of nodes with commas between, 1000,2500 say, not ${JSON.stringify(text)}`);
}
