import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../api/index.ts";
import { VirtualClock } from "../../base/index.ts";
import type { KubeletContext } from "../context.ts";
import type { ObservedPod } from "../observed.ts";
import { createProbeManager } from "./manager.ts";

test("a container that seems to have started in the future is asked as soon as the clock is right again", async () => {
  const clock = new VirtualClock();
  const context = {
    clock,
    state: { hostIps: [] },
    host: { probes: { tcp: async () => ({ result: "success", output: "" }) } },
  } as unknown as KubeletContext;
  const readinessProbe = { tcpSocket: { port: 80 }, periodSeconds: 1 };
  const pod = {
    metadata: { name: "web", uid: "u" },
    spec: { containers: [{ name: "main", readinessProbe }] },
  } as Pod;
  const containers = [{ id: "c", name: "main", state: "running", startedAtMs: clock.now() }];
  const changed: string[] = [];
  const probes = createProbeManager(context, (uid) => changed.push(uid));
  clock.jump(-60_000);
  probes.update(pod, { uid: "u", ips: ["192.0.2.1"], sandboxes: [], containers } as unknown as ObservedPod);
  await clock.advance(5000);
  assert.equal(probes.readinessVerdict("u", "c", "main"), "failure", "as upstream, nothing is asked before the start");
  clock.jump(60_000);
  await clock.advance(1000);
  assert.equal(probes.readinessVerdict("u", "c", "main"), "success");
  assert.deepEqual(changed, ["u"]);
  probes.close();
});
