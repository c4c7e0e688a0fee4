// Volumes of a CSI driver that come to nodes and leave them, on a real API server and a virtual clock. The test is the driver's
// attacher and the nodes' kubelets.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  csiDrivers,
  events,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeAttachments,
} from "../../api/index.ts";
import { controllerWorld } from "../world.fixture.ts";
import { attachmentName } from "./decide.ts";

const driver = "disk.example.com";
const volume = `kubernetes.io/csi/${driver}^h1`;
const of = (name: string): string => attachmentName("h1", driver, name);

async function world(test: TestContext, accessMode = "ReadWriteOnce") {
  const { clock, client, metrics, run } = await controllerWorld(test, {
    admission: { disable: ["ServiceAccount", "StorageObjectInUseProtection"] },
  });
  const make = async (kind: Parameters<typeof client.of>[0], object: object): Promise<void> => {
    const made = await client
      .of(kind)
      .create({ apiVersion: kind.group === "" ? "v1" : `${kind.group}/v1`, kind: kind.kind, ...object } as never);
    if ("status" in object) await client.of(kind).updateStatus({ ...made, status: object.status } as never);
  };
  const ready = { conditions: [{ type: "Ready", status: "True" }] };
  const annotations = { "volumes.kubernetes.io/controller-managed-attach-detach": "true" };
  for (const name of ["n1", "n2"]) await make(nodes, { metadata: { name, annotations }, status: ready });
  const spec = { accessModes: [accessMode], resources: { requests: { storage: "1Gi" } }, storageClassName: "" };
  await make(persistentVolumeClaims, {
    metadata: { name: "c1", namespace: "default" },
    spec: { ...spec, volumeName: "pv1" },
    status: { phase: "Bound" },
  });
  const { uid } = (await client.of(persistentVolumeClaims).get({ name: "c1", namespace: "default" })).metadata;
  await make(persistentVolumes, {
    metadata: { name: "pv1" },
    spec: {
      accessModes: [accessMode],
      capacity: { storage: "1Gi" },
      claimRef: { namespace: "default", name: "c1", uid },
      csi: { driver, volumeHandle: "h1" },
    },
  });
  run(["persistentvolume-attach-detach-controller"]);
  const attachment = (name: string) => client.of(volumeAttachments).get({ name: of(name) });
  return {
    ...{ clock, client, metrics },
    pod: (name: string, nodeName: string) =>
      make(pods, {
        metadata: { name, namespace: "default" },
        spec: {
          nodeName,
          containers: [{ name: "c", image: "i" }],
          volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c1" } }],
        },
      }),
    remove: (name: string) => client.of(pods).delete({ namespace: "default", name }, { gracePeriodSeconds: 0 }),
    driver: (attachRequired: boolean) => make(csiDrivers, { metadata: { name: driver }, spec: { attachRequired } }),
    answer: async (name: string, status: object) => {
      await client.of(volumeAttachments).updateStatus({ ...(await attachment(name)), status } as never);
      await clock.advance(1000);
    },
    status: async (name: string, status: object) => {
      await client.of(nodes).patch({ name }, { status }, { type: "merge", subresource: "status" });
      await clock.advance(1000);
    },
    attached: async () => (await client.of(volumeAttachments).list({})).items.map(({ metadata }) => metadata.name),
    reported: async (name: string) =>
      (await client.of(nodes).get({ name })).status?.volumesAttached?.map((each) => each.name) ?? [],
    told: async () =>
      (await client.of(events).list({})).items.map(
        (each) => `${each.involvedObject.name} ${each.reason}: ${each.message}`,
      ),
  };
}

test("a volume is attached for a pod, told of, and detached when its node has let go of it", async (test) => {
  const w = await world(test);
  await w.pod("p", "n1");
  await w.clock.advance(1000);
  assert.deepEqual(await w.attached(), [of("n1")]);
  const { spec } = (await w.client.of(volumeAttachments).list({})).items[0]!;
  assert.deepEqual(spec, { attacher: driver, nodeName: "n1", source: { persistentVolumeName: "pv1" } });
  assert.deepEqual(await w.reported("n1"), []);
  await w.answer("n1", { attached: false, attachError: { message: "no disk" } });
  await w.answer("n1", { attached: true });
  assert.deepEqual(await w.reported("n1"), [volume]);
  const counted = w.metrics.render();
  assert.match(
    counted,
    /^storage_count_attachable_volumes_in_use\{node="n1",volume_plugin="kubernetes.io\/csi:disk.example.com"\} 1$/m,
  );
  for (const state of ["desired", "actual"])
    assert.match(
      counted,
      new RegExp(
        `^attachdetach_controller_total_volumes\\{plugin_name="kubernetes.io/csi:${driver}",state="${state}_state_of_world"\\} 1$`,
        "m",
      ),
    );
  await w.status("n1", { volumesInUse: [volume] });
  await w.remove("p");
  await w.clock.advance(700_000);
  assert.deepEqual(await w.attached(), [of("n1")], "the node is healthy and still uses it");
  await w.status("n1", { volumesInUse: [] });
  assert.deepEqual([await w.attached(), await w.reported("n1")], [[], []]);
  assert.deepEqual((await w.told()).sort(), [
    'p FailedAttachVolume: AttachVolume.Attach failed for volume "pv1" : no disk',
    'p SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "pv1" ',
  ]);
});

