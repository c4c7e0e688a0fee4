// No body may hold the server: each hostile one is answered with a code that is right for it, within a bound of CPU time and of
// memory. Machines differ and share their cores: time is told in rounds of a fixed work, measured in the same process.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ApiRequest, Identity } from "../../src/machinery/index.ts";
import { type TestServer, testServer } from "../../src/server/testing.ts";
import { type Hostile, hostile } from "./hostile-bodies.ts";

/** Of the server's thread, in rounds of `reference`: some fourteen take a second on a quiet machine of 2026. */
const mostRounds = 20;
/** What a body leaves behind, stored objects included; measured where node runs with --expose-gc. */
const mostKeptBytes = 64 * 1024 * 1024;

const document = JSON.stringify(
  Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`key${index}`, index])),
);

function cpuSeconds(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(since);
  return (user + system) / 1e6;
}

/** CPU seconds of one round: work of the kind that requests are, whose speed goes with theirs. */
function reference(): number {
  const began = process.threadCpuUsage();
  const value = JSON.parse(document) as Record<string, unknown>;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) copy[key] = value[key];
  assert.equal(JSON.stringify(copy).length, document.length);
  return cpuSeconds(began);
}

/** The dearer of rounds before and after what was measured: the machine may have become busy meanwhile. */
const roundSeconds = (): number => Math.max(...Array.from({ length: 3 }, reference));

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
    const round = reference();
    const began = process.threadCpuUsage();
    const answer = await send(each.method, each.path, each);
    const seconds = cpuSeconds(began);
    assert.ok(each.codes.includes(answer.code), `${answer.code}: ${answer.text.slice(0, 300)}`);
    assert.doesNotMatch(answer.text.slice(0, 1000), /Internal error occurred/);
    const rounds = seconds / Math.max(round, seconds > 0.2 ? roundSeconds() : 0);
    if (process.env["T8S_FUZZ_SHOW"] !== undefined) console.log(rounds.toFixed(1), seconds.toFixed(2), each.name);
    assert.ok(rounds < mostRounds, `${seconds.toFixed(2)} s of CPU, ${rounds.toFixed(1)} rounds`);
    if (globalThis.gc === undefined) return;
    globalThis.gc();
    const keptBytes = process.memoryUsage().heapUsed - heapBytes;
    assert.ok(keptBytes < mostKeptBytes, `${keptBytes} bytes are kept`);
  });
