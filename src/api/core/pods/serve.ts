// How the API server serves Pod. Upstream: pkg/registry/core/pod/strategy.go.
import type { Pod, PodSpec } from "../../../../facts/types/core.v1.ts";
import { dns1123Label } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { ipWarnings } from "../../lib/formats/ip.ts";
import { copyAppArmor } from "../../lib/pod-spec/app-armor.ts";
import { defaultPod } from "../../lib/pod-spec/defaults.ts";
import { dropDisabledFields, withoutDisabledFields } from "../../lib/pod-spec/disabled.ts";
import { qosClass } from "../../lib/pod-spec/qos.ts";
import { podSpecWarnings } from "../../lib/pod-spec/warnings.ts";
import { mergeLabelKeys } from "./label-keys.ts";
import { keepRest, prepareResize, validateResize } from "./resize.ts";
import { keepObservedGenerations, validatePodStatus } from "./status.ts";
import { validateEphemeralContainers, validatePodCreate, validatePodParts, validatePodUpdate } from "./validate.ts";
import { dropVolumeStatuses } from "./volume-statuses.ts";

const gated = {
  type: "PodScheduled",
  status: "False",
  reason: "SchedulingGated",
  message: "Scheduling is blocked due to non-empty scheduling gates",
} as const;

/** Grace of a deletion: none for pods that no node runs (any more). */
function graceSeconds({ spec, status }: Pod, requested: number | undefined): number {
  const running = spec?.nodeName && status?.phase !== "Failed" && status?.phase !== "Succeeded";
  if (!running) return 0;
  const seconds = requested ?? spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}

const nameWarnings = ({ metadata }: Pod): string[] => {
  const texts = dns1123Label(metadata.name);
  return texts.length === 0
    ? []
    : [
        `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${texts.join(" ")}]`,
      ];
};

export const podRules = defineRules<Pod>({
  resetFields: { status: ["spec", "metadata.deletionTimestamp", "metadata.ownerReferences"] },
  default: defaultPod,
  generation: (pod) => pod.spec,
  prepareCreate: (pod, context) => {
    const { now, warn } = context;
    const spec = pod.spec as PodSpec;
    dropDisabledFields(spec, context);
    pod.status = { phase: "Pending", qosClass: qosClass(spec) };
    if ((spec.schedulingGates?.length ?? 0) > 0)
      pod.status.conditions = [{ ...gated, lastProbeTime: null as never, lastTransitionTime: now }];
    mergeLabelKeys(pod);
    copyAppArmor(spec, pod.metadata.annotations, (text) => warn?.(text));
  },
  prepareUpdate: (pod, old, context) => {
    pod.spec = withoutDisabledFields(pod.spec as PodSpec, old.spec as PodSpec, context);
  },
  metadataOnUpdate: "both",
  validate: validatePodCreate,
  validateOnUpdate: false,
  validateUpdate: validatePodUpdate,
  status: {
    writtenOnCreate: true,
    prepareUpdate: (pod, old, context) => {
      pod.spec = old.spec;
      if (old.metadata.ownerReferences === undefined) delete pod.metadata.ownerReferences;
      else pod.metadata.ownerReferences = old.metadata.ownerReferences;
      // Reported behind a gate that is off.
      const { nodeAllocatableResourceClaimStatuses: _, ...status } = pod.status ?? {};
      pod.status = status;
      pod.status.qosClass ??= old.status?.qosClass;
      keepObservedGenerations(pod, old);
      dropVolumeStatuses(pod, old, context);
    },
    validateUpdate: validatePodStatus,
  },
  parts: {
    ephemeralcontainers: {
      prepareUpdate: (pod, old, context) => {
        const { ephemeralContainers: _, ...kept } = old.spec as PodSpec;
        const added = pod.spec?.ephemeralContainers;
        const spec = added === undefined ? kept : { ...kept, ephemeralContainers: added };
        pod.spec = withoutDisabledFields(spec, old.spec as PodSpec, context);
        keepRest(pod, old);
      },
      validateUpdate: validateEphemeralContainers,
    },
    resize: {
      prepareUpdate: (pod, old, context) => {
        prepareResize(pod, old, context);
        pod.spec = withoutDisabledFields(pod.spec as PodSpec, old.spec as PodSpec, context);
      },
      validateUpdate: (pod, old, context) => [...validatePodParts(pod, old), ...validateResize(pod, old, context)],
    },
  },
  gracefulDeletion: (pod, requested) => ({ gracePeriodSeconds: graceSeconds(pod, requested) }),
  warnings: (pod, old) =>
    old === undefined
      ? [...nameWarnings(pod), ...podSpecWarnings({ spec: pod.spec as PodSpec, metadata: pod.metadata, at: "" })]
      : (pod.status?.podIPs ?? []).flatMap(({ ip }, index) => ipWarnings(`status.podIPs[${index}].ip`, ip ?? "")),
});
