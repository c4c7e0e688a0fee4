// Which volume of a CSI driver has to be attached to which node, and when it may go. Plain functions over what there is.
// Upstream: pkg/controller/volume/attachdetach, pkg/volume/csi (csi_attacher.go, csi_util.go).
import type {
  CSIDriver,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  VolumeAttachment,
} from "../../api/index.ts";
import { sha256Hex } from "../../base/index.ts";
import { isControlledBy, isTerminal } from "../lib/index.ts";

/** How long a volume may stay mounted on a node that is not healthy before it is taken away all the same. Upstream's default. */
const longestUnmountMs = 360_000;
/** How long an attacher is waited for until its silence is told. Upstream's default for CSI. */
export const attachPatienceMs = 120_000;
const keepTerminated = "volumes.kubernetes.io/keep-terminated-pod-volumes";
const managed = "volumes.kubernetes.io/controller-managed-attach-detach";
const outOfService = "node.kubernetes.io/out-of-service";

const encoder = new TextEncoder();

/** The name that every attacher and kubelet looks for. */
export const attachmentName = (handle: string, driver: string, nodeName: string): string =>
  `csi-${sha256Hex(encoder.encode(handle + driver + nodeName)).toLowerCase()}`;

/** As nodes name it in `status.volumesAttached` and `volumesInUse`. */
export const volumeName = ({
  driver,
  volumeHandle,
}: {
  readonly driver: string;
  readonly volumeHandle: string;
}): string => `kubernetes.io/csi/${driver}^${volumeHandle}`;

/** Names of the claims that the pod's volumes are. */
export const claimNames = ({ metadata, spec }: Pod): readonly string[] =>
  (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName];
    return ephemeral ? [`${metadata.name}-${name}`] : [];
  });

/** A claim that a pod's own volume made has to be the pod's. */
export function isClaimOf(pod: Pod, claim: PersistentVolumeClaim): boolean {
  const named = (pod.spec?.volumes ?? []).some(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim.metadata.name,
  );
  return named || isControlledBy(claim, pod);
}

export const boundVolume = ({ status, spec }: PersistentVolumeClaim): string | undefined =>
  status?.phase === "Bound" && spec?.volumeName ? spec.volumeName : undefined;

export const isBoundTo = ({ spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  spec?.claimRef !== undefined && spec.claimRef.uid === claim.metadata.uid;

/** Whether the volume has to be on the pod's node: over and off it, it need not. */
export function needsVolumes(pod: Pod, node: Node | undefined): boolean {
  if (!pod.spec?.nodeName || node?.metadata.annotations?.[managed] === undefined) return false;
  return !isOver(pod) || node.metadata.annotations[keepTerminated] === "true";
}

const isOver = (pod: Pod): boolean =>
  isTerminal(pod) ||
  (pod.metadata.deletionTimestamp !== undefined &&
    (pod.status?.containerStatuses ?? []).every(
      ({ state }) => state?.terminated !== undefined || state?.waiting !== undefined,
    ));

export const isAttachable = (driver: CSIDriver | undefined): boolean => driver?.spec?.attachRequired !== false;

/** Whether several nodes may have it at one time. */
export function isShared({ spec }: PersistentVolume): boolean {
  const modes = spec?.accessModes ?? [];
  return modes.length === 0 || modes.some((mode) => mode === "ReadWriteMany" || mode === "ReadOnlyMany");
}

export type DetachStep =
  | { readonly type: "wait"; readonly forMs: number | undefined }
  | { readonly type: "detach"; readonly forced: "timeout" | "out-of-service" | undefined };

/** `unwantedMs`: for how long nobody has wanted it on the node. */
export function detachStep(name: string, node: Node | undefined, unwantedMs: number): DetachStep {
  const isMounted = node?.status?.volumesInUse?.includes(name) ?? false;
  const isTaken = node?.spec?.taints?.some(({ key }) => key === outOfService) ?? false;
  const isHealthy =
    node?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  const isLate = unwantedMs >= longestUnmountMs;
  if (isMounted && !isTaken && !(isLate && !isHealthy))
    return { type: "wait", forMs: isHealthy ? undefined : longestUnmountMs - unwantedMs };
  if (isLate) return { type: "detach", forced: "timeout" };
  return { type: "detach", forced: isTaken ? "out-of-service" : undefined };
}

export interface AttachState {
  readonly type: "attached" | "waiting" | "failed";
  readonly why?: string;
}

export function attachState({ metadata, status }: VolumeAttachment): AttachState {
  if (metadata.deletionTimestamp !== undefined) return { type: "failed", why: "volume attachment is being deleted" };
  if (status?.attached === true) return { type: "attached" };
  return status?.attachError === undefined
    ? { type: "waiting" }
    : { type: "failed", why: status.attachError.message ?? "" };
}

/** Said to a pod whose volume another node has. `users`: pods with the volume on other nodes. */
export function multiAttachMessage(volume: string, namespace: string | undefined, users: readonly Pod[]): string {
  const before = `Multi-Attach error for volume "${volume}" `;
  if (users.length === 0)
    return `${before}Volume is already exclusively attached to one node and can't be attached to another`;
  const near = users.filter(({ metadata }) => metadata.namespace === namespace).map(({ metadata }) => metadata.name);
  const far = users.length - near.length;
  if (near.length === 0) return `${before}Volume is already used by ${far} pod(s) in different namespaces`;
  const others = far > 0 ? ` and ${far} pod(s) in different namespaces` : "";
  return `${before}Volume is already used by pod(s) ${near.join(", ")}${others}`;
}
