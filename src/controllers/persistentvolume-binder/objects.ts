// What the binder knows and writes: the informers' objects, or its own newer writes until the informers show them.
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from "../../api/index.ts";
import type { EventRecorder, Informer } from "../../client/index.ts";
import { compareQuantities, deepEqual, type KubeObject, objectKey } from "../../machinery/index.ts";
import type { ControllerContext } from "../lib/index.ts";
import { annotations } from "./match.ts";

export interface Objects {
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  claim(key: string): PersistentVolumeClaim | undefined;
  claims(): readonly PersistentVolumeClaim[];
  updateVolume(volume: PersistentVolume): Promise<PersistentVolume>;
  updateClaim(claim: PersistentVolumeClaim): Promise<PersistentVolumeClaim>;
  setPhase(volume: PersistentVolume, phase: VolumePhase, told?: Told): Promise<PersistentVolume>;
  /** Capacity and access modes follow the volume; without one they are taken away. */
  setClaimPhase(
    claim: PersistentVolumeClaim,
    phase: ClaimPhase,
    as?: { readonly volume?: PersistentVolume; readonly told?: Told },
  ): Promise<PersistentVolumeClaim>;
}

export type VolumePhase = NonNullable<NonNullable<PersistentVolume["status"]>["phase"]>;
export type ClaimPhase = NonNullable<NonNullable<PersistentVolumeClaim["status"]>["phase"]>;
/** An event of the change, told only when there is one. */
export interface Told {
  readonly reason: string;
  readonly message: string;
}

const versionOf = (object: KubeObject): number => Number(object.metadata.resourceVersion);

function newest<T extends KubeObject>(informer: Informer<T>) {
  const written = new Map<string, T>();
  const choose = (key: string, cached: T | undefined): T | undefined => {
    const own = written.get(key);
    if (own === undefined || cached === undefined) return cached;
    if (own.metadata.uid === cached.metadata.uid && versionOf(own) > versionOf(cached)) return own;
    written.delete(key);
    return cached;
  };
  return {
    get: (key: string): T | undefined => choose(key, informer.byKey(key)),
    list: (): readonly T[] => informer.list().map((each) => choose(objectKey(each), each)!),
    note(object: T): T {
      written.set(objectKey(object), object);
      return object;
    },
    forget: (object: T): void => void written.delete(objectKey(object)),
  };
}

export function createObjects(
  context: ControllerContext,
  informers: {
    readonly volumes: Informer<PersistentVolume>;
    readonly claims: Informer<PersistentVolumeClaim>;
    readonly recorder: EventRecorder;
  },
): Objects {
  const volumeClient = context.client.of(persistentVolumes);
  const claimClient = context.client.of(persistentVolumeClaims);
  const volumes = newest(informers.volumes);
  const claims = newest(informers.claims);
  informers.volumes.addHandler({ delete: volumes.forget });
  informers.claims.addHandler({ delete: claims.forget });
  return {
    volume: volumes.get,
    volumes: volumes.list,
    claim: claims.get,
    claims: claims.list,
    updateVolume: async (volume) => volumes.note(await volumeClient.update(volume)),
    updateClaim: async (claim) => claims.note(await claimClient.update(claim)),
    async setPhase(volume, phase, told) {
      if (volume.status?.phase === phase) return volume;
      const { message: _, ...status } = volume.status ?? {};
      const message = told === undefined ? {} : { message: told.message };
      const after = volumes.note(
        await volumeClient.updateStatus({ ...volume, status: { ...status, phase, ...message } }),
      );
      if (told !== undefined) informers.recorder.event(after, { type: "Warning", ...told });
      return after;
    },
    async setClaimPhase(claim, phase, { volume, told } = {}) {
      if (told !== undefined && claim.status?.phase === phase) return claim;
      const status = claimStatus(claim, phase, volume);
      if (status === undefined) return claim;
      const after = claims.note(await claimClient.updateStatus({ ...claim, status }));
      if (told !== undefined) informers.recorder.event(after, { type: "Warning", ...told });
      return after;
    },
  };
}

/** Undefined when it is that already. */
export function claimStatus(
  claim: PersistentVolumeClaim,
  phase: ClaimPhase,
  volume: PersistentVolume | undefined,
): PersistentVolumeClaim["status"] | undefined {
  const before = claim.status ?? {};
  const { accessModes: _, capacity: __, currentVolumeAttributesClassName: ___, ...others } = before;
  if (volume === undefined) {
    const after = { ...others, phase };
    return deepEqual(after, before) ? undefined : after;
  }
  const after: NonNullable<PersistentVolumeClaim["status"]> = { ...before, phase };
  if (volume.spec.accessModes !== undefined) after.accessModes = volume.spec.accessModes;
  if (before.phase !== phase) {
    const size = volume.spec.capacity?.["storage"];
    if (size === undefined) throw new Error(`PersistentVolume "${volume.metadata.name}" is without a storage capacity`);
    const preResize = volume.metadata.annotations?.[annotations.preResizeCapacity];
    const current = before.capacity?.["storage"];
    if (preResize !== undefined) after.capacity = { ...before.capacity, storage: preResize };
    else if (current === undefined || compareQuantities(size, current) !== 0) after.capacity = volume.spec.capacity!;
  }
  const attributes = volume.spec.volumeAttributesClassName;
  if (before.phase === "Pending" && phase === "Bound" && attributes !== undefined)
    after.currentVolumeAttributesClassName = attributes;
  return deepEqual(after, before) ? undefined : after;
}
