// How the API server serves PersistentVolume.
import type { PersistentVolume } from "../../../../facts/types/core.v1.ts";
import { compareQuantities, deepEqual, field, identical, quantityValue } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { jsonDiff } from "../../lib/diff.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { defaultDisks } from "../../lib/pod-spec/defaults.ts";
import { hostPath } from "../../lib/pod-spec/volumes.ts";
import { roundResourceList } from "../../lib/resources.ts";
import { nodeSelector } from "../../lib/selector-rules.ts";
import {
  type Check,
  child,
  dnsSubdomain,
  entry,
  findings,
  immutable,
  oneOf,
  optional,
  unlessEmpty,
} from "../../lib/validate.ts";
import { accessModes, volumeMode } from "../../lib/volumes/volume-claim.ts";
import { persistentSources } from "../../lib/volumes/volume-sources.ts";

type Spec = NonNullable<PersistentVolume["spec"]>;
type Sources = typeof persistentSources & { readonly hostPath: typeof hostPath };

const sources: Sources = { ...persistentSources, hostPath };
const order: readonly (keyof Sources & keyof Spec)[] = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "glusterfs",
  "flocker",
  "nfs",
  "rbd",
  "quobyte",
  "cephfs",
  "iscsi",
  "cinder",
  "fc",
  "flexVolume",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "scaleIO",
  "local",
  "storageos",
  "csi",
];
const extraNames: Partial<Record<keyof Sources, string>> = { cephfs: "cephFS" };
const innerNames: Partial<Record<keyof Sources, string>> = { gcePersistentDisk: "persistentDisk" };

const capacity: Check<Readonly<Record<string, string>> | undefined> = (sent, at, found) => {
  const list = sent ?? {};
  const names = Object.keys(list).sort();
  if (names.length === 0) found.push(field.required(at));
  if (list["storage"] === undefined || names.length > 1) found.push(field.notSupported(at, sent ?? null, ["storage"]));
  for (const name of names) {
    const quantity = list[name] as string;
    if (compareQuantities(quantity, "0") < 0)
      found.push(field.invalid(entry(at, name), quantityValue(quantity), "must be a valid resource quantity"));
    if (compareQuantities(quantity, "0") <= 0)
      found.push(field.invalid(entry(at, name), quantity, "must be greater than zero"));
  }
};

const oneSource =
  (name: string): Check<Spec> =>
  (spec, at, found) => {
    let count = 0;
    for (const source of order) {
      const value = spec[source];
      if (value === undefined || value === null) continue;
      count++;
      // Upstream forgets to ask here.
      if (count > 1 && source !== "flexVolume") {
        found.push(field.forbidden(child(at, extraNames[source] ?? source), "may not specify more than 1 volume type"));
        continue;
      }
      (sources[source] as Check<unknown>)(value, child(at, innerNames[source] ?? source), found);
      if (source === "local" && spec.nodeAffinity === undefined)
        found.push(field.required(child(at, "nodeAffinity"), "Local volume requires node affinity"));
      if (
        source === "iscsi" &&
        spec.iscsi?.initiatorName !== undefined &&
        `${name}:${spec.iscsi.targetPortal}`.length > 64
      )
        found.push(
          field.invalid(
            child(at, "iscsi.targetportal"),
            spec.iscsi.targetPortal,
            "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.",
          ),
        );
    }
    if (count === 0) found.push(field.required(at, "must specify a volume type"));
  };

const nodeAffinity: Check<NonNullable<Spec["nodeAffinity"]>> = (affinity, at, found) => {
  if (affinity.required === undefined)
    found.push(field.required(child(at, "required"), "must specify required node constraints"));
  else nodeSelector(affinity.required, child(at, "required"), found);
};

const attributesClass: Check<Spec> = (spec, at, found) => {
  const { volumeAttributesClassName: name } = spec;
  if (name === undefined) return;
  const path = child(at, "volumeAttributesClassName");
  if (name === "") found.push(field.required(path, "an empty string is disallowed"));
  else dnsSubdomain(name, path, found);
  if (spec.csi === undefined)
    found.push(field.required(child(at, "csi"), "has to be specified when using volumeAttributesClassName"));
};

const isRoot = (path: string): boolean =>
  path.startsWith("/") && path.split("/").every((each) => each === "" || each === ".");

const spec =
  (name: string): Check<Spec> =>
  (value, at, found) => {
    if (!value.accessModes?.length) found.push(field.required(child(at, "accessModes")));
    accessModes(value.accessModes, child(at, "accessModes"), found);
    capacity(value.capacity, child(at, "capacity"), found);
    const policy = child(at, "persistentVolumeReclaimPolicy");
    unlessEmpty(oneOf("Delete", "Recycle", "Retain"))(value.persistentVolumeReclaimPolicy, policy, found);
    optional(nodeAffinity)(value.nodeAffinity, child(at, "nodeAffinity"), found);
    oneSource(name)(value, at, found);
    if (isRoot(value.hostPath?.path ?? "") && value.persistentVolumeReclaimPolicy === "Recycle")
      found.push(field.forbidden(policy, "may not be 'recycle' for a hostPath mount of '/'"));
    unlessEmpty(dnsSubdomain)(value.storageClassName, child(at, "storageClassName"), found);
    volumeMode(value.volumeMode, child(at, "volumeMode"), found);
    attributesClass(value, at, found);
  };

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
  spec(value.metadata.name)(own, "spec", found);
  if (value.metadata.annotations?.[mountOptions] !== undefined && !takesMountOptions.some((name) => own[name]))
    found.push(
      field.forbidden(`metadata.annotations.${mountOptions}`, "may not specify mount options for this volume type"),
    );
};

const sourceOf = (own: Spec): Record<string, unknown> =>
  Object.fromEntries(order.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])));

/** An expansion secret may come later. */
function comparableSource(now: Spec, before: Spec): Record<string, unknown> {
  const source = sourceOf(now);
  if (now.csi === undefined || before.csi === undefined || before.csi.controllerExpandSecretRef !== undefined)
    return source;
  const { controllerExpandSecretRef: _, ...csi } = now.csi;
  return { ...source, csi };
}

/** The affinity as upstream's internal types show it. */
function printedAffinity(affinity: Spec["nodeAffinity"]): object | null {
  if (affinity === undefined) return null;
  const requirements = (list: readonly { key: string; operator: string; values?: readonly string[] }[] | undefined) =>
    list?.map(({ key, operator, values = [] }) => ({ Key: key, Operator: operator, Values: values })) ?? null;
  const terms = affinity.required?.nodeSelectorTerms?.map(({ matchExpressions, matchFields }) => ({
    MatchExpressions: requirements(matchExpressions),
    MatchFields: requirements(matchFields),
  }));
  return { Required: affinity.required === undefined ? null : { NodeSelectorTerms: terms ?? null } };
}

const kept =
  (old: PersistentVolume): Check<PersistentVolume> =>
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
    if (before.nodeAffinity !== undefined && !deepEqual(now.nodeAffinity, before.nodeAffinity))
      found.push(
        field.invalid(
          "nodeAffinity",
          printedAffinity(now.nodeAffinity),
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
  metadataOnUpdate: "both",
  validate: (value) => findings(value, volume),
  validateUpdate: (value, old) => findings(value, kept(old)),
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
