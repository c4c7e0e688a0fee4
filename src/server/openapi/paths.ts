// Operations of the published documents, from the kinds that are served.
import type { KindDefinition, SubresourceDefinition } from "../../api/index.ts";
import type { ServedResource } from "../catalog.ts";
import type { Definitions, Json } from "./schemas.ts";

const apimachinery = "io.k8s.apimachinery.pkg.apis.meta.v1";
const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];
const produced = ["application/json", "application/yaml"];

type Gvk = { readonly group: string; readonly version: string; readonly kind: string };

interface Operation {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  readonly action: string;
  readonly idPrefix: string;
  readonly gvk: Gvk;
  readonly query: readonly string[];
  readonly body?: Json;
  readonly answer: Json;
  readonly codes: readonly number[];
}

const parameterTypes: Readonly<Record<string, "boolean" | "integer">> = {
  allowWatchBookmarks: "boolean",
  gracePeriodSeconds: "integer",
  limit: "integer",
  timeoutSeconds: "integer",
  watch: "boolean",
  orphanDependents: "boolean",
  sendInitialEvents: "boolean",
  force: "boolean",
};
const listQuery = [
  "allowWatchBookmarks",
  "continue",
  "fieldSelector",
  "labelSelector",
  "limit",
  "resourceVersion",
  "resourceVersionMatch",
  "sendInitialEvents",
  "timeoutSeconds",
  "watch",
];
const writeQuery = ["dryRun", "fieldManager", "fieldValidation"];
const deleteQuery = ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"];

export interface PathWriter {
  /** An operation in the words of the document's version. */
  operation(of: Operation & { readonly id: string }): Json;
  parameter(of: { readonly name: string; readonly in: "path" | "query"; readonly type: string }): Json;
}

/** All paths of one kind. */
export function pathsOf(resource: ServedResource, definitions: Definitions, writer: PathWriter): Record<string, Json> {
  const { kind } = resource;
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scoped = kind.namespaced ? `${root}/namespaces/{namespace}/${kind.resource}` : `${root}/${kind.resource}`;
  const paths: Record<string, Json> = {};
  const body = definitions.ref(definitionName(kind));
  const put = (path: string, operations: readonly Operation[], allNamespaces = false): void => {
    if (operations.length === 0) return;
    const item: Json = {};
    for (const operation of operations) {
      const id = `${operation.idPrefix}${idOf(kind)}${kind.namespaced && !allNamespaces ? "Namespaced" : ""}${kind.kind}${allNamespaces ? "ForAllNamespaces" : ""}`;
      item[operation.method] = writer.operation({ ...operation, id: id.replace("#", "") });
    }
    const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
    if (names.length > 0)
      item["parameters"] = names.map((name) => writer.parameter({ name, in: "path", type: "string" }));
    paths[path] = item;
  };
  put(scoped, collectionOperations(kind, body, definitions));
  if (kind.namespaced && kind.verbs.includes("list"))
    put(
      `${root}/${kind.resource}`,
      collectionOperations(kind, body, definitions).filter((each) => each.method === "get"),
      true,
    );
  put(`${scoped}/{name}`, itemOperations(kind, body, definitions));
  for (const subresource of kind.subresources) {
    const shown = subresource.kind ?? kind;
    // Connections (exec, proxy, …) carry bytes, not objects.
    const known = resource.schemas.ofKind(shown) !== undefined;
    const operations = { gvk: gvkOf(shown), body: known ? definitions.ref(definitionName(shown)) : { type: "string" } };
    put(`${scoped}/{name}/${subresource.name}`, subresourceOperations(subresource, operations));
  }
  return paths;
}

const groupPackages: Readonly<Record<string, string>> = {
  "": "core",
  "rbac.authorization.k8s.io": "rbac",
  "flowcontrol.apiserver.k8s.io": "flowcontrol",
};
/** Name of the definition of a kind, as upstream's packages give it. */
export const definitionName = ({ group, version, kind }: Gvk): string =>
  `io.k8s.api.${groupPackages[group] ?? group.split(".", 1)[0]}.${version}.${kind}`;

const gvkOf = ({ group, version, kind }: Gvk): Gvk => ({ group, version, kind });
const idOf = ({ group, version }: Gvk): string => {
  const title = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
  return `${title(groupPackages[group] ?? group.split(".", 1)[0]!)}${title(version)}`;
};

