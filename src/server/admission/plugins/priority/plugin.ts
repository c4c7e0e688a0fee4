// Pods get the number of their priority class; one class at most is the default. Upstream: plugin/pkg/admission/priority.
import {
  type Pod,
  type PodGroup,
  type PriorityClass,
  podGroups,
  pods,
  priorityClasses,
} from "../../../../api/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin, ObjectReader } from "../../../contract.ts";
import { draftOf, isMain, refuse } from "../../framework.ts";

export const createPriority = ({ reader, featureEnabled }: AdmissionHost): AdmissionPlugin => ({
  name: "Priority",
  handles: (attributes) =>
    (attributes.operation === "CREATE" || attributes.operation === "UPDATE") &&
    (isMain(attributes, pods) || isMain(attributes, priorityClasses) || isMain(attributes, podGroups)),
  admit(attributes) {
    if (isMain(attributes, podGroups)) {
      if (attributes.operation === "CREATE" && featureEnabled("WorkloadAwarePreemption"))
        setGroupPriority(attributes, reader);
      return;
    }
    if (!isMain(attributes, pods)) return;
    if (attributes.operation === "UPDATE") keepPriority(attributes);
    else setPriority(attributes, reader);
  },
  validate(attributes) {
    if (!isMain(attributes, priorityClasses)) return;
    const wanted = draftOf<PriorityClass>(attributes);
    if (wanted.globalDefault !== true) return;
    const other = defaultClass(reader);
    if (other !== undefined && (attributes.operation === "CREATE" || other.metadata.name !== wanted.metadata.name))
      throw refuse(
        attributes,
        `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`,
      );
  },
});

function keepPriority(attributes: AdmissionAttributes): void {
  const { spec } = draftOf<Pod>(attributes);
  const old = attributes.oldObject as Pod | undefined;
  if (old?.spec?.priority !== undefined && spec.priority === undefined) spec.priority = old.spec.priority;
  if (old?.spec?.preemptionPolicy !== undefined && spec.preemptionPolicy === undefined)
    spec.preemptionPolicy = old.spec.preemptionPolicy;
}

function setPriority(attributes: AdmissionAttributes, reader: ObjectReader): void {
  const { spec } = draftOf<Pod>(attributes);
  if (spec === undefined) return;
  const found = resolveClass(attributes, reader, spec.priorityClassName);
  if (found !== undefined) spec.priorityClassName = found.metadata.name;
  const value = found?.value ?? 0;
  let preemption = found?.preemptionPolicy;
  if (spec.priority !== undefined && spec.priority !== value)
    throw refuse(
      attributes,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  spec.priority = value;
  preemption ??= "PreemptLowerPriority";
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemption)
    throw refuse(
      attributes,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemption} from the given PriorityClass name`,
    );
  spec.preemptionPolicy = preemption;
}

function setGroupPriority(attributes: AdmissionAttributes, reader: ObjectReader): void {
  const { spec } = draftOf<PodGroup>(attributes);
  const found = resolveClass(attributes, reader, spec.priorityClassName);
  const value = found?.value ?? 0;
  if (spec.priority !== undefined && spec.priority !== value)
    throw refuse(
      attributes,
      `priority set in the pod group (${spec.priority}) must match the priority computed (${value}) based on the priority class set in the spec`,
    );
  spec.priority = value;
  if (found !== undefined) spec.priorityClassName = found.metadata.name;
}

/** The class of that name, or the default one; undefined when there is none of those. */
function resolveClass(
  attributes: AdmissionAttributes,
  reader: ObjectReader,
  name: string | undefined,
): PriorityClass | undefined {
  if (!name) return defaultClass(reader);
  const found = reader.get<PriorityClass>(priorityClasses, "", name);
  if (found === undefined) throw refuse(attributes, `no PriorityClass with name ${name} was found`);
  return found;
}

/** Of several that are marked, which validation normally prevents, the lowest. */
function defaultClass(reader: ObjectReader): PriorityClass | undefined {
  const marked = reader.list<PriorityClass>(priorityClasses).filter((each) => each.globalDefault === true);
  return marked.sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
}
