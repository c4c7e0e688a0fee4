// The OpenAPI documents of this server with those of extension servers. While there are none the own routes answer alone.
import { sha256Hex } from "../../base/index.ts";
import { type ApiResponse, encodeJson } from "../../machinery/index.ts";
import type { RequestContext } from "../context.ts";
import type { DocumentHandler, DocumentRoute } from "../documents/documents.ts";
import type { Aggregation } from "./contract.ts";
import { mergeSpecifications, type Specification } from "./open-api-merge.ts";

type Extensions = Pick<Aggregation, "remote" | "openApiPaths" | "openApiDocument" | "openApiV2">;

const documentsPath = "/openapi/v3/*";

export const withExtensions = (routes: readonly DocumentRoute[], extensions: Extensions): DocumentRoute[] =>
  routes.map((route) => {
    const merged = mergedHandler(route, extensions);
    if (merged === undefined) return route;
    const handler: DocumentHandler = (context, rest) =>
      extensions.remote.length === 0 ? route.handler(context, rest) : merged(context, rest);
    return { ...route, handler };
  });

function mergedHandler({ path, handler }: DocumentRoute, extensions: Extensions): DocumentHandler | undefined {
  switch (path) {
    case "/openapi/v2":
      return mergedV2(handler, extensions);
    case "/openapi/v3":
    case "/openapi/v3/":
      return async (context, rest) => {
        const own = JSON.parse(textOf(await handler(context, rest))) as { paths: Record<string, unknown> };
        const remote = Object.entries(await extensions.openApiPaths());
        const added = remote.map(([name, serverRelativeURL]) => [name, { serverRelativeURL }]);
        const paths = Object.entries({ ...own.paths, ...Object.fromEntries(added) }).sort(([a], [b]) =>
          a < b ? -1 : 1,
        );
        return {
          status: 200,
          headers: { "content-type": "text/plain; charset=utf-8" },
          bytes: [encodeJson({ paths: Object.fromEntries(paths) })],
        };
      };
    case documentsPath:
      return async (context, rest) =>
        (await extensions.openApiDocument(rest, context.request)) ?? handler(context, rest);
    default:
      return undefined;
  }
}

const textOf = ({ bytes = [] }: ApiResponse): string => {
  const decoder = new TextDecoder();
  return bytes.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
};

/** Made anew when one of its parts is another one. */
function mergedV2(handler: DocumentHandler, extensions: Extensions): DocumentHandler {
  let made: { readonly parts: readonly object[]; readonly etag: string; readonly document: Specification } | undefined;
  return async (context, rest) => {
    const own = await handler(plainly(context), rest);
    const etag = String(own.headers["etag"] ?? "");
    const parts = await extensions.openApiV2();
    if (made?.etag !== etag || !sameParts(made.parts, parts))
      made = { parts, etag, document: mergeSpecifications(JSON.parse(textOf(own)) as Specification, parts) };
    return answer(context, made.document);
  };
}

const sameParts = (a: readonly object[], b: readonly object[]): boolean =>
  a.length === b.length && a.every((each, index) => each === b[index]);

/** The own document as JSON and whole, whatever the client has already. */
function plainly(context: RequestContext): RequestContext {
  const headers = { ...context.request.headers, accept: "application/json" };
  delete (headers as Record<string, unknown>)["if-none-match"];
  return { ...context, request: { ...context.request, headers } };
}

async function answer(context: RequestContext, document: object): Promise<ApiResponse> {
  const { accept = "", "if-none-match": known } = context.request.headers;
  const asProtobuf = accept.startsWith("application/com.github.proto-openapi.spec.v2");
  const bytes = asProtobuf
    ? (await import("../openapi/v2-protobuf.ts")).encodeV2(document as never)
    : encodeJson(document);
  const etag = `"${sha256Hex(bytes)}"`;
  if (known === etag) return { status: 304, headers: { etag } };
  const type = asProtobuf ? "application/com.github.proto-openapi.spec.v2.v1.0+protobuf" : "application/json";
  return { status: 200, headers: { "content-type": type, etag, vary: "Accept" }, bytes: [bytes] };
}
