// The spec of a persistent volume, and that of a volume which only its attachment holds.
// Upstream: ValidatePersistentVolumeSpec in pkg/apis/core/validation.
import type { PersistentVolume } from "../../../../facts/types/core.v1.ts";
import { compareQuantities, field, quantityValue } from "../../../machinery/index.ts";
import { mapOrNull } from "../internal-form.ts";
import { hostPath } from "../pod-spec/volumes.ts";
import { nodeSelector } from "../selector-rules.ts";
import { type Check, child, dnsSubdomain, entry, oneOf, optional, unlessEmpty } from "../validate.ts";
import { accessModes, volumeMode } from "./volume-claim.ts";
import { persistentSources } from "./volume-sources.ts";

type Spec = NonNullable<PersistentVolume["spec"]>;
type Sources = typeof persistentSources & { readonly hostPath: typeof hostPath };

const sources: Sources = { ...persistentSources, hostPath };
export const volumeTypes: readonly (keyof Sources & keyof Spec)[] = [
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

type Amounts = Readonly<Record<string, string>> | null;

const capacity: Check<Amounts> = (sent, at, found) => {
  const list = sent ?? {};
  const names = Object.keys(list).sort();
  if (names.length === 0) found.push(field.required(at));
  if (list["storage"] === undefined || names.length > 1) found.push(field.notSupported(at, sent, ["storage"]));
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
    for (const source of volumeTypes) {
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

/** What only volumes with an object of their own may say. */
const own: Check<Spec> = (value, at, found) => {
  capacity(mapOrNull(value, "capacity") as Amounts, child(at, "capacity"), found);
  const policy = child(at, "persistentVolumeReclaimPolicy");
  unlessEmpty(oneOf("Delete", "Recycle", "Retain"))(value.persistentVolumeReclaimPolicy, policy, found);
  optional(nodeAffinity)(value.nodeAffinity, child(at, "nodeAffinity"), found);
  unlessEmpty(dnsSubdomain)(value.storageClassName, child(at, "storageClassName"), found);
  volumeMode(value.volumeMode, child(at, "volumeMode"), found);
  attributesClass(value, at, found);
};

const notInline = "may not be specified in the context of inline volumes";

/** What the volume of an attachment must be: one of a CSI driver, without what scheduling and binding need. */
const inline: Check<Spec> = (value, at, found) => {
  for (const name of ["claimRef", "capacity", "nodeAffinity", "storageClassName"] as const)
    unlessEmpty(forbidden(notInline))(value[name], child(at, name), found);
  if (value.csi === undefined)
    found.push(field.required(child(at, "csi"), "has to be specified in the context of inline volumes"));
  if ((value.persistentVolumeReclaimPolicy ?? "Retain") !== "Retain")
    forbidden("may only be Retain in the context of inline volumes")(
      value.persistentVolumeReclaimPolicy,
      child(at, "persistentVolumeReclaimPolicy"),
      found,
    );
  if ((value.volumeMode ?? "Filesystem") !== "Filesystem")
    forbidden("may not specify volumeMode other than Filesystem in the context of inline volumes")(
      value.volumeMode,
      child(at, "volumeMode"),
      found,
    );
};

const forbidden =
  (text: string): Check<unknown> =>
  (_value, at, found) =>
    void found.push(field.forbidden(at, text));

export const volumeSpec =
  (options: { readonly name: string; readonly inline?: true }): Check<Spec> =>
  (value, at, found) => {
    if (!value.accessModes?.length) found.push(field.required(child(at, "accessModes")));
    accessModes(value.accessModes, child(at, "accessModes"), found);
    (options.inline === true ? inline : own)(value, at, found);
    oneSource(options.name)(value, at, found);
    if (isRoot(value.hostPath?.path ?? "") && value.persistentVolumeReclaimPolicy === "Recycle")
      found.push(
        field.forbidden(child(at, "persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'"),
      );
  };
