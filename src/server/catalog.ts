// What this server serves: kinds by group, version and resource, with their rules and schemas.
import type { KindDefinition, ServedKind, ServeRules } from "../api/index.ts";
import { formatApiVersion, type GroupResource, type Schema, type Schemas } from "../machinery/index.ts";
import type { KindHooks } from "./registry/hooks.ts";

export interface ServedResource {
  readonly kind: KindDefinition;
  readonly rules: ServeRules;
  readonly apiVersion: string;
  readonly groupResource: GroupResource;
  readonly schema: Schema | undefined;
  readonly schemas: Schemas;
  /** Present for kinds whose writes touch more than their own object. */
  readonly hooks: KindHooks | undefined;
  /** The kind as it is stored: another version's definition for kinds with `storedAs`. */
  readonly stored: KindDefinition;
}

export interface Catalog {
  find(group: string, version: string, resource: string): ServedResource | undefined;
  /** Also of kinds that are turned off: the server's own objects are kept all the same. */
  of(kind: KindDefinition): ServedResource;
  /** What is served, in the order of the list in api/serve.ts. */
  readonly all: readonly ServedResource[];
  hasVersion(group: string, version: string): boolean;
  hasGroup(group: string): boolean;
}

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
  const known = kinds.map(({ kind, rules }) => {
    const resource: ServedResource = {
      kind,
      rules,
      apiVersion: formatApiVersion(kind),
      groupResource: { group: kind.group, resource: kind.resource },
      schema: schemas.ofKind(kind),
      schemas,
      hooks: hooks.get(pathOf(kind)),
      stored: storedDefinition(kind, kinds),
    };
    if (byPath.has(pathOf(kind))) throw new Error(`${pathOf(kind)} is listed twice`);
    byPath.set(pathOf(kind), resource);
    return resource;
  });
  const all = known.filter(({ kind }) => serves(kind));
  const served = new Set(all);
  for (const { kind, apiVersion } of all) {
    versions.add(apiVersion);
    groups.add(kind.group);
  }
  return {
    all,
    find(group, version, resource) {
      const found = byPath.get(`${group}/${version}/${resource}`);
      return found !== undefined && served.has(found) ? found : undefined;
    },
    of(kind) {
      const found = byPath.get(pathOf(kind));
      if (found === undefined) throw new Error(`${pathOf(kind)} is no built-in kind`);
      return found;
    },
    hasVersion: (group, version) => versions.has(formatApiVersion({ group, version })),
    hasGroup: (group) => groups.has(group),
  };
}

export const pathOf = (kind: Pick<KindDefinition, "group" | "version" | "resource">): string =>
  `${kind.group}/${kind.version}/${kind.resource}`;

function storedDefinition(kind: KindDefinition, served: readonly ServedKind[]): KindDefinition {
  const { storedAs } = kind;
  if (storedAs === undefined) return kind;
  const found = served.find(
    (each) =>
      each.kind.group === storedAs.group &&
      each.kind.version === storedAs.version &&
      each.kind.kind === kind.kind &&
      each.kind.storedAs === undefined,
  );
  if (found === undefined)
    throw new Error(`${pathOf(kind)} is stored as ${formatApiVersion(storedAs)}, which is not served`);
  return found.kind;
}
