// Claims on a simulated node. What is asserted as text is what upstream's kubelet tells.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PersistentVolume, PersistentVolumeClaim, Pod, PodSpec } from "../../api/index.ts";
import { VirtualClock } from "../../base/index.ts";
import { defaultKubeletConfig } from "../config.ts";
import type { KubeletContext } from "../context.ts";
import { createSimulatedHost } from "../host-sim.ts";
import { testPod } from "../testing.ts";
import { createPersistentVolumes } from "./persistent.ts";
import { containerDevices } from "./volume.ts";

const claim: PersistentVolumeClaim = {
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "c", namespace: "ns", uid: "claim" } as PersistentVolumeClaim["metadata"],
  spec: { volumeName: "pv" },
  status: { phase: "Bound" },
};

const persistentVolume = (spec: Partial<PersistentVolume["spec"]>): PersistentVolume => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name: "pv", uid: "v" } as PersistentVolume["metadata"],
  spec: {
    accessModes: ["ReadWriteOnce"],
    claimRef: { kind: "PersistentVolumeClaim", namespace: "ns", name: "c", uid: "claim" },
    local: { path: "/data" },
    ...spec,
  },
});

function world(objects: { readonly claim?: PersistentVolumeClaim; readonly volume?: PersistentVolume }) {
  const clock = new VirtualClock();
  const host = createSimulatedHost({ clock, files: { "/data/file": "x", "/dev/sdb": "" } });
  const stat = host.files.stat;
  // The simulated disk has no devices.
  host.files.stat = async (path) => {
    const found = await stat(path);
    return found !== undefined && path === "/dev/sdb" ? { ...found, type: "block" } : found;
  };
  const told: string[] = [];
  const found: Record<string, unknown> = { persistentvolumeclaims: objects.claim, persistentvolumes: objects.volume };
  const context = {
    host,
    config: { ...defaultKubeletConfig, rootDirectory: "/k" },
    client: { of: ({ resource }: { resource: string }) => ({ find: async () => found[resource] }) },
    events: {
      event: (_: Pod, event: { reason: string; message: string }) => told.push(`${event.reason} ${event.message}`),
    },
    node: () => ({ metadata: { name: "n", labels: { zone: "a" } } }),
  } as unknown as KubeletContext;
  return { host, told, volumes: createPersistentVolumes(context) };
}

const podOf = (uid: string, spec: Partial<PodSpec> = {}): Pod =>
  testPod({ volumes: [{ name: "data", persistentVolumeClaim: { claimName: "c" } }], ...spec }, { uid });
const volumeOf = (pod: Pod) => pod.spec.volumes![0]!;

describe("local volumes", () => {
  it("are shown in the pod's own directory, and only their first pod gives them to its group", async () => {
    const { host, told, volumes } = world({ claim, volume: persistentVolume({}) });
    const one = podOf("one", { securityContext: { fsGroup: 1234 } });
    const mounted = await volumes.mount(one, volumeOf(one));
    const path = "/k/pods/one/volumes/kubernetes.io~local-volume/pv";
    assert.deepEqual(mounted, { name: "data", path, readonly: false });
    assert.deepEqual(host.mounted.get(path), { kind: "bind", source: "/data", readonly: false });
    assert.equal((await host.files.stat(path))?.gid, 1234);
    await host.files.chown("/data", -1, 1234);
    const two = podOf("two", { securityContext: { fsGroup: 4321 } });
    await volumes.mount(two, volumeOf(two));
    assert.equal((await host.files.stat("/k/pods/two/volumes/kubernetes.io~local-volume/pv"))?.gid, 0);
    assert.deepEqual(told, [
      "AlreadyMountedVolume The requested fsGroup is 4321, but the volume pv has GID 1234. The volume may not be shareable.",
    ]);
  });

  it("on a device are mounted once for all pods, until the last one goes", async () => {
    const { host, volumes } = world({ claim, volume: persistentVolume({ local: { path: "/dev/sdb" } }) });
    const staged = "/k/plugins/kubernetes.io/local-volume/mounts/pv";
    for (const uid of ["one", "two"]) await volumes.mount(podOf(uid), volumeOf(podOf(uid)));
    assert.deepEqual(host.mounted.get(staged), { kind: "device", source: "/dev/sdb", readonly: false });
    for (const uid of ["one", "two"]) {
      assert.ok(host.mounted.has(staged));
      await host.mounts.unmount(`/k/pods/${uid}/volumes/kubernetes.io~local-volume/pv`);
      await volumes.release(uid);
    }
    assert.equal(host.mounted.has(staged), false);
    assert.equal(await host.files.stat(staged), undefined);
  });

  it("as devices are given to containers by a link", async () => {
    const volume = persistentVolume({ local: { path: "/dev/sdb" }, volumeMode: "Block" });
    const { host, told, volumes } = world({ claim, volume });
    const container = { name: "c", image: "x", volumeDevices: [{ name: "data", devicePath: "/dev/here" }] };
    const pod = podOf("one", { containers: [container] });
    const mounted = await volumes.mount(pod, volumeOf(pod));
    const hostPath = "/k/pods/one/volumeDevices/kubernetes.io~local-volume/pv";
    assert.equal(await host.files.readLink(hostPath), "/dev/sdb");
    const mountedByName = new Map([["data", mounted]]);
    assert.deepEqual(containerDevices(container, mountedByName), [
      { hostPath, containerPath: "/dev/here", permissions: "mrw" },
    ]);
    assert.deepEqual(told, [
      `SuccessfulMountVolume MapVolume.MapPodDevice succeeded for volume "pv" globalMapPath "/k/plugins/kubernetes.io~local-volume/volumeDevices/pv"`,
      `SuccessfulMountVolume MapVolume.MapPodDevice succeeded for volume "pv" volumeMapPath "/k/pods/one/volumeDevices/kubernetes.io~local-volume"`,
    ]);
  });
});

