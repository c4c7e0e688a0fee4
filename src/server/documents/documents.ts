// Everything that is not a resource: discovery, health, version, metrics, OpenAPI, the list of paths.
import type { ApiResponse } from "../../machinery/index.ts";
import type { RequestContext } from "../context.ts";
import { noRoute, wrongMethod } from "../dispatch.ts";

export interface Documents {
  serve(context: RequestContext): Promise<ApiResponse>;
}

export type DocumentHandler = (context: RequestContext, rest: string) => Promise<ApiResponse> | ApiResponse;

export interface DocumentRoute {
  /** Exact path, or a prefix when it ends with `/*`. */
  readonly path: string;
  /** Absent: every method is answered the same. */
  readonly methods?: readonly string[];
  readonly handler: DocumentHandler;
  /** Not shown in the list at `/`. */
  readonly hidden?: true;
}

const encoder = new TextEncoder();

export const textResponse = (status: number, text: string, type = "text/plain; charset=utf-8"): ApiResponse => ({
  status,
  headers: { "content-type": type, "x-content-type-options": "nosniff" },
  bytes: [encoder.encode(text)],
});

export const pageNotFound = (): ApiResponse => textResponse(404, "404 page not found\n");

/** Paths below a served group answer 404 as a Status, all others as a page. */
export function createDocuments(routes: readonly DocumentRoute[]): Documents {
  const isKnownGroup = (path: string): boolean =>
    path.startsWith("/apis/") && exact.has(path.split("/").slice(0, 3).join("/"));
  const exact = new Map<string, DocumentRoute>();
  const prefixes: { prefix: string; route: DocumentRoute }[] = [];
  for (const route of routes) {
    if (route.path.endsWith("/*")) prefixes.push({ prefix: route.path.slice(0, -1), route });
    else exact.set(route.path, route);
  }
  return {
    async serve(context) {
      const { path } = context.info;
      const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
      let route = exact.get(path) ?? exact.get(trimmed);
      let rest = "";
      if (route === undefined) {
        const found = prefixes.find(({ prefix }) => path.startsWith(prefix));
        route = found?.route;
        rest = found === undefined ? "" : path.slice(found.prefix.length);
      }
      if (route === undefined) {
        if (path.startsWith("/api/") || path.startsWith("/version/") || isKnownGroup(path)) throw noRoute();
        return pageNotFound();
      }
      if (route.methods !== undefined && !route.methods.includes(context.request.method)) throw wrongMethod();
      return route.handler(context, rest);
    },
  };
}
