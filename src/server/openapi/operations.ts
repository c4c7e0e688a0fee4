// Every operation of the API in plain data, from the kinds that are served; the two documents write it in their own words.
// Upstream: apiserver's endpoints/installer.go and endpoints/openapi, apiextensions' controller/openapi/builder.
import type { KindDefinition, SubresourceDefinition } from "../../api/index.ts";
import type { ServedResource } from "../catalog.ts";
import { connectSubresources } from "../streaming/connect.ts";
import type { Gvk, HttpMethod, Operation } from "./operation.ts";
import { connectQueries, deleteQuery, listQuery, logQuery, withoutWatch, writeQuery } from "./parameters.ts";

export type { Gvk, HttpMethod, Operation };

export const metaDefinition = (name: string): string => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`;
const deleteOptions = { definition: metaDefinition("DeleteOptions"), required: false };

const serialized = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const streamed = [...serialized, "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
const custom = ["application/json", "application/yaml"];
const anyType = ["*/*"];
const patches = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];
const customPatches = patches.filter((type) => !type.includes("strategic"));

/** `rbac.authorization.k8s.io` becomes `rbacAuthorization`, with a capital first letter behind a verb. */
function camel(text: string, capital: boolean): string {
  const parts = text.split(/[^A-Za-z0-9_]+/).filter((part) => part !== "");
  const joined = parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("");
  return capital ? joined : joined.charAt(0).toLowerCase() + joined.slice(1);
}

const shortGroup = (group: string): string => (group === "" ? "core" : group.replace(/\.k8s\.io$/, ""));
const groupName = ({ group, version }: Gvk): string => camel(shortGroup(group), true) + camel(version, true);
const tagOf = ({ group, version }: Gvk): string => `${camel(shortGroup(group), false)}_${version}`;
const title = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();

/** Name of the definition of a kind: its Go package for built-in kinds, the reversed group for custom ones. */
export function definitionOf({ kind, schemas, custom: own }: ServedResource, other?: Gvk): string {
  const of = other ?? kind;
  const schema = own === undefined || other !== undefined ? schemas.ofKind(of) : undefined;
  const name = schema === undefined ? undefined : schemas.nameOf?.(schema);
  return name ?? `${of.group.split(".").reverse().join(".")}.${of.version}.${of.kind}`;
}

export const listDefinitionOf = (resource: ServedResource): string =>
  resource.custom === undefined
    ? definitionOf(resource, { ...gvkOf(resource.kind), kind: `${resource.kind.kind}List` })
    : `${definitionOf(resource).replace(/[^.]*$/, "")}${resource.custom.listKind}`;

const gvkOf = ({ group, version, kind }: Gvk): Gvk => ({ group, version, kind });

/** What an operation of a kind's path needs besides its verb. */
interface Place {
  readonly resource: ServedResource;
  readonly path: string;
  /** Behind the verb and the group in the id. */
  readonly rest: string;
  readonly subresource?: string;
}

interface Verb {
  readonly verb: string;
  readonly method: HttpMethod;
  readonly action: string;
  readonly query?: readonly string[];
  readonly body?: Operation["body"];
  readonly answer: string | undefined;
  readonly codes?: Operation["codes"];
  readonly produces?: readonly string[];
  readonly gvk?: Gvk;
}

function operation(place: Place, of: Verb): Operation {
  const { resource, path, rest } = place;
  const { kind } = resource;
  const own = resource.custom !== undefined;
  const patch = of.method === "patch" && of.action === "patch";
  return {
    path,
    method: of.method,
    id: `${of.verb}${groupName(kind)}${rest}`,
    description: descriptionOf(place, of),
    of: kind.kind,
    tag: tagOf(kind),
    action: of.action,
    gvk: of.gvk ?? gvkOf(kind),
    query: of.action === "connect" ? (of.query ?? []) : [...(of.query ?? []), "pretty"],
    ...(of.body === undefined ? {} : { body: of.body }),
    answer: of.answer,
    codes: of.codes ?? [200],
    consumes: patch ? (own ? customPatches : patches) : own ? custom : anyType,
    produces: own ? custom : (of.produces ?? serialized),
  };
}

/** What an operation does, in the words that upstream's installer makes of the names. */
function descriptionOf({ resource, subresource }: Place, { action, method }: Verb): string {
  const { kind, verbs } = resource.kind;
  const part = subresource === undefined ? "" : `${subresource} of `;
  const article = /[^s]s$/.test(kind) ? "" : /^[aeiou]/i.test(kind) ? "an " : "a ";
  switch (action) {
    case "get":
      return `read ${part}the specified ${kind}`;
    case "list":
      return `${resource.custom === undefined && verbs.includes("watch") ? "list or watch" : "list"} objects of kind ${kind}`;
    case "post":
      return `create ${part}${article}${kind}`;
    case "put":
      return `replace ${part}the specified ${kind}`;
    case "patch":
      return `partially update ${part}the specified ${kind}`;
    case "delete":
      return `delete ${article}${kind}`;
    case "deletecollection":
      return `delete collection of ${kind}`;
    case "watch":
      return `watch changes to an object of kind ${kind}. Deprecated: list with watch and a fieldSelector instead.`;
    case "watchlist":
      return `watch individual changes to a list of ${kind}. Deprecated: list with watch instead.`;
    case "connect":
      return `connect ${method.toUpperCase()} requests to ${part}${kind}`;
    default:
      throw new Error(`OpenAPI: nothing is known about the action ${action} of ${kind}`);
  }
}

/** All operations on the paths of one kind. */
export function operationsOf(resource: ServedResource): Operation[] {
  const { kind } = resource;
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.namespaced ? "namespaces/{namespace}/" : "";
  const namespaced = kind.namespaced ? "Namespaced" : "";
  const collection = { resource, path: `${root}/${scope}${kind.resource}`, rest: `${namespaced}${kind.kind}` };
  const item = { ...collection, path: `${collection.path}/{name}` };
  const everywhere = { resource, path: `${root}/${kind.resource}`, rest: `${kind.kind}ForAllNamespaces` };
  const lists = kind.verbs.includes("list");
  const watches = kind.verbs.includes("watch") && resource.custom === undefined;
  const watchRoot = `${root}/watch/`;
  return [
    ...collectionOperations(collection),
    ...(lists && kind.namespaced ? [listOperation(everywhere)] : []),
    ...(watches ? [watchOperation({ ...collection, path: watchRoot + scope + kind.resource }, "List")] : []),
    ...(watches && kind.namespaced
      ? [
          watchOperation(
            { resource, path: watchRoot + kind.resource, rest: `${kind.kind}ListForAllNamespaces` },
            undefined,
          ),
        ]
      : []),
    ...(watches ? [watchOperation({ ...item, path: `${watchRoot}${scope}${kind.resource}/{name}` }, "")] : []),
    ...itemOperations(item),
    ...kind.subresources.flatMap((each) => subresourceOperations(item, each)),
  ];
}

const has = (kind: KindDefinition, verb: string): boolean => (kind.verbs as readonly string[]).includes(verb);

const listOperation = (place: Place): Operation =>
  operation(place, {
    verb: "list",
    method: "get",
    action: "list",
    query: listQuery,
    answer: listDefinitionOf(place.resource),
    produces: streamed,
  });

/** `suffix` "" is the watch of one object; undefined: all of a list's name is in the place already. */
function watchOperation(place: Place, suffix: "List" | "" | undefined): Operation {
  return operation(
    { ...place, rest: `${place.rest}${suffix ?? ""}` },
    {
      verb: "watch",
      method: "get",
      action: suffix === "" ? "watch" : "watchlist",
      query: listQuery,
      answer: metaDefinition("WatchEvent"),
      produces: streamed,
    },
  );
}

function collectionOperations(place: Place): Operation[] {
  const { resource } = place;
  const { kind } = resource;
  const definition = definitionOf(resource);
  const made: Operation[] = [];
  if (has(kind, "list")) made.push(listOperation(place));
  if (has(kind, "create"))
    made.push(
      operation(place, {
        verb: "create",
        method: "post",
        action: "post",
        query: writeQuery,
        body: { definition, required: true },
        answer: definition,
        codes: [200, 201, 202],
      }),
    );
  if (has(kind, "deletecollection"))
    made.push(
      operation(
        { ...place, rest: `Collection${place.rest}` },
        {
          verb: "delete",
          method: "delete",
          action: "deletecollection",
          query: resource.custom === undefined ? [...withoutWatch, ...deleteQuery] : listQuery,
          ...(resource.custom === undefined ? { body: deleteOptions } : {}),
          answer: metaDefinition("Status"),
        },
      ),
    );
  return made;
}

function itemOperations(place: Place): Operation[] {
  const { resource } = place;
  const { kind, hooks } = resource;
  const definition = definitionOf(resource);
  const made: Operation[] = (["get", "update", "patch"] as const).flatMap((verb) =>
    has(kind, verb) ? [writeOrRead(place, verb, { definition, answer: definition })] : [],
  );
  if (has(kind, "delete"))
    made.push(
      operation(place, {
        verb: "delete",
        method: "delete",
        action: "delete",
        query: deleteQuery,
        body: deleteOptions,
        // A namespace is answered with while it waits for its content to go, but that is not what upstream describes.
        answer:
          hooks?.returnsDeleted === true && kind.resource !== "namespaces" ? definition : metaDefinition("Status"),
        codes: [200, 202],
      }),
    );
  return made;
}

function writeOrRead(
  place: Place,
  verb: "get" | "update" | "patch",
  { definition, answer, gvk }: { readonly definition: string; readonly answer: string; readonly gvk?: Gvk },
): Operation {
  const common = { answer, ...(gvk === undefined ? {} : { gvk }) };
  const query = place.resource.custom === undefined ? [] : ["resourceVersion"];
  if (verb === "get") return operation(place, { ...common, verb: "read", method: "get", action: "get", query });
  const codes = [200, 201] as const;
  if (verb === "update")
    return operation(place, {
      ...common,
      verb: "replace",
      method: "put",
      action: "put",
      query: writeQuery,
      body: { definition, required: true },
      codes,
    });
  return operation(place, {
    ...common,
    verb: "patch",
    method: "patch",
    action: "patch",
    query: [...writeQuery, "force"],
    body: { definition: metaDefinition("Patch"), required: true },
    codes: place.resource.custom === undefined ? codes : [200],
  });
}

function subresourceOperations(item: Place, subresource: SubresourceDefinition): Operation[] {
  const { name } = subresource;
  const { resource } = item;
  const place = { ...item, path: `${item.path}/${name}`, rest: `${item.rest}${title(name)}`, subresource: name };
  if (name === "log") {
    const query = logQuery;
    const produces = ["text/plain", ...serialized];
    return [operation(place, { verb: "read", method: "get", action: "get", query, answer: undefined, produces })];
  }
  if (connectSubresources.has(name)) return connectOperations(place, name);
  const gvk = resource.custom === undefined ? (subresource.kind ?? gvkOf(resource.kind)) : gvkOf(resource.kind);
  const definition = subresource.kind === undefined ? definitionOf(resource) : definitionOf(resource, subresource.kind);
  return subresource.verbs.flatMap((verb) => {
    if (verb === "get" || verb === "update" || verb === "patch")
      return [writeOrRead(place, verb, { definition, answer: definition, gvk })];
    if (verb !== "create") return [];
    const body = { definition, required: true };
    const codes = [200, 201, 202] as const;
    const query = writeQuery;
    return [
      operation(place, { verb: "create", method: "post", action: "post", query, body, answer: definition, codes, gvk }),
    ];
  });
}

const connectMethods = {
  proxy: ["get", "put", "post", "delete", "options", "head", "patch"],
  other: ["get", "post"],
} as const;

function connectOperations(place: Place, name: string): Operation[] {
  const { kind } = place.resource;
  const options = `${kind.kind}${name === "portforward" ? "PortForward" : title(name)}Options`;
  const gvk = { group: "", version: "v1", kind: options };
  const query = connectQueries[name] ?? [];
  const at = (where: Place, suffix: string): Operation[] =>
    connectMethods[name === "proxy" ? "proxy" : "other"].map((method) =>
      operation(
        { ...where, rest: `${title(method)}${where.rest}${suffix}` },
        { verb: "connect", method, action: "connect", query, answer: undefined, produces: anyType, gvk },
      ),
    );
  const paths = at(place, "");
  return name === "proxy" ? [...paths, ...at({ ...place, path: `${place.path}/{path}` }, "WithPath")] : paths;
}

/** The operation that reads a discovery document. */
export function discoveryOperation(group: string, version?: string): Operation {
  const base = group === "" ? "/api/" : `/apis/${group}/`;
  const name = camel(shortGroup(group), true);
  const common = { method: "get", query: [], codes: [200], consumes: serialized, produces: serialized } as const;
  if (version !== undefined)
    return {
      ...common,
      path: `${base}${version}/`,
      id: `get${name}${camel(version, true)}APIResources`,
      description: "get available resources",
      tag: tagOf({ group, version, kind: "" }),
      answer: metaDefinition("APIResourceList"),
    };
  const core = group === "";
  return {
    ...common,
    path: base,
    id: core ? "getCoreAPIVersions" : `get${name}APIGroup`,
    description: core ? "get available API versions" : "get information of a group",
    tag: camel(shortGroup(group), false),
    answer: metaDefinition(core ? "APIVersions" : "APIGroup"),
  };
}

/** The other documents that upstream describes, by their path below /openapi/v3. */
export const rootOperations: Readonly<Record<string, Operation>> = {
  apis: {
    path: "/apis/",
    method: "get",
    id: "getAPIVersions",
    description: "get available API versions",
    tag: "apis",
    query: [],
    answer: metaDefinition("APIGroupList"),
    codes: [200],
    consumes: serialized,
    produces: serialized,
  },
  version: {
    path: "/version/",
    method: "get",
    id: "getCodeVersion",
    description: "get the version information for this server",
    tag: "version",
    query: [],
    answer: "io.k8s.apimachinery.pkg.version.Info",
    codes: [200],
    consumes: ["application/json"],
    produces: ["application/json"],
  },
  "openid/v1/jwks": {
    path: "/openid/v1/jwks/",
    method: "get",
    id: "getServiceAccountIssuerOpenIDKeyset",
    description: "get the public keys that tokens of service accounts are checked with, as a JSON Web Key Set",
    tag: "openid",
    query: [],
    answer: undefined,
    codes: [200],
    produces: ["application/jwk-set+json"],
  },
  ".well-known/openid-configuration": {
    path: "/.well-known/openid-configuration/",
    method: "get",
    id: "getServiceAccountIssuerOpenIDConfiguration",
    description: "get the OpenID configuration of the issuer of service account tokens, its discovery document",
    tag: "WellKnown",
    query: [],
    answer: undefined,
    codes: [200],
    produces: ["application/json"],
  },
};
