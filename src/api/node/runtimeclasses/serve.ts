// How the API server serves RuntimeClass. Upstream: pkg/apis/node/validation, pkg/registry/node/runtimeclass.
import type { RuntimeClass } from "../../../../facts/types/node.v1.ts";
import { field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { labels } from "../../lib/metadata.ts";
import { tolerations } from "../../lib/pod-spec/scheduling.ts";
import { oldLabelText } from "../../lib/pod-spec/warnings.ts";
import { containerResourceName, resourceRequirements } from "../../lib/resource-rules.ts";
import { roundResourceList } from "../../lib/resources.ts";
import {
  type Check,
  child,
  dnsLabel,
  findings,
  immutable,
  item,
  optional,
  required,
  worthChecking,
} from "../../lib/validate.ts";

type Scheduling = NonNullable<RuntimeClass["scheduling"]>;

const overhead: Check<NonNullable<RuntimeClass["overhead"]>> = ({ podFixed }, at, found) =>
  resourceRequirements(containerResourceName, new Set())({ limits: podFixed ?? {} }, at, found);

const scheduling: Check<Scheduling> = (value, at, found) => {
  labels(value.nodeSelector, child(at, "nodeSelector"), found);
  const path = child(at, "tolerations");
  tolerations(value.tolerations, path, found);
  const seen = new Set<string>();
  for (const [index, each] of worthChecking(value.tolerations ?? [], found)) {
    const { key = "", operator = "", value: text = "", effect = "" } = each;
    const listKey = JSON.stringify([key, operator, text, effect]);
    if (seen.has(listKey))
      found.push(
        field.duplicate(item(path, index), {
          Key: key,
          Operator: operator,
          Value: text,
          Effect: effect,
          TolerationSeconds: each.tolerationSeconds ?? null,
        }),
      );
    seen.add(listKey);
  }
};

export const runtimeClassRules = defineRules<RuntimeClass>({
  default: (runtime) => roundResourceList(runtime.overhead?.podFixed),
  anyFinalizers: true,
  createOnUpdate: true,
  unconditionalUpdate: false,
  metadataOnUpdate: "both",
  validate: (runtime) => [
    ...findings(runtime.handler, required(dnsLabel), "handler"),
    ...findings(runtime.overhead, optional(overhead), "overhead"),
    ...findings(runtime.scheduling, optional(scheduling), "scheduling"),
  ],
  validateUpdate: ({ handler }, old) => findings(handler, immutable(old.handler), "handler"),
  warnings: ({ scheduling: own }) =>
    Object.keys(own?.nodeSelector ?? {})
      .sort()
      .flatMap((key) => {
        const text = oldLabelText(key);
        return text === undefined ? [] : [`scheduling.nodeSelector: ${text}`];
      }),
});
