// Controllers of features that are off by default, with the rights that their gates bring.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClusterTrustBundle, clusterTrustBundles, podGroups, pods } from "../../src/api/index.ts";
import { seededRng } from "../../src/base/index.ts";
import { bundleName } from "../../src/controllers/clustertrustbundle-publisher/controller.ts";
import { testAuthority } from "../../src/server/node/certificates.fixture.ts";
import { createWorld } from "./world.ts";

const at = (name: string) => ({ namespace: "default", name });

test("a PodGroup goes when the last of its pods is over", async () => {
  await using world = await createWorld(["podgroup-protection-controller"], {}, ["GenericWorkload"]);
  await world.addAccount("default");
  const groups = world.client.of(podGroups);
  await groups.create({
    apiVersion: "scheduling.k8s.io/v1alpha2",
    kind: "PodGroup",
    metadata: at("group"),
    spec: { schedulingPolicy: { basic: {} } },
  } as Parameters<typeof groups.create>[0]);
  for (const name of ["one", "two"])
    await world.client.of(pods).create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: at(name),
      spec: { containers: [{ name: "c", image: "i" }], schedulingGroup: { podGroupName: "group" } },
    });
  await groups.delete(at("group"));
  await world.pass(5000);
  assert.deepEqual((await groups.get(at("group"))).metadata.finalizers, ["scheduling.k8s.io/podgroup-protection"]);
  await world.client.of(pods).delete(at("one"));
  const two = await world.client.of(pods).get(at("two"));
  await world.pass(5000);
  assert.ok(await groups.find(at("group")));
  await world.client.of(pods).updateStatus({ ...two, status: { ...two.status, phase: "Succeeded" } });
  await world.until(async () => (await groups.find(at("group"))) === undefined);
});

test("the API server's trust bundle is published, kept, and the only one of its signer", async () => {
  const rootCa = testAuthority(seededRng(5)).cert;
  const gates = ["ClusterTrustBundle"];
  const names = ["kube-apiserver-serving-clustertrustbundle-publisher-controller"];
  await using world = await createWorld(names, { rootCa }, gates);
  const bundles = world.client.of(clusterTrustBundles);
  const name = await bundleName(rootCa);
  assert.match(name, /^kubernetes\.io:kube-apiserver-serving:[0-9a-f]{24}$/);
  await world.until(async () => (await bundles.find({ name })) !== undefined);
  const published = await bundles.get({ name });
  assert.deepEqual(published.spec, { signerName: "kubernetes.io/kube-apiserver-serving", trustBundle: rootCa });
  const other = testAuthority(seededRng(6)).cert;
  await bundles.update({ ...published, spec: { ...published.spec, trustBundle: other } });
  await world.until(async () => (await bundles.get({ name })).spec.trustBundle === rootCa);
  const stray = "kubernetes.io:kube-apiserver-serving:stray";
  const spec = { signerName: "kubernetes.io/kube-apiserver-serving", trustBundle: other };
  const made = { apiVersion: "certificates.k8s.io/v1beta1", kind: "ClusterTrustBundle", spec } as ClusterTrustBundle;
  await bundles.create({ ...made, metadata: { name: stray } });
  await world.until(async () => (await bundles.find({ name: stray })) === undefined);
});
