import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiRequest, Handle } from "../../machinery/index.ts";
import { forBrowsers } from "./browsers.ts";

const asked: string[] = [];
const inner: Handle = async ({ method }) => {
  asked.push(method);
  return { status: 200, headers: { "content-type": "application/json" } };
};
const request = (method: string, origin?: string): ApiRequest =>
  ({ method, path: "/api", headers: origin === undefined ? {} : { origin } }) as ApiRequest;
const nobody = { kind: "peer", peer: {} } as const;

test("pages of allowed origins may read the answers, others are told nothing", async () => {
  const handle = forBrowsers(inner, { allowedOrigins: ["//app\\.example(:|$)"], transportDirectives: [] });
  const told = await handle(request("GET", "https://app.example"), nobody);
  assert.equal(told.headers["access-control-allow-origin"], "https://app.example");
  assert.equal(told.headers["content-type"], "application/json");
  for (const origin of ["https://evil.example", "https://app.example.evil", undefined])
    assert.equal((await handle(request("GET", origin), nobody)).headers["access-control-allow-origin"], undefined);
});

test("the question before a request is answered without asking further, of allowed origins only", async () => {
  const handle = forBrowsers(inner, { allowedOrigins: ["^https://app\\.example$"], transportDirectives: [] });
  asked.length = 0;
  assert.equal((await handle(request("OPTIONS", "https://app.example"), nobody)).status, 204);
  assert.deepEqual(asked, []);
  assert.equal((await handle(request("OPTIONS", "https://evil.example"), nobody)).status, 200);
});

test("directives of strict transport are one header", async () => {
  const directives = ["max-age=31536000", "includeSubDomains"];
  const handle = forBrowsers(inner, { allowedOrigins: [], transportDirectives: directives });
  const { headers } = await handle(request("GET"), nobody);
  assert.equal(headers["strict-transport-security"], "max-age=31536000; includeSubDomains");
});
