// `pods/resize`: CPU and memory of a pod that runs. Upstream: podResizeStrategy in pkg/registry/core/pod, ValidatePodResize in
// pkg/apis/core/validation; KEP-1287, KEP-5419.
import type { Container, Pod, PodSpec } from "../../../../facts/types/core.v1.ts";
import { asFields, deepEqual, type FieldError, field } from "../../../machinery/index.ts";
import type { RuleContext } from "../../kind.ts";
import { mirrorPod } from "../../lib/pod-spec/annotations.ts";
import { qosClass } from "../../lib/pod-spec/qos.ts";
import type { ResourceList } from "../../lib/resources.ts";
import { child, type Findings, item } from "../../lib/validate.ts";

type Lists = "containers" | "initContainers";
type Resources = NonNullable<Container["resources"]>;

const onlyCompute = "only cpu and memory resources are mutable";

const isSidecar = (container: Container): boolean => container.restartPolicy === "Always";
const named = (now: readonly Container[] = [], old: readonly Container[] = []): boolean =>
  now.length === old.length && old.every(({ name }, index) => now[index]?.name === name);

/** Everything but resources and resize policies is put back; lists whose containers changed are left for validation to refuse. */
export function prepareResize(pod: Pod, old: Pod, { featureEnabled }: RuleContext): void {
  const [now, before] = [pod.spec as PodSpec, old.spec as PodSpec];
  const count = (spec: PodSpec, list: Lists): number => spec[list]?.length ?? 0;
  if (count(now, "containers") !== count(before, "containers")) return;
  if (count(now, "initContainers") !== count(before, "initContainers")) return;
  const merged = (list: Lists): Partial<PodSpec> =>
    now[list] === undefined ? {} : { [list]: resized(now[list], before[list]) };
  const { resources: _, ...kept } = before;
  const ofPod = featureEnabled("InPlacePodLevelResourcesVerticalScaling") ? now.resources : before.resources;
  pod.spec = {
    ...kept,
    ...merged("containers"),
    ...merged("initContainers"),
    ...(ofPod === undefined ? {} : { resources: ofPod }),
  };
  keepRest(pod, old);
}

function resized(now: readonly Container[], old: readonly Container[] = []): Container[] {
  if (!named(now, old)) return [...now];
  return old.map((before, index) => {
    const { resources: _, resizePolicy: __, ...kept } = before;
    const { resources, resizePolicy } = now[index]!;
    return {
      ...kept,
      ...(resources === undefined ? {} : { resources }),
      ...(resizePolicy === undefined ? {} : { resizePolicy }),
    };
  });
}

/** Status, and of the metadata all that other writers own. Upstream: metav1.ResetObjectMetaForStatus. */
export function keepRest(pod: Pod, old: Pod): void {
  if (old.status !== undefined) pod.status = old.status;
  const own = asFields(pod.metadata);
  const before = asFields(old.metadata);
  for (const name of ["deletionTimestamp", "labels", "annotations", "finalizers", "ownerReferences"])
    if (before[name] === undefined) delete own[name];
    else own[name] = before[name];
}

/** On top of what every write of a pod must fulfil. */
export function validateResize(pod: Pod, old: Pod, { featureEnabled }: RuleContext): FieldError[] {
  if (old.metadata.annotations?.[mirrorPod] !== undefined)
    return [field.forbidden("[]", "static pods cannot be resized")];
  if (old.spec?.os?.name === "windows") return [field.forbidden("[]", "windows pods cannot be resized")];
  const found: Findings = [];
  const [now, before] = [pod.spec as PodSpec, old.spec as PodSpec];
  if ((old.status?.qosClass ?? qosClass(before)) !== qosClass(now))
    found.push(
      field.invalid("spec", pod.status?.qosClass ?? "", "Pod QOS Class may not change as a result of resizing"),
    );
  if (!supportsResize(old)) found.push(field.forbidden("spec", "Pod running on node without support for resize"));
  let ofPod = now.resources;
  if (hasOwn(before.resources) || hasOwn(now.resources)) {
    if (!featureEnabled("InPlacePodLevelResourcesVerticalScaling")) {
      const gate = "InPlacePodLevelResourcesVerticalScalingEnabled feature gate is disabled";
      found.push(field.forbidden("[]", `resize of pods with pod-level resources is forbidden when ${gate}`));
      return found;
    }
    ofPod = podLevel(now.resources, before.resources, found);
  }
  if ((old.status?.nodeAllocatableResourceClaimStatuses?.length ?? 0) > 0)
    found.push(field.forbidden("spec", "pods with node allocatable resource claims cannot be resized"));
  const ordered = found.length;
  inOrder("containers", { now, before, found });
  inOrder("initContainers", { now, before, found });
  if (found.length > ordered) return found;
  const initResizable = featureEnabled("InPlacePodVerticalScalingInitContainers");
  const munged: PodSpec = {
    ...now,
    initContainers: initContainers({ now, before, found }, initResizable),
    containers: containers({ now, before, found }),
  };
  if (ofPod === undefined) delete munged.resources;
  else munged.resources = ofPod;
  if (found.length === 0 && !deepEqual(munged, before)) found.push(field.forbidden("spec", onlyCompute));
  return found;
}

