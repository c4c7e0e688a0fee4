// What this server serves: kinds by group, version and resource, with their rules and schemas.
import type { KindDefinition, ServedKind, ServeRules } from "../api/index.ts";
import {
  formatApiVersion,
  type GroupResource,
  type KubeObject,
  type Schema,
  type Schemas,
} from "../machinery/index.ts";
import type { KindHooks } from "./registry/hooks.ts";
import type { CachedObject } from "./watchcache/index.ts";

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
  /** Present for kinds that a CustomResourceDefinition describes. */
  readonly custom?: CustomServing;
}

/** What is different at the door for kinds without a Go type. */
export interface CustomServing {
  readonly listKind: string;
  /** Texts for the `Warning` headers of every use. */
  readonly warnings: readonly string[];
  /** Its definition is being deleted: nothing is created any more. */
  readonly terminating: boolean;
  /** In discovery. Upstream serves a little earlier than it says so. */
  readonly established: boolean;
  /** For the published documents. */
  readonly openApi: unknown;
  /**
   * Brings a decoded body of this version into its form, in place; returns the paths of unknown fields. Throws an error
   * whose message is upstream's.
   */
  coerce(draft: Record<string, unknown>): string[];
  /** The stored object as this version shows it: the same when its bytes can go out as they are. */
  served(cached: CachedObject): CachedObject;
  /** Awaited before `served` is asked, when another process takes part in the conversion. */
  convert?(cached: readonly CachedObject[]): Promise<void>;
  /**
   * Whether an object of this version can be seen as one of another for the sake of managed fields. Nothing is pruned for
   * that: a field that the other version does not know makes upstream give up who manages what.
   */
  comparable(object: KubeObject, apiVersion: string): boolean;
  /** A draft in the form of the storage version. */
  toStored(object: KubeObject): KubeObject;
  /** In place of `toStored`, when another process takes part. */
  convertToStored?(object: KubeObject): Promise<KubeObject>;
}

export interface Catalog {
  find(group: string, version: string, resource: string): ServedResource | undefined;
  /** Also of kinds that are turned off: the server's own objects are kept all the same. */
  of(kind: KindDefinition): ServedResource;
  /** What is served, in the order of the list in api/serve.ts, custom kinds after it. A new list after every change. */
  readonly all: readonly ServedResource[];
  /** The versions of one custom kind in place of those that were there under its name (`plural.group`); none removes it. */
  setCustom(name: string, resources: readonly ServedResource[]): void;
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
