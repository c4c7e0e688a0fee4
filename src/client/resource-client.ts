// The verbs of one resource over a Sender. Paths and parameters as every API server serves them.
import type { KindDefinition } from "../api/index.ts";
import {
  type DeleteOptions,
  formatApiVersion,
  isNotFound,
  type KubeList,
  type KubeObject,
} from "../machinery/index.ts";
import type { ListOptions, ObjectName, PatchType, ResourceClient, WatchOptions, WriteOptions } from "./contract.ts";
import type { Sender } from "./request.ts";
import { watchEvents } from "./watch-decode.ts";

const contentTypes: Readonly<Record<PatchType, string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

export function createResourceClient<T extends KubeObject>(send: Sender, kind: KindDefinition<T>): ResourceClient<T> {
  const apiVersion = formatApiVersion(kind);
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const collection = (namespace: string | undefined): string =>
    namespace && kind.namespaced
      ? `${root}/namespaces/${encodeURIComponent(namespace)}/${kind.resource}`
      : `${root}/${kind.resource}`;
  const at = (name: ObjectName, subresource?: string): string => {
    if (name.name === "") throw new Error(`a name is needed to address one of ${kind.resource}`);
    if (kind.namespaced && !name.namespace)
      throw new Error(`a namespace is needed to address ${kind.resource} ${JSON.stringify(name.name)}`);
    const path = `${collection(name.namespace)}/${encodeURIComponent(name.name)}`;
    return subresource === undefined ? path : `${path}/${subresource}`;
  };
  const put = async (object: T, options: WriteOptions | undefined, subresource?: string): Promise<T> =>
    send.send({ method: "PUT", path: at(object.metadata, subresource), query: writeQuery(options), body: object });
  const get = async (name: ObjectName): Promise<T> => send.send({ method: "GET", path: at(name) });

  return {
    kind,
    get,
    async find(name) {
      try {
        return await get(name);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async list(options = {}) {
      const list = await send.send<KubeList<T>>({
        method: "GET",
        path: collection(options.namespace),
        query: listQuery(options),
      });
      return withTypes(list, { apiVersion, kind: kind.kind });
    },
    create: (object, options) =>
      send.send({
        method: "POST",
        path: collection((object.metadata as { namespace?: string }).namespace),
        query: writeQuery(options),
        body: object,
      }),
    update: (object, options) => put(object, options),
    updateStatus: (object, options) => put(object, options, "status"),
    async patch(name, patch, options) {
      const query = writeQuery(options);
      if (options.force !== undefined) query.set("force", String(options.force));
      return await send.send({
        method: "PATCH",
        path: at(name, options.subresource),
        query,
        body: patch as object,
        contentType: contentTypes[options.type],
      });
    },
    async delete(name, options) {
      await send.send({ method: "DELETE", path: at(name), ...deleteBody(options) });
    },
    async deleteCollection(selection, options) {
      const path = collection(selection.namespace);
      await send.send({ method: "DELETE", path, query: listQuery(selection), ...deleteBody(options) });
    },
    watch: (options) =>
      watchEvents<T>(
        () =>
          send.open({
            method: "GET",
            path: collection(options.namespace),
            query: watchQuery(options),
            signal: options.signal,
          }),
        options.signal,
      ),
    createSubresource: async (name, subresource, body, options) =>
      send.send({ method: "POST", path: at(name, subresource), query: writeQuery(options), body }),
    getSubresource: async (name, subresource) => send.send({ method: "GET", path: at(name, subresource) }),
    updateSubresource: async (name, subresource, body, options) =>
      send.send({ method: "PUT", path: at(name, subresource), query: writeQuery(options), body }),
  };
}

/** Upstream leaves kind and apiVersion out of a typed list's items. */
function withTypes<T extends KubeObject>(list: KubeList<T>, type: { apiVersion: string; kind: string }): KubeList<T> {
  const items = list.items ?? [];
  if (items.every((item) => item.kind !== undefined && item.kind !== ""))
    return list.items === items ? list : { ...list, items };
  return { ...list, items: items.map((item) => ({ ...item, ...type })) };
}

function deleteBody(options: Partial<DeleteOptions> | undefined): { body?: object } {
  return options === undefined || Object.keys(options).length === 0
    ? {}
    : { body: { apiVersion: "v1", kind: "DeleteOptions", ...options } };
}

function writeQuery(options: WriteOptions | undefined): URLSearchParams {
  const query = new URLSearchParams();
  if (options?.dryRun) query.set("dryRun", "All");
  if (options?.fieldManager !== undefined) query.set("fieldManager", options.fieldManager);
  if (options?.fieldValidation !== undefined) query.set("fieldValidation", options.fieldValidation);
  return query;
}

const listKeys = [
  "labelSelector",
  "fieldSelector",
  "limit",
  "continue",
  "resourceVersion",
  "resourceVersionMatch",
] as const;

function listQuery(options: ListOptions): URLSearchParams {
  const query = new URLSearchParams();
  for (const key of listKeys) {
    const value = options[key];
    if (value !== undefined && value !== "") query.set(key, String(value));
  }
  return query;
}

function watchQuery(options: WatchOptions): URLSearchParams {
  const query = listQuery(options);
  query.set("watch", "true");
  if (options.allowBookmarks) query.set("allowWatchBookmarks", "true");
  if (options.sendInitialEvents !== undefined) query.set("sendInitialEvents", String(options.sendInitialEvents));
  if (options.timeoutSeconds !== undefined) query.set("timeoutSeconds", String(options.timeoutSeconds));
  return query;
}
