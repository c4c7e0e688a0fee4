// All controllers together come to rest: what one writes does not make another write for ever.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  configMaps,
  deployments,
  endpointSlices,
  podDisruptionBudgets,
  resourceQuotas,
  services,
} from "../../src/api/index.ts";
import { createWorld } from "./world.ts";

test("once all is as it should be, nobody writes", async () => {
  await using world = await createWorld(["*"], { clusterCidr: "10.244.0.0/16" });
  const namespace = "default";
  const labels = { app: "a" };
  await world.pass(2000);
  await world.client.of(services).create({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s", namespace },
    spec: { selector: labels, ports: [{ port: 80 }] },
  });
  await world.client.of(resourceQuotas).create({
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "q", namespace },
    spec: { hard: { pods: "9", "count/endpointslices.discovery.k8s.io": "9", "count/widgets.example.com": "1" } },
  });
  await world.client.of(podDisruptionBudgets).create({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "b", namespace },
    spec: { selector: { matchLabels: labels }, maxUnavailable: 1 },
  });
  const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } };
  await world.client.of(deployments).create({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d", namespace },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  });
  await world.until(
    async () => (await world.client.of(podDisruptionBudgets).get({ namespace, name: "b" })).status?.expectedPods === 2,
  );
  await world.until(async () => (await world.client.of(endpointSlices).list({ namespace })).items.length > 0);
  // Past the time after which the Deployment, whose pods never run, says that it makes no progress.
  await world.pass(660_000);
  const revision = async (): Promise<string | undefined> =>
    (await world.client.of(configMaps).list({ namespace, limit: 1 })).metadata.resourceVersion;
  const before = await revision();
  await world.pass(600_000);
  assert.equal(await revision(), before);
});
