// Server-side apply: merges a configuration into the live object, removes what its manager no longer applies, finds conflicts
// with other managers. Upstream: sigs.k8s.io/structured-merge-diff merge Updater.Apply, apimachinery pkg/util/managedfields.
import { JsonSyntaxError, parseJson } from "../codec/json-text.ts";
import { identical, isObject, setOwn } from "../equal.ts";
import { badRequest, requestTooLarge, StatusError } from "../errors.ts";
import { goJson, quoteGo } from "../go-text.ts";
import { formatApiVersion, type GroupVersionKind, type KubeObject, type ManagedFieldsEntry } from "../object.ts";
import { plainError } from "../patch/strategic-lists.ts";
import type { Schema, Schemas } from "../schema.ts";
import {
  emptyFieldSet,
  type FieldSet,
  FieldSetError,
  fieldPaths,
  hasField,
  intersectFields,
  isEmptyFieldSet,
  showPath,
  subtractFields,
  subtractFieldTrees,
  TooManyFieldsError,
  unionFields,
  withinFields,
} from "./field-set.ts";
import {
  type Comparisons,
  comparer,
  formatManagers,
  inVersion,
  type Manager,
  type Managers,
  managedFieldsAfterUpdate,
  managerIdentity,
  mostTracked,
  parseManagers,
  reconciled,
  takeFields,
  VersionError,
  type Versions,
  withoutUnowned,
  zeroObject,
} from "./managed-fields.ts";
import { type CompareTypes, compareTyped, fieldSetOf } from "./typed.ts";
import { joinedTypeErrors, mergeTyped, removeFields, typeErrors, withNamedFields } from "./typed-merge.ts";

export interface ServerSideApply {
  /** The stored object; undefined when apply creates it. */
  readonly live: KubeObject | undefined;
  /** The configuration as sent, without defaults. */
  readonly applied: Record<string, unknown>;
  readonly gvk: GroupVersionKind;
  readonly manager: string;
  readonly subresource: string;
  readonly force: boolean;
  readonly time: string;
  readonly schema: Schema;
  readonly schemas: Schemas;
  readonly resetFields?: FieldSet;
  /** Other versions of the kind, for managers that wrote with them. */
  readonly versions?: Versions;
}

export interface Applied {
  /** Merged object without managedFields; defaults and decoding are still to be applied. Equal to live when nothing changed. */
  readonly object: Record<string, unknown>;
  readonly changed: boolean;
  readonly managedFields: ManagedFieldsEntry[] | undefined;
}

/** Throws StatusError: 409 with one cause per conflict, 400 and 500 with upstream's texts. */
export function applyServerSide(request: ServerSideApply): Applied {
  checkKindOf(request);
  const applied = withinFields(mostLookedAt, () =>
    request.manager === kubectl ? applyAsKubectl(request) : applyOnce(request),
  );
  return request.manager === kubectl ? withLastApplied(applied, request.applied) : applied;
}

/** Fields of all sets that an apply makes and compares: an object of 50,000 is in four of them or more. */
const mostLookedAt = 200_000;

function applyOnce(request: ServerSideApply): Applied {
  const { applied, schema, schemas } = request;
  const types: CompareTypes = { schema, schemas };
  const apiVersion = formatApiVersion(request.gvk);
  const stored = startingManagers(request);
  checkConfiguration(request);
  const live =
    request.live === undefined ? (zeroObject(request) as Record<string, unknown>) : withoutManagers(request.live);
  const identity = managerIdentity({ ...request, operation: "Apply", apiVersion: "" });
  try {
    const managers = reconciled(stored, { ...request, apiVersion, live });
    const last = managers.get(identity);
    const set = withinFields(mostTracked, () => fieldSetOf(applied, schema, schemas));
    const owned = subtractFieldTrees(set, request.resetFields ?? emptyFieldSet);
    const withMine = new Map(managers).set(identity, { ...ownEntry(request), set: owned });
    const merged = prune(mergeTyped(live, applied, types), { last, managers: withMine, request, apiVersion });
    const compared = compareTyped(live, merged, types);
    const comparisons = comparer({ ...request, apiVersion }, { before: live, after: merged as Objects, compared });
    if (!request.force) refuseConflicts(withMine, identity, comparisons);
    const kept = new Map(takeFields(withMine, comparisons, identity));
    const changed = !identical(live, merged);
    finishOwnEntry(kept, identity, { before: stored.get(identity), time: changed ? request.time : undefined });
    return {
      object: (changed ? merged : live) as Record<string, unknown>,
      changed,
      managedFields: formatManagers(kept),
    };
  } catch (error) {
    if (error instanceof TooManyFieldsError) throw requestTooLarge(`limit is ${mostTracked} fields to apply`);
    if (error instanceof VersionError) throw plainError(error.message);
    if (error instanceof FieldSetError)
      throw plainError(`failed to create typed live object (${describe(request)}): ${error.message}`);
    throw error;
  }
}