/** Whether the node reports resources of what runs, which those that can resize do. */
function supportsResize({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find(({ state }) => state?.running !== undefined);
  return running === undefined || running.resources !== undefined;
}

const hasOwn = (resources: Resources | undefined): boolean =>
  Object.keys(resources?.requests ?? {}).length + Object.keys(resources?.limits ?? {}).length > 0;

const removed = (now: Readonly<ResourceList> = {}, old: Readonly<ResourceList> = {}): boolean =>
  Object.keys(old).some((name) => now[name] === undefined);

/** The list with CPU and memory as they were. */
function withOldCompute(now: Readonly<ResourceList> = {}, old: Readonly<ResourceList> = {}): ResourceList {
  const { cpu: _, memory: __, ...others } = now;
  const kept = (["cpu", "memory"] as const).flatMap((name) => (old[name] === undefined ? [] : [[name, old[name]]]));
  return { ...others, ...(Object.fromEntries(kept) as ResourceList) };
}

function podLevel(now: Resources | undefined, old: Resources | undefined, found: Findings): Resources | undefined {
  if (old !== undefined && now === undefined) {
    found.push(field.forbidden("spec.resources", "pod-level resources cannot be removed"));
    return undefined;
  }
  for (const list of ["requests", "limits"] as const)
    if (old !== undefined && removed(now?.[list], old[list]))
      found.push(field.forbidden(`spec.resources.${list}`, `pod-level resource ${list} cannot be removed`));
  const requests = withOldCompute(now?.requests, old?.requests);
  const limits = withOldCompute(now?.limits, old?.limits);
  const nothing = Object.keys(requests).length + Object.keys(limits).length + (now?.claims?.length ?? 0) === 0;
  if (old === undefined && nothing) return undefined;
  const munged = { ...now, requests, limits };
  if (!deepEqual(munged, old)) found.push(field.forbidden("spec", `${onlyCompute} at pod-level`));
  return munged;
}

interface Resize {
  readonly now: PodSpec;
  readonly before: PodSpec;
  readonly found: Findings;
}

function inOrder(list: Lists, { now, before, found }: Resize): void {
  const at = child("spec", list);
  const [own, old] = [now[list] ?? [], before[list] ?? []];
  if (own.length !== old.length) {
    found.push(field.forbidden(at, `${list} may not be added or removed on resize`));
    return;
  }
  for (const [index, { name }] of old.entries())
    if (own[index]?.name !== name)
      found.push(field.forbidden(child(item(at, index), "name"), `${list} may not be renamed or reordered on resize`));
}

function notRemoved(now: Container, old: Container, { at, found }: { at: string; found: Findings }): void {
  for (const list of ["requests", "limits"] as const)
    if (removed(now.resources?.[list], old.resources?.[list]))
      found.push(field.forbidden(child(at, `resources.${list}`), `resource ${list} cannot be removed`));
}

const withOldResources = (now: Container, old: Container): Container => ({
  ...now,
  resources: {
    limits: withOldCompute(now.resources?.limits, old.resources?.limits),
    requests: withOldCompute(now.resources?.requests, old.resources?.requests),
  },
});

function containers({ now, before, found }: Resize): Container[] {
  return now.containers.map((own, index) => {
    const old = before.containers[index]!;
    notRemoved(own, old, { at: item("spec.containers", index), found });
    const munged = withOldResources(own, old);
    if (!deepEqual(munged, old)) found.push(field.forbidden("spec", onlyCompute));
    return munged;
  });
}

function initContainers({ now, before, found }: Resize, resizable: boolean): Container[] {
  return (now.initContainers ?? []).map((own, index) => {
    const old = before.initContainers![index]!;
    const at = item("spec.initContainers", index);
    if (resizable || isSidecar(old)) notRemoved(own, old, { at, found });
    const changed = !deepEqual(own, old);
    if (!resizable && !isSidecar(own)) {
      if (changed) found.push(field.forbidden("spec", "resources for non-sidecar init containers are immutable"));
      return own;
    }
    const munged = withOldResources(own, old);
    if (!deepEqual(munged, old))
      found.push(field.forbidden(at, "only cpu and memory resources for init or sidecar containers are mutable"));
    const restarts = own.resizePolicy?.filter(({ restartPolicy }) => restartPolicy === "RestartContainer") ?? [];
    if (changed && !isSidecar(own))
      for (const _ of restarts)
        found.push(
          field.forbidden(at, "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"),
        );
    return munged;
  });
}
