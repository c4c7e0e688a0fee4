// LIST: options, consistency, selectors, paging. Upstream: apiserver's handlers/get.go, storage/cacher/delegator.go, continue.go.
import { storagePrefix } from "../../../api/index.ts";
import {
  badRequest,
  expired,
  goTypeError,
  JsonSyntaxError,
  parseJson,
  quoteGo,
  StatusError,
  withResourceVersion,
} from "../../../machinery/index.ts";
import { CompactedError, FutureRevisionError } from "../../../store/index.ts";
import type { ServedResource } from "../../catalog.ts";
import type { RequestContext } from "../../context.ts";
import type { Answer, ListResult } from "../../core.ts";
import { CachedObject, requiredField, type Selection, selects } from "../../watchcache/index.ts";
import { convertShown } from "../store-object.ts";
import { matchesConverted, splitSelection } from "./converted-selection.ts";
import { parseResourceVersion, tooLarge, tooLargeExact, waitForCurrent, waitForRevision } from "./get.ts";
import { listQuery } from "./list-query.ts";
import { shardOf } from "./shard-selector.ts";

export type { ListResult };

export interface ListOptions {
  readonly selection: Selection;
  readonly limit: number;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly match: "" | "Exact" | "NotOlderThan";
}

export async function list(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const options = listOptions(context, resource);
  const found = await runList(context, resource, options);
  await convertShown(resource, found.items);
  return { type: "list", resource, list: found };
}

export function listOptions(context: RequestContext, resource: ServedResource): ListOptions {
  const { selection, limit, match, resourceVersion, continue: token } = listQuery(context, resource);
  return {
    selection,
    limit: limit > 0n ? Number(limit) : 0,
    continue: token,
    resourceVersion,
    match: match as ListOptions["match"],
  };
}

export async function runList(
  context: RequestContext,
  resource: ServedResource,
  given: ListOptions,
): Promise<ListResult> {
  const shard = await shardOf(context);
  if (shard === undefined) return runUnsharded(context, resource, given);
  const found = await runUnsharded(context, resource, { ...given, selection: { ...given.selection, shard } });
  return resource.custom === undefined ? { ...found, shardInfo: { selector: shard.text } } : found;
}

async function runUnsharded(
  context: RequestContext,
  resource: ServedResource,
  options: ListOptions,
): Promise<ListResult> {
  const { cached, converted } = splitSelection(resource, options.selection);
  if (converted === undefined) return runCached(context, resource, options);
  // Whether an object is selected is known only once it is converted: the list comes in one part.
  const { items, revision } = await runCached(context, resource, { ...options, limit: 0, selection: cached });
  await convertShown(resource, items);
  return { items: items.filter((each) => matchesConverted(resource, converted, each)), revision };
}

async function runCached(context: RequestContext, resource: ServedResource, options: ListOptions): Promise<ListResult> {
  const { core } = context;
  if (options.continue !== "") return continueList(context, resource, options);
  // Upstream reads the one object then: there is nothing to page, and a revision without a match is the oldest that will do.
  if (namesOne(resource, options.selection) && options.limit > 0) {
    const { resourceVersion, match } = options;
    const oldest = match === "" && resourceVersion !== "" ? parseResourceVersion(resourceVersion) : 0;
    if (oldest > core.store.revision()) throw tooLargeExact(BigInt(resourceVersion).toString(), core.hub.revision);
    return runCached(context, resource, { ...options, limit: 0, ...(oldest > 0 ? { resourceVersion: "" } : {}) });
  }
  const { resourceVersion, match } = options;
  if (resourceVersion === "") {
    await waitForCurrent(core);
    return listFromCache(context, resource, { options, from: "" });
  }
  const revision = parseResourceVersion(resourceVersion);
  if (revision === 0) return listFromCache(context, resource, { options: { ...options, limit: 0 }, from: "" });
  // A limit with a revision and no match means exactly that revision (upstream's legacy rule).
  if (match === "Exact" || (match === "" && options.limit > 0))
    return listAt(context, resource, { options, from: "", revision });
  const text = BigInt(resourceVersion).toString();
  // Upstream keeps no events in memory: the store is asked, which does not wait.
  if (resource.stored.kind === "Event" && revision > core.store.revision())
    throw tooLargeExact(text, core.hub.revision);
  await waitForRevision(core, revision, text);
  return listFromCache(context, resource, { options, from: "" });
}

const namesOne = ({ kind }: ServedResource, selection: Selection): boolean =>
  requiredField(selection, "metadata.name") !== undefined && (selection.namespace !== "" || !kind.namespaced);

interface Page {
  readonly options: ListOptions;
  /** Store key to begin with. */
  readonly from: string;
}

function listFromCache(
  context: RequestContext,
  resource: ServedResource,
  page: Page & { readonly revision?: number },
): ListResult {
  const { hub } = context.core;
  const { selection } = page.options;
  const cache = hub.cacheOf(resource.stored);
  const revision = page.revision ?? hub.revision;
  if (isPlain(selection)) {
    const { items, left } = cache.page(selection.scope, page.from, page.options.limit);
    return pageResult(items, { left, revision, scope: selection.scope });
  }
  // Whether anything is behind a page is told by what is there, selected or not.
  const whole = page.from === "" && page.options.limit === 0;
  return collect(whole ? cache.candidates(selection) : cache.scan(selection.scope, page.from), { ...page, revision });
}

