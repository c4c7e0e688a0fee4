// How the API server serves Node.
import type { Node, Taint } from "../../../../facts/types/core.v1.ts";
import { field, labelValue, utf8Length } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { cidrWarnings, isDualStack, legacyCidr, parseCidr } from "../../lib/formats/ip.ts";
import { labelKey } from "../../lib/metadata.ts";
import { quantityRules } from "../../lib/resource-rules.ts";
import { roundResourceList } from "../../lib/resources.ts";
import {
  type Check,
  child,
  each,
  findings,
  item,
  oneOf,
  positive,
  required,
  worthChecking,
} from "../../lib/validate.ts";

const taints: Check<readonly Taint[] | undefined> = (list, at, found) => {
  const seen = new Set<string>();
  for (const [index, taint] of worthChecking(list ?? [], found)) {
    const path = item(at, index);
    labelKey(taint.key ?? "", child(path, "key"), found);
    const texts = labelValue(taint.value ?? "");
    if (texts.length > 0) found.push(field.invalid(child(path, "value"), taint.value, texts.join(";")));
    required(oneOf("NoSchedule", "PreferNoSchedule", "NoExecute"))(taint.effect, child(path, "effect"), found);
    const pair = `${taint.effect}/${taint.key}`;
    if (seen.has(pair)) {
      const shown = {
        Key: taint.key ?? "",
        Value: taint.value ?? "",
        Effect: taint.effect ?? "",
        TimeAdded: taint.timeAdded ?? null,
      };
      const duplicate = field.duplicate(path, shown);
      found.push({ ...duplicate, message: `${duplicate.message}: taints must be unique by key and effect pair` });
    }
    seen.add(pair);
  }
};

const featureName = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;

const declaredFeatures: Check<readonly string[] | undefined> = (list = [], at, found) => {
  for (const [index, feature] of worthChecking(list, found)) {
    if (utf8Length(feature) > 253)
      found.push(
        field.invalid(
          item(at, index),
          feature,
          `invalid feature name ${JSON.stringify(feature)}: must be no more than 253 characters`,
        ),
      );
    else if (!featureName.test(feature))
      found.push(
        field.invalid(
          item(at, index),
          feature,
          `invalid feature name ${JSON.stringify(feature)}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`,
        ),
      );
    const next = list[index + 1];
    if (next === undefined) continue;
    if (next === feature) found.push(field.duplicate(item(at, index + 1), next));
    else if (feature > next) found.push(field.invalid(item(at, index + 1), next, "list must be sorted alphabetically"));
  }
};

const amounts: Check<Node> = ({ status }, _at, found) => {
  for (const list of ["capacity", "allocatable"] as const)
    for (const name of Object.keys(status?.[list] ?? {}).sort())
      quantityRules(name)(status?.[list]?.[name] as string, `status.${list}.${name}`, found);
};

const podCIDRs: Check<readonly string[] | undefined> = (list = [], at, found) => {
  each(legacyCidr)(list, at, found);
  const bad = list.findIndex((cidr) => parseCidr(cidr) === undefined);
  if (list.length > 1 && bad >= 0)
    found.push(
      field.internal(
        at,
        `invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[${bad}]: <nil> (invalid CIDR address: ${list[bad]})`,
      ),
    );
  if (list.length > 1 && (list.length > 2 || bad >= 0 || !isDualStack(list)))
    found.push(field.invalid(at, list, "may specify no more than one CIDR for each IP family"));
};

const node: Check<Node> = (value, at, found) => {
  taints(value.spec?.taints, "metadata.taints", found);
  amounts(value, at, found);
  const swap = value.status?.nodeInfo?.swap?.capacity;
  if (swap !== undefined) positive(swap, "metadata.nodeSwapStatus.capacity", found);
  declaredFeatures(value.status?.declaredFeatures, "status.declaredFeatures", found);
  podCIDRs(value.spec?.podCIDRs, "spec.podCIDRs", found);
};

/** What an update must keep; both the update of the node and that of its status run it. */
const kept =
  (old: Node): Check<Node> =>
  (value, at, found) => {
    amounts(value, at, found);
    declaredFeatures(value.status?.declaredFeatures, "status.declaredFeatures", found);
    const seen = new Set<string>();
    for (const [index, { type, address }] of worthChecking(value.status?.addresses ?? [], found)) {
      const key = `${type}/${address}`;
      if (seen.has(key)) found.push(field.duplicate(`status.addresses[${index}]`, { Type: type, Address: address }));
      seen.add(key);
    }
    const cidrs = value.spec?.podCIDRs ?? [];
    const before = old.spec?.podCIDRs ?? [];
    const text = 'node updates may not change podCIDR except from "" to valid';
    if (before.length > 0 && before.length !== cidrs.length) found.push(field.forbidden("spec.podCIDRs", text));
    else
      for (const [index, cidr] of worthChecking(before, found))
        if (cidr !== cidrs[index]) found.push(field.forbidden("spec.podCIDRs", text));
    if (old.spec?.providerID && old.spec.providerID !== value.spec?.providerID)
      found.push(field.forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'));
    taints(value.spec?.taints, "metadata.taints", found);
    if ((old.spec?.externalID ?? "") !== (value.spec?.externalID ?? ""))
      found.push(field.forbidden("spec.externalID", "may not be updated"));
  };

/** podCIDR is the first of podCIDRs. */
function mirrorPodCIDR({ spec }: Node): void {
  if (spec === undefined) return;
  if (spec.podCIDR && spec.podCIDR !== spec.podCIDRs?.[0]) spec.podCIDRs = [spec.podCIDR];
  const first = spec.podCIDRs?.[0];
  if (first) spec.podCIDR = first;
}

/** Dynamic kubelet configuration is gone. */
const dropStatusConfig = (value: Node): void => {
  if (value.status?.config === undefined) return;
  const { config: _, ...status } = value.status;
  value.status = status;
};
const dropConfig = (value: Node): void => {
  dropStatusConfig(value);
  if (value.spec?.configSource !== undefined) {
    const { configSource: _, ...spec } = value.spec;
    value.spec = spec;
  }
};

export const nodeRules = defineRules<Node>({
  default: (value) => {
    mirrorPodCIDR(value);
    const { status } = value;
    if (status?.capacity !== undefined) status.allocatable ??= { ...status.capacity };
    roundResourceList(status?.capacity);
    roundResourceList(status?.allocatable);
  },
  prepareCreate: dropConfig,
  prepareUpdate: dropConfig,
  metadataOnUpdate: "both",
  validate: (value) => findings(value, node),
  validateUpdate: (value, old) => findings(value, kept(old)),
  status: {
    keptOnCreate: true,
    prepareUpdate: dropStatusConfig,
    validateUpdate: (value, old) => findings(value, kept(old)),
  },
  warnings: ({ spec }) => [
    ...(spec?.configSource ? ["spec.configSource: the feature is removed"] : []),
    ...(spec?.externalID ? ["spec.externalID: this field is deprecated, and is unused by Kubernetes"] : []),
    ...(spec?.podCIDRs ?? []).flatMap((cidr, index) => cidrWarnings(`spec.podCIDRs[${index}]`, cidr)),
  ],
});
