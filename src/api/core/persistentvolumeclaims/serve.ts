// How the API server serves PersistentVolumeClaim.
import type { PersistentVolumeClaim } from "../../../../facts/types/core.v1.ts";
import {
  compareQuantities,
  deepClone,
  deepEqual,
  field,
  qualifiedName,
  quantityMilliValue,
  quantityValue,
} from "../../../machinery/index.ts";
import { defineRules, type RuleContext } from "../../kind.ts";
import { jsonDiff } from "../../lib/diff.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { defaultClaimSpec } from "../../lib/pod-spec/defaults.ts";
import { quantityRules } from "../../lib/resource-rules.ts";
import { isNative, roundResourceList } from "../../lib/resources.ts";
import { type Check, type Findings, findings, immutable, immutableText } from "../../lib/validate.ts";
import { changedClaimSpec, claimSpec } from "../../lib/volumes/volume-claim.ts";

type Spec = NonNullable<PersistentVolumeClaim["spec"]>;

const betaClass = "volume.beta.kubernetes.io/storage-class";

/** The class may move from the annotation into the field, or be filled in once. */
function settledClass(claim: PersistentVolumeClaim, old: PersistentVolumeClaim, found: Findings): string | undefined {
  const [name, before] = [claim.spec?.storageClassName, old.spec?.storageClassName];
  const [annotation, oldAnnotation] = [claim.metadata.annotations?.[betaClass], old.metadata.annotations?.[betaClass]];
  const moved =
    oldAnnotation !== undefined &&
    before === undefined &&
    name === oldAnnotation &&
    (annotation === undefined || annotation === oldAnnotation);
  if (moved) return undefined;
  if ((annotation ?? "") !== (oldAnnotation ?? ""))
    found.push(field.invalid(`metadata.annotations.${betaClass}`, annotation ?? "", immutableText));
  const filled = name !== undefined && before === undefined && (oldAnnotation === undefined || name === oldAnnotation);
  return filled ? before : name;
}

/** The new spec with what a bound claim may change put back. */
function unchangeable(claim: PersistentVolumeClaim, old: PersistentVolumeClaim, found: Findings): object {
  const [spec, before] = [claim.spec ?? ({} as Spec), old.spec ?? ({} as Spec)];
  const bound = claim.status?.phase === "Bound";
  const size = before.resources?.requests?.["storage"];
  const resources =
    bound && spec.resources?.requests !== undefined && size !== undefined
      ? { ...spec.resources, requests: { ...spec.resources.requests, storage: size } }
      : spec.resources;
  return Object.assign(deepClone(spec), {
    resources: deepClone(resources),
    storageClassName: settledClass(claim, old, found),
    volumeAttributesClassName: bound ? before.volumeAttributesClassName : spec.volumeAttributesClassName,
  });
}

