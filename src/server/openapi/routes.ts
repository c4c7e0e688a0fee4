// /openapi/v2, /openapi/v3 and the documents below it. Made when somebody asks, then kept as bytes.
import { type ApiResponse, encodeJson, formatApiVersion } from "../../machinery/index.ts";
import type { Catalog } from "../catalog.ts";
import { notAcceptable, parseAccept } from "../content/negotiate.ts";
import type { RequestContext } from "../context.ts";
import { groupsOf } from "../discovery/discovery.ts";
import { sha256Hex } from "../discovery/sha256.ts";
import { type DocumentRoute, pageNotFound } from "../documents/documents.ts";
import { versionInfo } from "../version.ts";

const cachedForever = "public, immutable";

export function openApiRoutes(catalog: Catalog): DocumentRoute[] {
  const made = new Map<string, Uint8Array>();
  const groups = groupsOf(catalog);
  const versions = groups.flatMap((group) =>
    group.versions.map(({ version, resources }) => {
      const apiVersion = formatApiVersion({ group: group.name, version });
      const path = group.name === "" ? `api/${version}` : `apis/${apiVersion}`;
      // What the document says follows from these names and this program's version.
      const names = resources.map((resource) => resource.kind.resource).join(",");
      return {
        group,
        version,
        path,
        hash: sha256Hex(new TextEncoder().encode(`${versionInfo.gitVersion} ${path} ${names}`)),
      };
    }),
  );
  const index = {
    paths: Object.fromEntries(
      [...versions]
        .sort((a, b) => (a.path < b.path ? -1 : 1))
        .map(({ path, hash }) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }]),
    ),
  };

  const serve = (context: RequestContext, bytes: Uint8Array, hash: string): ApiResponse => {
    const etag = `"${hash}"`;
    if (context.request.headers["if-none-match"] === etag) return { status: 304, headers: { etag } };
    const immutable = context.query.get("hash") === hash;
    return {
      status: 200,
      headers: {
        "content-type": "application/json",
        etag,
        vary: "Accept",
        ...(immutable ? { "cache-control": cachedForever } : {}),
      },
      bytes: [bytes],
    };
  };

  return [
    {
      path: "/openapi/v2",
      methods: ["GET"],
      handler: async (context) => {
        refuseProtobuf(context);
        const hash = sha256Hex(new TextEncoder().encode(versions.map((each) => each.hash).join()));
        let bytes = made.get("v2");
        if (bytes === undefined) {
          const { documentV2 } = await import("./v2.ts");
          made.set("v2", (bytes = encodeJson(documentV2(groups))));
        }
        return serve(context, bytes, hash);
      },
    },
    {
      path: "/openapi/v3",
      methods: ["GET"],
      handler: () => ({
        status: 200,
        headers: { "content-type": "text/plain; charset=utf-8" },
        bytes: [encodeJson(index)],
      }),
    },
    {
      path: "/openapi/v3/*",
      methods: ["GET"],
      hidden: true,
      handler: async (context, rest) => {
        const found = versions.find((each) => each.path === rest);
        if (found === undefined) return pageNotFound();
        refuseProtobuf(context);
        const wanted = context.query.get("hash");
        if (wanted !== null && wanted !== found.hash)
          return { status: 301, headers: { location: `/openapi/v3/${found.path}?hash=${found.hash}` } };
        let bytes = made.get(found.path);
        if (bytes === undefined) {
          const { documentV3 } = await import("./v3.ts");
          made.set(found.path, (bytes = encodeJson(documentV3(found.group, found.version))));
        }
        return serve(context, bytes, found.hash);
      },
    },
  ];
}

/** These documents are JSON only; a client that takes nothing but protobuf is told so. */
function refuseProtobuf(context: RequestContext): void {
  const accept = context.request.headers["accept"];
  if (accept === undefined || accept === "") return;
  const fine = parseAccept(accept).some(
    ({ type }) => type === "*/*" || type === "application/json" || type === "application/*",
  );
  if (!fine) throw notAcceptable(["application/json"]);
}
