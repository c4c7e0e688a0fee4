// How the API server serves ServiceCIDR. Upstream: pkg/apis/networking/validation, pkg/registry/networking/servicecidr.
import type { ServiceCIDR } from "../../../../facts/types/networking.v1.ts";
import { deepClone, field, sentEmpty } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { isDualStack, parseCidr, strictCidr } from "../../lib/formats/ip.ts";
import { type Check, each, type Findings, findings, immutableText, item } from "../../lib/validate.ts";

const path = "spec.cidrs";

const cidrs: Check<readonly string[]> = (list, at, found) => {
  if (list.length === 0) found.push(field.required(at, "at least one CIDR required"));
  else if (list.length > 2) found.push(field.invalid(at, { CIDRs: list }, "may only hold up to 2 values"));
  else {
    each(strictCidr)(list, at, found);
    if (list.length === 2 && list.every((text) => parseCidr(text) !== undefined) && !isDualStack(list))
      found.push(
        field.invalid(
          at,
          list,
          "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64",
        ),
      );
  }
};

type Spec = NonNullable<ServiceCIDR["spec"]>;

/** A second family may join; nothing else changes. */
function keptCidrs(spec: Spec | undefined, old: readonly string[]): Findings {
  const list = spec?.cidrs ?? [];
  const found: Findings = [];
  const changed = (index: number): void => {
    if (list[index] !== old[index]) found.push(field.invalid(item(path, index), list[index], immutableText));
  };
  if (list.length === old.length) for (const index of old.keys()) changed(index);
  else if (old.length === 1 && list.length === 2) {
    changed(0);
    cidrs(list, path, found);
  } else found.push(field.invalid(path, spec?.cidrs ?? (sentEmpty(spec, "cidrs") ? [] : null), immutableText));
  return found;
}

export const serviceCIDRRules = defineRules<ServiceCIDR>({
  resetFields: { status: ["metadata", "spec"] },
  default: (each) => {
    each.spec ??= {};
  },
  validate: ({ spec }) => findings(spec?.cidrs ?? [], cidrs, path),
  validateOnUpdate: false,
  validateUpdate: ({ spec }, old) => keptCidrs(spec, old.spec?.cidrs ?? []),
  status: {
    prepareUpdate: (draft, old) => {
      const { managedFields } = draft.metadata;
      draft.metadata = {
        ...deepClone(old.metadata),
        resourceVersion: draft.metadata.resourceVersion,
        ...(managedFields === undefined ? {} : { managedFields }),
      };
    },
  },
});