type Objects = Record<string, unknown>;

const ownEntry = (request: ServerSideApply): Omit<Manager, "set"> => ({
  manager: request.manager,
  operation: "Apply",
  apiVersion: formatApiVersion(request.gvk),
  subresource: request.subresource,
  time: undefined,
});

/** Nobody owns what the server decides; an unchanged object keeps the entry's old time. */
function finishOwnEntry(
  managers: Map<string, Manager>,
  identity: string,
  { before, time }: { before: Manager | undefined; time: string | undefined },
): void {
  const mine = managers.get(identity);
  if (mine === undefined) return;
  const set = withoutUnowned(mine.set);
  if (isEmptyFieldSet(set)) managers.delete(identity);
  else managers.set(identity, { ...mine, set, time: time ?? before?.time });
}

function withoutManagers(object: KubeObject): Record<string, unknown> {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** What the configuration says it is comes before everything else. */
function checkKindOf({ applied, gvk }: ServerSideApply): void {
  const parts = typeof applied["apiVersion"] === "string" ? applied["apiVersion"].split("/") : [];
  const kind = typeof applied["kind"] === "string" ? applied["kind"] : "";
  const known = parts.length <= 2;
  const group = parts.length === 2 ? parts[0]! : "";
  const version = known ? (parts.at(-1) ?? "") : "";
  if (group === gvk.group && version === gvk.version && kind === gvk.kind) return;
  throw badRequest(`invalid object type: ${group === "" ? "" : group}/${version}, Kind=${known ? kind : ""}`);
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function checkConfiguration(request: ServerSideApply): void {
  const { applied, schema, schemas } = request;
  const metadata = applied["metadata"] as { name?: unknown; namespace?: unknown; managedFields?: unknown } | undefined;
  if (metadata?.managedFields !== undefined && metadata.managedFields !== null)
    throw badRequest("metadata.managedFields must be nil");
  const errors = typeErrors(applied, { schema, schemas });
  if (errors.length === 0) return;
  throw plainError(`failed to create typed patch object (${describe(request)}): ${joinedTypeErrors(errors)}`);
}

/** A kind as upstream's errors name it: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`. */
export const describeKind = ({ group, version, kind }: GroupVersionKind): string => `${group}/${version}, Kind=${kind}`;

/** The object as upstream's errors name it: `namespace/name; group/version, Kind=kind`. */
export function describeApplied(applied: Record<string, unknown>, gvk: GroupVersionKind): string {
  const { metadata } = applied as { metadata?: { namespace?: unknown; name?: unknown } };
  return `${textOf(metadata?.namespace)}/${textOf(metadata?.name)}; ${describeKind(gvk)}`;
}

const describe = ({ applied, gvk }: ServerSideApply): string => describeApplied(applied, gvk);

/** The live object's managers; what nobody is known to manage yet is owned by "before-first-apply". */
function startingManagers(request: ServerSideApply): Managers {
  const { live } = request;
  const managers = parseManagers(live?.metadata.managedFields ?? []);
  if (managers === undefined) throw plainError("failed to decode managed fields");
  if (managers.size > 0 || live === undefined) return managers;
  const wrong = typeErrors(withoutManagers(live), { ...request, allowDuplicates: true });
  if (wrong.length > 0)
    throw plainError(
      `failed to create manager for existing fields: failed to convert new object (${describeApplied(live as unknown as Record<string, unknown>, request.gvk)}) to smd typed: ${joinedTypeErrors(wrong)}`,
    );
  const { uid: _, ...metadata } = live.metadata;
  const entries = managedFieldsAfterUpdate({
    before: undefined,
    after: { ...live, metadata: metadata as KubeObject["metadata"] },
    manager: "before-first-apply",
    subresource: request.subresource,
    time: request.time,
    schema: request.schema,
    schemas: request.schemas,
    ...(request.resetFields === undefined ? {} : { resetFields: request.resetFields }),
    ...(request.versions === undefined ? {} : { versions: request.versions }),
  });
  return parseManagers(entries ?? []) ?? new Map();
}

interface Pruning {
  /** What the manager applied last time. */
  readonly last: Manager | undefined;
  readonly managers: Managers;
  readonly request: ServerSideApply;
  readonly apiVersion: string;
}

/** One version's way of seeing things. */
interface Sight {
  readonly types: CompareTypes;
  to(object: unknown): unknown;
  back(object: unknown): unknown;
}

const ownSight = ({ request: { schema, schemas } }: Pruning): Sight => ({
  types: { schema, schemas },
  to: (object) => object,
  back: (object) => object,
});

function sightOf(apiVersion: string, { request, apiVersion: own }: Pruning, mine: Sight): Sight | undefined {
  if (apiVersion === own) return mine;
  const view = request.versions?.(apiVersion);
  if (view === undefined) return undefined;
  return {
    types: { schema: view.schema, schemas: request.schemas },
    to: (object) => view.convert(object as Objects),
    back: (object) => view.convertBack(object as Objects),
  };
}

/** An object as a version sees it. */
interface Seen {
  readonly object: unknown;
  readonly sight: Sight;
}

/** Throws VersionError for what that version's schema does not hold. */
const seenBy = (sight: Sight, seen: Seen, what: string): Seen =>
  sight === seen.sight
    ? seen
    : {
        sight,
        object: inVersion(sight.to(seen.sight.back(seen.object)), sight.types, `failed to prune fields: ${what}`),
      };

const named = (set: FieldSet, { schema, schemas }: CompareTypes): FieldSet => withNamedFields(set, schema, schemas);
const namedFieldsOf = (value: unknown, types: CompareTypes): FieldSet =>
  named(fieldSetOf(value, types.schema, types.schemas), types);

/** Takes out what the manager applied last time, does not apply now, and nobody else owns. Upstream: merge's Updater.prune. */
function prune(merged: unknown, pruning: Pruning): unknown {
  const { last } = pruning;
  if (last === undefined || isEmptyFieldSet(last.set)) return merged;
  const mine = ownSight(pruning);
  const sight = sightOf(last.apiVersion, pruning, mine);
  if (sight === undefined) return merged;
  const { types } = sight;
  const whole = seenBy(
    sight,
    { object: merged, sight: mine },
    "failed to convert merged object to last applied version: ",
  );
  const lastSet = named(last.set, types);
  const bare = { sight, object: removeFields(whole.object, lastSet, types) };
  const pruned = seenBy(
    sight,
    withOwned({ whole, bare, lastVersion: last.apiVersion }, pruning, (version) =>
      version === last.apiVersion ? sight : sightOf(version, pruning, mine),
    ),
    "failed add back dangling items: failed to convert pruned object to last applied version: ",
  );
  const before = namedFieldsOf(whole.object, types);
  const dangling = intersectFields(subtractFields(before, namedFieldsOf(pruned.object, types)), lastSet);
  return seenBy(mine, { sight, object: removeFields(whole.object, dangling, types) }, "").object;
}

/** What somebody owns comes back: first as the version sees it that was pruned in, then as the others do. */
function withOwned(
  { whole, bare, lastVersion }: { whole: Seen; bare: Seen; lastVersion: string },
  { managers }: Pruning,
  sightOfVersion: (apiVersion: string) => Sight | undefined,
): Seen {
  const owned = new Map<string, FieldSet>();
  for (const { apiVersion, set } of managers.values())
    owned.set(apiVersion, unionFields(owned.get(apiVersion) ?? emptyFieldSet, set));
  let [all, left] = [whole, bare];
  for (const version of new Set([lastVersion, ...owned.keys()])) {
    const set = owned.get(version);
    const sight = sightOfVersion(version);
    if (set === undefined || sight === undefined) continue;
    const { types } = sight;
    const at = (what: string): string =>
      `failed add back owned items: failed to convert ${what} object at version ${version}: `;
    all = seenBy(sight, all, at("merged"));
    left = seenBy(sight, left, at("pruned"));
    const kept = unionFields(namedFieldsOf(left.object, types), named(set, types));
    left = { sight, object: removeFields(all.object, subtractFields(namedFieldsOf(all.object, types), kept), types) };
  }
  return left;
}

/** What an apply would take from others. Upstream's clients know it by the causes of its 409. */
class ApplyConflict extends StatusError {
  readonly conflicts: readonly Conflict[];
  constructor(conflicts: readonly Conflict[]) {
    super({
      code: 409,
      reason: "Conflict",
      message: conflictText(conflicts),
      details: {
        causes: conflicts.map(({ manager, path }) => ({
          reason: "FieldManagerConflict",
          message: `conflict with ${manager}`,
          field: showPath(path),
        })),
      },
    });
    this.conflicts = conflicts;
  }
}

interface Conflict {
  /** The manager's entry as JSON: the message has them in its order. */
  readonly entry: string;
  readonly manager: string;
  readonly path: readonly string[];
}

function refuseConflicts(managers: Managers, identity: string, comparisons: Comparisons): void {
  const conflicts: Conflict[] = [];
  for (const [other, manager] of managers) {
    if (other === identity) continue;
    const comparison = comparisons(manager.apiVersion);
    if (comparison === undefined) continue;
    const changed = unionFields(comparison.modified, comparison.added);
    for (const path of fieldPaths(intersectFields(manager.set, changed)))
      conflicts.push({ entry: entryText(manager), manager: showManager(manager), path });
  }
  if (conflicts.length > 0) throw new ApplyConflict(conflicts);
}

/** Upstream: BuildManagerIdentifier. */
const entryText = ({ manager, operation, apiVersion, subresource }: Manager): string =>
  goJson({
    ...(manager === "" ? {} : { manager }),
    operation,
    ...(operation === "Apply" || apiVersion === "" ? {} : { apiVersion }),
    ...(subresource === "" ? {} : { subresource }),
  });

const kubectl = "kubectl";
const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
/** Upstream: TotalAnnotationSizeLimitB. */
const mostAnnotationBytes = 256 * 1024;

/**
 * kubectl may take over without force what it applied itself from the client side, as long as nobody changed it since.
 * Upstream: lastappliedmanager.go.
 */
function applyAsKubectl(request: ServerSideApply): Applied {
  try {
    return applyOnce(request);
  } catch (error) {
    if (!(error instanceof ApplyConflict)) throw error;
    const mine = lastAppliedFields(request);
    if (mine === undefined) throw error;
    const others = error.conflicts.filter(({ path }) => !hasField(mine, path));
    if (others.length > 0) throw new ApplyConflict(others);
    return applyOnce({ ...request, force: true });
  }
}

/** Fields of the annotation's configuration that are still as it says; undefined when there is none to go by. */
function lastAppliedFields({ live, gvk, schema, schemas }: ServerSideApply): FieldSet | undefined {
  const text = live?.metadata.annotations?.[lastAppliedAnnotation];
  if (live === undefined || text === undefined || text === "") return undefined;
  const types = { schema, schemas };
  let configuration: unknown;
  try {
    configuration = parseJson(text).value;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
  if (!isObject(configuration) || configuration["apiVersion"] !== formatApiVersion(gvk)) return undefined;
  if (typeErrors(configuration, types).length > 0 || typeErrors(live, types).length > 0) return undefined;
  const { added, modified, removed } = compareTyped(configuration, live, types);
  const fields = fieldSetOf(configuration, schema, schemas);
  return subtractFields(subtractFields(subtractFields(fields, modified), added), removed);
}

/** The annotation of client-side apply follows kubectl's server-side apply. Upstream: lastappliedupdater.go. */
function withLastApplied(result: Applied, configuration: Record<string, unknown>): Applied {
  const metadata = result.object["metadata"] as { annotations?: Record<string, string> } | undefined;
  if (!metadata?.annotations?.[lastAppliedAnnotation]) return result;
  const annotations: Record<string, string> = { ...metadata.annotations };
  annotations[lastAppliedAnnotation] = `${goJson(sortedCopy(withoutLastApplied(configuration)))}\n`;
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + utf8Length(key) + utf8Length(value), 0);
  if (size > mostAnnotationBytes) delete annotations[lastAppliedAnnotation];
  return { ...result, changed: true, object: { ...result.object, metadata: { ...metadata, annotations } } };
}

function withoutLastApplied(configuration: Record<string, unknown>): Record<string, unknown> {
  const metadata = configuration["metadata"];
  if (!isObject(metadata) || !isObject(metadata["annotations"])) return configuration;
  const { [lastAppliedAnnotation]: _, ...annotations } = metadata["annotations"];
  return { ...configuration, metadata: { ...metadata, annotations } };
}

const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

function sortedCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedCopy);
  if (!isObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) setOwn(copy, key, sortedCopy(value[key]));
  return copy;
}

function showManager(manager: Manager): string {
  const name =
    quoteGo(manager.manager) + (manager.subresource === "" ? "" : ` with subresource ${quoteGo(manager.subresource)}`);
  return manager.operation === "Update" ? `${name} using ${manager.apiVersion}` : name;
}

function conflictText(conflicts: readonly Conflict[]): string {
  if (conflicts.length === 1)
    return `Apply failed with 1 conflict: conflict with ${conflicts[0]!.manager}: ${showPath(conflicts[0]!.path)}`;
  const lines: string[] = [];
  const managers = new Map(conflicts.map(({ entry, manager }) => [entry, manager]));
  for (const [entry, manager] of [...managers].sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push(`conflicts with ${manager}:`);
    for (const each of conflicts) if (each.entry === entry) lines.push(`- ${showPath(each.path)}`);
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}
