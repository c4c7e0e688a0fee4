/**
 * `url`, `isURL` and what a URL is made of. Source: k8s.io/apiserver/pkg/cel/library/urls.go.
 */
import type { Library } from "../../contract.ts";
import { BOOL, listOf, mapOf, STRING, structType } from "../../types.ts";
import { ArrayList, CelError, EntryMap, type Result } from "../../values.ts";
import {
  escapedPath,
  fromBytes,
  type GoUrl,
  hostname,
  parseRequestUri,
  parseUrl,
  port,
  queryParameters,
  UrlError,
  urlText,
} from "../text/url-text.ts";
import { functions, LibraryValue, method, overload } from "./lib.ts";

export const URL_TYPE = structType("kubernetes.URL");

class UrlValue extends LibraryValue<GoUrl> {
  readonly type = URL_TYPE;

  protected same(other: GoUrl): boolean {
    return urlText(this.content) === urlText(other);
  }
}

function url(text: string): Result {
  try {
    // Relative references are refused first; the second reading knows fragments.
    parseRequestUri(text);
    return new UrlValue(parseUrl(text));
  } catch (error) {
    if (error instanceof UrlError)
      return new CelError(`URL parse error during conversion from string: ${error.message}`);
    throw error;
  }
}

/** Go's message about a text that is no absolute URL, or undefined. */
export function uriProblem(text: string): string | undefined {
  try {
    parseRequestUri(text);
    return undefined;
  } catch (error) {
    if (error instanceof UrlError) return error.message;
    throw error;
  }
}

const part = (id: string, read: (url: GoUrl) => string) =>
  method(id, [[URL_TYPE], STRING], (value: UrlValue) => fromBytes(read(value.content)));

export const URLS: Library = {
  name: "kubernetes.urls",
  functions: functions({
    url: [overload("string_to_url", [[STRING], URL_TYPE], url)],
    isURL: [overload("is_url_string", [[STRING], BOOL], (text: string) => uriProblem(text) === undefined)],
    getScheme: [part("url_get_scheme", (value) => value.scheme)],
    getHost: [part("url_get_host", (value) => value.host)],
    getHostname: [part("url_get_hostname", hostname)],
    getPort: [part("url_get_port", port)],
    getEscapedPath: [part("url_get_escaped_path", escapedPath)],
    getQuery: [
      method("url_get_query", [[URL_TYPE], mapOf(STRING, listOf(STRING))], (value: UrlValue) => {
        const entries = [...queryParameters(value.content)];
        return new EntryMap(entries.map(([name, values]) => [name, new ArrayList(values)] as const));
      }),
    ],
  }),
};
