// Which classes of volume attributes a claim or a volume refers to. Upstream: pkg/controller/volume/vacprotection.
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/index.ts";

const named = (names: readonly (string | undefined)[]): readonly string[] =>
  [...new Set(names.filter((name) => name !== undefined && name !== ""))] as readonly string[];

/** The class it asks for, the one its volume has and the one its volume is being changed to. */
export const classesOfClaim = ({ spec, status }: PersistentVolumeClaim): readonly string[] =>
  named([
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]);

export const classesOfVolume = ({ spec }: PersistentVolume): readonly string[] =>
  named([spec?.volumeAttributesClassName]);

/** What an update let go. */
export const released = (before: readonly string[], after: readonly string[]): readonly string[] =>
  before.filter((name) => !after.includes(name));