describe("NFS volumes", () => {
  it("are mounted for each pod, with the options of the persistent volume", async () => {
    const nfs = { server: "fd00::1", path: "/exports" };
    const volume = persistentVolume({ local: undefined, nfs, mountOptions: ["hard", "ro"] } as object);
    const { host, volumes } = world({ claim, volume });
    const mounted = await volumes.mount(podOf("one"), volumeOf(podOf("one")));
    const path = "/k/pods/one/volumes/kubernetes.io~nfs/pv";
    assert.deepEqual(mounted, { name: "data", path, readonly: false });
    assert.deepEqual(host.mounted.get(path), { kind: "network", source: "[fd00::1]:/exports", readonly: true });
  });
});

describe("claims that cannot be used yet", () => {
  const unprocessed = (why: string): string =>
    `Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: ${why}`;
  const required = (zone: string) => ({
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In" as const, values: [zone] }] }] },
  });
  const cases: readonly (readonly [string, Parameters<typeof world>[0], string, Partial<PodSpec>?])[] = [
    [
      "absent",
      {},
      unprocessed(
        'error processing PVC ns/c: failed to fetch PVC from API server: persistentvolumeclaims "c" not found',
      ),
    ],
    ["unbound", { claim: { ...claim, status: {} } }, unprocessed("error processing PVC ns/c: PVC is not bound")],
    [
      "of another claim",
      { claim, volume: persistentVolume({ claimRef: { uid: "other" } }) },
      unprocessed(
        "error processing PVC ns/c: found PV object pv but its pv.Spec.ClaimRef.UID other does not point to claim.UID claim",
      ),
    ],
    [
      "a device among the mounts",
      { claim, volume: persistentVolume({ volumeMode: "Block" }) },
      unprocessed("volume data has volumeMode Block, but is specified in volumeMounts"),
      { containers: [{ name: "c", image: "x", volumeMounts: [{ name: "data", mountPath: "/d" }] }] },
    ],
    [
      "of another node",
      { claim, volume: persistentVolume({ nodeAffinity: required("b") }) },
      'MountVolume.NodeAffinity check failed for volume "pv" : no matching NodeSelectorTerms',
    ],
    [
      "a directory that is not there",
      { claim, volume: persistentVolume({ nodeAffinity: required("a"), local: { path: "/none" } }) },
      'MountVolume.NewMounter initialization failed for volume "pv" : path "/none" does not exist',
    ],
    [
      "of a driver",
      { claim, volume: persistentVolume({ local: undefined, rbd: { image: "i" } } as object) },
      'MountVolume.FindPluginBySpec failed for volume "pv" : no volume plugin matched name: kubernetes.io/rbd: volume "pv" needs a driver that this node does not have',
    ],
  ];
  for (const [name, objects, message, spec] of cases)
    it(name, async () => {
      const pod = podOf("one", spec);
      await assert.rejects(world(objects).volumes.mount(pod, volumeOf(pod)), { message });
    });

  it("for one pod alone", async () => {
    const { volumes } = world({ claim, volume: persistentVolume({ accessModes: ["ReadWriteOncePod"] }) });
    await volumes.mount(podOf("one"), volumeOf(podOf("one")));
    await assert.rejects(volumes.mount(podOf("two"), volumeOf(podOf("two"))), {
      message:
        'MountVolume.SetUp failed for volume "pv" : volume uses the ReadWriteOncePod access mode and is already in use by another pod',
    });
    await volumes.release("one");
    await volumes.mount(podOf("two"), volumeOf(podOf("two")));
  });
});