const kept =
  (old: PersistentVolumeClaim): Check<PersistentVolumeClaim> =>
  (claim, _at, found) => {
    const [spec, before] = [claim.spec ?? ({} as Spec), old.spec ?? ({} as Spec)];
    changedClaimSpec(before)(spec, "spec", found);
    const munged = unchangeable(claim, old, found);
    // Binding fills the volume in once.
    const wanted = deepClone({ ...before, volumeName: before.volumeName || spec.volumeName });
    if (!deepEqual(munged, wanted))
      found.push(
        field.forbidden(
          "spec",
          `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${jsonDiff(internalForm("core.PersistentVolumeClaimSpec", wanted), internalForm("core.PersistentVolumeClaimSpec", munged))}`,
        ),
      );
    const [size, oldSize] = [
      spec.resources?.requests?.["storage"] ?? "0",
      before.resources?.requests?.["storage"] ?? "0",
    ];
    if (compareQuantities(size, oldSize) < 0 && compareQuantities(size, old.status?.capacity?.["storage"] ?? "0") <= 0)
      found.push(field.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"));
    immutable(before.volumeMode)(spec.volumeMode, "volumeMode", found);
    const path = "spec.volumeAttributesClassName";
    if (old.status?.currentVolumeAttributesClassName === undefined) return;
    if (spec.volumeAttributesClassName === before.volumeAttributesClassName) return;
    if (spec.volumeAttributesClassName === undefined)
      found.push(
        field.forbidden(path, "update to nil is forbidden when status.currentVolumeAttributesClassName is not nil"),
      );
    else if (spec.volumeAttributesClassName === "")
      found.push(
        field.forbidden(
          path,
          "update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil",
        ),
      );
  };

const resizeStates = [
  "ControllerResizeInProgress",
  "ControllerResizeInfeasible",
  "NodeResizeInProgress",
  "NodeResizeInfeasible",
  "NodeResizePending",
].sort();

/** False: the name itself is wrong. */
function resourceKey(name: string, at: string, found: Findings): boolean {
  const texts = qualifiedName(name);
  for (const text of texts) found.push(field.invalid(at, name, text));
  if (texts.length > 0) return false;
  if (!isNative(name) || name === "storage") return true;
  found.push(field.notSupported(at, name, ["storage"]));
  return false;
}

const basic = (quantity: string, at: string, found: Findings): boolean => {
  if (quantityValue(quantity) >= 0) return true;
  found.push(field.invalid(at, quantityValue(quantity), "must be a valid resource quantity"));
  return false;
};

const status: Check<PersistentVolumeClaim> = (claim, _at, found) => {
  const own = claim.status;
  if (!claim.spec?.accessModes?.length) found.push(field.required("Spec.accessModes"));
  for (const [name, quantity] of Object.entries(own?.capacity ?? {}).sort())
    basic(quantity, `status.capacity[${name}]`, found);
  for (const [name, state] of Object.entries(own?.allocatedResourceStatuses ?? {}).sort()) {
    resourceKey(name, "status.allocatedResourceStatuses", found);
    if (!resizeStates.includes(state))
      found.push(field.notSupported("status.allocatedResourceStatuses", name, resizeStates));
  }
  for (const [name, quantity] of Object.entries(own?.allocatedResources ?? {}).sort()) {
    if (!resourceKey(name, "status.allocatedResources", found)) continue;
    const path = `status.allocatedResources[${name}]`;
    if (basic(quantity, path, found)) quantityRules("storage")(quantity, path, found);
  }
};

/** Without a reference only claims and snapshots are sources; others vanish, as they always did. */
const isKnownSource = ({ apiGroup, kind }: NonNullable<Spec["dataSource"]>): boolean =>
  kind === "PersistentVolumeClaim" ? !apiGroup : kind === "VolumeSnapshot" && apiGroup === "snapshot.storage.k8s.io";

type Features = Pick<RuleContext, "featureEnabled">;

/** dataSource and dataSourceRef say the same thing, unless the reference leaves the namespace, which has a gate. */
function normalizeSources(spec: Spec, { featureEnabled }: Features, old?: Spec): Spec {
  const own: Spec = deepClone(spec);
  if (own.dataSourceRef?.namespace && !featureEnabled("CrossNamespaceVolumeDataSource") && !old?.dataSourceRef)
    delete own.dataSourceRef;
  const used = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  if (!used && own.dataSource !== undefined && own.dataSourceRef === undefined && !isKnownSource(own.dataSource))
    delete own.dataSource;
  if (own.dataSource !== undefined && own.dataSourceRef === undefined) own.dataSourceRef = { ...own.dataSource };
  else if (own.dataSourceRef !== undefined && own.dataSource === undefined && !own.dataSourceRef.namespace)
    own.dataSource = { ...own.dataSourceRef };
  return own;
}

const fractional = ({ spec }: PersistentVolumeClaim): string[] =>
  (["requests", "limits"] as const).flatMap((list) => {
    const quantity = spec?.resources?.[list]?.["storage"];
    return quantity !== undefined && quantityMilliValue(quantity) % 1000 !== 0
      ? [
          `spec.resources.${list}[storage]: fractional byte value ${JSON.stringify(quantity)} is invalid, must be an integer`,
        ]
      : [];
  });

export const persistentVolumeClaimRules = defineRules<PersistentVolumeClaim>({
  default: (claim) => {
    claim.status ??= {};
    claim.status.phase ??= "Pending";
    claim.spec ??= {} as Spec;
    defaultClaimSpec(claim.spec);
    for (const list of [claim.status.capacity, claim.status.allocatedResources]) roundResourceList(list);
  },
  prepareCreate: (claim, features) => {
    claim.status = { phase: "Pending" };
    claim.spec = normalizeSources(claim.spec as Spec, features);
  },
  prepareUpdate: (claim, old, features) => {
    claim.spec = normalizeSources(claim.spec as Spec, features, old.spec);
  },
  metadataOnUpdate: "both",
  validate: ({ spec }) => findings(spec, claimSpec, "spec"),
  validateOnUpdate: false,
  validateUpdate: (claim, old) => findings(claim, kept(old)),
  status: { validateUpdate: (claim) => findings(claim, status) },
  warnings: (claim) => [
    ...(claim.metadata.annotations?.[betaClass] === undefined
      ? []
      : [`metadata.annotations[${betaClass}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
    ...fractional(claim),
  ],
});
