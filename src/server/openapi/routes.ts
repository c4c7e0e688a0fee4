// /openapi/v2, /openapi/v3 and the documents below it. Made when somebody asks, kept as bytes until what is served changes.

import { loadDescriptions } from "../../api/index.ts";
import { sha256Hex } from "../../base/index.ts";
import { type ApiResponse, encodeJson, formatApiVersion } from "../../machinery/index.ts";
import type { Catalog, ServedResource } from "../catalog.ts";
import { parseAccept } from "../content/negotiate.ts";
import type { RequestContext } from "../context.ts";
import { groupsOf } from "../discovery/discovery.ts";
import type { Group } from "../discovery/groups.ts";
import { type DocumentRoute, pageNotFound } from "../documents/documents.ts";
import { versionInfo } from "../version.ts";
import { withCbor } from "./cbor.ts";
import { discoveryOperation, type Operation, operationsOf, rootOperations } from "./operations.ts";

const json = "application/json";
const v2Protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const v2Types: Readonly<Record<string, string>> = {
  "*/*": json,
  "application/*": json,
  [json]: json,
  [v2Protobuf]: v2Protobuf,
  // As clients before 1.27 spell it.
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf": v2Protobuf,
};
const v3Protobuf = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";
const v3Types: Readonly<Record<string, string>> = {
  "*/*": json,
  "application/*": json,
  [json]: json,
  [v3Protobuf]: v3Protobuf,
  // As older clients spell it.
  "application/com.github.proto-openapi.spec.v3@v1.0+protobuf": v3Protobuf,
};

/** One document below /openapi/v3. */
interface Source {
  readonly path: string;
  readonly resources: readonly ServedResource[];
  readonly operations: () => Operation[];
  readonly at?: { readonly group: string; readonly version: string };
}

/** The documents of what is served at one moment. */
interface Published {
  readonly sources: readonly Source[];
  readonly hashes: ReadonlyMap<string, string>;
  readonly hash: string;
  readonly made: Map<string, Uint8Array>;
}

/** `cbor`: whether the API speaks CBOR. */
export function openApiRoutes(catalog: Catalog, { cbor }: { readonly cbor: boolean }): DocumentRoute[] {
  let of: readonly ServedResource[] | undefined;
  let current: Published | undefined;
  const published = (): Published => {
    if (current === undefined || of !== catalog.all) {
      of = catalog.all;
      current = publish(groupsOf(catalog), cbor);
    }
    return current;
  };
  return [
    {
      path: "/openapi/v2",
      methods: ["GET"],
      handler: async (context) => {
        const type = accepted(context, v2Types);
        if (type === undefined) return notAcceptable;
        const documents = published();
        const hash = type === json ? documents.hash : `${documents.hash.slice(0, -2)}PB`;
        const answer = serve(context, { bytes: await bytesV2(documents, type), hash, type });
        // Compressed whatever its size, to who accepts that; so caches must tell these clients apart.
        const headers = { ...answer.headers, vary: ["Accept", "Accept-Encoding"] };
        return { ...answer, headers, compress: { aboveBytes: 0 } };
      },
    },
    { path: "/openapi/v3", methods: ["GET"], handler: () => index(published()) },
    { path: "/openapi/v3/", methods: ["GET"], handler: () => index(published()) },
    {
      path: "/openapi/v3/*",
      methods: ["GET"],
      hidden: true,
      handler: async (context, rest) => {
        const documents = published();
        const source = documents.sources.find(({ path }) => path === rest);
        if (source === undefined) return pageNotFound();
        const type = accepted(context, v3Types);
        if (type === undefined) return notAcceptable;
        const hash = documents.hashes.get(source.path)!;
        const wanted = context.query.get("hash");
        if (wanted !== null && wanted !== hash)
          return { status: 301, headers: { location: `/openapi/v3/${source.path}?hash=${hash}` } };
        return serve(context, { bytes: await bytesV3(documents, source, type), hash, type });
      },
    },
  ];
}

type Complete = (operation: Operation) => Operation;
const asItIs: Complete = (operation) => operation;

