// No body may hold the server: each hostile one is answered with a code that is right for it, within a bound of CPU time.
// The bound is some times what the dearest takes on a machine that is busy with other things; what grows faster than its input passes
// it by orders of magnitude.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ApiRequest, Identity } from "../../src/machinery/index.ts";
import { type TestServer, testServer } from "../../src/server/testing.ts";
import { type Hostile, hostile } from "./hostile-bodies.ts";

const mostCpuSeconds = 4;
/** What a body leaves behind, stored objects included; measured where node runs with --expose-gc. */
const mostKeptBytes = 64 * 1024 * 1024;

const admin: Identity = { kind: "user", user: { username: "admin", groups: ["system:masters"] } };
const encoder = new TextEncoder();

let server: TestServer;
before(async () => {
  server = await testServer();
  await post("/api/v1/namespaces", '{"metadata":{"name":"default"}}');
  await post("/api/v1/namespaces/default/serviceaccounts", '{"metadata":{"name":"default"}}');
});
after(() => server.close());

interface Answer {
  readonly code: number;
  readonly text: string;
}

async function send(
  method: ApiRequest["method"],
  path: string,
  rest: Pick<Hostile, "accept" | "body" | "contentType" | "query">,
) {
  const [bare = "", inPath = ""] = path.split("?");
  const body = rest.body?.();
  const response = await server.handle(
    {
      method,
      path: bare,
      query: new URLSearchParams(rest.query?.() ?? inPath),
      headers: {
        accept: rest.accept?.() ?? "application/json",
        "content-type": rest.contentType ?? "application/json",
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? encoder.encode(body) : body }),
    },
    admin,
  );
  const decoder = new TextDecoder();
  const text = (response.bytes ?? []).map((bytes) => decoder.decode(bytes)).join("");
  return { code: response.status, text } satisfies Answer;
}

const post = (path: string, body: string): Promise<Answer> => send("POST", path, { body: () => body });

for (const each of hostile)
  test(each.name, async () => {
    for (const [path, body] of each.before ?? []) {
      const made = await post(path, body());
      assert.equal(made.code, 201, made.text.slice(0, 300));
    }
    globalThis.gc?.();
    const heapBytes = process.memoryUsage().heapUsed;
    const began = process.cpuUsage();
    const answer = await send(each.method, each.path, each);
    const { user, system } = process.cpuUsage(began);
    assert.ok(each.codes.includes(answer.code), `${answer.code}: ${answer.text.slice(0, 300)}`);
    assert.doesNotMatch(answer.text.slice(0, 1000), /Internal error occurred/);
    const seconds = (user + system) / 1e6;
    assert.ok(seconds < mostCpuSeconds, `${seconds} s of CPU`);
    if (globalThis.gc === undefined) return;
    globalThis.gc();
    const keptBytes = process.memoryUsage().heapUsed - heapBytes;
    assert.ok(keptBytes < mostKeptBytes, `${keptBytes} bytes are kept`);
  });
