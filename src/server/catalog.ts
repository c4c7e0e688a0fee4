// What this server serves: kinds by group, version and resource, with their rules and schemas.
import type { KindDefinition, ServedKind } from "../api/index.ts";
import { formatApiVersion, type Schemas } from "../machinery/index.ts";
import type { Catalog, CustomServing, KindHooks, ServedResource } from "./core.ts";

export type { Catalog, CustomServing, ServedResource };

export interface CatalogOptions {
  /** Every built-in kind; those that `serves` refuses are known and not served. */
  readonly kinds: readonly ServedKind[];
  readonly serves: (kind: KindDefinition) => boolean;
  readonly schemas: Schemas;
  readonly hooks: ReadonlyMap<string, KindHooks>;
}

export function createCatalog({ kinds, serves, schemas, hooks }: CatalogOptions): Catalog {
  const byPath = new Map<string, ServedResource>();
  const versions = new Set<string>();
  const groups = new Set<string>();
  const stored = storedDefinitions(kinds);
  const known = kinds.map(({ kind, rules }) => {
    const resource: ServedResource = {
      kind,
      rules,
      apiVersion: formatApiVersion(kind),
      groupResource: { group: kind.group, resource: kind.resource },
      schema: schemas.ofKind(kind),
      schemas,
      hooks: hooks.get(pathOf(kind)),
      stored: stored(kind),
    };
    if (byPath.has(pathOf(kind))) throw new Error(`${pathOf(kind)} is listed twice`);
    byPath.set(pathOf(kind), resource);
    return resource;
  });
  const builtin = known.filter(({ kind }) => serves(kind));
  const served = new Set(builtin);
  for (const { kind, apiVersion } of builtin) {
    versions.add(apiVersion);
    groups.add(kind.group);
  }
  const custom = new Map<string, readonly ServedResource[]>();
  const customByPath = new Map<string, ServedResource>();
  let all: readonly ServedResource[] = builtin;
  return {
    get all() {
      return all;
    },
    find(group, version, resource) {
      const path = `${group}/${version}/${resource}`;
      const found = byPath.get(path);
      return found !== undefined && served.has(found) ? found : customByPath.get(path);
    },
    of(kind) {
      const found = byPath.get(pathOf(kind)) ?? customByPath.get(pathOf(kind));
      if (found === undefined) throw new Error(`${pathOf(kind)} is not served`);
      return found;
    },
    hasVersion: (group, version) => versions.has(formatApiVersion({ group, version })),
    hasGroup: (group) => groups.has(group),
    setCustom(name, resources) {
      for (const { kind } of custom.get(name) ?? []) customByPath.delete(pathOf(kind));
      if (resources.length === 0) custom.delete(name);
      else custom.set(name, resources);
      for (const resource of resources) customByPath.set(pathOf(resource.kind), resource);
      all = [...builtin, ...[...custom.values()].flat()];
    },
  };
}

export const pathOf = (kind: Pick<KindDefinition, "group" | "version" | "resource">): string =>
  `${kind.group}/${kind.version}/${kind.resource}`;

/** Of each kind the definition that its objects are stored as. */
function storedDefinitions(served: readonly ServedKind[]): (kind: KindDefinition) => KindDefinition {
  const keyOf = (group: string, version: string, kind: string): string => `${group}/${version}/${kind}`;
  const own = new Map<string, KindDefinition>();
  for (const { kind } of served) {
    const key = keyOf(kind.group, kind.version, kind.kind);
    if (kind.storedAs === undefined && !own.has(key)) own.set(key, kind);
  }
  return (kind) => {
    const { storedAs } = kind;
    if (storedAs === undefined) return kind;
    const found = own.get(keyOf(storedAs.group, storedAs.version, kind.kind));
    if (found === undefined)
      throw new Error(`${pathOf(kind)} is stored as ${formatApiVersion(storedAs)}, which is not served`);
    return found;
  };
}
