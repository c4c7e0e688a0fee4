// What becomes of a volume whose claim is gone. Upstream: pv_controller.go reclaimVolume, deleteVolumeOperation.

import { type PersistentVolume, persistentVolumes } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import { ignoreNotFound } from "../../machinery/index.ts";
import type { ControllerContext } from "../lib/index.ts";
import { deletionOf, withoutInTreeFinalizer } from "./drivers.ts";
import { annotations, hasAnnotation } from "./match.ts";
import type { Objects } from "./objects.ts";
import type { Recycler, RecyclerOptions } from "./recycle.ts";

/** Read from the controller's options under `persistentvolume-binder-controller`. */
export interface BinderOptions {
  /** Removes a directory of this machine with all that is in it. */
  readonly removeDirectory?: (path: string) => Promise<void>;
  /** Makes a directory of this machine, and those above it. Without it no volume is provisioned here. */
  readonly makeDirectory?: (path: string) => Promise<void>;
  readonly recycler?: RecyclerOptions;
}

export const binderOptions = (context: ControllerContext): BinderOptions =>
  (context.options["persistentvolume-binder-controller"] ?? {}) as BinderOptions;

export interface Reclaiming {
  readonly context: ControllerContext;
  readonly objects: Objects;
  readonly recycler: Recycler;
}

export async function reclaim({ context, objects, recycler }: Reclaiming, volume: PersistentVolume): Promise<void> {
  if (hasAnnotation(volume, annotations.migratedTo)) return;
  switch (volume.spec.persistentVolumeReclaimPolicy) {
    case "Retain":
      return;
    case "Recycle":
      recycler.begin(volume);
      return;
    case "Delete":
      return deleteContent(context, objects, volume);
    default:
      await objects.setPhase(volume, "Failed", {
        reason: "VolumeUnknownReclaimPolicy",
        message: "Volume has unrecognized PersistentVolumeReclaimPolicy",
      });
  }
}

async function deleteContent(context: ControllerContext, objects: Objects, volume: PersistentVolume): Promise<void> {
  const deletion = deletionOf(volume);
  if (deletion.by === "external") return;
  if (deletion.by === "nobody") {
    await objects.setPhase(volume, "Failed", { reason: "VolumeFailedDelete", message: deletion.message });
    return;
  }
  const { removeDirectory } = binderOptions(context);
  try {
    await removeDirectory?.(deletion.path);
  } catch (error) {
    const message = errorText(error);
    await objects.setPhase(volume, "Failed", { reason: "VolumeFailedDelete", message });
    return;
  }
  const released = withoutInTreeFinalizer(volume);
  if (released !== undefined) await objects.updateVolume(released);
  await context.client.of(persistentVolumes).delete({ name: volume.metadata.name }).catch(ignoreNotFound);
}
