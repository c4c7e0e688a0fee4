// Claims of the pod: each must exist, be bound and be reachable from the node. Claims that wait for their first consumer
// (volumeBindingMode WaitForFirstConsumer) get a volume of the chosen node, or their provisioner is told the node; the pod is
// bound once they are. Upstream: pkg/scheduler/framework/plugins/volumebinding.
import type { PersistentVolumeClaim, Pod } from "../../../api/index.ts";
import { onAbort, sleep } from "../../../base/index.ts";
import { objectKey } from "../../../machinery/index.ts";
import {
  action,
  asClaim,
  check,
  type FilterStep,
  type Plugin,
  reject,
  type Status,
  skip,
  unresolvable,
} from "../../framework.ts";
import type { Handle, Listers } from "../../handle.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";
import {
  asking,
  claimed,
  classNameOf,
  type LateClaims,
  lateClaims,
  type Plan,
  reachable,
  selectedNode,
} from "./late-binding.ts";

const name = "VolumeBinding";
const unboundImmediate = unresolvable(name, "pod has unbound immediate PersistentVolumeClaims");
const nothingToBind = unresolvable(name, "node(s) didn't find available persistent volumes to bind");
const wrongNode = unresolvable(name, "node(s) didn't match PersistentVolume's node affinity");
const volumeGone = unresolvable(name, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");

interface ClaimUse {
  readonly name: string;
  readonly ephemeral: boolean;
}

function claimUses(pod: Pod): ClaimUse[] {
  const uses: ClaimUse[] = [];
  for (const volume of pod.spec?.volumes ?? [])
    if (volume.persistentVolumeClaim !== undefined)
      uses.push({ name: volume.persistentVolumeClaim.claimName, ephemeral: false });
    else if (volume.ephemeral !== undefined)
      uses.push({ name: `${pod.metadata.name}-${volume.name}`, ephemeral: true });
  return uses;
}

const boundMark = "pv.kubernetes.io/bind-completed";
const isBound = (claim: PersistentVolumeClaim): boolean =>
  Boolean(claim.spec?.volumeName) && claim.metadata.annotations?.[boundMark] !== undefined;

/** The claim, or why there is none to use. */
function usableClaim(listers: Listers, pod: Pod, use: ClaimUse): PersistentVolumeClaim | Status {
  const claim = listers.persistentVolumeClaims.get(pod.metadata.namespace ?? "", use.name);
  if (claim === undefined)
    return unresolvable(
      name,
      use.ephemeral
        ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${use.name}"`
        : `persistentvolumeclaim "${use.name}" not found`,
    );
  if (claim.status?.phase === "Lost")
    return unresolvable(
      name,
      `persistentvolumeclaim "${use.name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ""}"`,
    );
  if (claim.metadata.deletionTimestamp !== undefined)
    return unresolvable(name, `persistentvolumeclaim "${use.name}" is being deleted`);
  const owner = claim.metadata.ownerReferences?.find((each) => each.controller === true);
  if (use.ephemeral && owner?.uid !== pod.metadata.uid)
    return unresolvable(
      name,
      `PVC ${pod.metadata.namespace}/${use.name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`,
    );
  return claim;
}

function waitsForFirstConsumer(listers: Listers, claim: PersistentVolumeClaim): boolean {
  const className = classNameOf(claim);
  return (
    className !== "" &&
    !claim.spec?.volumeName &&
    listers.storageClasses.get("", className)?.volumeBindingMode === "WaitForFirstConsumer"
  );
}

/** What pods between their decision and their binding have been promised. */
interface Promises {
  /** Of the decision under way on a pod. */
  readonly prepared: WeakMap<PodInfo, LateClaims>;
  /** By the pod's UID. */
  readonly plans: Map<string, Plan>;
  /** Names of volumes. */
  readonly taken: Set<string>;
}

function filterClaims(listers: Listers, promises: Promises, info: PodInfo): FilterStep {
  const { pod } = info;
  promises.prepared.delete(info);
  const uses = claimUses(pod);
  if (uses.length === 0) return skip;
  const claims: PersistentVolumeClaim[] = [];
  for (const use of uses) {
    const claim = usableClaim(listers, pod, use);
    if ("reasons" in claim) return reject(claim);
    claims.push(claim);
  }
  const unbound = claims.filter((claim) => !isBound(claim));
  if (unbound.some((claim) => !waitsForFirstConsumer(listers, claim))) return reject(unboundImmediate);
  const volumes = claims.filter(isBound).map((claim) => listers.persistentVolumes.get("", claim.spec!.volumeName!));
  if (volumes.includes(undefined)) return check({ check: () => volumeGone });
  const matchers = volumes.map((volume) => reachable(volume!)).filter((matcher) => matcher !== undefined);
  if (matchers.length === 0 && unbound.length === 0) return skip;
  const late =
    unbound.length === 0
      ? undefined
      : lateClaims(unbound, { listers, isTaken: (volume) => promises.taken.has(volume.metadata.name) });
  if (late !== undefined) promises.prepared.set(info, late);
  return check({
    check: (node) => {
      if (!matchers.every((matches) => matches(node))) return wrongNode;
      return late !== undefined && late.plan(node) === undefined ? nothingToBind : undefined;
    },
  });
}

/** How long provisioners and the binder have. Upstream: bindTimeoutSeconds. */
const bindTimeoutMs = 600_000;

/** Writes the plan and resolves when every claim of it is bound. Throws when that cannot become true any more. */
async function carryOut(
  { effects, listers, clock }: Handle,
  plan: Plan,
  at: { nodeName: string; signal: AbortSignal },
) {
  const { nodeName, signal } = at;
  /** Claims with the version from which on the lister shows what was written. */
  const awaited = new Map<PersistentVolumeClaim, number>();
  for (const { volume, claim } of plan.bindings) {
    await effects.replaceVolume(claimed(volume, claim));
    awaited.set(claim, 0);
  }
  for (const claim of plan.provisions) {
    const asks = claim.metadata.annotations?.[selectedNode] === nodeName;
    const written = asks ? claim : await effects.replaceClaim(asking(claim, nodeName));
    awaited.set(claim, Number(written.metadata.resourceVersion));
  }
  const isDone = (): boolean =>
    [...awaited].every(([claim, version]) =>
      isServed(listers, claim, { version, nodeName, provisions: plan.provisions }),
    );
  const ended = new AbortController();
  const stop = onAbort(signal, () => ended.abort(signal.reason));
  try {
    await new Promise<void>((resolve, fail) => {
      const look = (): void => {
        try {
          if (isDone()) resolve();
        } catch (error) {
          fail(error);
        }
      };
      const remove = effects.onClaimChange(look);
      onAbort(ended.signal, remove);
      sleep(clock, bindTimeoutMs, ended.signal).then(
        () => fail(new Error("binding volumes: context deadline exceeded")),
        (reason: unknown) => fail(reason),
      );
      look();
    });
  } finally {
    stop();
    ended.abort();
  }
}

function isServed(
  listers: Listers,
  claim: PersistentVolumeClaim,
  written: {
    readonly version: number;
    readonly nodeName: string;
    readonly provisions: readonly PersistentVolumeClaim[];
  },
): boolean {
  const { namespace = "", name: claimName } = claim.metadata;
  const current = listers.persistentVolumeClaims.get(namespace, claimName);
  if (current === undefined) throw new Error(`persistentvolumeclaim "${claimName}" not found`);
  if (isBound(current)) return true;
  if (Number(current.metadata.resourceVersion) < written.version) return false;
  if (written.provisions.includes(claim) && current.metadata.annotations?.[selectedNode] !== written.nodeName)
    throw new Error(`provisioning failed for PVC "${objectKey(claim)}"`);
  return false;
}

export const volumeBinding = (handle: Handle): Plugin => {
  const { listers } = handle;
  const promises: Promises = { prepared: new WeakMap(), plans: new Map(), taken: new Set() };
  const forget = ({ uid }: PodInfo): void => {
    for (const { volume } of promises.plans.get(uid)?.bindings ?? []) promises.taken.delete(volume.metadata.name);
    promises.plans.delete(uid);
  };
  return {
    name,
    filter: (info) => filterClaims(listers, promises, info),
    reserve: (info, nodeName) => {
      const late = promises.prepared.get(info);
      if (late === undefined) return undefined;
      const node = handle.snapshot.node(nodeName);
      const plan = node === undefined ? undefined : late.plan(node);
      if (plan === undefined) return nothingToBind;
      promises.plans.set(info.uid, plan);
      for (const { volume } of plan.bindings) promises.taken.add(volume.metadata.name);
      return undefined;
    },
    unreserve: forget,
    preBind: async (info, nodeName, signal) => {
      const plan = promises.plans.get(info.uid);
      if (plan !== undefined) await carryOut(handle, plan, { nodeName, signal });
    },
    postBind: forget,
    events: bindingEvents,
  };
};

const bindingEvents: NonNullable<Plugin["events"]> = [
  { resource: "StorageClass", action: action.add | action.update },
  {
    resource: "PersistentVolumeClaim",
    action: action.add | action.update,
    hint: (info, _before, after) => {
      const claim = asClaim(after)!;
      return (
        claim.metadata.namespace === info.namespace &&
        claimUses(info.pod).some((use) => use.name === claim.metadata.name)
      );
    },
  },
  { resource: "PersistentVolume", action: action.add | action.update },
  { resource: "Node", action: action.add | action.updateNodeLabel },
];