/** As of a revision: from the cache while nothing has changed since, else from the store. */
async function listAt(
  context: RequestContext,
  resource: ServedResource,
  page: Page & { readonly revision: number },
): Promise<ListResult> {
  const { core } = context;
  const cache = core.hub.cacheOf(resource.stored);
  const { revision } = page;
  if (revision > core.store.revision())
    throw tooLargeExact(page.options.resourceVersion || revision, core.hub.revision);
  await waitForRevision(core, revision);
  // What has not changed since could be told for ever; clients count on the same answer for every kind.
  if (revision < core.store.compacted()) throw gone(page);
  if (cache.lastChange <= revision) return listFromCache(context, resource, page);
  const { scope } = page.options.selection;
  try {
    const { entries } = await core.store.range(scope, { revision });
    const objects = entries
      .filter((entry) => entry.key >= page.from)
      .map((entry) => {
        const bytes = withResourceVersion(entry.value, entry.modRevision);
        return new CachedObject(resource.stored, { key: entry.key, revision: entry.modRevision, bytes });
      });
    return collect(objects, page);
  } catch (error) {
    if (error instanceof CompactedError) throw gone(page);
    if (error instanceof FutureRevisionError) throw tooLarge(revision, core.hub.revision);
    throw error;
  }
}

const isUnselected = ({ labels, fields }: Selection): boolean => labels.everything && fields.everything;
const isPlain = (selection: Selection): boolean => selection.shard === undefined && isUnselected(selection);

/** What a page shows. How much is left behind it is known only where nothing was selected. */
function collect(objects: Iterable<CachedObject>, page: Page & { readonly revision: number }): ListResult {
  const { options, revision } = page;
  const { selection, limit } = options;
  const plain = isPlain(selection);
  const counts = isUnselected(selection);
  const items: CachedObject[] = [];
  let left = 0;
  let passed = 0;
  for (const object of objects) {
    if (limit > 0 && items.length >= limit) {
      left++;
      if (!counts) break;
      continue;
    }
    if (plain || selects(selection, object)) items.push(object);
    else passed++;
  }
  // As upstream counts: objects of other shards are left too.
  const result = pageResult(items, { left: left > 0 ? left + passed : 0, revision, scope: selection.scope });
  if (counts || left === 0) return result;
  const { remainingItemCount: _, ...selected } = result;
  return selected;
}

function pageResult(
  items: readonly CachedObject[],
  { left, revision, scope }: { left: number; revision: number; scope: string },
): ListResult {
  if (left === 0) return { items, revision };
  const start = items.at(-1)!.key.slice(scope.length);
  return {
    items,
    revision,
    continue: encodeContinue({ rv: revision, start: `${start}\u0000` }),
    remainingItemCount: left,
  };
}

interface ContinueToken {
  readonly rv: number;
  readonly start: string;
}

/** Upstream: storage/continue.go; keys are relative to the list's scope. */
function encodeContinue(token: ContinueToken): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ v: "meta.k8s.io/v1", rv: token.rv, start: token.start }));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

function decodeContinue(text: string): ContinueToken {
  const wrong = (why: string): StatusError => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  const broken = text.search(/[^\w-]/);
  if (broken >= 0 || text.length % 4 === 1)
    throw wrong(`illegal base64 data at input byte ${broken < 0 ? text.length - 1 : broken}`);
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const decoded = new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  let token: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    token = JSON.parse(decoded) ?? {};
  } catch {
    throw wrong(jsonError(decoded, binary));
  }
  if (typeof token !== "object" || Array.isArray(token)) throw wrong(goTypeError(token, "storage.continueToken"));
  if (typeof token.rv === "number" && !Number.isSafeInteger(token.rv))
    throw wrong(
      `json: cannot unmarshal number ${/"rv"\s*:\s*([^\s,}]{0,100})/.exec(decoded)?.[1]} into Go struct field continueToken.rv of type int64`,
    );
  if (token.v !== "meta.k8s.io/v1")
    throw wrong(`server does not recognize this encoded version ${typeof token.v === "string" ? token.v : ""}`);
  if (typeof token.rv !== "number" || token.rv === 0)
    throw wrong("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (typeof token.start !== "string" || token.start === "")
    throw wrong("encoded start key empty (version meta.k8s.io/v1)");
  const parts = token.start.replace(/^\//, "").split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) throw wrong(token.start);
  return { rv: token.rv, start: token.start };
}

/** What Go's parser says of text that is no JSON. Of bytes that are no UTF-8 it quotes each as the character of that number. */
function jsonError(text: string, binary: string): string {
  const first = binary.replace(/^[ \t\r\n]+/, "").slice(0, 1);
  if (first > "\x7f") return `invalid character '${quoteGo(first).slice(1, -1)}' looking for beginning of value`;
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
  throw new Error("JSON.parse and parseJson do not agree");
}

async function continueList(
  context: RequestContext,
  resource: ServedResource,
  options: ListOptions,
): Promise<ListResult> {
  const token = decodeContinue(options.continue);
  if (options.resourceVersion !== "" && options.resourceVersion !== "0")
    throw badRequest("specifying resource version is not allowed when using continue");
  if (options.resourceVersion === "0")
    return continueList(context, resource, { ...options, resourceVersion: "", limit: 0 });
  const from = options.selection.scope + token.start;
  if (!from.startsWith(storagePrefix(resource.stored))) throw badRequest("invalid continue token");
  if (token.rv > 0) return listAt(context, resource, { options, from, revision: token.rv });
  await waitForCurrent(context.core);
  return listFromCache(context, resource, { options, from });
}

/** 410 that carries a token with which the client may go on, inconsistently. Upstream: handleCompactedErrorForPaging. */
function gone(page: Page): StatusError {
  if (page.from === "") return expired("The resourceVersion for the provided list is too old.");
  const token = encodeContinue({ rv: -1, start: page.from.slice(page.options.selection.scope.length) });
  const error = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  return new StatusError({ ...error.status, metadata: { continue: token } } as ConstructorParameters<
    typeof StatusError
  >[0]);
}
