// The aggregated discovery document (apidiscovery.k8s.io): everything in one answer, with an ETag.
import { sha256Hex } from "../../base/index.ts";
import { type ApiResponse, deepFreeze, encodeJson, type GroupVersionKind } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import { compressible, jsonBody } from "../content/json-body.ts";
import { parseAccept } from "../content/negotiate.ts";
import { loadProtobuf, protobufType } from "../content/protobuf.ts";
import type { RequestContext } from "../context.ts";
import { type Group, subresourcesOf, verbsOf } from "./groups.ts";

interface Document {
  readonly value: object;
  /** For the wire alone. */
  encoded?: { readonly bytes: Uint8Array; readonly etag: string };
}

const documents = new WeakMap<readonly Group[], Map<string, Document>>();

/** Undefined when no version that the client accepts is served. */
export async function aggregatedFor(
  context: RequestContext,
  groups: readonly Group[],
): Promise<ApiResponse | undefined> {
  const { headers } = context.request;
  for (const { type, parameters } of parseAccept(headers["accept"] ?? "")) {
    if (type !== "application/json" && type !== "*/*" && type !== protobufType) continue;
    const { g, v, as } = parameters;
    if (g !== "apidiscovery.k8s.io" || as !== "APIGroupDiscoveryList" || v !== "v2") continue;
    const document = documentFor(groups, v);
    const protobuf = type === protobufType && context.request.objects !== true;
    const contentType = `${protobuf ? protobufType : "application/json"};g=${g};v=${v};as=${as}`;
    if (context.request.objects === true)
      return { status: 200, headers: { "content-type": contentType }, object: document.value };
    const { bytes, etag } = (document.encoded ??= encode(document.value));
    const common = { etag: `"${etag}"`, vary: "Accept", "cache-control": "public" };
    if (protobuf) {
      const { encodeProtobuf } = await loadProtobuf();
      const headers = { ...common, "content-type": contentType };
      return { status: 200, headers, bytes: [encodeProtobuf(document.value)], ...compressible };
    }
    if (headers["if-none-match"] === `"${etag}"`) return { status: 304, headers: common };
    const chunks = jsonBody(context.request, bytes);
    return { status: 200, headers: { ...common, "content-type": contentType }, bytes: chunks, ...compressible };
  }
  return undefined;
}

function encode(value: object): { bytes: Uint8Array; etag: string } {
  const bytes = encodeJson(value);
  return { bytes, etag: sha256Hex(bytes) };
}

function documentFor(groups: readonly Group[], version: string): Document {
  let versions = documents.get(groups);
  if (versions === undefined) documents.set(groups, (versions = new Map()));
  let made = versions.get(version);
  if (made === undefined) {
    made = {
      value: deepFreeze({
        kind: "APIGroupDiscoveryList",
        apiVersion: `apidiscovery.k8s.io/${version}`,
        metadata: {},
        items: groups.map(groupItem),
      }),
    };
    versions.set(version, made);
  }
  return made;
}

const groupItem = (group: Group): object => ({
  metadata: group.name === "" ? {} : { name: group.name },
  versions: group.versions.map(({ version, resources, remote }) => {
    const items = remote?.resources ?? resources.map(resourceItem);
    return { version, ...(items.length === 0 ? {} : { resources: items }), freshness: remote?.freshness ?? "Current" };
  }),
});

/** Group and version are left empty when they are the list's own. */
const responseKind = (shown: GroupVersionKind, own: GroupVersionKind): GroupVersionKind =>
  shown.group === own.group && shown.version === own.version
    ? { group: "", version: "", kind: shown.kind }
    : { group: shown.group, version: shown.version, kind: shown.kind };

function resourceItem(resource: ServedResource): object {
  const { kind } = resource;
  // Custom kinds name their group and version.
  const own = resource.custom === undefined ? kind : { group: "", version: "", kind: "" };
  const subresources = subresourcesOf(resource);
  return {
    resource: kind.resource,
    responseKind: responseKind(kind, own),
    scope: kind.namespaced ? "Namespaced" : "Cluster",
    singularResource: kind.singular,
    verbs: verbsOf(resource),
    ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
    ...(subresources.length > 0
      ? {
          subresources: subresources.map((each) => ({
            subresource: each.name,
            responseKind: responseKind(each.kind ?? kind, own),
            verbs: [...each.verbs].sort(),
          })),
        }
      : {}),
  };
}
