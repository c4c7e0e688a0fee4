// A claim with access mode ReadWriteOncePod has one pod at a time, and a disk named in pods themselves is not mounted twice on a node
// unless all only read it. Upstream: pkg/scheduler/framework/plugins/volumerestrictions.
import type { Pod, Volume } from "../../../api/index.ts";
import {
  action,
  asClaim,
  asPod,
  check,
  type FilterStep,
  type Plugin,
  reject,
  skip,
  unresolvable,
  unschedulable,
} from "../../framework.ts";
import type { Handle } from "../../handle.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";

const name = "VolumeRestrictions";
const diskConflict = unschedulable(name, "node(s) had no available disk");
const claimInUse = unschedulable(
  name,
  "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
);

const volumesOf = (pod: Pod): readonly Volume[] => pod.spec?.volumes ?? [];
const claimNames = (pod: Pod): string[] =>
  volumesOf(pod).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);

const namesDisk = (volume: Volume): boolean =>
  (volume.gcePersistentDisk ?? volume.awsElasticBlockStore ?? volume.rbd ?? volume.iscsi) !== undefined;

/** One disk, and not all who mount it only read. */
function sharesDisk(a: Volume, b: Volume): boolean {
  const written = (one: { readOnly?: boolean }, other: { readOnly?: boolean }): boolean =>
    !(one.readOnly === true && other.readOnly === true);
  if (a.gcePersistentDisk && b.gcePersistentDisk)
    if (a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName && written(a.gcePersistentDisk, b.gcePersistentDisk))
      return true;
  if (a.awsElasticBlockStore && b.awsElasticBlockStore)
    if (a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID) return true;
  if (a.iscsi && b.iscsi && a.iscsi.iqn === b.iscsi.iqn && written(a.iscsi, b.iscsi)) return true;
  if (!a.rbd || !b.rbd || !written(a.rbd, b.rbd)) return false;
  const monitors = b.rbd.monitors;
  return (
    a.rbd.monitors.some((each) => monitors.includes(each)) && a.rbd.pool === b.rbd.pool && a.rbd.image === b.rbd.image
  );
}

const conflicts = (disks: readonly Volume[], other: Pod): boolean =>
  disks.some((disk) => volumesOf(other).some((volume) => sharesDisk(disk, volume)));

/** How many of the claims a pod of the namespace uses. */
const uses = (namespace: string, claims: ReadonlySet<string>, other: PodInfo): number =>
  other.namespace === namespace ? claimNames(other.pod).filter((each) => claims.has(each)).length : 0;

function filterVolumes({ listers, snapshot }: Handle, info: PodInfo): FilterStep {
  const disks = volumesOf(info.pod).filter(namesDisk);
  const single = new Set<string>();
  for (const claimName of claimNames(info.pod)) {
    const claim = listers.persistentVolumeClaims.get(info.namespace, claimName);
    if (claim === undefined) return reject(unresolvable(name, `persistentvolumeclaim "${claimName}" not found`));
    if (claim.spec?.accessModes?.includes("ReadWriteOncePod")) single.add(claimName);
  }
  let inUse = 0;
  if (single.size > 0)
    for (const node of snapshot.nodes()) for (const other of node.pods) inUse += uses(info.namespace, single, other);
  if (disks.length === 0 && inUse === 0) return skip;
  return check({
    check(node) {
      if (disks.length > 0 && node.pods.some((other) => conflicts(disks, other.pod))) return diskConflict;
      return inUse > 0 ? claimInUse : undefined;
    },
    add: (other) => {
      inUse += uses(info.namespace, single, other);
    },
    remove: (other) => {
      inUse -= uses(info.namespace, single, other);
    },
  });
}

export const volumeRestrictions = (handle: Handle): Plugin => ({
  name,
  filter: (info) => filterVolumes(handle, info),
  events: [
    {
      resource: "Pod",
      action: action.delete,
      hint(info, before) {
        const gone = asPod(before)!;
        if ((gone.metadata.namespace ?? "") !== info.namespace) return false;
        const claims = new Set(claimNames(info.pod));
        return (
          conflicts(volumesOf(info.pod).filter(namesDisk), gone) || claimNames(gone).some((each) => claims.has(each))
        );
      },
    },
    { resource: "Node", action: action.add },
    {
      resource: "PersistentVolumeClaim",
      action: action.add,
      hint(info, _before, after) {
        const { namespace, name: claimName } = asClaim(after)!.metadata;
        return namespace === info.namespace && claimNames(info.pod).includes(claimName);
      },
    },
  ],
});
