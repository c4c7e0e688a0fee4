// Discovery: which groups, versions and resources there are. Upstream: apiserver's endpoints/discovery.
import { type ApiResponse, encodeJson, formatApiVersion, toYaml } from "../../machinery/index.ts";
import type { Catalog, ServedResource } from "../catalog.ts";
import { negotiate, notAcceptable, parseAccept } from "../content/negotiate.ts";
import { protobufResponse, protobufType } from "../content/protobuf.ts";
import type { RequestContext } from "../context.ts";
import type { DocumentRoute } from "../documents/documents.ts";
import { aggregatedFor } from "./aggregated.ts";
import { groupPriority, versionRank } from "./priority.ts";
import { storageVersionHash } from "./storage-version-hash.ts";

export interface Group {
  readonly name: string;
  readonly versions: readonly { readonly version: string; readonly resources: readonly ServedResource[] }[];
}

/** Groups by upstream's priority, versions newest and stablest first. */
export function groupsOf(catalog: Catalog): Group[] {
  const groups = new Map<string, Map<string, ServedResource[]>>();
  for (const resource of catalog.all) {
    const { group, version } = resource.kind;
    const versions = groups.get(group) ?? new Map<string, ServedResource[]>();
    groups.set(group, versions);
    const resources = versions.get(version) ?? [];
    versions.set(version, resources);
    resources.push(resource);
  }
  return [...groups]
    .map(([name, versions]) => ({
      name,
      versions: [...versions]
        .map(([version, resources]) => ({
          version,
          resources: resources.sort((a, b) => (a.kind.resource < b.kind.resource ? -1 : 1)),
        }))
        .sort((a, b) => versionRank(b.version) - versionRank(a.version)),
    }))
    .sort((a, b) => groupPriority(b.name) - groupPriority(a.name) || (a.name < b.name ? -1 : 1));
}

export function discoveryRoutes(catalog: Catalog, serverAddress: () => string): DocumentRoute[] {
  const groups = groupsOf(catalog);
  const named = groups.filter((group) => group.name !== "");
  const core = groups.find((group) => group.name === "");
  const apiVersions = (): object => ({
    kind: "APIVersions",
    versions: core?.versions.map(({ version }) => version) ?? [],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: serverAddress() }],
  });
  const groupList = { kind: "APIGroupList", apiVersion: "v1", groups: named.map((group) => apiGroup(group)) };
  const routes: DocumentRoute[] = [
    {
      path: "/api",
      methods: ["GET"],
      handler: (context) => root(context, { plain: apiVersions(), groups: core === undefined ? [] : [core] }),
    },
    { path: "/apis", handler: (context) => root(context, { plain: groupList, groups: named }) },
  ];
  for (const group of groups) {
    if (group.name !== "") {
      const document = { kind: "APIGroup", apiVersion: "v1", ...apiGroup(group) };
      routes.push({
        path: `/apis/${group.name}`,
        methods: ["GET"],
        handler: (context) => documentResponse(context, document),
      });
    }
    for (const { version, resources } of group.versions) {
      const path = group.name === "" ? `/api/${version}` : `/apis/${group.name}/${version}`;
      // Made when it is first asked for: most servers in tests never are.
      let document: object | undefined;
      routes.push({
        path,
        methods: ["GET"],
        handler: (context) => documentResponse(context, (document ??= resourceList(group.name, version, resources))),
      });
    }
  }
  return routes;
}

/** The plain document, or the aggregated form for clients that accept it. */
function root(
  context: RequestContext,
  of: { plain: object; groups: readonly Group[] },
): ApiResponse | Promise<ApiResponse> {
  const accept = context.request.headers["accept"];
  if (accept?.includes("apidiscovery.k8s.io")) {
    const aggregated = aggregatedFor(context, of.groups);
    if (aggregated !== undefined) return aggregated;
    if (
      !parseAccept(accept).some(
        ({ parameters, type }) => parameters["g"] === undefined && (type === "application/json" || type === "*/*"),
      )
    )
      throw notAcceptable(["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]);
  }
  return documentResponse(context, of.plain);
}

export function documentResponse(context: RequestContext, document: object): ApiResponse | Promise<ApiResponse> {
  if (context.request.objects === true)
    return { status: 200, headers: { "content-type": "application/json" }, object: document };
  const { mediaType } = negotiate(context.request.headers["accept"]);
  if (mediaType === protobufType) return protobufResponse(200, document);
  if (mediaType === "application/yaml")
    return { status: 200, headers: { "content-type": mediaType }, bytes: [new TextEncoder().encode(toYaml(document))] };
  return { status: 200, headers: { "content-type": mediaType, vary: "Accept" }, bytes: [encodeJson(document)] };
}

function apiGroup(group: Group): object {
  const versions = group.versions.map(({ version }) => ({
    groupVersion: formatApiVersion({ group: group.name, version }),
    version,
  }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}

function resourceList(group: string, version: string, resources: readonly ServedResource[]): object {
  return {
    kind: "APIResourceList",
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion: formatApiVersion({ group, version }),
    resources: resources.flatMap((resource) => entriesOf(resource)),
  };
}

/** One entry for the resource and one for each subresource. */
function entriesOf(resource: ServedResource): object[] {
  const { kind, stored } = resource;
  const main = {
    name: kind.resource,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: [...kind.verbs].sort(),
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(kind.virtual === true ? {} : { storageVersionHash: storageVersionHash(stored) }),
  };
  const subresources = [...kind.subresources]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((each) => ({
      name: `${kind.resource}/${each.name}`,
      singularName: "",
      namespaced: kind.namespaced,
      ...(each.kind === undefined || (each.kind.group === kind.group && each.kind.version === kind.version)
        ? {}
        : { group: each.kind.group, version: each.kind.version }),
      kind: each.kind?.kind ?? kind.kind,
      verbs: [...each.verbs].sort(),
    }));
  return [main, ...subresources];
}
