// How the API server serves EndpointSlice. Upstream: pkg/apis/discovery/validation, pkg/registry/discovery/endpointslice.
import type { Endpoint, EndpointPort, EndpointSlice } from "../../../../facts/types/discovery.v1.ts";
import {
  deepEqual,
  dns1123Label,
  dns1123Subdomain,
  field,
  labelValue,
  type NameCheck,
  qualifiedName,
} from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { endpointIp, ipWarnings, legacyIp, parseIp, strictIp } from "../../lib/formats/ip.ts";
import {
  type Check,
  child,
  dnsLabel,
  dnsSubdomain,
  each,
  type Findings,
  findings,
  immutableText,
  item,
  named,
  oneOf,
  optional,
  required,
  worthChecking,
} from "../../lib/validate.ts";

const mostPorts = 20_000;
const mostEndpoints = 1000;
const mostAddresses = 100;
const mostHints = 8;

const domainName: Check<string> = (name, at, found) => {
  const own = name.endsWith(".") ? name.slice(0, -1) : name;
  const labels = own.split(".");
  const texts = dns1123Subdomain(own);
  if (name === "") found.push(field.required(at));
  else if (texts.length > 0) found.push(field.invalid(at, own, texts.join(",")));
  else if (labels.length < 2)
    found.push(field.invalid(at, own, "should be a domain with at least two segments separated by dots"));
  else {
    const wrong = labels.find((label) => dns1123Label(label).length > 0);
    if (wrong !== undefined) found.push(field.invalid(at, wrong, dns1123Label(wrong).join(",")));
  }
};

const ipOf =
  (family: 4 | 6): Check<string> =>
  (address, at, found) => {
    const before = found.length;
    (family === 4 ? legacyIp : strictIp)(address, at, found);
    if (found.length > before) return;
    if (parseIp(address)?.family !== family)
      found.push(field.invalid(at.slice(0, at.lastIndexOf("[")), address, `must be an IPv${family} address`));
    endpointIp(address, at, found);
  };

const addressChecks: Readonly<Record<string, Check<string>>> = { IPv4: ipOf(4), IPv6: ipOf(6), FQDN: domainName };

/** At most eight hints, none twice. */
const hints =
  (check: NameCheck): Check<readonly { readonly name: string }[] | undefined> =>
  (list = [], at, found) => {
    if (list.length > mostHints) {
      found.push(field.tooMany(at, list.length, mostHints));
      return;
    }
    const seen = new Set<string>();
    for (const [index, { name }] of worthChecking(list, found)) {
      const path = child(item(at, index), "name");
      if (seen.has(name)) found.push(field.duplicate(path, name));
      seen.add(name);
      named(check)(name, path, found);
    }
  };

const endpoint =
  (addressType: string): Check<Endpoint> =>
  (value, at, found) => {
    const addresses = value.addresses ?? [];
    const path = child(at, "addresses");
    if (addresses.length === 0) found.push(field.required(path, "must contain at least 1 address"));
    else if (addresses.length > mostAddresses) found.push(field.tooMany(path, addresses.length, mostAddresses));
    const check = addressChecks[addressType];
    if (check !== undefined) each(check)(addresses, path, found);
    optional(dnsSubdomain)(value.nodeName, child(at, "nodeName"), found);
    optional(dnsLabel)(value.hostname, child(at, "hostname"), found);
    const { forZones = [], forNodes } = value.hints ?? {};
    hints(labelValue)(forZones, child(at, "hints.forZones"), found);
    if (forZones.length <= mostHints) hints(dns1123Subdomain)(forNodes, child(at, "hints.forNodes"), found);
  };

const port: Check<EndpointPort> = (value, at, found) => {
  required(oneOf("SCTP", "TCP", "UDP"))(value.protocol, child(at, "protocol"), found);
  optional(named(qualifiedName))(value.appProtocol, child(at, "appProtocol"), found);
};

const ports: Check<readonly EndpointPort[] | undefined | null> = (list, at, found) => {
  const own = list ?? [];
  if (own.length > mostPorts) {
    found.push(field.tooMany(at, own.length, mostPorts));
    return;
  }
  const seen = new Set<string>();
  for (const [index, value] of worthChecking(own, found)) {
    const { name = "" } = value;
    const path = child(item(at, index), "name");
    if (name !== "") dnsLabel(name, path, found);
    if (seen.has(name)) found.push(field.duplicate(path, name));
    seen.add(name);
    port(value, item(at, index), found);
  }
};

function slice(value: EndpointSlice, old: EndpointSlice | undefined): Findings {
  const endpoints = value.endpoints ?? [];
  const ofEndpoints =
    endpoints.length > mostEndpoints
      ? [field.tooMany("endpoints", endpoints.length, mostEndpoints)]
      : findings(endpoints, each(endpoint(value.addressType)), "endpoints");
  const kept = old !== undefined && ofEndpoints.length > 0 && deepEqual(value.endpoints, old.endpoints);
  return [
    ...findings(value.addressType, required(oneOf("FQDN", "IPv4", "IPv6")), "addressType"),
    ...findings(value.ports, ports, "ports"),
    ...(kept ? [] : ofEndpoints),
  ];
}

/** Not written through this version of the API, which has nodeName and zone instead. */
const dropTopology = (value: EndpointSlice): void => {
  for (const each of value.endpoints ?? []) delete each.deprecatedTopology;
};

const ownControllers = new Set(["endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"]);

const addressWarnings = ({ metadata, endpoints }: EndpointSlice): string[] =>
  ownControllers.has(metadata.labels?.["endpointslice.kubernetes.io/managed-by"] ?? "")
    ? []
    : (endpoints ?? []).flatMap(({ addresses }, index) =>
        (addresses ?? []).flatMap((address, number) => ipWarnings(`endpoints[${index}].addresses[${number}]`, address)),
      );

export const endpointSliceRules = defineRules<EndpointSlice>({
  default: ({ ports: list }) => {
    for (const each of list ?? []) {
      each.name ??= "";
      each.protocol ??= "TCP";
    }
  },
  generation: ({ metadata, addressType, endpoints, ports: list }) => ({
    addressType,
    endpoints,
    ports: list,
    labels: metadata.labels,
  }),
  prepareCreate: dropTopology,
  prepareUpdate: (value, old) => {
    if (deepEqual(value.endpoints, old.endpoints)) return;
    // Topology counts as a change although it is not kept.
    value.metadata.generation = (old.metadata.generation ?? 0) + 1;
    dropTopology(value);
  },
  metadataOnUpdate: "create",
  validate: (value) => slice(value, undefined),
  validateOnUpdate: false,
  validateUpdate: (value, old) => [
    ...slice(value, old),
    ...(value.addressType === old.addressType
      ? []
      : [field.invalid("addressType", value.addressType ?? "", immutableText)]),
  ],
  warnings: (value, old) => [
    ...(old === undefined && value.addressType === "FQDN" ? ["spec.addressType: FQDN endpoints are deprecated"] : []),
    ...addressWarnings(value),
  ],
});
