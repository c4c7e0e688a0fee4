// Discovery: which groups, versions and resources there are. Upstream: apiserver's endpoints/discovery.
import { type ApiResponse, encodeJson, formatApiVersion, toYaml } from "../../machinery/index.ts";
import type { Aggregation, RemoteVersion } from "../aggregation/contract.ts";
import type { Catalog, ServedResource } from "../catalog.ts";
import { cborGate, cborResponse, cborType } from "../content/cbor.ts";
import { compressible, jsonBody } from "../content/json-body.ts";
import { negotiate, notAcceptable, parseAccept } from "../content/negotiate.ts";
import { protobufResponse, protobufType } from "../content/protobuf.ts";
import type { RequestContext } from "../context.ts";
import { noRoute } from "../dispatch.ts";
import { type DocumentRoute, pageNotFound } from "../documents/documents.ts";
import { aggregatedFor } from "./aggregated.ts";
import { type Group, type GroupVersion, subresourcesOf, verbsOf } from "./groups.ts";
import { groupPriority, versionPriority, versionRank } from "./priority.ts";
import { storageVersionHash } from "./storage-version-hash.ts";

/** Groups by upstream's priority, versions newest and stablest first. */
export function groupsOf(catalog: Catalog): Group[] {
  const groups = new Map<string, Map<string, ServedResource[]>>();
  for (const resource of catalog.all) {
    if (resource.custom?.established === false) continue;
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
        .sort((a, b) => versionRank(b.version) - versionRank(a.version) || (a.version < b.version ? -1 : 1)),
    }))
    .sort((a, b) => groupPriority(b.name) - groupPriority(a.name) || (a.name < b.name ? -1 : 1));
}

/** The same with what extension servers answer for, in the order that the priorities of all give. */
function withRemote(groups: readonly Group[], remote: readonly RemoteVersion[]): readonly Group[] {
  if (remote.length === 0) return groups;
  const merged = new Map(groups.map((group) => [group.name, [...group.versions]]));
  for (const each of remote) {
    const others = (merged.get(each.group) ?? []).filter(({ version }) => version !== each.version);
    merged.set(each.group, [...others, { version: each.version, resources: [], remote: each }]);
  }
  const priorityOf = (name: string): number => {
    const own = groups.some((group) => group.name === name) ? groupPriority(name) : 0;
    return Math.max(own, ...remote.filter(({ group }) => group === name).map((each) => each.groupPriority));
  };
  return [...merged]
    .map(([name, versions]) => {
      const rank = (each: GroupVersion): number =>
        each.remote?.versionPriority ?? versionPriority(name, each.version) ?? customVersionPriority;
      const sorted = versions.sort((a, b) => rank(b) - rank(a) || versionRank(b.version) - versionRank(a.version));
      return { name, versions: sorted, priority: priorityOf(name) };
    })
    .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
}

const customVersionPriority = 100;

interface Now {
  readonly all: Catalog["all"];
  readonly remote: readonly RemoteVersion[];
  readonly groups: readonly Group[];
  readonly named: readonly Group[];
  readonly core: readonly Group[];
  readonly list: object;
  /** Made when they are first asked for: most servers in tests never are. */
  readonly documents: Map<string, object>;
}

/** Discovery of what is served now: made anew after the catalog has changed. */
function discoveryOf(catalog: Catalog, extensions: Extensions): () => Now {
  let now: Now | undefined;
  return () => {
    const { remote } = extensions;
    if (now?.all === catalog.all && now.remote === remote) return now;
    const groups = withRemote(groupsOf(catalog), remote);
    const named = groups.filter((group) => group.name !== "");
    const list = { kind: "APIGroupList", apiVersion: "v1", groups: named.map(apiGroup) };
    const core = groups.filter((group) => group.name === "");
    return (now = { all: catalog.all, remote, groups, named, core, list, documents: new Map() });
  };
}

type Extensions = Pick<Aggregation, "remote">;

export interface DiscoveryOptions {
  readonly catalog: Catalog;
  readonly extensions: Extensions;
  readonly serverAddress: () => string;
}

