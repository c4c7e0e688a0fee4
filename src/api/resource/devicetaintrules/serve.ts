// How the API server serves DeviceTaintRule. Upstream: pkg/apis/resource/validation, pkg/registry/resource/devicetaintrule.
import type { DeviceTaintRule, DeviceTaintSelector } from "../../../../facts/types/resource.v1beta2.ts";
import { field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { conditions } from "../../lib/conditions.ts";
import { taint } from "../../lib/devices/configuration.ts";
import { deviceName, driverName, poolName } from "../../lib/devices/names.ts";
import { keepMetadata } from "../../lib/metadata.ts";
import { type Check, child, type Findings, findings, optional } from "../../lib/validate.ts";

const mostConditions = 8;

const selector: Check<DeviceTaintSelector> = ({ driver, pool, device }, at, found) => {
  optional(driverName)(driver, child(at, "driver"), found);
  optional(poolName)(pool, child(at, "pool"), found);
  optional(deviceName)(device, child(at, "device"), found);
};

const judge = ({ spec }: DeviceTaintRule, old: DeviceTaintRule | undefined): Findings =>
  findings(
    spec,
    (value, at, found) => {
      optional(selector)(value.deviceSelector, child(at, "deviceSelector"), found);
      taint(value.taint ?? {}, child(at, "taint"), { old: old?.spec.taint, found });
    },
    "spec",
  );

export const deviceTaintRuleRules = defineRules<DeviceTaintRule>({
  default: (draft) => {
    draft.spec ??= {} as DeviceTaintRule["spec"];
    draft.spec.taint ??= {} as DeviceTaintRule["spec"]["taint"];
  },
  generation: true,
  prepareCreate: ({ spec }, { now }) => {
    spec.taint.timeAdded ??= now;
  },
  // The time is that of the effect, unless the client says another one.
  prepareUpdate: ({ spec }, old, { now }) => {
    const before = old.spec.taint;
    if (spec.taint.effect !== before.effect && spec.taint.timeAdded === before.timeAdded) spec.taint.timeAdded = now;
    spec.taint.timeAdded ??= now;
  },
  validate: (rule) => judge(rule, undefined),
  validateOnUpdate: false,
  validateUpdate: judge,
  resetFields: { status: ["metadata", "spec"] },
  status: {
    prepareUpdate: keepMetadata,
    validateUpdate: ({ status }) =>
      findings(
        status?.conditions ?? [],
        (list, at, found) => {
          conditions(list, at, found);
          if (list.length > mostConditions) found.push(field.tooMany(at, list.length, mostConditions));
        },
        "status.conditions",
      ),
  },
});
