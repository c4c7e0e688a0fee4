// One OpenAPI v2 document out of this server's and those of extension servers. Definitions of one name that say different
// things are told apart by a suffix, as upstream's MergeSpecsIgnorePathConflictRenamingDefinitionsAndParameters does.
import { deepEqual } from "../../machinery/index.ts";

export interface Specification {
  readonly paths?: Readonly<Record<string, unknown>>;
  readonly definitions?: Readonly<Record<string, unknown>>;
}

const prefix = "#/definitions/";

export function mergeSpecifications<T extends Specification>(own: T, others: readonly Specification[]): T {
  const paths: Record<string, unknown> = { ...own.paths };
  const definitions: Record<string, unknown> = { ...own.definitions };
  for (const other of others) {
    const names = namesIn(definitions, other.definitions ?? {});
    const renamed = (value: unknown): unknown => withNames(value, names);
    for (const [name, definition] of Object.entries(other.definitions ?? {}))
      definitions[names.get(name) ?? name] ??= renamed(definition);
    for (const [path, item] of Object.entries(other.paths ?? {})) paths[path] ??= renamed(item);
  }
  return { ...own, paths, definitions };
}

/** New names of definitions that are there with another content. */
function namesIn(known: Readonly<Record<string, unknown>>, added: Readonly<Record<string, unknown>>) {
  const names = new Map<string, string>();
  for (const [name, definition] of Object.entries(added)) {
    let free = name;
    for (let number = 2; known[free] !== undefined && !says(known[free], definition); number++)
      free = `${name}_v${number}`;
    if (free !== name) names.set(name, free);
  }
  return names;
}

/** Which kinds a definition is used for does not tell it from another one. */
const says = (a: unknown, b: unknown): boolean => deepEqual(withoutKinds(a), withoutKinds(b));

function withoutKinds(definition: unknown): unknown {
  if (typeof definition !== "object" || definition === null) return definition;
  return { ...definition, "x-kubernetes-group-version-kind": undefined };
}

function withNames(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (names.size === 0) return value;
  if (Array.isArray(value)) return value.map((each) => withNames(each, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      if (key !== "$ref" || typeof each !== "string" || !each.startsWith(prefix)) return [key, withNames(each, names)];
      const name = each.slice(prefix.length);
      return [key, `${prefix}${names.get(name) ?? name}`];
    }),
  );
}
