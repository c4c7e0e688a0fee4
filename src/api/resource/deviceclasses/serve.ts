// How the API server serves DeviceClass. Upstream: pkg/apis/resource/validation, pkg/registry/resource/deviceclass.
import type { DeviceClass } from "../../../../facts/types/resource.v1.ts";
import { deepEqual, dns1123Subdomain, field, maxLengthError, qualifiedName } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { mostConfigurations } from "../../lib/devices/claim-spec.ts";
import { limited } from "../../lib/devices/collections.ts";
import { configuration, selectors } from "../../lib/devices/configuration.ts";
import { loadSelectors } from "../../lib/devices/selector-expression.ts";
import { isExtended } from "../../lib/resources.ts";
import { type Findings, findings } from "../../lib/validate.ts";

type Features = (gate: string) => boolean;

const longestName = 253;

const extendedName = (name: string): boolean => isExtended(name) && qualifiedName(`requests.${name}`).length === 0;

/** Selectors and configurations that an update leaves alone count as stored, each list as a whole. */
function judge({ spec }: DeviceClass, old: DeviceClass | undefined, featureEnabled: Features): Findings {
  return findings(spec, (_spec, _at, found) => {
    const kept = (name: "selectors" | "config"): boolean =>
      old !== undefined && deepEqual(spec?.[name] ?? [], old.spec?.[name] ?? []);
    selectors({ stored: kept("selectors"), featureEnabled })(spec?.selectors, "spec.selectors", found);
    limited(mostConfigurations, configuration({ stored: kept("config"), featureEnabled }))(
      spec?.config,
      "spec.config",
      found,
    );
    const name = spec?.extendedResourceName;
    if (name !== undefined && !extendedName(name))
      found.push(field.invalid("spec.extendedResourceName", name, "must be a valid extended resource name"));
  });
}

function dropDisabledFields(draft: DeviceClass, old: DeviceClass | undefined, featureEnabled: Features): void {
  if (!featureEnabled("DRAExtendedResource") && old?.spec.extendedResourceName === undefined)
    delete draft.spec.extendedResourceName;
}

export const deviceClassRules = defineRules<DeviceClass>({
  ready: loadSelectors,
  default: (draft) => {
    draft.spec ??= {};
  },
  // Its check is of the newer kind, which leaves prefixes alone and counts bytes.
  validateName: (name, prefix) =>
    prefix
      ? []
      : dns1123Subdomain(name).map((text) =>
          text === maxLengthError(longestName) ? maxLengthError(longestName, "bytes") : text,
        ),
  generation: true,
  metadataOnUpdate: "both",
  prepareCreate: (draft, { featureEnabled }) => dropDisabledFields(draft, undefined, featureEnabled),
  prepareUpdate: (draft, old, { featureEnabled }) => dropDisabledFields(draft, old, featureEnabled),
  validate: (object, { featureEnabled }) => judge(object, undefined, featureEnabled),
  validateOnUpdate: false,
  validateUpdate: (object, old, { featureEnabled }) => judge(object, old, featureEnabled),
});
