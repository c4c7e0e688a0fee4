// Pods of a runtime class get its overhead and node selection. Upstream: plugin/pkg/admission/runtimeclass.
import { type Pod, pods, type RuntimeClass, runtimeClasses } from "../../../../api/index.ts";
import { deepEqual, sentEmpty } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain, refuse } from "../../framework.ts";
import { mergeTolerations } from "../../lib/tolerations.ts";

export function createRuntimeClass({ reader }: AdmissionHost): AdmissionPlugin {
  const classOf = (attributes: AdmissionAttributes): RuntimeClass | undefined => {
    const name = draftOf<Pod>(attributes).spec?.runtimeClassName;
    if (name === undefined) return undefined;
    const found = reader.get<RuntimeClass>(runtimeClasses, "", name);
    if (found === undefined) throw refuse(attributes, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    return found;
  };
  return {
    name: "RuntimeClass",
    handles: (attributes) => attributes.operation === "CREATE" && isMain(attributes, pods),
    admit(attributes) {
      const runtime = classOf(attributes);
      if (runtime === undefined) return;
      setOverhead(attributes, runtime);
      setScheduling(attributes, runtime);
    },
    validate(attributes) {
      const runtime = classOf(attributes);
      const overhead = draftOf<Pod>(attributes).spec?.overhead;
      const wanted = runtime?.overhead?.podFixed;
      if (wanted === undefined) {
        if (overhead !== undefined || sentEmpty(draftOf<Pod>(attributes).spec, "overhead"))
          throw refuse(
            attributes,
            "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
          );
      } else if (!deepEqual(overhead, wanted))
        throw refuse(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    },
  };
}

function setOverhead(attributes: AdmissionAttributes, runtime: RuntimeClass): void {
  const { spec } = draftOf<Pod>(attributes);
  const fixed = runtime.overhead?.podFixed;
  if (fixed === undefined) return;
  if (spec.overhead !== undefined && Object.keys(spec.overhead).length > 0 && !deepEqual(spec.overhead, fixed))
    throw refuse(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  spec.overhead = { ...fixed };
}

function setScheduling(attributes: AdmissionAttributes, runtime: RuntimeClass): void {
  const { spec } = draftOf<Pod>(attributes);
  if (runtime.scheduling === undefined) return;
  const { nodeSelector = {}, tolerations = [] } = runtime.scheduling;
  for (const [key, value] of Object.entries(nodeSelector)) {
    const mine = spec.nodeSelector?.[key];
    if (mine !== undefined && mine !== value)
      throw refuse(
        attributes,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${mine}`,
      );
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  const merged = mergeTolerations(spec.tolerations ?? [], tolerations);
  if (merged.length > 0) spec.tolerations = merged.map((each) => ({ ...each }));
}