function collectionOperations(kind: KindDefinition, body: Json, definitions: Definitions): Operation[] {
  const gvk = gvkOf(kind);
  const listName = definitionName({ ...gvk, kind: `${gvk.kind}List` });
  const list = (): Json =>
    definitions.add(listName, () => ({
      type: "object",
      required: ["items"],
      properties: {
        apiVersion: { type: "string" },
        items: { type: "array", items: body },
        kind: { type: "string" },
        metadata: definitions.ref(`${apimachinery}.ListMeta`),
      },
      "x-kubernetes-group-version-kind": [{ ...gvk, kind: `${gvk.kind}List` }],
    }));
  const has = (verb: string): boolean => (kind.verbs as readonly string[]).includes(verb);
  return [
    ...(has("list")
      ? [
          {
            method: "get",
            action: "list",
            idPrefix: "list",
            gvk,
            query: listQuery,
            answer: list(),
            codes: [200],
          } as Operation,
        ]
      : []),
    ...(has("create")
      ? [
          {
            method: "post",
            action: "post",
            idPrefix: "create",
            gvk,
            query: writeQuery,
            body,
            answer: body,
            codes: [200, 201, 202],
          } as Operation,
        ]
      : []),
    ...(has("deletecollection")
      ? [
          {
            method: "delete",
            action: "deletecollection",
            idPrefix: "deleteCollection#",
            gvk,
            query: [
              ...new Set([
                ...listQuery.filter((name) => name !== "watch" && name !== "allowWatchBookmarks"),
                ...deleteQuery,
              ]),
            ],
            body: definitions.ref(`${apimachinery}.DeleteOptions`),
            answer: definitions.ref(`${apimachinery}.Status`),
            codes: [200],
          } as Operation,
        ]
      : []),
  ];
}

function itemOperations(kind: KindDefinition, body: Json, definitions: Definitions): Operation[] {
  const gvk = gvkOf(kind);
  const has = (verb: string): boolean => (kind.verbs as readonly string[]).includes(verb);
  const patchBody = definitions.ref(`${apimachinery}.Patch`);
  return [
    ...(has("get")
      ? [{ method: "get", action: "get", idPrefix: "read", gvk, query: [], answer: body, codes: [200] } as Operation]
      : []),
    ...(has("update")
      ? [
          {
            method: "put",
            action: "put",
            idPrefix: "replace",
            gvk,
            query: writeQuery,
            body,
            answer: body,
            codes: [200, 201],
          } as Operation,
        ]
      : []),
    ...(has("patch")
      ? [
          {
            method: "patch",
            action: "patch",
            idPrefix: "patch",
            gvk,
            query: [...writeQuery, "force"],
            body: patchBody,
            answer: body,
            codes: [200, 201],
          } as Operation,
        ]
      : []),
    ...(has("delete")
      ? [
          {
            method: "delete",
            action: "delete",
            idPrefix: "delete",
            gvk,
            query: deleteQuery,
            body: definitions.ref(`${apimachinery}.DeleteOptions`),
            answer: definitions.ref(`${apimachinery}.Status`),
            codes: [200, 202],
          } as Operation,
        ]
      : []),
  ];
}

const methods: Readonly<Record<string, { method: Operation["method"]; idPrefix: string }>> = {
  get: { method: "get", idPrefix: "read" },
  create: { method: "post", idPrefix: "create" },
  update: { method: "put", idPrefix: "replace" },
  patch: { method: "patch", idPrefix: "patch" },
  delete: { method: "delete", idPrefix: "delete" },
};

const subresourceOperations = (subresource: SubresourceDefinition, of: { gvk: Gvk; body: Json }): Operation[] =>
  subresource.verbs.flatMap((verb): Operation[] => {
    const known = methods[verb];
    if (known === undefined) return [];
    const writes = verb !== "get";
    return [
      {
        method: known.method,
        action: verb === "create" ? "post" : verb === "update" ? "put" : verb,
        idPrefix: `${known.idPrefix}`,
        gvk: of.gvk,
        query: writes ? writeQuery : [],
        ...(writes ? { body: of.body } : {}),
        answer: of.body,
        codes: [200],
      },
    ];
  });

export { parameterTypes, patchTypes, produced };
