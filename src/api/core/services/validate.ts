// Validation of services. Upstream: validateService and ValidateServiceUpdate in pkg/apis/core/validation.
import type { Service, ServicePort } from "../../../../facts/types/core.v1.ts";
import { dns1123Subdomain, type FieldError, field, qualifiedName } from "../../../machinery/index.ts";
import { endpointIp, isDualStack, legacyCidr, legacyIp, parseIp } from "../../lib/formats/ip.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { labels } from "../../lib/metadata.ts";
import { portNumberOrName } from "../../lib/pod-spec/handlers.ts";
import {
  type Check,
  child,
  dnsLabel,
  dnsSubdomain,
  entry,
  type Findings,
  findings,
  item,
  named,
  oneOf,
  optional,
  portNumber,
  required,
  unlessKept,
  worthChecking,
} from "../../lib/validate.ts";
import { isExternallyAccessible, isHeadless, needsHealthCheck } from "./traits.ts";

export type Spec = NonNullable<Service["spec"]>;
const specOf = (service: Service | undefined): Spec => service?.spec ?? ({} as Spec);

const port =
  (service: { readonly nameNeeded: boolean; readonly names: Set<string> }): Check<ServicePort> =>
  (value, at, found) => {
    const { name = "" } = value;
    if (name === "") {
      if (service.nameNeeded) found.push(field.required(child(at, "name")));
    } else {
      dnsLabel(name, child(at, "name"), found);
      if (service.names.has(name)) found.push(field.duplicate(child(at, "name"), name));
      service.names.add(name);
    }
    portNumber(value.port, child(at, "port"), found);
    required(oneOf("SCTP", "TCP", "UDP"))(value.protocol, child(at, "protocol"), found);
    portNumberOrName(value.targetPort, child(at, "targetPort"), found);
    optional(named(qualifiedName))(value.appProtocol, child(at, "appProtocol"), found);
  };

/** Rules that depend on the type alone. */
const byType: Check<Spec> = (spec, at, found) => {
  if ((spec.type === "LoadBalancer" || spec.type === "NodePort") && isHeadless(spec))
    found.push(field.invalid(child(at, "clusterIPs[0]"), "None", `may not be set to 'None' for ${spec.type} services`));
  if (spec.type !== "ExternalName") return;
  const text = "may not be set for ExternalName services";
  if (spec.clusterIPs?.length) found.push(field.forbidden(child(at, "clusterIPs"), text));
  if (spec.ipFamilies?.length) found.push(field.forbidden(child(at, "ipFamilies"), text));
  if (spec.ipFamilyPolicy !== undefined) found.push(field.forbidden(child(at, "ipFamilyPolicy"), text));
  required(dnsSubdomain)((spec.externalName ?? "").replace(/\.$/, ""), child(at, "externalName"), found);
};

const longestAffinitySeconds = 86400;

const affinity: Check<Spec> = (spec, at, found) => {
  required(oneOf("ClientIP", "None"))(spec.sessionAffinity, child(at, "sessionAffinity"), found);
  const path = child(at, "sessionAffinityConfig");
  const config = spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "None" && config !== undefined)
    found.push(field.forbidden(path, "must not be set when session affinity is None"));
  if (spec.sessionAffinity !== "ClientIP") return;
  const text = "when session affinity type is ClientIP";
  const seconds = config?.clientIP?.timeoutSeconds;
  if (config === undefined) found.push(field.required(path, text));
  else if (config.clientIP === undefined) found.push(field.required(child(path, "clientIP"), text));
  else if (seconds === undefined) found.push(field.required(child(path, "clientIP.timeoutSeconds"), text));
  else if (seconds <= 0 || seconds > longestAffinitySeconds)
    found.push(
      field.invalid(
        child(path, "clientIP.timeoutSeconds"),
        seconds,
        `must be greater than 0 and less than ${longestAffinitySeconds}`,
      ),
    );
};

const firstIp: Check<Spec> = ({ clusterIP = "", clusterIPs = [] }, at, found) => {
  if (clusterIP === "") {
    if (clusterIPs.length > 0)
      found.push(field.invalid(at, clusterIPs, "must be empty when `clusterIP` is not specified"));
  } else if (clusterIPs.length === 0) found.push(field.required(at));
  else if (clusterIPs[0] !== clusterIP) found.push(field.invalid(at, clusterIPs, "first value must match `clusterIP`"));
};

