// Parameters of operations: what there are, of which type, and which of a path's operations share them.
import type { Operation } from "./operation.ts";

const types: Readonly<Record<string, "boolean" | "integer">> = {
  allowWatchBookmarks: "boolean",
  follow: "boolean",
  force: "boolean",
  gracePeriodSeconds: "integer",
  ignoreStoreReadErrorWithClusterBreakingPotential: "boolean",
  insecureSkipTLSVerifyBackend: "boolean",
  limit: "integer",
  limitBytes: "integer",
  orphanDependents: "boolean",
  ports: "integer",
  previous: "boolean",
  sendInitialEvents: "boolean",
  sinceSeconds: "integer",
  stderr: "boolean",
  stdin: "boolean",
  stdout: "boolean",
  tailLines: "integer",
  timeoutSeconds: "integer",
  timestamps: "boolean",
  tty: "boolean",
  watch: "boolean",
};

/** Of lists and deletions of lists. */
export const withoutWatch = [
  "continue",
  "fieldSelector",
  "labelSelector",
  "limit",
  "resourceVersion",
  "resourceVersionMatch",
  "sendInitialEvents",
  "shardSelector",
  "timeoutSeconds",
];
export const listQuery = ["allowWatchBookmarks", ...withoutWatch, "watch"];
export const writeQuery = ["dryRun", "fieldManager", "fieldValidation"];
export const deleteQuery = [
  "dryRun",
  "gracePeriodSeconds",
  "ignoreStoreReadErrorWithClusterBreakingPotential",
  "orphanDependents",
  "propagationPolicy",
];
export const logQuery = [
  "container",
  "follow",
  "insecureSkipTLSVerifyBackend",
  "limitBytes",
  "previous",
  "sinceSeconds",
  "stream",
  "tailLines",
  "timestamps",
];
export const connectQueries: Readonly<Record<string, readonly string[]>> = {
  attach: ["container", "stderr", "stdin", "stdout", "tty"],
  exec: ["command", "container", "stderr", "stdin", "stdout", "tty"],
  portforward: ["ports"],
  proxy: ["path"],
};

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly type: "string" | "boolean" | "integer";
  /** The kind whose path it is on. */
  readonly of?: string;
  /** `patch` of what changes a part; otherwise the last word of the path, such as `exec`. */
  readonly on: string;
}

const byName = (a: Parameter, b: Parameter): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

function parametersOf({ path, query, of, method, action }: Operation): Parameter[] {
  const words = path.split("/").filter((part) => part !== "" && !part.startsWith("{"));
  const on = method === "patch" && action === "patch" ? "patch" : (words.at(-1) ?? "");
  const kind = of === undefined ? { on } : { of, on };
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(
    ([, name]) => ({ name: name!, in: "path", type: "string", ...kind }) as const,
  );
  const inQuery = query.map((name) => ({ name, in: "query", type: types[name] ?? "string", ...kind }) as const);
  return [...inPath, ...inQuery].sort(byName);
}

/** Parameters that all operations of a path have belong to the path; what is left is each one's own. */
export function shareParameters(operations: readonly Operation[]): {
  readonly common: readonly Parameter[];
  readonly own: readonly (readonly Parameter[])[];
} {
  const all = operations.map(parametersOf);
  const key = (each: Parameter): string => `${each.in}/${each.name}`;
  const counts = new Map<string, number>();
  for (const each of all.flat()) counts.set(key(each), (counts.get(key(each)) ?? 0) + 1);
  const shared = (each: Parameter): boolean => counts.get(key(each)) === operations.length;
  return { common: (all[0] ?? []).filter(shared), own: all.map((each) => each.filter((one) => !shared(one))) };
}
