// Health check node ports of the kernel's backend, over HTTP; no rules are made.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { silentLogger } from "../../../base/index.ts";
import { createNftBackend } from "./nft-backend.ts";

const backendOf = () =>
  createNftBackend({ cluster: "t", clusterCidrs: [], log: silentLogger, runRules: async () => {} });

async function portInUse() {
  const holder = createServer().listen(0);
  await once(holder, "listening");
  return { holder, port: (holder.address() as { port: number }).port };
}

test("a node with endpoints is healthy as long as its proxy is; a port that was in use is had later", async () => {
  const { holder, port } = await portInUse();
  const backend = backendOf();
  let healthy = true;
  const check = (localEndpoints: number) => [{ service: "ns/web", port, localEndpoints }];
  const serve = (localEndpoints: number) => backend.serveHealthChecks(check(localEndpoints), () => healthy);
  const ask = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
    return [answer.status, await answer.text()];
  };
  try {
    await serve(1);
    holder.close();
    await once(holder, "close");
    await serve(2);
    const said = (endpoints: number, fine: boolean) =>
      `{\n\t"service": {\n\t\t"namespace": "ns",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": ${endpoints},\n\t"serviceProxyHealthy": ${fine}\n}`;
    assert.deepEqual(await ask(), [200, said(2, true)]);
    healthy = false;
    assert.deepEqual(await ask(), [503, said(2, false)]);
    healthy = true;
    await serve(0);
    assert.deepEqual(await ask(), [503, said(0, true)]);
  } finally {
    await backend.close();
  }
});
