// How the API server serves PriorityClass. Upstream: pkg/apis/scheduling/validation, pkg/registry/scheduling/priorityclass.
import type { PriorityClass } from "../../../../facts/types/scheduling.v1.ts";
import { type FieldError, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { findings, immutable, oneOf, required } from "../../lib/validate.ts";

const highestOfUsers = 1_000_000_000;
const systemPrefix = "system-";
const systemClasses: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};

/** What keeps a class from being one of the system's. */
function unknownSystemClass({ metadata: { name }, value, globalDefault }: PriorityClass): string | undefined {
  const wanted = systemClasses[name];
  if (wanted === undefined) return `${name} is not a known system priority class`;
  if ((value ?? 0) !== wanted) return `value of ${name} PriorityClass must be ${wanted}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function allowedValue(priority: PriorityClass): FieldError[] {
  if (!priority.metadata.name?.startsWith(systemPrefix))
    return (priority.value ?? 0) > highestOfUsers
      ? [field.forbidden("value", `maximum allowed value of a user defined priority is ${highestOfUsers}`)]
      : [];
  const problem = unknownSystemClass(priority);
  return problem === undefined
    ? []
    : [
        field.forbidden(
          "metadata.name",
          `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${problem}`,
        ),
      ];
}

export const priorityClassRules = defineRules<PriorityClass>({
  default: (priority) => {
    priority.preemptionPolicy ??= "PreemptLowerPriority";
  },
  generation: () => undefined,
  validate: (priority) => [
    ...allowedValue(priority),
    ...(priority.preemptionPolicy === undefined
      ? []
      : findings(priority.preemptionPolicy, required(oneOf("PreemptLowerPriority", "Never")), "preemptionPolicy")),
  ],
  validateOnUpdate: false,
  validateUpdate: ({ value, preemptionPolicy }, old) => [
    ...((value ?? 0) === (old.value ?? 0) ? [] : [field.forbidden("value", "may not be changed in an update.")]),
    ...findings(preemptionPolicy, immutable(old.preemptionPolicy), "preemptionPolicy"),
  ],
});
