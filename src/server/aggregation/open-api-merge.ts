// One OpenAPI v2 document out of this server's and those of extension servers. Definitions and shared parameters of one name
// that say different things are told apart by a suffix; a definition that both have is of the kinds of both. Upstream:
// kube-openapi's aggregator, FilterSpecByPathsWithoutSideEffects and MergeSpecsIgnorePathConflictRenamingDefinitionsAndParameters.
import { deepEqual } from "../../machinery/index.ts";

type Entries = Readonly<Record<string, unknown>>;

export interface Specification {
  readonly paths?: Entries;
  readonly definitions?: Entries;
  readonly parameters?: Entries;
}

const definitionPrefix = "#/definitions/";
const parameterPrefix = "#/parameters/";
const kindsKey = "x-kubernetes-group-version-kind";

/** The paths that `keep` says, and without the definitions that only the other paths need. */
export function onlyPaths<T extends Specification>(whole: T, keep: (path: string) => boolean): T {
  const paths = Object.fromEntries(Object.entries(whole.paths ?? {}).filter(([path]) => keep(path)));
  const before = usedDefinitions(whole, whole.paths ?? {});
  const now = usedDefinitions(whole, paths);
  const kept = Object.entries(whole.definitions ?? {}).filter(([name]) => now.has(name) || !before.has(name));
  return { ...whole, paths, definitions: Object.fromEntries(kept) };
}

/** Names that the paths refer to, through definitions and parameters as well. */
function usedDefinitions({ definitions = {}, parameters = {} }: Specification, paths: Entries): Set<string> {
  const seen = new Set<string>();
  const waiting: unknown[] = [paths];
  const follow = (reference: string): void => {
    if (seen.has(reference)) return;
    seen.add(reference);
    waiting.push(definitions[nameIn(reference, definitionPrefix)], parameters[nameIn(reference, parameterPrefix)]);
  };
  for (let value = waiting.pop(); value !== undefined || waiting.length > 0; value = waiting.pop()) {
    if (typeof value !== "object" || value === null) continue;
    for (const [key, each] of Object.entries(value))
      if (key === "$ref" && typeof each === "string") follow(each);
      else waiting.push(each);
  }
  return new Set([...seen].map((reference) => nameIn(reference, definitionPrefix)).filter((name) => name !== ""));
}

const nameIn = (reference: string, prefix: string): string =>
  reference.startsWith(prefix) ? reference.slice(prefix.length) : "";

export function mergeSpecifications<T extends Specification>(own: T, others: readonly Specification[]): T {
  const paths: Record<string, unknown> = { ...own.paths };
  const definitions: Record<string, unknown> = { ...own.definitions };
  const parameters: Record<string, unknown> = { ...own.parameters };
  for (const other of others) {
    const source = onlyPaths(other, (path) => !(path in paths));
    if (Object.keys(source.paths ?? {}).length === 0) continue;
    const names = new Map([
      ...newNames(definitionPrefix, { known: definitions, added: source.definitions ?? {}, same: saysTheSame }),
      ...newNames(parameterPrefix, { known: parameters, added: source.parameters ?? {}, same: deepEqual }),
    ]);
    for (const [name, definition] of renamedEntries(source.definitions, definitionPrefix, names))
      definitions[name] = withKindsOf(definitions[name] ?? definition, definition);
    for (const [name, parameter] of renamedEntries(source.parameters, parameterPrefix, names))
      parameters[name] ??= parameter;
    for (const [path, item] of Object.entries(source.paths ?? {})) paths[path] = withNames(item, names);
  }
  return { ...own, paths, definitions, ...(Object.keys(parameters).length === 0 ? {} : { parameters }) };
}

interface Meeting {
  readonly known: Entries;
  readonly added: Entries;
  readonly same: (a: unknown, b: unknown) => boolean;
}

/** By reference, for what is there with another content: the first suffix under which the same is there, or nothing. */
function newNames(prefix: string, { known, added, same }: Meeting): [string, string][] {
  const given = new Set<string>();
  const names: [string, string][] = [];
  for (const [name, content] of Object.entries(added)) {
    let free = name;
    let number = 1;
    while (free in known && !same(known[free], content)) free = `${name}_v${++number}`;
    if (free === name) continue;
    if (!(free in known)) while (free in known || given.has(free) || free in added) free = `${name}_v${++number}`;
    given.add(free);
    names.push([prefix + name, prefix + free]);
  }
  return names;
}

/** Which kinds a definition is used for does not tell it from another one. */
const saysTheSame = (a: unknown, b: unknown): boolean => deepEqual(withoutKinds(a), withoutKinds(b));

function withoutKinds(definition: unknown): unknown {
  if (typeof definition !== "object" || definition === null) return definition;
  return { ...definition, [kindsKey]: undefined };
}

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

type Definition = Readonly<{ [kindsKey]?: readonly Kind[] }>;

function withKindsOf(definition: unknown, other: unknown): unknown {
  const [own, added] = [definition, other].map((each) => (each as Definition)[kindsKey]);
  if (added === undefined || definition === other) return definition;
  const key = ({ group, version, kind }: Kind): string => `${group}/${version}.${kind}`;
  const known = new Set(own?.map(key));
  const missing = added.filter((each) => !known.has(key(each)));
  if (missing.length === 0) return definition;
  const kinds = [...(own ?? []), ...missing];
  if (own !== undefined) kinds.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return { ...(definition as Definition), [kindsKey]: kinds };
}

function renamedEntries(entries: Entries | undefined, prefix: string, names: ReadonlyMap<string, string>) {
  return Object.entries(entries ?? {}).map(
    ([name, content]) =>
      [(names.get(prefix + name) ?? prefix + name).slice(prefix.length), withNames(content, names)] as const,
  );
}

function withNames(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (names.size === 0) return value;
  if (Array.isArray(value)) return value.map((each) => withNames(each, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === "$ref" && typeof each === "string" ? (names.get(each) ?? each) : withNames(each, names),
    ]),
  );
}