export function discoveryRoutes({ catalog, extensions, serverAddress }: DiscoveryOptions): DocumentRoute[] {
  const now = discoveryOf(catalog, extensions);
  const apiVersions = (): object => ({
    kind: "APIVersions",
    versions: now().core.flatMap((group) => group.versions.map(({ version }) => version)),
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: serverAddress() }],
  });
  const routes: DocumentRoute[] = [
    {
      path: "/api",
      methods: ["GET"],
      handler: (context) => root(context, { plain: apiVersions(), groups: now().core }),
    },
    { path: "/apis", handler: (context) => root(context, { plain: now().list, groups: now().named }) },
    {
      path: "/apis/*",
      hidden: true,
      handler: (context, rest) => {
        const [name = "", version, ...more] = rest.replace(/\/$/, "").split("/");
        const document = more.length === 0 ? documentFor(now(), name, version) : undefined;
        if (document !== undefined) return documentResponse(context, document, { unrouted: true });
        if (catalog.hasGroup(name)) throw noRoute();
        return pageNotFound();
      },
    },
  ];
  for (const group of now().groups) {
    if (group.name !== "") routes.push(discoveryRoute(now, { path: `/apis/${group.name}`, group: group.name }));
    for (const { version } of group.versions) {
      const path = group.name === "" ? `/api/${version}` : `/apis/${group.name}/${version}`;
      routes.push(discoveryRoute(now, { path, group: group.name, version }));
    }
  }
  return routes;
}

function discoveryRoute(
  now: () => Now,
  of: { readonly path: string; readonly group: string; readonly version?: string },
): DocumentRoute {
  return {
    path: of.path,
    // What upstream's aggregator answers does not ask for the method.
    ...(of.version === undefined ? {} : { methods: ["GET"] }),
    handler: (context) => {
      const document = documentFor(now(), of.group, of.version);
      return document === undefined
        ? pageNotFound()
        : documentResponse(context, document, of.version === undefined ? { unrouted: true } : { cbor: true });
    },
  };
}

function documentFor(now: Now, name: string, version: string | undefined): object | undefined {
  const key = `${name}/${version ?? ""}`;
  const made = now.documents.get(key);
  if (made !== undefined) return made;
  const group = now.groups.find((each) => each.name === name);
  if (group === undefined) return undefined;
  const found = version === undefined ? undefined : group.versions.find((each) => each.version === version);
  if (version !== undefined && found === undefined) return undefined;
  const document =
    found === undefined
      ? { kind: "APIGroup", apiVersion: "v1", ...apiGroup(group) }
      : resourceList(name, found.version, found.resources);
  now.documents.set(key, document);
  return document;
}

/** The plain document, or the aggregated form for clients that accept it. */
async function root(context: RequestContext, of: { plain: object; groups: readonly Group[] }): Promise<ApiResponse> {
  const accept = context.request.headers["accept"];
  if (accept?.includes("apidiscovery.k8s.io")) {
    const aggregated = await aggregatedFor(context, of.groups);
    if (aggregated !== undefined) return aggregated;
    if (
      !parseAccept(accept).some(
        ({ parameters, type }) =>
          parameters["g"] === undefined && (type === "application/json" || type === "*/*" || type === protobufType),
      )
    )
      throw notAcceptable(["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]);
  }
  return documentResponse(context, of.plain, { unrouted: context.info.path.startsWith("/apis") });
}

/** Who answers upstream: a router of a built-in group, which may speak CBOR, or the aggregator, which does not ask what its paths produce. */
interface Answerer {
  readonly cbor?: boolean;
  readonly unrouted?: boolean;
}

function documentResponse(
  context: RequestContext,
  document: object,
  { cbor, unrouted }: Answerer = {},
): ApiResponse | Promise<ApiResponse> {
  if (context.request.objects === true)
    return { status: 200, headers: { "content-type": "application/json" }, object: document };
  const { mediaType } = negotiate(context.request.headers["accept"], {
    cbor: cbor === true && context.core.featureEnabled(cborGate),
    unrouted: unrouted === true,
  });
  if (mediaType === cborType) return cborResponse(200, document);
  if (mediaType === protobufType) return protobufResponse(200, document);
  if (mediaType === "application/yaml")
    return { status: 200, headers: { "content-type": mediaType }, bytes: [new TextEncoder().encode(toYaml(document))] };
  const bytes = jsonBody(context.request, encodeJson(document));
  return { status: 200, headers: { "content-type": mediaType }, bytes, ...compressible };
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
    verbs: verbsOf(resource),
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(kind.virtual === true ? {} : { storageVersionHash: storageVersionHash(stored) }),
  };
  const subresources = subresourcesOf(resource).map((each) => ({
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
