// A PodGroup stays, though deleted, while pods of it run. Upstream: pkg/controller/scheduling/podgroupprotection. Runs with
// feature GenericWorkload (alpha); the finalizer is set by admission.
import { type Pod, type PodGroup, podGroups, pods } from "../../api/index.ts";
import { ignoreNotFound, objectKey } from "../../machinery/index.ts";
import {
  type ControllerContext,
  featureEnabled,
  isTerminal,
  newQueue,
  protectionStep,
  runLoop,
  watch,
  withFinalizer,
} from "../lib/index.ts";

const finalizer = "scheduling.k8s.io/podgroup-protection";
const byGroup = "activePodGroup";

const groupKey = ({ metadata, spec }: Pod): string | undefined => {
  const name = spec?.schedulingGroup?.podGroupName;
  return name === undefined ? undefined : `${metadata.namespace}/${name}`;
};

export async function runPodGroupProtection(context: ControllerContext): Promise<void> {
  if (!featureEnabled(context, "GenericWorkload")) return;
  const queue = newQueue(context, "podgroupprotection");
  const podInformer = context.informers.informer(pods);
  podInformer.addIndex(byGroup, (pod) => {
    const key = isTerminal(pod) ? undefined : groupKey(pod);
    return key === undefined ? [] : [key];
  });
  const wake = (group: PodGroup): void => {
    if (protectionStep(group, finalizer) === "remove") queue.add(objectKey(group));
  };
  const wakeGroupOf = (pod: Pod): void => {
    const key = groupKey(pod);
    if (key !== undefined) queue.add(key);
  };
  const groups = watch(context, podGroups, { add: wake, update: (_, group) => wake(group) });
  watch(context, pods, {
    add: (pod) => {
      if (isTerminal(pod)) wakeGroupOf(pod);
    },
    update: (before, pod) => {
      if (isTerminal(pod)) wakeGroupOf(pod);
      if (before.metadata.uid !== pod.metadata.uid) wakeGroupOf(before);
    },
    delete: wakeGroupOf,
  });
  await runLoop(context, {
    queue,
    informers: [groups, podInformer],
    workers: 1,
    reconcile: async (key) => {
      const group = groups.byKey(key);
      if (group === undefined || protectionStep(group, finalizer) !== "remove") return;
      if (podInformer.byIndex(byGroup, key).length > 0) return;
      await context.client
        .of(podGroups)
        .update(withFinalizer(group, finalizer, "remove"))
        .catch(ignoreNotFound);
    },
  });
}
