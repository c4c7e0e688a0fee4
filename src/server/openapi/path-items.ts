// What both documents have in common.
import { versionInfo } from "../version.ts";
import type { Json } from "./definitions.ts";
import type { Operation } from "./operations.ts";

export const documentVersion = `${versionInfo.major}.${versionInfo.minor}`;
export const responseTexts: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

/** One item a path, sorted by path. */
export function pathItems(
  operations: readonly Operation[],
  item: (ofOnePath: readonly Operation[]) => Json,
): Record<string, Json> {
  const byPath = new Map<string, Operation[]>();
  for (const each of operations) {
    const group = byPath.get(each.path);
    if (group === undefined) byPath.set(each.path, [each]);
    else group.push(each);
  }
  return Object.fromEntries(
    [...byPath].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, group]) => [path, item(group)]),
  );
}
