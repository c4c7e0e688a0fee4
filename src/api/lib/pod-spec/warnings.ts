// `Warning` texts for pods and templates. Upstream: pkg/api/pod/warnings.go.
import type { Container, PodSpec } from "../../../../facts/types/core.v1.ts";
import type { ObjectMeta } from "../../../machinery/index.ts";
import { ipWarnings } from "../ip.ts";
import { child, item } from "../validate.ts";
import { allContainers } from "./visit.ts";

export interface WarnedPod {
  readonly spec: PodSpec;
  readonly metadata: Partial<ObjectMeta> | undefined;
  /** Path of the pod or template; empty for a pod. */
  readonly at: string;
}

/** Node labels that were renamed, and the annotations of old. */
const renamedLabels: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

const deadVolumes: Readonly<Record<string, string>> = {
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
};
/** Paths that upstream writes in another way. */
const volumePaths: Readonly<Record<string, string>> = { storageos: "storageOS", cephfs: "cephfs", rbd: "rbd" };

function volumeWarnings({ volumes = [] }: PodSpec, at: string): string[] {
  return volumes.flatMap((volume, index) =>
    Object.keys(deadVolumes).flatMap((name) =>
      volume[name as keyof typeof volume] === undefined
        ? []
        : [`${child(item(child(at, "volumes"), index), volumePaths[name] ?? name)}: ${deadVolumes[name]}`],
    ),
  );
}

function duplicateEnv({ env = [] }: Container, path: string): string[] {
  const seen = new Map<string, string | undefined>();
  return env.flatMap(({ name, value }, index) => {
    const earlier = seen.get(name);
    const repeated = seen.has(name);
    seen.set(name, value);
    if (!repeated) return [];
    const verb = earlier !== undefined && value?.includes(`$(${name})`) ? "overrides" : "hides";
    return verb === "overrides"
      ? []
      : [
          `${path}.env[${index}]: ${verb} previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
        ];
  });
}

/** Texts in upstream's order. */
export function podSpecWarnings({ spec, at }: WarnedPod): string[] {
  const root = child(at, "spec");
  const warnings: string[] = [];
  for (const key of Object.keys(spec.nodeSelector ?? {}).sort())
    if (renamedLabels[key] !== undefined)
      warnings.push(`${child(root, "nodeSelector")}[${key}]: ${renamedLabels[key]}`);
  for (const [index, alias] of (spec.hostAliases ?? []).entries())
    warnings.push(...ipWarnings(child(item(child(root, "hostAliases"), index), "ip"), alias.ip ?? ""));
  warnings.push(...volumeWarnings(spec, root));
  for (const { container, path } of allContainers(spec, root)) warnings.push(...duplicateEnv(container, path));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    warnings.push(
      `${child(root, "terminationGracePeriodSeconds")}: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  for (const [index, server] of (spec.dnsConfig?.nameservers ?? []).entries())
    warnings.push(...ipWarnings(item(child(root, "dnsConfig.nameservers"), index), server));
  return warnings;
}
