// How the API server serves PersistentVolume.
import type { PersistentVolume } from "../../../../facts/types/core.v1.ts";
import { deepClone, deepEqual, field, identical } from "../../../machinery/index.ts";
import { defineRules, type RuleContext } from "../../kind.ts";
import { jsonDiff } from "../../lib/diff.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { defaultDisks } from "../../lib/pod-spec/defaults.ts";
import { roundResourceList } from "../../lib/resources.ts";
import { type Check, findings, immutable } from "../../lib/validate.ts";
import { volumeSpec, volumeTypes } from "../../lib/volumes/volume-spec.ts";

type Spec = NonNullable<PersistentVolume["spec"]>;
const mountOptions = "volume.beta.kubernetes.io/mount-options";
const takesMountOptions = [
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "glusterfs",
  "nfs",
  "rbd",
  "quobyte",
  "iscsi",
  "cinder",
  "cephfs",
  "azureFile",
  "vsphereVolume",
  "azureDisk",
  "photonPersistentDisk",
] as const;

const volume: Check<PersistentVolume> = (value, _at, found) => {
  const own = value.spec ?? ({} as Spec);
  volumeSpec({ name: value.metadata.name })(own, "spec", found);
  if (value.metadata.annotations?.[mountOptions] !== undefined && !takesMountOptions.some((name) => own[name]))
    found.push(
      field.forbidden(`metadata.annotations.${mountOptions}`, "may not specify mount options for this volume type"),
    );
};

const sourceOf = (own: Spec): Record<string, unknown> =>
  Object.fromEntries(volumeTypes.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])));

/** An expansion secret may come later. */
function comparableSource(now: Spec, before: Spec): Record<string, unknown> {
  const source = sourceOf(now);
  if (now.csi === undefined || before.csi === undefined || before.csi.controllerExpandSecretRef !== undefined)
    return source;
  const csi = deepClone(now.csi);
  delete csi.controllerExpandSecretRef;
  return { ...source, csi };
}

const kept =
  (old: PersistentVolume, { featureEnabled }: Pick<RuleContext, "featureEnabled">): Check<PersistentVolume> =>
  (value, at, found) => {
    const [now, before] = [value.spec ?? ({} as Spec), old.spec ?? ({} as Spec)];
    volume(value, at, found);
    const [source, oldSource] = [comparableSource(now, before), sourceOf(before)];
    if (!identical(source, oldSource))
      found.push(
        field.forbidden(
          "spec.persistentvolumesource",
          `spec.persistentvolumesource is immutable after creation\n${jsonDiff(internalForm("core.PersistentVolumeSource", oldSource), internalForm("core.PersistentVolumeSource", source))}`,
        ),
      );
    immutable(before.volumeMode)(now.volumeMode, "volumeMode", found);
    const moves = before.nodeAffinity !== undefined && !deepEqual(now.nodeAffinity, before.nodeAffinity);
    if (moves && !featureEnabled("MutablePVNodeAffinity"))
      found.push(
        field.invalid(
          "nodeAffinity",
          internalForm("*core.VolumeNodeAffinity", now.nodeAffinity),
          "field is immutable, except for updating from beta label to GA",
        ),
      );
    if (before.volumeAttributesClassName !== undefined && now.volumeAttributesClassName === undefined)
      found.push(field.forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden"));
  };

const deprecatedAnnotations: Readonly<Record<string, string>> = {
  "volume.beta.kubernetes.io/storage-class": 'deprecated since v1.8; use "storageClassName" attribute instead',
  "volume.beta.kubernetes.io/mount-options": 'deprecated since v1.31; use "mountOptions" attribute instead',
};
const deadSources: Readonly<Record<string, readonly [string, string]>> = {
  cephfs: ["cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  photonPersistentDisk: ["photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  scaleIO: ["scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  storageos: ["storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  glusterfs: ["glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  rbd: ["rbd", "deprecated in v1.28, non-functional in v1.31+"],
};

export const persistentVolumeRules = defineRules<PersistentVolume>({
  default: (value) => {
    value.status ??= {};
    value.status.phase ??= "Pending";
    const own = (value.spec ??= {} as Spec);
    own.persistentVolumeReclaimPolicy ??= "Retain";
    own.volumeMode ??= "Filesystem";
    roundResourceList(own.capacity);
    if (own.hostPath) own.hostPath.type ??= "";
    defaultDisks(own as Parameters<typeof defaultDisks>[0]);
  },
  prepareCreate: (value, { now }) => {
    value.status = { phase: "Pending", lastPhaseTransitionTime: now };
  },
  metadataOnUpdate: "createTwice",
  validate: (value) => findings(value, volume),
  validateUpdate: (value, old, features) => findings(value, kept(old, features)),
  status: {
    prepareUpdate: (value, old, { now }) => {
      const [own, before] = [value.status ?? {}, old.status ?? {}];
      const time = own.lastPhaseTransitionTime;
      const moved = own.phase !== before.phase;
      if (!moved && time === undefined) value.status = withTime(own, before.lastPhaseTransitionTime);
      if (moved && (time === undefined || time === before.lastPhaseTransitionTime)) value.status = withTime(own, now);
    },
  },
  warnings: ({ metadata, spec: own }) => [
    ...Object.entries(deprecatedAnnotations).flatMap(([key, text]) =>
      metadata.annotations?.[key] === undefined ? [] : [`metadata.annotations[${key}]: ${text}`],
    ),
    ...(own?.persistentVolumeReclaimPolicy === "Recycle"
      ? [
          "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
        ]
      : []),
    ...Object.entries(deadSources).flatMap(([name, [path, text]]) =>
      own?.[name as keyof Spec] === undefined ? [] : [`spec.${path}: ${text}`],
    ),
  ],
});

type Status = NonNullable<PersistentVolume["status"]>;

const withTime = (status: Status, time: string | undefined): Status =>
  time === undefined ? status : { ...status, lastPhaseTransitionTime: time };
