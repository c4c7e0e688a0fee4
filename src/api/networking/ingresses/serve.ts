// How the API server serves Ingress. Upstream: pkg/apis/networking/validation, pkg/registry/networking/ingress.
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressRule,
  IngressTLS,
} from "../../../../facts/types/networking.v1.ts";
import {
  dns1123Label,
  dns1123Subdomain,
  field,
  pathSegmentName,
  portName,
  portNumber,
  wildcardDns1123Subdomain,
} from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { legacyIp, parseIp } from "../../lib/formats/ip.ts";
import {
  type Check,
  child,
  dnsSubdomain,
  each,
  findings,
  item,
  named,
  optional,
  required,
  unlessEmpty,
  worthChecking,
} from "../../lib/validate.ts";

type Spec = Ingress["spec"];

const classAnnotation = "kubernetes.io/ingress.class";

/** What the old object got wrong in the same way is let through. */
interface Leniency {
  readonly secretNames: boolean;
  readonly wildcardRules: boolean;
}
const strict: Leniency = { secretNames: false, wildcardRules: false };

const hostName: Check<string> = (host, at, found) =>
  named(host.includes("*") ? wildcardDns1123Subdomain : dns1123Subdomain)(host, at, found);

const typedReference: Check<NonNullable<IngressBackend["resource"]>> = (reference, at, found) => {
  optional(dnsSubdomain)(reference.apiGroup, child(at, "apiGroup"), found);
  required(named(pathSegmentName))(reference.kind, child(at, "kind"), found);
  required(named(pathSegmentName))(reference.name, child(at, "name"), found);
};

const service =
  (at: string): Check<NonNullable<IngressBackend["service"]>> =>
  (value, path, found) => {
    required(named(dns1123Label))(value.name, child(path, "name"), found);
    const { name = "", number = 0 } = value.port ?? {};
    if (name !== "" && number !== 0) found.push(field.invalid(at, "", "cannot set both port name & port number"));
    else if (name !== "") named(portName)(name, child(path, "port.name"), found);
    else if (number !== 0)
      for (const text of portNumber(number)) found.push(field.invalid(child(path, "port.number"), number, text));
    else found.push(field.required(at, "port name or number is required"));
  };

const backend: Check<IngressBackend | undefined> = (value, at, found) => {
  const { resource, service: to } = value ?? {};
  if (resource && to) found.push(field.invalid(at, "", "cannot set both resource and service backends"));
  else if (resource) typedReference(resource, child(at, "resource"), found);
  else if (to) service(at)(to, child(at, "service"), found);
  else found.push(field.invalid(at, "", "resource or service backend is required"));
};

const sequences = ["//", "/./", "/../", "%2f", "%2F"];
const suffixes = ["/..", "/."];

const httpPath: Check<HTTPIngressPath> = (value, at, found) => {
  const { pathType, path = "" } = value;
  const where = child(at, "path");
  switch (pathType as string | undefined | null) {
    case undefined:
    case null:
      found.push(field.required(child(at, "pathType"), "pathType must be specified"));
      return;
    case "Exact":
    case "Prefix":
      if (!path.startsWith("/")) found.push(field.invalid(where, path, "must be an absolute path"));
      for (const sequence of sequences)
        if (path.includes(sequence)) found.push(field.invalid(where, path, `must not contain '${sequence}'`));
      for (const suffix of suffixes)
        if (path.endsWith(suffix)) found.push(field.invalid(where, path, `cannot end with '${suffix}'`));
      break;
    case "ImplementationSpecific":
      if (path !== "" && !path.startsWith("/")) found.push(field.invalid(where, path, "must be an absolute path"));
      break;
    default:
      found.push(field.notSupported(child(at, "pathType"), pathType, ["Exact", "ImplementationSpecific", "Prefix"]));
  }
  backend(value.backend, child(at, "backend"), found);
};

const http: Check<NonNullable<IngressRule["http"]>> = (value, at, found) => {
  const paths = value.paths ?? [];
  if (paths.length === 0) found.push(field.required(child(at, "paths")));
  each(httpPath)(paths, child(at, "paths"), found);
};

const rule =
  (leniency: Leniency): Check<IngressRule> =>
  (value, at, found) => {
    const { host = "" } = value;
    const path = child(at, "host");
    if (parseIp(host) !== undefined) found.push(field.invalid(path, host, "must be a DNS name, not an IP address"));
    unlessEmpty(hostName)(host, path, found);
    if (!(host.includes("*") && leniency.wildcardRules)) optional(http)(value.http, child(at, "http"), found);
  };

const tls =
  (leniency: Leniency): Check<IngressTLS> =>
  (value, at, found) => {
    each(hostName)(value.hosts, child(at, "hosts"), found);
    if (!leniency.secretNames) unlessEmpty(dnsSubdomain)(value.secretName, child(at, "secretName"), found);
  };

const spec =
  (leniency: Leniency): Check<Spec | undefined> =>
  (value, at, found) => {
    const { defaultBackend, rules = [] } = value ?? {};
    if (rules.length === 0 && !defaultBackend)
      found.push(field.invalid(at, value?.rules ?? null, "either `defaultBackend` or `rules` must be specified"));
    if (defaultBackend) backend(defaultBackend, child(at, "defaultBackend"), found);
    each(rule(leniency))(rules, child(at, "rules"), found);
    each(tls(leniency))(value?.tls, child(at, "tls"), found);
    optional(dnsSubdomain)(value?.ingressClassName, child(at, "ingressClassName"), found);
  };

const leniencyOf = (old: Spec | undefined): Leniency => ({
  secretNames: (old?.tls ?? []).some(({ secretName }) => secretName && dns1123Subdomain(secretName).length > 0),
  wildcardRules: (old?.rules ?? []).some(
    (each) => each.host?.includes("*") && each.http && findings(each.http, http).length > 0,
  ),
});

const status =
  (old: Ingress): Check<Ingress> =>
  ({ status: own }, _at, found) => {
    const kept = new Set((old.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip));
    for (const [index, { ip, hostname }] of worthChecking(own?.loadBalancer?.ingress ?? [], found)) {
      const path = item("status.loadBalancer.ingress", index);
      if (ip && !kept.has(ip)) legacyIp(ip, child(path, "ip"), found);
      unlessEmpty(dnsSubdomain)(hostname, child(path, "hostname"), found);
      if (hostname && parseIp(hostname) !== undefined)
        found.push(field.invalid(child(path, "hostname"), hostname, "must be a DNS name, not an IP address"));
    }
  };

const matchingClass: Check<Ingress> = ({ metadata, spec: own }, _at, found) => {
  const annotation = metadata.annotations?.[classAnnotation];
  if (annotation !== undefined && own?.ingressClassName !== undefined && annotation !== own.ingressClassName)
    found.push(
      field.invalid(
        `annotations.${classAnnotation}`,
        annotation,
        "must match `ingressClassName` when both are specified",
      ),
    );
};

export const ingressRules = defineRules<Ingress>({
  default: (ingress) => {
    ingress.spec ??= {};
  },
  generation: true,
  metadataOnUpdate: "both",
  validate: (ingress) => [...findings(ingress.spec, spec(strict), "spec"), ...findings(ingress, matchingClass)],
  validateOnUpdate: false,
  validateUpdate: (ingress, old) => findings(ingress.spec, spec(leniencyOf(old.spec)), "spec"),
  status: { validateUpdate: (ingress, old) => findings(ingress, status(old)) },
  warnings: ({ metadata, spec: own }, old) =>
    old === undefined && metadata.annotations?.[classAnnotation] !== undefined && own?.ingressClassName === undefined
      ? [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
});
