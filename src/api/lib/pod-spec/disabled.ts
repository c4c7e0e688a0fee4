// Fields behind gates that are off by default: they vanish on the way in, as upstream's DropDisabledPodFields has it.
import type { PodSpec } from "../../../../facts/types/core.v1.ts";

/** Changes the draft in place. */
export function dropDisabledFields(spec: PodSpec | undefined): void {
  if (spec === undefined) return;
  delete (spec as { schedulingGroup?: unknown }).schedulingGroup;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
    if (container.lifecycle?.stopSignal !== undefined) {
      delete container.lifecycle.stopSignal;
      if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle;
    }
  for (const volume of spec.volumes ?? [])
    for (const source of volume.projected?.sources ?? []) {
      delete source.clusterTrustBundle;
      delete source.podCertificate;
    }
}

/** The same on an object that may share parts with a frozen one. */
export function withoutDisabledFields(spec: PodSpec): PodSpec {
  if (!usesDisabledFields(spec)) return spec;
  const copy = JSON.parse(JSON.stringify(spec)) as PodSpec;
  dropDisabledFields(copy);
  return copy;
}

const usesDisabledFields = (spec: PodSpec): boolean =>
  spec.schedulingGroup !== undefined ||
  [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some(
    (each) => each.lifecycle?.stopSignal !== undefined,
  ) ||
  (spec.volumes ?? []).some((volume) =>
    volume.projected?.sources?.some((source) => source.clusterTrustBundle ?? source.podCertificate),
  );
