// The kubelet's API as others reach it, on a simulated node.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pods, serviceAccounts } from "../../api/index.ts";
import { MetricRegistry, seededRng, silentLogger, systemClock, VirtualClock } from "../../base/index.ts";
import { createClient } from "../../client/index.ts";
import { createFakeRuntime } from "../../runtime/index.ts";
import { testServer } from "../../server/testing.ts";
import { createKubelet, createSimulatedHost } from "../index.ts";
import { measuredRuntime, serveKubelet } from "./index.ts";

async function withKubelet(
  use: (world: {
    readonly get: (path: string) => Promise<Response>;
    readonly runPod: () => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const clock = new VirtualClock();
  const server = await testServer({ clock });
  const client = createClient(server.transport(), { userAgent: "kubelet" });
  const metrics = new MetricRegistry();
  const host = createSimulatedHost({ clock, machine: { hostname: "n1" } });
  const kubelet = createKubelet({
    ...{ client, host, nodeName: "n1", clock, rng: seededRng(1), log: silentLogger, metrics },
    runtime: measuredRuntime(createFakeRuntime({ clock, appendLog: host.appendFile }), { metrics, clock }),
    config: { materializePods: false, clusterDns: ["10.96.0.10"] },
  });
  const stop = new AbortController();
  const done = kubelet.run(stop.signal);
  let ready = false;
  void kubelet.ready.then(() => (ready = true));
  await clock.runUntil(() => ready, 10_000);
  const listen = { bindAddress: "127.0.0.1", port: 0 };
  const api = await serveKubelet({ kubelet, client, clock: systemClock, log: silentLogger, ...listen });
  try {
    await use({
      get: (path) => fetch(`http://127.0.0.1:${api.port}${path}`),
      async runPod() {
        const metadata = { name: "p", namespace: "default" };
        await client.of(serviceAccounts).create({
          ...{ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } },
        });
        await client.of(pods).create({
          ...{ apiVersion: "v1", kind: "Pod", metadata },
          spec: { nodeName: "n1", containers: [{ name: "c", image: "x" }] },
        });
        let phase: string | undefined;
        await clock.runUntil(() => {
          void client
            .of(pods)
            .get(metadata)
            .then(({ status }) => (phase = status?.phase));
          return phase === "Running";
        }, 60_000);
      },
    });
  } finally {
    await api.close();
    stop.abort();
    await done;
    await server.close();
  }
}

test("a command of tens of kilobytes in the request's line is read", () =>
  withKubelet(async ({ get }) => {
    const answer = await get(`/exec/default/none/c?command=${"a".repeat(60_000)}`);
    assert.notEqual(answer.status, 431);
  }));

test("an address that is none ends with an answer", () =>
  withKubelet(async ({ get }) => {
    assert.equal((await get("//")).status, 404);
    assert.equal((await get("/healthz")).status, 200);
  }));

test("the kubelet's own metrics tell of pods, containers and calls of the runtime", () =>
  withKubelet(async ({ get, runPod }) => {
    await runPod();
    const text = await (await get("/metrics")).text();
    for (const line of [
      /^kubelet_node_name\{node="n1"\} 1$/m,
      /^kubelet_running_pods 1$/m,
      /^kubelet_running_containers\{container_state="running"\} 1$/m,
      /^kubelet_active_pods\{static=""\} 1$/m,
      /^kubelet_desired_pods\{static="true"\} 0$/m,
      /^kubelet_started_pods_total 1$/m,
      /^kubelet_runtime_operations_total\{operation_type="run_podsandbox"\} 1$/m,
      /^kubelet_runtime_operations_duration_seconds_bucket\{operation_type="start_container",le="745\.0580596923828"\} 1$/m,
      /^kubelet_run_podsandbox_duration_seconds_count\{runtime_handler=""\} 1$/m,
    ])
      assert.match(text, line);
  }));
