// How the API server serves Service.
import type { Service } from "../../../../facts/types/core.v1.ts";
import { deepEqual } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { cidrWarnings, ipWarnings } from "../../lib/formats/ip.ts";
import { labelName } from "../../lib/metadata.ts";
import { isExternallyAccessible, mayHaveNodePorts, needsClusterIP, needsHealthCheck } from "./traits.ts";
import { validateService, validateServiceStatus, validateServiceUpdate } from "./validate.ts";

type Spec = NonNullable<Service["spec"]>;

const dayThirdSeconds = 10800;

function defaultAffinity(spec: Spec): void {
  spec.sessionAffinity ??= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "ClientIP" && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined)
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: dayThirdSeconds } };
}

function defaultService(service: Service): void {
  const spec = (service.spec ??= {} as Spec);
  defaultAffinity(spec);
  spec.type ??= "ClusterIP";
  for (const port of spec.ports ?? []) {
    port.protocol ??= "TCP";
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "") port.targetPort = port.port;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ??= "Cluster";
  if (spec.type === "NodePort" || spec.type === "LoadBalancer" || spec.type === "ClusterIP")
    spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type !== "LoadBalancer") return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of service.status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= "VIP";
}

const same = (a: unknown, b: unknown): boolean => deepEqual(a, b);

/** Ports without their node ports. */
const withoutNodePorts = (ports: Spec["ports"]): Spec["ports"] => ports?.map(({ nodePort: _, ...port }) => port);

/**
 * Fields that the old type had and the new one cannot have go away by themselves, when the client left them as they were:
 * so a change of type alone is accepted.
 */
function dropTypeDependentFields(draft: Spec, old: Spec): void {
  if (needsClusterIP(old) && !needsClusterIP(draft)) {
    if (same(draft.clusterIP, old.clusterIP) && same(draft.clusterIPs, old.clusterIPs)) {
      delete draft.clusterIP;
      delete draft.clusterIPs;
    }
    if (same(draft.ipFamilies, old.ipFamilies)) delete draft.ipFamilies;
    if (same(draft.ipFamilyPolicy, old.ipFamilyPolicy)) delete draft.ipFamilyPolicy;
  }
  const before = new Set((old.ports ?? []).map(({ nodePort = 0 }) => nodePort));
  const noneNew = (draft.ports ?? []).every(({ nodePort = 0 }) => nodePort === 0 || before.has(nodePort));
  if (mayHaveNodePorts(old) && !mayHaveNodePorts(draft) && noneNew) {
    const ports = withoutNodePorts(draft.ports);
    if (ports !== undefined) draft.ports = ports;
  }
  if (needsHealthCheck(old) && !needsHealthCheck(draft) && draft.healthCheckNodePort === old.healthCheckNodePort)
    delete draft.healthCheckNodePort;
  if (old.type === "LoadBalancer" && draft.type !== "LoadBalancer") {
    if (draft.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts)
      delete draft.allocateLoadBalancerNodePorts;
    if (draft.loadBalancerClass === old.loadBalancerClass) delete draft.loadBalancerClass;
  }
  if (
    isExternallyAccessible(old) &&
    !isExternallyAccessible(draft) &&
    draft.externalTrafficPolicy === old.externalTrafficPolicy
  )
    delete draft.externalTrafficPolicy;
}

const hints = "service.kubernetes.io/topology-aware-hints";

function headlessWarnings(spec: Spec): string[] {
  if (spec.type !== "ClusterIP" || spec.clusterIP !== "None") return [];
  return [
    ...(spec.loadBalancerIP ? ["spec.loadBalancerIP is ignored for headless services"] : []),
    ...(spec.externalIPs?.length ? ["spec.externalIPs is ignored for headless services"] : []),
    ...(spec.sessionAffinity !== "None" ? ["spec.SessionAffinity is ignored for headless services"] : []),
  ];
}

function addressWarnings(spec: Spec): string[] {
  const headless = spec.type === "ClusterIP" && spec.clusterIP === "None";
  const own =
    spec.type !== "ExternalName" && spec.clusterIP && spec.clusterIP !== "None" ? (spec.clusterIPs ?? []) : [];
  return [
    ...own.flatMap((ip, index) => ipWarnings(`spec.clusterIPs[${index}]`, ip)),
    ...headlessWarnings(spec),
    ...(spec.externalIPs ?? []).flatMap((ip, index) => ipWarnings(`spec.externalIPs[${index}]`, ip)),
    ...(spec.externalIPs?.length && !headless && spec.type !== "ExternalName"
      ? ["spec.externalIPs is deprecated and may no longer be implemented in some clusters"]
      : []),
    ...(spec.loadBalancerIP ? ipWarnings("spec.loadBalancerIP", spec.loadBalancerIP) : []),
    ...(spec.loadBalancerSourceRanges ?? []).flatMap((range, index) =>
      cidrWarnings(`spec.loadBalancerSourceRanges[${index}]`, range),
    ),
  ];
}

function warnings({ metadata, spec = {} as Spec }: Service): string[] {
  return [
    ...(metadata.annotations?.[hints] === undefined
      ? []
      : [`annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`]),
    ...addressWarnings(spec),
    ...(spec.type === "ExternalName" && spec.externalIPs?.length
      ? ['spec.externalIPs is ignored when spec.type is "ExternalName"']
      : []),
    ...(spec.type !== "ExternalName" && spec.externalName
      ? ['spec.externalName is ignored when spec.type is not "ExternalName"']
      : []),
    ...(spec.trafficDistribution === "PreferClose"
      ? ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"']
      : []),
  ];
}

export const serviceRules = defineRules<Service>({
  validateName: labelName,
  default: defaultService,
  prepareCreate: (service) => {
    service.status = { loadBalancer: {} };
  },
  prepareUpdate: (service, old) => {
    if (service.spec === undefined || old.spec === undefined) return;
    service.spec = { ...service.spec };
    dropTypeDependentFields(service.spec, old.spec);
    if (service.spec.type !== "LoadBalancer") service.status = { ...service.status, loadBalancer: {} };
    // Upstream stores what was filled in for the type before, and never shows it.
    const { type, internalTrafficPolicy: policy } = service.spec;
    if (type === "ExternalName" && (policy === "Cluster" || policy === "Local"))
      delete service.spec.internalTrafficPolicy;
  },
  createOnUpdate: true,
  validate: validateService,
  validateOnUpdate: false,
  validateUpdate: validateServiceUpdate,
  status: { validateUpdate: validateServiceStatus },
  warnings,
});
