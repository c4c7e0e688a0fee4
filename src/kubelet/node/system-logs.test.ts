import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RouteError } from "./route.ts";
import { serveSystemLogs } from "./system-logs.ts";

test("the machine's logs: lists, files, and nothing outside", async () => {
  const root = mkdtempSync(join(tmpdir(), "t8s-logs-"));
  mkdirSync(join(root, "apt"));
  writeFileSync(join(root, "a&b.log"), "one\ntwo\n");
  const server = createServer((request, response) => {
    const { method = "", url = "" } = request;
    const path = url.split("?")[0] ?? "";
    const signal = new AbortController().signal;
    const route = { method, path, query: new URLSearchParams(), response, signal };
    serveSystemLogs(route, path.split("/").slice(2), root).catch((error: unknown) => {
      response.writeHead(error instanceof RouteError ? error.status : 500).end(String(error));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = async (path: string) => {
    const response = await fetch(base + path, { redirect: "manual" });
    return { status: response.status, text: await response.text(), location: response.headers.get("location") };
  };
  try {
    const { status, text } = await ask("/logs/");
    assert.equal(status, 200);
    assert.match(text, /<pre>\n<a href="a&b.log">a&amp;b.log<\/a>\n<a href="apt\/">apt\/<\/a>\n<\/pre>/);
    assert.deepEqual(await ask("/logs/a%26b.log"), { status: 200, text: "one\ntwo\n", location: null });
    assert.deepEqual(await ask("/logs/apt"), { status: 301, text: "", location: "apt/" });
    assert.equal((await ask("/logs/absent")).status, 404);
    for (const path of ["/logs/..%2f..%2fetc/passwd", "/logs/apt/%2e%2e/x%00"])
      assert.ok([400, 404].includes((await ask(path)).status), path);
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(root, { recursive: true, force: true });
  }
});
