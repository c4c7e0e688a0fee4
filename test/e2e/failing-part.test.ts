// A part that cannot do its work ends the cluster: at once, by name, with status 1, and nothing stays behind.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type ClusterPorts, clusterLayout, openConfig } from "../../src/cluster/index.ts";
import { runProgram, t8s } from "./harness.ts";
import { assertUnchanged, machinePicture, scopeOf } from "./machine.ts";

/** Each part by the port that it needs, and what the cluster has come to when it fails. */
const table: readonly { port: keyof ClusterPorts; part: RegExp; reached: readonly string[] }[] = [
  { port: "api", part: /the API server failed: .*the port is in use/, reached: [] },
  { port: "kubelet", part: /the kubelet failed: .*the port is in use/, reached: ["API server"] },
  { port: "dns", part: /DNS failed: DNS cannot listen on .*address already in use/, reached: ["API server"] },
];

for (const { port, part, reached } of table)
  test(`the ${port} port is taken`, async () => {
    const prepared = await runProgram(t8s, ["up", "--prepare"]);
    assert.equal(prepared.status, 0, prepared.stderr);
    const dataDirectory = mkdtempSync(join(tmpdir(), "t8s-"));
    const scope = scopeOf(`no-${port}`, dataDirectory);
    const config = await openConfig(clusterLayout(`no-${port}`, dataDirectory));
    const taken = createServer().listen({ port: config.ports[port], host: "0.0.0.0", exclusive: true });
    await once(taken, "listening");
    try {
      const before = machinePicture();
      const up = await runProgram(t8s, ["up", "--sample", ...scope]);
      const said = `${up.stdout}\n${up.stderr}`;
      assert.equal(up.status, 1, said);
      assert.match(up.stderr, part);
      assert.match(up.stderr, new RegExp(`\\b${config.ports[port]}\\b`), "the port is named");
      const stages = [...up.stdout.matchAll(/^ *[\d.]+ s {2}(.{14}) /gm)].map(([, name]) => name!.trim());
      assert.deepEqual(stages.slice(0, reached.length), reached, said);
      assert.ok(!stages.includes("sample ready"), `it does not go on without its part\n${said}`);
      assert.doesNotMatch(said, /did not end in time/, "nothing is waited for in vain");
      assert.doesNotMatch(said, /\n +stop {2}/, "it never says that it is ready");
      await assertUnchanged(before);
    } finally {
      taken.close();
      const removed = await runProgram(t8s, ["delete", ...scope]);
      assert.equal(removed.status, 0, removed.stderr);
      rmSync(dataDirectory, { recursive: true, force: true });
    }
  });
