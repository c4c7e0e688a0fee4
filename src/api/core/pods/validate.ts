// Validation of pods: as they are created and as they may change. Upstream: ValidatePodCreate, ValidatePodUpdate.
import type { NodeAffinity, NodeSelectorTerm, Pod, PodSpec, Toleration } from "../../../../facts/types/core.v1.ts";
import { deepClone, deepEqual, type FieldError, field, identical } from "../../../machinery/index.ts";
import { jsonDiff } from "../../lib/diff.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { annotationPath, validateObjectMetaUpdate } from "../../lib/metadata.ts";
import { type Allowed, allowedIn } from "../../lib/pod-spec/allowed.ts";
import { appArmorPrefix, mirrorPod, podAnnotations, profileAnnotations } from "../../lib/pod-spec/annotations.ts";
import { imageSpaces } from "../../lib/pod-spec/containers.ts";
import { tolerations } from "../../lib/pod-spec/scheduling.ts";
import { podSpec } from "../../lib/pod-spec/spec.ts";
import {
  type Check,
  child,
  each,
  type Findings,
  findings,
  item,
  mostlyNothing,
  rangeText,
  worthChecking,
} from "../../lib/validate.ts";

const specOf = (pod: Pod): PodSpec => pod.spec ?? ({} as PodSpec);

/** Service account tokens need a service account. */
const tokensWithoutAccount: Check<PodSpec> = (spec, at, found) => {
  if (spec.serviceAccountName) return;
  for (const [index, volume] of worthChecking(spec.volumes ?? [], found))
    for (const [number, source] of worthChecking(volume.projected?.sources ?? [], found))
      if (source.serviceAccountToken !== undefined)
        found.push(
          field.forbidden(
            `${at}.volumes[${index}].projected.sources[${number}].serviceAccountToken`,
            "must not be specified when serviceAccountName is not set",
          ),
        );
};

const images = each(imageSpaces);

/** What every write of a pod must fulfil. */
const metadataAndSpec: Check<Pod> = (pod, _at, found) => {
  const spec = specOf(pod);
  podAnnotations(spec)(pod.metadata.annotations, "metadata.annotations", found);
  podSpec({
    isPod: true,
    podName: pod.metadata.name,
    ...(pod.metadata.annotations ? { annotations: pod.metadata.annotations } : {}),
  })(spec, "spec", found);
  tokensWithoutAccount(spec, "spec", found);
  images(spec.containers, "spec.containers", found);
  images(spec.initContainers, "spec.initContainers", found);
};

export const validatePodCreate = (pod: Pod): FieldError[] => mostlyNothing(() => findings(pod, created));

