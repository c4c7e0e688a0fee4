// An apply configuration merged into an object without anybody's ownership: what mutating admission policies do.
// Upstream: admission/plugin/policy/mutating/patch/smd.go.
import { isObject } from "../equal.ts";
import type { Schema } from "../schema.ts";
import { type CompareTypes, typedNode } from "./typed.ts";
import { mergeTyped, typeErrors } from "./typed-merge.ts";

/** Why a configuration can not be merged, in upstream's words. */
export class MergeConfigurationError extends Error {
  override readonly name = "MergeConfigurationError";
}

/** A new object. Throws MergeConfigurationError for fields of no schema and for values that could only be replaced as a whole. */
export function mergeConfiguration(
  live: Record<string, unknown>,
  configuration: Record<string, unknown>,
  types: CompareTypes,
): Record<string, unknown> {
  const errors = typeErrors(configuration, types);
  if (errors.length > 0)
    throw new MergeConfigurationError(
      `failed to convert patch object to typed object: ${errors.length === 1 ? errors[0] : `errors:\n${errors.map((each) => `  ${each}`).join("\n")}`}`,
    );
  const atomics = findAtomics(configuration, types.schema, { types, path: "" });
  if (atomics.length > 0)
    throw new MergeConfigurationError(
      `invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(", ")}`,
    );
  return mergeTyped(live, configuration, types) as Record<string, unknown>;
}

function findAtomics(
  value: unknown,
  schema: Schema | undefined,
  { types, path }: { readonly types: CompareTypes; readonly path: string },
): string[] {
  const node = typedNode(schema, value, types.schemas);
  const found: string[] = [];
  if (node.kind === "map" && isObject(value)) {
    if (node.atomic) found.push(path);
    for (const [key, each] of Object.entries(value)) {
      const member = node.member(key);
      if (member.named) found.push(...findAtomics(each, member.schema, { types, path: `${path}.${key}` }));
    }
  } else if (node.kind === "list" && Array.isArray(value)) {
    if (node.atomic) found.push(path);
    for (const [index, each] of value.entries())
      found.push(...findAtomics(each, node.item, { types, path: `${path}[${index}]` }));
  }
  return found;
}