const families: Check<Spec> = (spec, at, found) => {
  const seen = new Set<string>();
  for (const [index, family] of worthChecking(spec.ipFamilies ?? [], found)) {
    const path = item(child(at, "ipFamilies"), index);
    oneOf("IPv4", "IPv6")(family, path, found);
    if (seen.has(family)) found.push(field.duplicate(path, family));
    seen.add(family);
  }
  optional(oneOf("PreferDualStack", "RequireDualStack", "SingleStack"))(
    spec.ipFamilyPolicy,
    child(at, "ipFamilyPolicy"),
    found,
  );
};

/** clusterIPs one by one. True: all are addresses (or the one None). */
function clusterIps(spec: Spec, old: Spec, found: Findings): boolean {
  const at = "spec.clusterIPs";
  const list = spec.clusterIPs ?? [];
  let valid = true;
  for (const [index, ip] of worthChecking(list, found)) {
    if (index === 0 && ip === "None") {
      if (list.length === 1) continue;
      valid = false;
      found.push(field.invalid(at, list, "'None' must be the first and only value"));
      continue;
    }
    const before = found.length;
    unlessKept(old.clusterIPs, legacyIp)(ip, item(at, index), found);
    if (found.length > before) valid = false;
  }
  if (list.length > 2) found.push(field.invalid(at, list, "may only hold up to 2 values"));
  return valid;
}

function addressing(spec: Spec, old: Spec, found: Findings): void {
  if (spec.type === "ExternalName") return;
  const at = "spec.clusterIPs";
  firstIp(spec, at, found);
  families(spec, "spec", found);
  if (!clusterIps(spec, old, found)) return;
  const list = spec.clusterIPs ?? [];
  if (list.length > 1 && !isDualStack(list))
    found.push(field.invalid(at, list, "may specify no more than one IP for each IP family"));
  if (isHeadless(spec)) return;
  for (const [index, ip] of worthChecking(list, found)) {
    const family = spec.ipFamilies?.[index];
    const actual = `IPv${parseIp(ip)?.family}`;
    if ((family === "IPv4" || family === "IPv6") && actual !== family)
      found.push(
        field.invalid(item(at, index), ip, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``),
      );
  }
}

const externalIp: Check<string> = (ip, at, found) => {
  const before = found.length;
  legacyIp(ip, at, found);
  if (found.length === before) endpointIp(ip, at, found);
};

/** How addresses, families and policy fit together; the server's allocators ask before they give anything out. */
export const validateServiceAddressing = (spec: Spec, old: Spec | undefined): FieldError[] =>
  findings(spec, (each, _at, found) => addressing(each, old ?? ({} as Spec), found));

/** Ports that come twice, by number or by node port. */
const distinctPorts: Check<Spec> = (spec, at, found) => {
  const list = spec.ports ?? [];
  if (spec.type === "ClusterIP")
    for (const [index, { nodePort }] of worthChecking(list, found))
      if (nodePort)
        found.push(field.forbidden(child(item(at, index), "nodePort"), "may not be used when `type` is 'ClusterIP'"));
  const nodePorts = new Set<string>();
  for (const [index, { nodePort, protocol }] of worthChecking(list, found)) {
    if (!nodePort) continue;
    if (nodePorts.has(`${protocol}/${nodePort}`))
      found.push(field.duplicate(child(item(at, index), "nodePort"), nodePort));
    nodePorts.add(`${protocol}/${nodePort}`);
  }
  const ports = new Set<string>();
  for (const [index, { port: number = 0, protocol = "" }] of worthChecking(list, found)) {
    if (ports.has(`${protocol}/${number}`))
      found.push(field.duplicate(item(at, index), internalForm("core.ServicePort", { port: number, protocol })));
    ports.add(`${protocol}/${number}`);
  }
};

const rangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges";

