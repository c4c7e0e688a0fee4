// The server's own reads and writes: ObjectReader over the watch cache, ObjectWriter through the registry without authorization.
import { type KindDefinition, storageKey } from "../api/index.ts";
import {
  asObject,
  decodeValue,
  deepClone,
  isConflict,
  type KubeObject,
  notFound,
  type UserInfo,
} from "../machinery/index.ts";
import type { ServedResource } from "./catalog.ts";
import type { RequestContext, ServerCore } from "./context.ts";
import type { ObjectObserver, ObjectReader, ObjectWriter, ServedObjects } from "./contract.ts";
import { createObject } from "./registry/create.ts";
import { deleteObject } from "./registry/delete.ts";
import type { WriteOptions } from "./registry/options.ts";
import { findCurrent } from "./registry/read/get.ts";
import { servedForm } from "./registry/store-object.ts";
import { changeObject } from "./registry/update.ts";
import { noQuery } from "./request-info.ts";
import type { CachedObject, CacheHub } from "./watchcache/index.ts";

export function createObjectReader(hub: CacheHub, current: () => Promise<void>): ObjectReader {
  const read = <T extends KubeObject>(
    kind: Parameters<ObjectReader["get"]>[0],
    namespace: string,
    name: string,
  ): T | undefined => hub.cacheOf(kind).get(storageKey(kind, namespace, name))?.object as T | undefined;
  return {
    get: (kind, namespace, name) => read(kind, namespace, name),
    list<T extends KubeObject>(kind: Parameters<ObjectReader["list"]>[0], namespace?: string) {
      const cache = hub.cacheOf(kind);
      const found: T[] = [];
      if (cache.size === 0) return found;
      const scope = namespace === undefined || namespace === "" ? cache.prefix : `${cache.prefix}${namespace}/`;
      for (const cached of cache.scan(scope, "")) found.push(cached.object as T);
      return found;
    },
    async getFresh(kind, namespace, name) {
      await current();
      return read(kind, namespace, name);
    },
    subscribe: (kind, observer) => hub.cacheOf(kind).observe(observer as ObjectObserver<KubeObject>),
  } as ObjectReader;
}

/** Reads of any served kind, custom ones among them, in the version that was asked for. */
export function createServedObjects(hub: CacheHub): ServedObjects {
  const shown = async (resource: ServedResource, cached: readonly CachedObject[]): Promise<readonly KubeObject[]> => {
    await resource.custom?.convert?.(cached);
    return cached.map((each) => servedForm(resource, each));
  };
  return {
    async get(resource, namespace, name) {
      const cached = hub.cacheOf(resource.stored).get(storageKey(resource.stored, namespace, name));
      return cached === undefined ? undefined : (await shown(resource, [cached]))[0];
    },
    list(resource, namespace) {
      const cache = hub.cacheOf(resource.stored);
      const scope = namespace === undefined || namespace === "" ? cache.prefix : `${cache.prefix}${namespace}/`;
      return shown(resource, [...cache.scan(scope, "")]);
    },
  };
}

/** Who writes when the server does so by itself. */
export const serverUser: UserInfo = {
  username: "system:apiserver",
  groups: ["system:masters", "system:authenticated"],
};
export const ownOptions: WriteOptions = {
  dryRun: false,
  fieldManager: "kube-apiserver",
  fieldValidation: "Ignore",
  force: undefined,
  raw: {},
};

/** In the form of a decoded request body. */
export function freshDraft(resource: ServedResource, object: KubeObject): KubeObject {
  const { schema, schemas } = resource;
  if (schema === undefined) return deepClone(object);
  return asObject(decodeValue(object, { fieldValidation: "Ignore", schema, schemas }).object);
}

export interface OwnTarget {
  readonly namespace: string;
  readonly name: string;
  readonly kind: KindDefinition;
  readonly subresource?: string;
}

/** Of a request that the server makes to itself. */
export function ownContext(core: ServerCore, verb: string, at: OwnTarget): RequestContext {
  return {
    core,
    request: { method: "POST", path: "", headers: { "user-agent": "kube-apiserver" }, objects: true },
    info: {
      isResource: true,
      path: "",
      verb,
      group: at.kind.group,
      version: at.kind.version,
      namespace: at.namespace,
      resource: at.kind.resource,
      subresource: at.subresource ?? "",
      name: at.name,
      rest: [],
    },
    query: noQuery,
    user: serverUser,
    auditId: "",
    accepted: { mediaType: "application/json" },
    nowMs: core.clock.now(),
    warnings: [],
    annotations: new Map(),
  };
}

export function createObjectWriter(core: ServerCore): ObjectWriter {
  const contextOf = (verb: string, at: OwnTarget): RequestContext => ownContext(core, verb, at);
  const changeUntilWritten = async (
    kind: KindDefinition,
    at: { readonly namespace: string; readonly name: string; readonly subresource?: string },
    change: (current: KubeObject) => KubeObject | undefined,
  ): Promise<KubeObject> => {
    const resource = core.catalog.of(kind);
    const context = contextOf("update", { kind, ...at });
    for (;;) {
      const current = await findCurrent(core, resource, at);
      if (current === undefined) throw notFound(resource.groupResource, at.name);
      const wanted = change(servedForm(resource, current));
      if (wanted === undefined) return servedForm(resource, current);
      try {
        const request = {
          name: at.name,
          subresource: at.subresource ?? "",
          options: ownOptions,
          change: () => freshDraft(resource, wanted),
        };
        return servedForm(resource, (await changeObject(context, resource, request)).object);
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
  };
  return {
    async create(kind, object) {
      const resource = core.catalog.of(kind);
      const context = contextOf("create", {
        kind: kind,
        namespace: object.metadata.namespace ?? "",
        name: "",
      });
      const created = await createObject(context, resource, {
        draft: freshDraft(resource, object),
        options: ownOptions,
      });
      return servedForm(resource, created) as typeof object;
    },
    update: (kind, name, change) => changeUntilWritten(kind as never, name, change as never) as never,
    updateStatus: (kind, name, change) =>
      changeUntilWritten(kind as never, { ...name, subresource: "status" }, change as never) as never,
    async remove(kind, name) {
      const resource = core.catalog.of(kind);
      await deleteObject(contextOf("delete", { kind: kind, ...name }), resource, {
        name: name.name,
        options: { gracePeriodSeconds: 0 },
      });
    },
  } as ObjectWriter;
}