const created: Check<Pod> = (value, at, found) => {
  const spec = specOf(value);
  metadataAndSpec(value, at, found);
  if ((spec.ephemeralContainers?.length ?? 0) > 0)
    found.push(field.forbidden("spec.ephemeralContainers", "cannot be set on create"));
  if (spec.nodeName && (spec.schedulingGates?.length ?? 0) > 0)
    found.push(field.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
  profileAnnotations(spec)(value.metadata.annotations, "spec", found);
};

/** Annotations that are part of what the pod is. */
export const keptAnnotations =
  (old: Pod): Check<Pod> =>
  (pod, _at, found) => {
    const [now, before] = [pod.metadata.annotations ?? {}, old.metadata.annotations ?? {}];
    for (const [, key] of worthChecking(Object.keys(before).sort(), found)) {
      if (now[key] === before[key]) continue;
      if (key.startsWith(appArmorPrefix))
        found.push(field.forbidden(annotationPath(key), "may not remove or update AppArmor annotations"));
      if (key === mirrorPod)
        found.push(field.forbidden(annotationPath(key), "may not remove or update mirror pod annotation"));
    }
    for (const [, key] of worthChecking(Object.keys(now).sort(), found)) {
      if (before[key] !== undefined) continue;
      if (key.startsWith(appArmorPrefix))
        found.push(field.forbidden(annotationPath(key), "may not add AppArmor annotations"));
      if (key === mirrorPod) found.push(field.forbidden(annotationPath(key), "may not add mirror pod annotation"));
    }
    podAnnotations(specOf(pod))(now, "metadata.annotations", found);
  };

type Lists = "containers" | "initContainers";

/** False: the lists cannot be compared, nothing more is worth saying. */
function sameContainers({ spec, old, list }: { spec: PodSpec; old: PodSpec; list: Lists }, found: Findings): boolean {
  const at = `spec.${list}`;
  const [now, before] = [spec[list] ?? [], old[list] ?? []];
  if (now.length !== before.length) {
    found.push(field.forbidden(at, "pod updates may not add or remove containers"));
    return false;
  }
  for (const [index, container] of worthChecking(now, found)) {
    if (!container.image) found.push(field.required(child(item(at, index), "image")));
    imageSpaces(container, item(at, index), found);
  }
  return true;
}

/** A deadline may come nearer, never go away. False: nothing more is worth saying. */
function keptDeadline(now: number | undefined, before: number | undefined, found: Findings): boolean {
  const at = "spec.activeDeadlineSeconds";
  if (now === undefined) {
    if (before !== undefined)
      found.push(field.invalid(at, null, "must not update from a positive integer to nil value"));
    return true;
  }
  if (now < 0 || now > 2147483647) found.push(field.invalid(at, now, rangeText(0, 2147483647)));
  else if (before !== undefined && before < now)
    found.push(field.invalid(at, now, "must be less than or equal to previous value"));
  else return true;
  return false;
}

const withoutSeconds = ({ tolerationSeconds: _, ...rest }: Toleration): object => rest;

const onlyAddedTolerations =
  (before: readonly Toleration[] | undefined, allowed: Allowed): Check<readonly Toleration[] | undefined> =>
  (now = [], at, found) => {
    const lost = (before ?? []).some(
      (old) => !now.some((each) => deepEqual(withoutSeconds(each), withoutSeconds(old))),
    );
    if (lost) found.push(field.forbidden(at, "existing toleration can not be modified except its tolerationSeconds"));
    else tolerations(now, at, found, allowed);
  };

const onlyDeletedGates =
  (before: PodSpec["schedulingGates"]): Check<PodSpec["schedulingGates"]> =>
  (now = [], at, found) => {
    for (const [index, { name }] of worthChecking(now, found))
      if (!before?.some((gate) => gate.name === name))
        found.push(
          field.forbidden(
            child(item(at, index), "name"),
            `only deletion is allowed, but found new scheduling gate '${name}'`,
          ),
        );
  };

const updatable = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

const startsWith = (now: readonly unknown[] = [], before: readonly unknown[] = []): boolean =>
  before.length === 0 || deepEqual(now.slice(0, before.length), before);

function onlyAdditions(now: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  const size = (term: NodeSelectorTerm): number =>
    (term.matchExpressions?.length ?? 0) + (term.matchFields?.length ?? 0);
  if (size(before) === 0 && size(now) > 0) return false;
  return startsWith(now.matchExpressions, before.matchExpressions) && startsWith(now.matchFields, before.matchFields);
}

/** A gated pod may still become more particular about its node. */
const narrowedAffinity =
  (before: NodeAffinity | undefined): Check<NodeAffinity | undefined> =>
  (now, at, found) => {
    const terms = before?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    if (terms === undefined) return;
    const own = now?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
    const path = child(at, "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
    if (terms.length > 0 && terms.length !== own.length) {
      found.push(
        field.invalid(
          path,
          internalForm("[]core.NodeSelectorTerm", own),
          "no additions/deletions to non-empty NodeSelectorTerms list are allowed",
        ),
      );
      return;
    }
    for (const [index, term] of worthChecking(terms, found))
      if (!onlyAdditions(own[index] ?? {}, term))
        found.push(
          field.invalid(
            item(path, index),
            internalForm("core.NodeSelectorTerm", own[index]),
            "only additions are allowed (no mutations or deletions)",
          ),
        );
  };

/** The new spec with everything that may change put back to what it was. */
function unchangeable(spec: PodSpec, old: PodSpec, found: Findings): PodSpec {
  // A clone, not a spread: what was sent empty shows in the difference.
  const munged = deepClone(spec);
  for (const list of ["containers", "initContainers"] as const)
    for (const [index, container] of worthChecking(munged[list] ?? [], found)) {
      const image = old[list]?.[index]?.image;
      if (image !== undefined) container.image = image;
    }
  const { activeDeadlineSeconds, schedulingGates } = old;
  Object.assign(munged, { activeDeadlineSeconds, schedulingGates, tolerations: old.tolerations });
  if ((old.schedulingGates?.length ?? 0) === 0) return munged;
  const narrowed = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => spec.nodeSelector?.[key] === value);
  if (!narrowed)
    found.push(
      field.invalid(
        "spec.nodeSelector",
        spec.nodeSelector ?? null,
        "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
      ),
    );
  const before = old.affinity?.nodeAffinity;
  if (!deepEqual(spec.affinity?.nodeAffinity, before))
    narrowedAffinity(before)(spec.affinity?.nodeAffinity, "spec.affinity.nodeAffinity", found);
  const { nodeAffinity: _, ...others } = spec.affinity ?? {};
  const affinity = before === undefined ? others : { ...others, nodeAffinity: before };
  const hasAffinity = old.affinity !== undefined || Object.keys(affinity).length > 0;
  return Object.assign(munged, { nodeSelector: old.nodeSelector, affinity: hasAffinity ? affinity : undefined });
}

export const validatePodUpdate = (pod: Pod, old: Pod): FieldError[] =>
  findings(pod, (value, at, found) => {
    metadataAndSpec(value, at, found);
    keptAnnotations(old)(value, at, found);
    const [spec, before] = [specOf(value), specOf(old)];
    if (!sameContainers({ spec, old: before, list: "containers" }, found)) return;
    if (!sameContainers({ spec, old: before, list: "initContainers" }, found)) return;
    if (!keptDeadline(spec.activeDeadlineSeconds, before.activeDeadlineSeconds, found)) return;
    onlyAddedTolerations(before.tolerations, allowedIn(spec))(spec.tolerations, "spec.tolerations", found);
    onlyDeletedGates(before.schedulingGates)(spec.schedulingGates, "spec.schedulingGates", found);
    if (identical(spec, before)) return;
    const munged = unchangeable(spec, before, found);
    if (!identical(munged, before))
      found.push(
        field.forbidden(
          "spec",
          `pod updates may not change fields other than ${updatable}\n${jsonDiff(internalForm("core.PodSpec", before), internalForm("core.PodSpec", munged))}`,
        ),
      );
  });

/** `/ephemeralcontainers`: containers are added, none is changed. */
export const validateEphemeralContainers = (pod: Pod, old: Pod): FieldError[] => {
  if (old.metadata.annotations?.[mirrorPod] !== undefined)
    return [field.forbidden("[]", "static pods do not support ephemeral containers")];
  return [...validateObjectMetaUpdate(pod.metadata, old.metadata), ...findings(pod, addedContainers(old))];
};

const addedContainers =
  (old: Pod): Check<Pod> =>
  (value, at, found) => {
    metadataAndSpec(value, at, found);
    keptAnnotations(old)(value, at, found);
    const now = new Map((value.spec?.ephemeralContainers ?? []).map((each) => [each.name, each]));
    for (const before of old.spec?.ephemeralContainers ?? []) {
      const name = JSON.stringify(before.name);
      const own = now.get(before.name);
      const path = "spec.ephemeralContainers";
      if (own === undefined)
        found.push(field.forbidden(path, `existing ephemeral containers ${name} may not be removed\n`));
      else if (!deepEqual(before, own)) {
        const [was, is] = [internalForm(ephemeral, before), internalForm(ephemeral, own)];
        found.push(
          field.forbidden(path, `existing ephemeral containers ${name} may not be changed\n${jsonDiff(was, is)}`),
        );
      }
    }
  };

const ephemeral = "core.EphemeralContainer";

/** What every write of a pod must fulfil, without what create alone refuses. */
export const validatePodParts = (pod: Pod, old: Pod): FieldError[] => [
  ...validateObjectMetaUpdate(pod.metadata, old.metadata),
  ...findings(pod, metadataAndSpec),
];