function sourceRanges(service: Service, old: Service | undefined, found: Findings): void {
  const spec = specOf(service);
  const onlyBalancers = "may only be used when `type` is 'LoadBalancer'";
  const annotation = service.metadata.annotations?.[rangesAnnotation];
  if (spec.loadBalancerSourceRanges?.length) {
    const at = "spec.LoadBalancerSourceRanges";
    const kept = specOf(old).loadBalancerSourceRanges?.map((each) => each.trim());
    if (spec.type !== "LoadBalancer") found.push(field.forbidden(at, onlyBalancers));
    for (const [index, range] of worthChecking(spec.loadBalancerSourceRanges, found))
      unlessKept(kept, legacyCidr)(range.trim(), item(at, index), found);
  } else if (annotation !== undefined) {
    const at = entry("metadata.annotations", rangesAnnotation);
    if (spec.type !== "LoadBalancer") found.push(field.forbidden(at, onlyBalancers));
    if (old?.metadata.annotations?.[rangesAnnotation] === annotation || annotation.trim() === "") return;
    for (const range of annotation.split(",")) legacyCidr(range.trim(), at, found);
  }
}

const balancerClass: Check<Spec> = (spec, at, found) => {
  const { loadBalancerClass: name } = spec;
  if (name === undefined) return;
  if (spec.type === "LoadBalancer") named(qualifiedName)(name, at, found);
  else found.push(field.forbidden(at, "may only be used when `type` is 'LoadBalancer'"));
};

const externalTraffic: Check<Spec> = (spec, at, found) => {
  const path = child(at, "externalTrafficPolicy");
  if (isExternallyAccessible(spec)) required(oneOf("Cluster", "Local"))(spec.externalTrafficPolicy, path, found);
  else if (spec.externalTrafficPolicy)
    found.push(field.invalid(path, spec.externalTrafficPolicy, "may only be set for externally-accessible services"));
  const health = child(at, "healthCheckNodePort");
  if (needsHealthCheck(spec)) required(portNumber)(spec.healthCheckNodePort || undefined, health, found);
  else if (spec.healthCheckNodePort)
    found.push(
      field.invalid(
        health,
        spec.healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    );
};

const traffic: Check<Spec> = (spec, at, found) => {
  balancerClass(spec, child(at, "loadBalancerClass"), found);
  externalTraffic(spec, at, found);
  const internal = child(at, "internalTrafficPolicy");
  const clustered = spec.type === "NodePort" || spec.type === "LoadBalancer" || spec.type === "ClusterIP";
  if (spec.internalTrafficPolicy === undefined) {
    if (clustered) found.push(field.required(internal));
  } else oneOf("Cluster", "Local")(spec.internalTrafficPolicy, internal, found);
  optional(oneOf("PreferClose", "PreferSameZone", "PreferSameNode"))(
    spec.trafficDistribution,
    child(at, "trafficDistribution"),
    found,
  );
};

const hints = "service.kubernetes.io/topology-aware-hints";
const mode = "service.kubernetes.io/topology-mode";

function service(value: Service, old: Service | undefined, found: Findings): void {
  const spec = specOf(value);
  const annotations = value.metadata.annotations ?? {};
  if (annotations[mode] !== undefined && annotations[hints] !== undefined && annotations[mode] !== annotations[hints])
    found.push(
      field.invalid(
        entry("metadata.annotations", mode),
        annotations[mode],
        `must match annotations[${hints}] when both are specified`,
      ),
    );
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== "ExternalName") found.push(field.required("spec.ports"));
  byType(spec, "spec", found);
  const rules = port({ nameNeeded: ports.length > 1, names: new Set() });
  for (const [index, each] of worthChecking(ports, found)) rules(each, item("spec.ports", index), found);
  labels(spec.selector, "spec.selector", found);
  affinity(spec, "spec", found);
  addressing(spec, specOf(old), found);
  for (const [index, ip] of worthChecking(spec.externalIPs ?? [], found)) {
    const kept = specOf(old).externalIPs?.includes(ip);
    (kept ? endpointIp : externalIp)(ip, item("spec.externalIPs", index), found);
  }
  required(oneOf("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"))(spec.type, "spec.type", found);
  distinctPorts(spec, "spec.ports", found);
  sourceRanges(value, old, found);
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== "LoadBalancer")
    found.push(field.forbidden("spec.allocateLoadBalancerNodePorts", "may only be used when `type` is 'LoadBalancer'"));
  if (spec.allocateLoadBalancerNodePorts === undefined && spec.type === "LoadBalancer")
    found.push(field.required("allocateLoadBalancerNodePorts"));
  traffic(spec, "spec", found);
}

