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
  of(kind: KindDefinition): ServedResource;
  /** In the order of the list in api/serve.ts. */
  readonly all: readonly ServedResource[];
  hasVersion(group: string, version: string): boolean;
  hasGroup(group: string): boolean;
}

export function createCatalog(
  served: readonly ServedKind[],
  schemas: Schemas,
  hooks: ReadonlyMap<string, KindHooks>,
): Catalog {
  const byPath = new Map<string, ServedResource>();
  const versions = new Set<string>();
  const groups = new Set<string>();
  const all = served.map(({ kind, rules }) => {
    const resource: ServedResource = {
      kind,
      rules,
      apiVersion: formatApiVersion(kind),
      groupResource: { group: kind.group, resource: kind.resource },
      schema: schemas.ofKind(kind),
      schemas,
      hooks: hooks.get(pathOf(kind)),
      stored: storedDefinition(kind, served),
    };
    if (byPath.has(pathOf(kind))) throw new Error(`${pathOf(kind)} is listed twice`);
    byPath.set(pathOf(kind), resource);
    versions.add(resource.apiVersion);
    groups.add(kind.group);
    return resource;
  });
  return {
    all,
    find: (group, version, resource) => byPath.get(`${group}/${version}/${resource}`),
    of(kind) {
      const found = byPath.get(pathOf(kind));
      if (found === undefined) throw new Error(`${pathOf(kind)} is not served`);
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