function publish(groups: readonly Group[], cbor: boolean): Published {
  const complete = cbor ? withCbor : asItIs;
  const sources = [...groups.flatMap((group) => sourcesOf(group, complete)), ...rootSources].sort((a, b) =>
    a.path < b.path ? -1 : 1,
  );
  const hashes = new Map(sources.map((source) => [source.path, hashOf(source, cbor)]));
  const hash = digest([...hashes.values()].join());
  return { sources, hashes, hash, made: new Map() };
}

const rootSources: readonly Source[] = Object.entries(rootOperations).map(([path, operation]) => ({
  path,
  resources: [],
  operations: () => [operation],
}));

function sourcesOf(group: Group, complete: Complete): Source[] {
  const { name } = group;
  const custom = group.versions.every(({ resources }) => resources.every((each) => each.custom !== undefined));
  const versions = group.versions.map(({ version, resources }): Source => {
    const apiVersion = formatApiVersion({ group: name, version });
    return {
      path: name === "" ? `api/${version}` : `apis/${apiVersion}`,
      resources,
      operations: () =>
        [
          ...(custom ? [] : [discoveryOperation(name, version)]),
          ...resources.flatMap((resource) => operationsOf(resource)),
        ].map(complete),
      at: { group: name, version },
    };
  });
  if (custom) return versions;
  const path = name === "" ? "api" : `apis/${name}`;
  return [{ path, resources: [], operations: () => [discoveryOperation(name)] }, ...versions];
}

const digest = (text: string): string => sha256Hex(new TextEncoder().encode(text)).toUpperCase();

/** Grows when the documents of a version say something else than they did: clients keep what they read by its hash. */
const edition = 3;

/** What a document says follows from these names, the schemas of custom kinds, the media types and this program's version. */
const hashOf = ({ path, resources }: Source, cbor: boolean): string =>
  digest(
    JSON.stringify([
      versionInfo.gitVersion,
      edition,
      cbor,
      path,
      resources.map(({ kind, custom }) => [kind.resource, kind.kind, kind.subresources.length, custom?.openApi]),
    ]),
  );

const index = ({ hashes }: Published): ApiResponse => ({
  status: 200,
  headers: { "content-type": "text/plain; charset=utf-8" },
  bytes: [
    encodeJson({
      paths: Object.fromEntries(
        [...hashes].map(([path, hash]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }]),
      ),
    }),
  ],
});

async function bytesV2({ sources, made }: Published, type: string): Promise<Uint8Array> {
  const there = made.get(type);
  if (there !== undefined) return there;
  const { documentV2 } = await import("./v2.ts");
  const document = documentV2(
    sources.flatMap((source) => source.operations()),
    sources.flatMap((source) => source.resources),
    await loadDescriptions(),
  );
  const bytes = type === json ? encodeJson(document) : (await import("./v2-protobuf.ts")).encodeV2(document);
  made.set(type, bytes);
  return bytes;
}

async function bytesV3({ made }: Published, source: Source, type: string): Promise<Uint8Array> {
  const key = `${type} ${source.path}`;
  const there = made.get(key);
  if (there !== undefined) return there;
  const { documentV3 } = await import("./v3.ts");
  const { resources, at } = source;
  const document = documentV3({ operations: source.operations(), resources, at }, await loadDescriptions());
  const bytes = type === json ? encodeJson(document) : (await import("./v3-protobuf.ts")).encodeV3(document);
  made.set(key, bytes);
  return bytes;
}

const notAcceptable: ApiResponse = { status: 406, headers: {} };

/** The answer's type; undefined when the client takes none of them. */
function accepted(context: RequestContext, types: Readonly<Record<string, string>>): string | undefined {
  const accept = context.request.headers["accept"];
  if (accept === undefined || accept === "") return json;
  for (const { type } of parseAccept(accept)) {
    const found = types[type];
    if (found !== undefined) return found;
  }
  return undefined;
}

function serve(
  context: RequestContext,
  { bytes, hash, type }: { readonly bytes: Uint8Array; readonly hash: string; readonly type: string },
): ApiResponse {
  const etag = `"${hash}"`;
  if (context.request.headers["if-none-match"] === etag) return { status: 304, headers: { etag } };
  const immutable = context.query.get("hash") === hash;
  return {
    status: 200,
    headers: {
      "content-type": type,
      etag,
      vary: "Accept",
      ...(immutable ? { "cache-control": "public, immutable" } : {}),
    },
    bytes: [bytes],
  };
}