export const validateService = (value: Service): FieldError[] =>
  findings(value, (each, _at, found) => service(each, undefined, found));

type Stacked = "clusterIPs" | "ipFamilies";
const nouns: Readonly<Record<Stacked, string>> = { clusterIPs: "clusterIP", ipFamilies: "ipFamily" };

/** Lists of one entry a family: the first never changes, the second may come and, with SingleStack, go. */
function keptStack(spec: Spec, old: Spec, { list, found }: { list: Stacked; found: Findings }): void {
  const at = `spec.${list}`;
  const [now, before]: [readonly string[], readonly string[]] = [spec[list] ?? [], old[list] ?? []];
  const changed = (index: number, shown: readonly string[] = now): void =>
    void found.push(field.invalid(item(at, index), shown, "may not change once set"));
  if (before.length === now.length) {
    for (const [index, value] of worthChecking(before, found))
      if (value !== now[index]) changed(list === "clusterIPs" ? index : 0);
    return;
  }
  const shown = list === "clusterIPs" ? now : (spec.clusterIPs ?? []);
  if (before.length > now.length && (spec.clusterIPs ?? []).length === 0)
    found.push(field.invalid(item(at, 0), now, `primary ${nouns[list]} can not be unset`));
  if (before.length > 0 && now.length > 0 && now[0] !== before[0]) changed(0, shown);
  if (before.length > now.length && now.length === 1 && spec.ipFamilyPolicy !== "SingleStack")
    found.push(
      field.invalid(
        "spec.ipFamilyPolicy",
        spec.ipFamilyPolicy ?? null,
        `must be set to 'SingleStack' when releasing the secondary ${nouns[list]}`,
      ),
    );
}

export const validateServiceUpdate = (value: Service, old: Service): FieldError[] =>
  findings(value, (each, _at, found) => {
    const [spec, before] = [specOf(each), specOf(old)];
    if (spec.type !== "ExternalName" && before.type !== "ExternalName") {
      const [headless, wasHeadless] = [isHeadless(spec), isHeadless(before)];
      if (!(headless && wasHeadless)) keptStack(spec, before, { list: "clusterIPs", found });
      if (!headless && !wasHeadless) keptStack(spec, before, { list: "ipFamilies", found });
    }
    if (
      spec.type === "LoadBalancer" &&
      before.type === "LoadBalancer" &&
      spec.loadBalancerClass !== before.loadBalancerClass
    )
      found.push(field.invalid("spec.loadBalancerClass", spec.loadBalancerClass ?? null, "may not change once set"));
    balancerClass(spec, "spec.loadBalancerClass", found);
    if (needsHealthCheck(spec) && needsHealthCheck(before) && spec.healthCheckNodePort !== before.healthCheckNodePort)
      found.push(field.forbidden("spec.healthCheckNodePort", "field is immutable"));
    service(each, old, found);
  });

export const validateServiceStatus = (value: Service, old: Service): FieldError[] =>
  findings(
    value.status?.loadBalancer?.ingress ?? [],
    (list, at, found) => {
      if (specOf(value).type !== "LoadBalancer" && list.length > 0) {
        found.push(field.forbidden(at, "may only be used when `spec.type` is 'LoadBalancer'"));
        return;
      }
      const kept = old.status?.loadBalancer?.ingress?.flatMap(({ ip }) => (ip ? [ip] : []));
      for (const [index, { ip, ipMode, hostname }] of worthChecking(list, found)) {
        const path = item(at, index);
        if (ip) unlessKept(kept, legacyIp)(ip, child(path, "ip"), found);
        if (ipMode === undefined) {
          if (ip) found.push(field.required(child(path, "ipMode"), "must be specified when `ip` is set"));
        } else if (!ip) found.push(field.forbidden(child(path, "ipMode"), "may not be specified when `ip` is not set"));
        else oneOf("Proxy", "VIP")(ipMode, child(path, "ipMode"), found);
        if (!hostname) continue;
        for (const text of dns1123Subdomain(hostname))
          found.push(field.invalid(child(path, "hostname"), hostname, text));
        if (parseIp(hostname) !== undefined)
          found.push(field.invalid(child(path, "hostname"), hostname, "must be a DNS name, not an IP address"));
      }
    },
    "status.loadBalancer.ingress",
  );
