// Fields that a write to one part of an object can not own, because the kind's rules put them back.
// Upstream: GetResetFields of each kind's strategies.
import { type FieldSet, parseFieldsV1 } from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";

/** Of kinds with status that say nothing else. */
const usual: Readonly<Record<string, readonly string[]>> = { "": ["status"], status: ["spec"] };

const sets = new Map<readonly string[], FieldSet>();

export function resetFieldsOf({ rules }: ServedResource, subresource: string): { readonly resetFields?: FieldSet } {
  const paths = rules.resetFields?.[subresource] ?? (rules.status === undefined ? undefined : usual[subresource]);
  if (paths === undefined) return {};
  let resetFields = sets.get(paths);
  if (resetFields === undefined) sets.set(paths, (resetFields = setOf(paths)));
  return { resetFields };
}

function setOf(paths: readonly string[]): FieldSet {
  const root: Record<string, object> = {};
  for (const path of paths) {
    let at = root as Record<string, Record<string, object>>;
    for (const name of path.split(".")) at = (at[`f:${name}`] ??= {}) as typeof at;
  }
  return parseFieldsV1(root);
}