test("a volume for one node goes to the next when the first is done with it, and says so meanwhile", async (test) => {
  const w = await world(test);
  await w.pod("one", "n1");
  await w.clock.advance(1000);
  await w.answer("n1", { attached: true });
  await w.status("n1", { volumesInUse: [volume] });
  await w.pod("two", "n2");
  await w.clock.advance(1000);
  assert.deepEqual(await w.attached(), [of("n1")]);
  assert.ok(
    (await w.told()).includes(
      'two FailedAttachVolume: Multi-Attach error for volume "pv1" Volume is already used by pod(s) one',
    ),
  );
  await w.remove("one");
  await w.status("n1", { volumesInUse: [] });
  assert.deepEqual(await w.attached(), [of("n2")]);
});

test("a failure is told again and again while it lasts, ever more rarely", async (test) => {
  const w = await world(test);
  await w.pod("p", "n1");
  await w.clock.advance(1000);
  await w.answer("n1", { attached: false, attachError: { message: "no disk" } });
  await w.clock.advance(6000);
  const told = async () => (await w.client.of(events).list({})).items.map(({ reason, count }) => `${reason} ${count}`);
  assert.deepEqual(await told(), ["FailedAttachVolume 4"]);
  await w.answer("n1", { attached: true });
  await w.clock.advance(60_000);
  assert.deepEqual((await told()).sort(), ["FailedAttachVolume 4", "SuccessfulAttachVolume 1"]);
});

test("one that several nodes may have is attached to all of them", async (test) => {
  const w = await world(test, "ReadWriteMany");
  await w.pod("one", "n1");
  await w.pod("two", "n2");
  await w.clock.advance(1000);
  assert.deepEqual((await w.attached()).sort(), [of("n1"), of("n2")].sort());
});

test("a node that is lost keeps it for six minutes, one that is out of service not at all", async (test) => {
  const w = await world(test);
  await w.pod("p", "n1");
  await w.clock.advance(1000);
  await w.answer("n1", { attached: true });
  await w.status("n1", { volumesInUse: [volume], conditions: [{ type: "Ready", status: "Unknown" }] });
  await w.remove("p");
  await w.clock.advance(350_000);
  assert.deepEqual(await w.attached(), [of("n1")]);
  await w.clock.advance(12_000);
  assert.deepEqual(await w.attached(), []);
  assert.match(w.metrics.render(), /forced_detaches\{reason="timeout"\} 1$/m);
  await w.pod("q", "n1");
  await w.clock.advance(1000);
  await w.remove("q");
  await w.clock.advance(1000);
  assert.deepEqual(await w.attached(), [of("n1")]);
  const taints = [{ key: "node.kubernetes.io/out-of-service", value: "nodeshutdown", effect: "NoExecute" }];
  await w.client.of(nodes).patch({ name: "n1" }, { spec: { taints } }, { type: "merge" });
  await w.clock.advance(1000);
  assert.deepEqual(await w.attached(), []);
  assert.match(w.metrics.render(), /forced_detaches\{reason="out-of-service"\} 1$/m);
});

test("drivers that need no attaching get none, and a silent attacher is told of", async (test) => {
  const w = await world(test);
  await w.driver(false);
  await w.pod("p", "n1");
  await w.clock.advance(1000);
  assert.deepEqual(await w.attached(), []);
  await w.client.of(csiDrivers).delete({ name: driver });
  await w.clock.advance(121_000);
  assert.deepEqual(await w.attached(), [of("n1")]);
  assert.deepEqual(await w.told(), [
    `p FailedAttachVolume: AttachVolume.Attach failed for volume "pv1" : timed out waiting for external-attacher of ${driver} CSI driver to attach volume h1`,
  ]);
});
