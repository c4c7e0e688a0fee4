import assert from "node:assert/strict";
import { test } from "node:test";
import { testServer } from "../testing.ts";
import { debugFlagRoutes } from "./debug-flags.ts";

test("the verbosity of the log is set while the server runs", async () => {
  const set: number[] = [];
  const server = await testServer({ documents: debugFlagRoutes((verbosity) => set.push(verbosity)) });
  const ask = async (method: "GET" | "PUT", path: string, body: string): Promise<readonly [number, string]> => {
    const { status, bytes = [] } = await server.handle(
      { method, path, query: new URLSearchParams(), headers: {}, body: new TextEncoder().encode(body) },
      { kind: "user", user: { username: "admin", groups: ["system:masters"] } },
    );
    return [status, bytes.map((each) => new TextDecoder().decode(each)).join("")];
  };
  try {
    const put = (body: string): Promise<readonly [number, string]> => ask("PUT", "/debug/flags/v", body);
    assert.deepEqual(await put("4"), [200, "successfully set klog.logging.verbosity to 4\n"]);
    assert.deepEqual(await put("-1"), [400, 'strconv.ParseUint: parsing "-1": invalid syntax\n']);
    assert.deepEqual(await put("4294967296"), [400, 'strconv.ParseUint: parsing "4294967296": value out of range\n']);
    assert.deepEqual(await put("2147483648"), [
      400,
      'failed set klog.logging.verbosity 2147483648: strconv.ParseInt: parsing "2147483648": value out of range\n',
    ]);
    assert.deepEqual(await ask("GET", "/debug/flags/v", ""), [406, "unsupported http method\n"]);
    assert.match((await ask("GET", "/debug/flags", ""))[1], /<tr>v<br>/);
    assert.deepEqual(set, [4]);
  } finally {
    await server.close();
  }
});
