// The machine's own logs at /logs/: files, and lists of directories. Upstream: pkg/kubelet/server/server.go (Go's http.FileServer).
import { createReadStream, type Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { errorText } from "../../base/index.ts";
import { RouteError, type RouteRequest } from "./route.ts";

const directory = "/var/log";

export async function serveSystemLogs(
  request: RouteRequest,
  parts: readonly string[],
  root = directory,
): Promise<void> {
  const { method, response, path } = request;
  if (method !== "GET" && method !== "HEAD") throw new RouteError(405, "405: Method Not Allowed");
  const names = parts.map(decoded);
  if (names.some((name) => name === ".." || name.includes("/") || name.includes("\0")))
    throw new RouteError(400, "invalid URL path");
  const file = join(root, ...names);
  const found = await statOf(file);
  if (found.isDirectory()) {
    if (!path.endsWith("/")) return redirect(request, `${names.at(-1) ?? "logs"}/`);
    return list(request, file);
  }
  if (path.endsWith("/")) return redirect(request, `../${names.findLast((name) => name !== "") ?? ""}`);
  if (!found.isFile()) throw new RouteError(404, "404 page not found");
  response.writeHead(200, {
    "content-type": /\.(gz|xz|zst|bz2|journal|db)$/.test(file)
      ? "application/octet-stream"
      : "text/plain; charset=utf-8",
    "content-length": found.size,
    "last-modified": found.mtime.toUTCString(),
  });
  if (method === "HEAD" || found.size === 0) return void response.end();
  // A log grows while it is read: what was told as its length is sent.
  await pipeline(createReadStream(file, { end: found.size - 1 }), response, { signal: request.signal });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new RouteError(400, errorText(error));
  }
}

async function statOf(file: string): Promise<Stats> {
  try {
    return await stat(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") throw new RouteError(403, "403 Forbidden");
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") throw new RouteError(404, "404 page not found");
    throw error;
  }
}

/** Relative: the API server's proxy has another path before it. */
function redirect({ response }: RouteRequest, to: string): void {
  response.writeHead(301, { location: to });
  response.end();
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};
const html = (text: string): string => text.replace(/[&<>"']/g, (char) => escapes[char] ?? char);

async function list({ method, response }: RouteRequest, path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true });
  const lines = entries
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort()
    .map((name) => `<a href="${encodeURI(name)}">${html(name)}</a>\n`);
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  const head = '<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n';
  response.end(method === "HEAD" ? undefined : `${head}${lines.join("")}</pre>\n`);
}
