// Finding objects: names, freshness, get. Upstream: generic registry's Get, storage cacher's consistent reads.
import { storageKey } from "../../../api/index.ts";
import { badRequest, notFound, StatusError } from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import type { RequestContext, ServerCore } from "../../context.ts";
import type { Answer } from "../../core.ts";
import type { CachedObject } from "../../watchcache/index.ts";

/** How long a read waits for a revision that is not there yet. */
const freshnessTimeoutMs = 3000;

function keyOf(resource: ServedResource, namespace: string, name: string): string {
  const problem = pathSegmentProblem(name);
  if (problem !== undefined) throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${problem}`);
  return storageKey(resource.stored, namespace, name);
}

function pathSegmentProblem(name: string): string | undefined {
  if (name === "." || name === "..") return `may not be '${name}'`;
  const bad = ["/", "%"].filter((char) => name.includes(char));
  return bad.length === 0 ? undefined : bad.map((char) => `may not contain '${char}'`).join(";");
}

/** Waits until the cache holds everything that was acknowledged when the request came. */
export async function waitForCurrent(core: ServerCore): Promise<void> {
  const { hub, store } = core;
  const wanted = store.revision();
  if (hub.revision >= wanted) return;
  if (!(await hub.reached(wanted, freshnessTimeoutMs))) throw tooLarge(wanted, hub.revision);
}

/** `text`: the revision as the client wrote it, which a number may not hold. */
export async function waitForRevision(core: ServerCore, revision: number, text = String(revision)): Promise<void> {
  const { hub } = core;
  if (hub.revision >= revision) return;
  if (!(await hub.reached(revision, freshnessTimeoutMs))) throw tooLarge(text, hub.revision);
}

/** A list of exactly that revision asks the store, which does not say when to come again. */
export const tooLargeExact = (wanted: number | string, current: number): StatusError => {
  const { status } = tooLarge(wanted, current);
  const { retryAfterSeconds: _, ...details } = status.details ?? {};
  return new StatusError({ ...status, details } as ConstructorParameters<typeof StatusError>[0]);
};

export const tooLarge = (wanted: number | string, current: number): StatusError =>
  new StatusError(
    {
      code: 504,
      reason: "Timeout",
      message: `Timeout: Too large resource version: ${wanted}, current: ${current}`,
      details: {
        causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
        retryAfterSeconds: 1,
      },
    },
    { "retry-after": "1" },
  );

/** Undefined when it is not there. */
export async function findCurrent(
  core: ServerCore,
  resource: ServedResource,
  at: { readonly namespace: string; readonly name: string },
): Promise<CachedObject | undefined> {
  const key = keyOf(resource, at.namespace, at.name);
  await waitForCurrent(core);
  const found = core.hub.cacheOf(resource.stored).get(key);
  if (resource.custom?.convert !== undefined && found !== undefined) await resource.custom.convert([found]);
  return found;
}

export async function getCurrent(
  core: ServerCore,
  resource: ServedResource,
  at: { readonly namespace: string; readonly name: string },
): Promise<CachedObject> {
  const found = await findCurrent(core, resource, at);
  if (found === undefined) throw notFound(resource.groupResource, at.name);
  return found;
}

export async function get(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const { info, core } = context;
  const revision = context.query.get("resourceVersion") ?? "";
  if (revision !== "" && revision !== "0") {
    const problem = revisionProblem(revision);
    if (problem !== undefined) throw plainFailure(problem);
    await waitForRevision(core, Number(revision), revision);
  }
  const object = await getCurrent(core, resource, info);
  return { type: "object", status: 200, resource, object };
}

/** Throws StatusError 400 with upstream's text. */
export function parseResourceVersion(text: string): number {
  const problem = revisionProblem(text);
  if (problem !== undefined) throw badRequest(`invalid resource version: ${problem}`);
  return Number(text);
}

/** 500 without a reason: how upstream answers errors of its storage that have no status of their own. */
export const plainFailure = (message: string): StatusError =>
  new StatusError({ code: 500, message } as ConstructorParameters<typeof StatusError>[0]);

/** What Go's ParseUint says. */
export function revisionProblem(text: string): string | undefined {
  const shown = JSON.stringify(text);
  if (!/^\d+$/.test(text))
    return `resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`;
  if (BigInt(text) >= 2n ** 64n)
    return `resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: value out of range`;
  return undefined;
}
