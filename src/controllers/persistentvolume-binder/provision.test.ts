// Directories for claims, on a real API server and a virtual clock.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { events, namespaces, persistentVolumeClaims, persistentVolumes, storageClasses } from "../../api/index.ts";
import { MetricRegistry, seededRng, silentLogger, VirtualClock } from "../../base/index.ts";
import { createClient } from "../../client/index.ts";
import { testServer } from "../../server/testing.ts";
import { runControllers } from "../run.ts";

const at = { namespace: "default", name: "c" };

interface Case {
  readonly enabled?: boolean;
  readonly storageClass?: object;
  readonly claim?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly failing?: string;
}

async function world(test: TestContext, { enabled = true, failing, ...of }: Case) {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const server = await testServer({
    ...{ clock, rng },
    admission: { disable: ["ServiceAccount", "StorageObjectInUseProtection"] },
  });
  const client = createClient(server.transport(), { userAgent: "test" });
  const stop = new AbortController();
  const directories = new Set<string>();
  const makeDirectory = async (path: string): Promise<void> => {
    if (failing !== undefined) throw new Error(failing);
    directories.add(path);
  };
  const removeDirectory = async (path: string): Promise<void> => void directories.delete(path);
  await client.of(namespaces).find({ name: "default" });
  const running = runControllers({
    ...{ client, clock, rng, metrics: new MetricRegistry(), log: silentLogger, signal: stop.signal },
    names: ["persistentvolume-binder-controller"],
    options: { "persistentvolume-binder-controller": { removeDirectory, ...(enabled ? { makeDirectory } : {}) } },
  });
  test.after(async () => {
    stop.abort();
    await clock.advance(0);
    await running;
    await server.close();
  });
  await client.of(storageClasses).create({
    ...{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name: "standard" } },
    provisioner: "kubernetes.io/host-path",
    ...of.storageClass,
  } as never);
  await client.of(persistentVolumeClaims).create({
    ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { ...at, annotations: of.annotations } },
    spec: {
      ...{ accessModes: ["ReadWriteOnce"], storageClassName: "standard" },
      ...{ resources: { requests: { storage: "1Gi" } }, ...of.claim },
    },
  } as never);
  await clock.advance(2000);
  return {
    ...{ clock, client, directories },
    claim: () => client.of(persistentVolumeClaims).get(at),
    told: async () =>
      (await client.of(events).list({})).items.map((each) => `${each.type} ${each.reason}: ${each.message}`),
  };
}

test("a claim gets a directory, and both go with it", async (test) => {
  const { client, clock, claim, directories, told } = await world(test, {});
  const { metadata, status, spec } = await claim();
  const name = `pvc-${metadata.uid}`;
  assert.deepEqual([status?.phase, spec.volumeName], ["Bound", name]);
  assert.equal(metadata.annotations?.["volume.kubernetes.io/storage-provisioner"], "kubernetes.io/host-path");
  assert.deepEqual(await told(), [
    `Normal ProvisioningSucceeded: Successfully provisioned volume ${name} using kubernetes.io/host-path`,
  ]);
  const volume = await client.of(persistentVolumes).get({ name });
  assert.deepEqual([...directories], [volume.spec.hostPath?.path]);
  assert.match(volume.spec.hostPath?.path ?? "", /^\/tmp\/hostpath_pv\/[0-9a-f-]{36}$/);
  assert.deepEqual(volume.metadata.finalizers, ["kubernetes.io/pv-controller"]);
  assert.deepEqual(volume.metadata.annotations, {
    "kubernetes.io/createdby": "hostpath-dynamic-provisioner",
    "pv.kubernetes.io/bound-by-controller": "yes",
    "pv.kubernetes.io/provisioned-by": "kubernetes.io/host-path",
  });
  await client.of(persistentVolumeClaims).delete(at);
  await clock.advance(1000);
  assert.deepEqual([...directories], []);
  assert.equal(await client.of(persistentVolumes).find({ name }), undefined);
});

const failures: readonly (readonly [string, Case])[] = [
  [
    'Failed to create provisioner: provisioning in volume plugin "kubernetes.io/host-path" is disabled',
    { enabled: false },
  ],
  [
    'Mount options are not supported by the provisioner but StorageClass "standard" has mount options [ro sync]',
    { storageClass: { mountOptions: ["ro", "sync"] } },
  ],
  [
    'Failed to provision volume with StorageClass "standard": kubernetes.io/host-path does not support block volume provisioning',
    { claim: { volumeMode: "Block" } },
  ],
  [
    'plugin "kubernetes.io/host-path" is not a CSI plugin. Only CSI plugin can provision a claim with a datasource',
    { claim: { dataSource: { kind: "PersistentVolumeClaim", name: "other" } } },
  ],
  [
    'Failed to get target node: node "gone" not found',
    { annotations: { "volume.kubernetes.io/selected-node": "gone" } },
  ],
  [
    'Failed to provision volume with StorageClass "standard": mkdir /tmp/hostpath_pv: read-only file system',
    { failing: "mkdir /tmp/hostpath_pv: read-only file system" },
  ],
];
for (const [message, of] of failures)
  test(message, async (test) => {
    const { claim, client, told } = await world(test, of);
    assert.deepEqual(await told(), [`Warning ProvisioningFailed: ${message}`]);
    assert.equal((await claim()).status?.phase, "Pending");
    assert.deepEqual((await client.of(persistentVolumes).list({})).items, []);
  });
