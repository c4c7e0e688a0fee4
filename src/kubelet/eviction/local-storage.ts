// Pods that use more of the node's disk than they were given: an emptyDir beyond its size, a pod or a container beyond its limit of
// ephemeral storage. Upstream: localStorageEviction of pkg/kubelet/eviction/eviction_manager.go. `exceeded` is a plain function; what
// is used is measured only where there is a limit.
import type { Pod } from "../../api/index.ts";
import { canonicalQuantity, quantityValue } from "../../machinery/index.ts";
import type { KubeletContext } from "../context.ts";
import { containerNameLabel, podUidLabel } from "../labels.ts";
import { podLogDirectory, volumeDirectory } from "../paths.ts";
import { podUid } from "../pod.ts";
import { podLimits } from "../resources/requests.ts";

/** Bytes by name. */
export interface LocalUse {
  readonly volumes: Readonly<Record<string, number>>;
  /** Writable layer and logs. */
  readonly containers: Readonly<Record<string, number>>;
}

const ephemeralStorage = "ephemeral-storage";

const volumesOf = (pod: Pod) =>
  (pod.spec.volumes ?? []).flatMap(({ name, emptyDir }) => (emptyDir ? [{ name, emptyDir }] : []));
const sizeLimitOf = (sizeLimit: string | undefined): number => (sizeLimit === undefined ? 0 : quantityValue(sizeLimit));
const podLimitOf = (pod: Pod): string | undefined => podLimits(pod)[ephemeralStorage];
const containerLimits = (pod: Pod): [name: string, limit: string][] =>
  pod.spec.containers.flatMap(({ name, resources }) => {
    const limit = resources?.limits?.[ephemeralStorage];
    return limit === undefined || quantityValue(limit) === 0 ? [] : [[name, limit]];
  });

/** Looked at before sums are made: hardly any pod has such a limit, and every pod is asked every few seconds. */
const namesLimit = ({ spec }: Pod): boolean =>
  [spec, ...(spec.initContainers ?? []), ...spec.containers].some(
    ({ resources }) => resources?.limits?.[ephemeralStorage] !== undefined,
  );

export const isLimited = (pod: Pod): boolean =>
  (namesLimit(pod) && (podLimitOf(pod) !== undefined || containerLimits(pod).length > 0)) ||
  volumesOf(pod).some(({ emptyDir }) => sizeLimitOf(emptyDir.sizeLimit) > 0);

/** Upstream's message for the first limit that is passed: volumes, then the pod, then its containers. */
export function exceeded(pod: Pod, use: LocalUse): string | undefined {
  for (const { name, emptyDir } of volumesOf(pod)) {
    const limit = sizeLimitOf(emptyDir.sizeLimit);
    if (limit > 0 && (use.volumes[name] ?? 0) > limit)
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${canonicalQuantity(emptyDir.sizeLimit!)}". `;
  }
  const podLimit = podLimitOf(pod);
  const onDisk = volumesOf(pod).filter(({ emptyDir }) => emptyDir.medium !== "Memory");
  const total =
    Object.values(use.containers).reduce((sum, each) => sum + each, 0) +
    onDisk.reduce((sum, { name }) => sum + (use.volumes[name] ?? 0), 0);
  if (podLimit !== undefined && total > quantityValue(podLimit))
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${canonicalQuantity(podLimit)}. `;
  for (const [name, limit] of containerLimits(pod))
    if ((use.containers[name] ?? 0) > quantityValue(limit))
      return `Container ${name} exceeded its local ephemeral storage limit "${canonicalQuantity(limit)}". `;
  return undefined;
}

/** What each of the pods uses, by uid. */
export async function localUses(context: KubeletContext, pods: readonly Pod[]): Promise<Map<string, LocalUse>> {
  const { runtime } = context;
  if (pods.length === 0) return new Map();
  const [stats, containers] = await Promise.all([
    runtime.listContainerStats(),
    runtime.listContainers({ state: "running" }),
  ]);
  const layers = new Map(stats.map((each) => [each.id, each.writableLayerUsedBytes]));
  const uses = await Promise.all(
    pods.map(async (pod): Promise<[string, LocalUse]> => {
      const uid = podUid(pod);
      const own = containers.filter((each) => each.labels[podUidLabel] === uid);
      return [
        uid,
        {
          volumes: await volumeUses(context, pod),
          containers: Object.fromEntries(
            await Promise.all(
              own.map(async (each): Promise<[string, number]> => {
                const name = each.labels[containerNameLabel] ?? each.name;
                const logs = await context.host.files.usedBytes(`${podLogDirectory(context.config, pod)}/${name}`);
                return [name, (layers.get(each.id) ?? 0) + logs];
              }),
            ),
          ),
        },
      ];
    }),
  );
  return new Map(uses);
}

async function volumeUses({ host, config }: KubeletContext, pod: Pod): Promise<Record<string, number>> {
  const used = volumesOf(pod).map(async ({ name }): Promise<[string, number]> => {
    const path = volumeDirectory(config, podUid(pod), { plugin: "kubernetes.io~empty-dir", name });
    return [name, await host.files.usedBytes(path)];
  });
  return Object.fromEntries(await Promise.all(used));
}
