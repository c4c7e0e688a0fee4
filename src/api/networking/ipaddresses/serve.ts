// How the API server serves IPAddress. Upstream: pkg/apis/networking/validation, pkg/registry/networking/ipaddress.
import type { IPAddress, ParentReference } from "../../../../facts/types/networking.v1.ts";
import { deepEqual, field, pathSegmentName } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { strictIp } from "../../lib/formats/ip.ts";
import { internalForm } from "../../lib/internal-form.ts";
import {
  type Check,
  child,
  dnsSubdomain,
  findings,
  immutableText,
  named,
  required,
  unlessEmpty,
} from "../../lib/validate.ts";

const segment = named(pathSegmentName);

const parent: Check<ParentReference | undefined | null> = (to, at, found) => {
  if (!to) {
    found.push(field.required(at));
    return;
  }
  unlessEmpty(dnsSubdomain)(to.group, child(at, "group"), found);
  required(segment)(to.resource, child(at, "resource"), found);
  required(segment)(to.name, child(at, "name"), found);
  unlessEmpty(segment)(to.namespace, child(at, "namespace"), found);
};

export const ipAddressRules = defineRules<IPAddress>({
  default: (address) => {
    address.spec ??= {} as IPAddress["spec"];
  },
  validateName: (name) =>
    findings(name, strictIp).map(({ message }) => message.slice(message.indexOf(": ", message.lastIndexOf('": ')) + 2)),
  generatesNoNames: true,
  metadataOnUpdate: "both",
  validate: ({ spec }) => findings(spec?.parentRef, parent, "spec.parentRef"),
  validateUpdate: ({ spec }, old) =>
    deepEqual(spec?.parentRef ?? null, old.spec?.parentRef ?? null)
      ? []
      : [field.invalid("spec.parentRef", internalForm("*networking.ParentReference", spec?.parentRef), immutableText)],
});
