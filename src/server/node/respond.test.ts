import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { ApiResponse } from "../../machinery/index.ts";
import { bodyBytes, encodedFor } from "./respond.ts";

const long: ApiResponse = {
  status: 200,
  headers: { vary: "Accept" },
  bytes: [new Uint8Array(900).fill(65), new Uint8Array(900).fill(66)],
  compress: { aboveBytes: 1000 },
};

test("a long answer is compressed for who names gzip", async () => {
  const cases: readonly [accept: string | undefined, response: ApiResponse, compressed: boolean][] = [
    ["gzip", long, true],
    ["deflate, gzip", long, true],
    [undefined, long, false],
    ["deflate", long, false],
    ["gzip;q=0.5", long, false],
    ["gzip", { ...long, compress: { aboveBytes: 1800 } }, false],
    ["gzip", { status: 200, headers: {}, bytes: long.bytes! }, false],
  ];
  for (const [accept, response, compressed] of cases) {
    const sent = encodedFor(accept, response);
    assert.equal(sent.headers["content-encoding"] === "gzip", compressed, `${accept}`);
    if (!compressed) continue;
    assert.deepEqual(sent.headers["vary"], ["Accept", "Accept-Encoding"]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of sent.stream!) chunks.push(chunk);
    assert.equal(gunzipSync(Buffer.concat(chunks)).toString(), `${"A".repeat(900)}${"B".repeat(900)}`);
  }
});

test("small pieces go out in one, large ones are not copied", () => {
  assert.equal(bodyBytes(long).length, 1);
  const large = [new Uint8Array(70_000), new Uint8Array(1)];
  assert.equal(bodyBytes({ ...long, bytes: large }), large);
});
