// Claims that are bound only when their pod has a node: which volumes of the node fit, and which claims a provisioner would
// have to serve there. Pure: the claims are looked at once for a pod, the rest for each node.
// Upstream: FindPodVolumes of pkg/scheduler/framework/plugins/volumebinding/binder.go, FindMatchingVolume of
// k8s.io/component-helpers/storage/volume.
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../../api/index.ts";
import { compareQuantities, labelSelectorMatcher } from "../../../machinery/index.ts";
import type { Listers } from "../../handle.ts";
import { type NodeFacts, type NodeMatcher, nodeSelectorMatcher } from "../../lib/node-selector.ts";

export const selectedNode = "volume.kubernetes.io/selected-node";
const betaClass = "volume.beta.kubernetes.io/storage-class";
const noProvisioner = "kubernetes.io/no-provisioner";

/** What has to be written before the pod is bound to one node. */
export interface Plan {
  readonly bindings: readonly { readonly volume: PersistentVolume; readonly claim: PersistentVolumeClaim }[];
  /** Claims whose volume is to be made for the node. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

export interface LateClaims {
  /** Undefined when the node has no volume for some claim and none can be made for it. */
  plan(node: NodeFacts): Plan | undefined;
}

type Classed = {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly storageClassName?: string };
};

export const classNameOf = ({ metadata, spec }: Classed): string =>
  metadata.annotations?.[betaClass] ?? spec?.storageClassName ?? "";

const requested = (claim: PersistentVolumeClaim): string => claim.spec?.resources?.requests?.["storage"] ?? "0";
const capacity = (volume: PersistentVolume): string => volume.spec?.capacity?.["storage"] ?? "0";

export function reachable(volume: PersistentVolume): NodeMatcher | undefined {
  const required = volume.spec?.nodeAffinity?.required;
  return required === undefined ? undefined : nodeSelectorMatcher(required);
}

function refersTo({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const reference = spec?.claimRef;
  return (
    reference?.name === metadata.name &&
    reference.namespace === metadata.namespace &&
    (!reference.uid || reference.uid === metadata.uid)
  );
}

interface Candidate {
  readonly volume: PersistentVolume;
  readonly reaches: NodeMatcher | undefined;
}

/** Volumes that the claim could have on some node: the one that refers to it alone, else the smallest first. */
function candidatesFor(claim: PersistentVolumeClaim, listers: Listers): Candidate[] {
  const { spec } = claim;
  const selector = spec?.selector === undefined ? undefined : labelSelectorMatcher(spec.selector);
  const fits = (volume: PersistentVolume): boolean =>
    compareQuantities(capacity(volume), requested(claim)) >= 0 &&
    (volume.spec?.volumeMode ?? "Filesystem") === (spec?.volumeMode ?? "Filesystem") &&
    (volume.spec?.volumeAttributesClassName ?? "") === (spec?.volumeAttributesClassName ?? "") &&
    volume.metadata.deletionTimestamp === undefined;
  const isFree = (volume: PersistentVolume): boolean =>
    volume.spec?.claimRef === undefined &&
    volume.status?.phase === "Available" &&
    (selector?.matches(volume.metadata.labels ?? {}) ?? true) &&
    (spec?.accessModes ?? []).every((mode) => volume.spec?.accessModes?.includes(mode));
  const ofClass = listers.persistentVolumes
    .list()
    .filter((volume) => classNameOf(volume) === classNameOf(claim) && fits(volume));
  const referring = ofClass.find((volume) => refersTo(volume, claim));
  const chosen = referring === undefined ? ofClass.filter(isFree) : [referring];
  return chosen
    .sort((a, b) => compareQuantities(capacity(a), capacity(b)))
    .map((volume) => ({ volume, reaches: reachable(volume) }));
}

/** Whether the class makes volumes for the node. Whether there is room for them only its driver knows. */
function provisionsFor(storageClass: StorageClass | undefined): (node: NodeFacts) => boolean {
  const provisioner = storageClass?.provisioner;
  if (!provisioner || provisioner === noProvisioner) return () => false;
  const terms = storageClass?.allowedTopologies ?? [];
  if (terms.length === 0) return () => true;
  return (node) =>
    terms.some(({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.every(({ key, values }) => {
        const label = node.labels[key];
        return label !== undefined && values.includes(label);
      }),
    );
}

/** `isTaken` tells of volumes that pods on their way have been promised. */
export function lateClaims(
  claims: readonly PersistentVolumeClaim[],
  { listers, isTaken }: { readonly listers: Listers; readonly isTaken: (volume: PersistentVolume) => boolean },
): LateClaims {
  const prepared = [...claims]
    .sort((a, b) => compareQuantities(requested(a), requested(b)))
    .map((claim) => {
      const node = claim.metadata.annotations?.[selectedNode];
      return {
        claim,
        node,
        candidates: node === undefined ? candidatesFor(claim, listers) : [],
        provisions: provisionsFor(listers.storageClasses.get("", classNameOf(claim))),
      };
    });
  return {
    plan: (node) => {
      const chosen = new Set<PersistentVolume>();
      const bindings: { volume: PersistentVolume; claim: PersistentVolumeClaim }[] = [];
      const provisions: PersistentVolumeClaim[] = [];
      for (const { claim, node: selected, candidates, provisions: provides } of prepared) {
        if (selected !== undefined && selected !== node.name) return undefined;
        const found = candidates.find(
          ({ volume, reaches }) => !chosen.has(volume) && !isTaken(volume) && (reaches?.(node) ?? true),
        );
        if (found !== undefined) {
          chosen.add(found.volume);
          bindings.push({ volume: found.volume, claim });
        } else if (provides(node)) provisions.push(claim);
        else return undefined;
      }
      return { bindings, provisions };
    },
  };
}

/** The volume given to the claim, as it is to be written. */
export function claimed(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume {
  const { name, namespace = "", uid, resourceVersion } = claim.metadata;
  const marks = refersTo(volume, claim) ? {} : { "pv.kubernetes.io/bound-by-controller": "yes" };
  return {
    ...volume,
    metadata: { ...volume.metadata, annotations: { ...volume.metadata.annotations, ...marks } },
    spec: {
      ...volume.spec,
      claimRef: {
        ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace },
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
    },
  } as PersistentVolume;
}

/** The claim that asks its provisioner for a volume on the node, as it is to be written. */
export const asking = (claim: PersistentVolumeClaim, nodeName: string): PersistentVolumeClaim => ({
  ...claim,
  metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [selectedNode]: nodeName } },
});
