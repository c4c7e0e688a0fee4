// How the API server serves Endpoints.
import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints } from "../../../../facts/types/core.v1.ts";
import { deepEqual, type FieldError, field, qualifiedName } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { endpointIp, ipWarnings, legacyIp } from "../../lib/formats/ip.ts";
import {
  type Check,
  child,
  dnsLabel,
  dnsSubdomain,
  each,
  empty,
  findings,
  named,
  oneOf,
  optional,
  portNumber,
  required,
  unlessEmpty,
} from "../../lib/validate.ts";

const port =
  (nameNeeded: boolean): Check<EndpointPort> =>
  (value, at, found) => {
    if (value.name) dnsLabel(value.name, child(at, "name"), found);
    else if (nameNeeded) found.push(field.required(child(at, "name")));
    portNumber(value.port, child(at, "port"), found);
    required(oneOf("SCTP", "TCP", "UDP"))(value.protocol, child(at, "protocol"), found);
    optional(named(qualifiedName))(value.appProtocol, child(at, "appProtocol"), found);
  };

const address: Check<EndpointAddress> = (value, at, found) => {
  legacyIp(value.ip, child(at, "ip"), found);
  unlessEmpty(dnsLabel)(value.hostname, child(at, "hostname"), found);
  optional(dnsSubdomain)(value.nodeName, child(at, "nodeName"), found);
  endpointIp(value.ip, child(at, "ip"), found);
};

const subset: Check<EndpointSubset> = (value, at, found) => {
  if (empty(value.addresses) && empty(value.notReadyAddresses))
    found.push(field.required(at, "must specify `addresses` or `notReadyAddresses`"));
  each(address)(value.addresses, child(at, "addresses"), found);
  each(address)(value.notReadyAddresses, child(at, "notReadyAddresses"), found);
  each(port((value.ports?.length ?? 0) > 1))(value.ports, child(at, "ports"), found);
};

const checkSubsets = (endpoints: Endpoints): FieldError[] => findings(endpoints.subsets, each(subset), "subsets");

const addressWarnings = ({ subsets = [] }: Endpoints): string[] =>
  subsets.flatMap((each, index) =>
    (["addresses", "notReadyAddresses"] as const).flatMap((list) =>
      (each[list] ?? []).flatMap(({ ip }, at) => ipWarnings(`subsets[${index}].${list}[${at}].ip`, ip)),
    ),
  );

export const endpointsRules = defineRules<Endpoints>({
  default: (endpoints) => {
    for (const each of endpoints.subsets ?? []) for (const port of each.ports ?? []) port.protocol ||= "TCP";
  },
  metadataOnUpdate: "both",
  createOnUpdate: true,
  validate: checkSubsets,
  validateOnUpdate: false,
  validateUpdate: (endpoints, old) => (deepEqual(endpoints.subsets, old.subsets) ? [] : checkSubsets(endpoints)),
  warnings: (endpoints) =>
    endpoints.metadata.labels?.["endpoints.kubernetes.io/managed-by"] === "endpoint-controller"
      ? []
      : addressWarnings(endpoints),
});
