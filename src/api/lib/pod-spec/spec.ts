// The spec of pods and of pod templates as a whole. Upstream: pkg/apis/core/validation ValidatePodSpec,
// ValidatePodTemplateSpec.
import type {
  HostAlias,
  PodDNSConfig,
  PodResourceClaim,
  PodSpec,
  PodTemplateSpec,
} from "../../../../facts/types/core.v1.ts";
import {
  compareQuantities,
  dns1123SubdomainWithUnderscore,
  field,
  qualifiedName,
  utf8Length,
} from "../../../machinery/index.ts";
import { legacyIp } from "../formats/ip.ts";
import { annotations, labels } from "../metadata.ts";
import { containerResourceName, podResourceName, resourceRequirements } from "../resource-rules.ts";
import { isHugePage } from "../resources.ts";
import {
  type Check,
  child,
  dnsLabel,
  dnsSubdomain,
  each,
  entry,
  type Findings,
  item,
  named,
  oneOf,
  optional,
  rangeText,
  required,
  unlessEmpty,
  visit,
  worthChecking,
} from "../validate.ts";
import { allowedIn } from "./allowed.ts";
import { podAnnotations, profileAnnotations } from "./annotations.ts";
import { type ContainerContext, containers, ephemeralContainers, initContainers } from "./containers.ts";
import { aggregateContainerResources } from "./pod-resources.ts";
import { affinity, schedulingGates, schedulingGroup, spreadConstraints, tolerations } from "./scheduling.ts";
import { podSecurity } from "./security.ts";
import { allContainers } from "./visit.ts";
import { volumes } from "./volumes.ts";
import { hostProcessPod, operatingSystem } from "./windows.ts";

export interface PodSpecContext {
  /** Name of the pod; templates have none. */
  readonly podName?: string;
  /** Annotations of the pod, when it is one. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly isPod: boolean;
}

const printedClaim = (claim: PodResourceClaim): object => ({
  Name: claim.name ?? "",
  ResourceClaimName: claim.resourceClaimName ?? null,
  ResourceClaimTemplateName: claim.resourceClaimTemplateName ?? null,
});

const resourceClaims: Check<readonly PodResourceClaim[] | undefined> = (list, at, found) => {
  if (list === undefined) return;
  const names = new Set<string>();
  for (const [index, claim] of worthChecking(list, found)) {
    const path = item(at, index);
    if (claim.name && names.has(claim.name)) found.push(field.duplicate(child(path, "name"), claim.name));
    else required(dnsLabel)(claim.name, child(path, "name"), found);
    names.add(claim.name);
    const { resourceClaimName, resourceClaimTemplateName } = claim;
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      found.push(
        field.invalid(
          path,
          printedClaim(claim),
          "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
        ),
      );
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      found.push(
        field.invalid(
          path,
          printedClaim(claim),
          "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
        ),
      );
    optional(dnsSubdomain)(resourceClaimName, child(path, "resourceClaimName"), found);
    optional(dnsSubdomain)(resourceClaimTemplateName, child(path, "resourceClaimTemplateName"), found);
  }
};

const podResources =
  (claims: ReadonlySet<string>): Check<PodSpec> =>
  (spec, at, found) => {
    const { resources } = spec;
    if (resources === undefined) return;
    const path = child(at, "resources");
    if (spec.os?.name === "windows") {
      found.push(field.forbidden(path, "may not be set for a windows pod"));
      return;
    }
    if (resources.claims !== undefined)
      found.push(field.forbidden(child(path, "claims"), "claims may not be set for Resources at pod-level"));
    resourceRequirements(podResourceName, claims)(resources, path, found);
    consistentResources(spec, path, found);
  };

/** What the containers ask for together must fit into what the pod asks for. */
function consistentResources(spec: PodSpec, at: string, found: Findings): void {
  const { requests = {}, limits = {} } = spec.resources ?? {};
  for (const [name, sum] of Object.entries(aggregateContainerResources(spec, "requests")).sort()) {
    const own = requests[name];
    if (own !== undefined && compareQuantities(sum, own) > 0)
      found.push(
        field.invalid(
          entry(child(at, "requests"), name),
          own,
          `must be greater than or equal to aggregate container requests of ${sum}`,
        ),
      );
  }
  for (const [name, sum] of Object.entries(aggregateContainerResources(spec, "limits")).sort()) {
    const own = limits[name];
    if (isHugePage(name) && own !== undefined && compareQuantities(sum, own) > 0)
      found.push(
        field.invalid(
          entry(child(at, "limits"), name),
          own,
          `must be greater than or equal to aggregate container limits of ${sum}`,
        ),
      );
  }
  for (const [index, container] of worthChecking(spec.containers ?? [], found))
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {}).sort()) {
      const own = limits[name];
      if (own !== undefined && compareQuantities(limit, own) > 0)
        found.push(
          field.invalid(
            child(entry(item(child(at, "containers"), index), name), "limits"),
            limit,
            `must be less than or equal to pod limits of ${own}`,
          ),
        );
    }
}

const hostNetworkPorts =
  (context: PodSpecContext): Check<PodSpec> =>
  (spec, at, found) => {
    if (!spec.hostNetwork) return;
    for (const [index, container] of worthChecking(spec.containers ?? [], found))
      for (const [number, { hostPort = 0, containerPort = 0 }] of worthChecking(container.ports ?? [], found))
        if ((context.isPod || hostPort !== 0) && hostPort !== containerPort)
          found.push(
            field.invalid(
              child(item(child(item(child(at, "containers"), index), "ports"), number), "hostPort"),
              hostPort,
              "must match `containerPort` when `hostNetwork` is true",
            ),
          );
  };

const dnsConfig =
  (policy: string | undefined): Check<PodDNSConfig | undefined> =>
  (config, at, found) => {
    const servers = child(at, "nameservers");
    if (policy === "None" && config === undefined)
      return void found.push(field.required(at, "must provide `dnsConfig` when `dnsPolicy` is None"));
    if (policy === "None" && !config?.nameservers?.length)
      return void found.push(
        field.required(servers, "must provide at least one DNS nameserver when `dnsPolicy` is None"),
      );
    if (config === undefined) return;
    const { nameservers = [], searches = [], options = [] } = config;
    if (nameservers.length > 3)
      found.push(field.invalid(servers, nameservers, "must not have more than 3 nameservers"));
    each(legacyIp)(nameservers, servers, found);
    const list = child(at, "searches");
    if (searches.length > 32) found.push(field.invalid(list, searches, "must not have more than 32 search paths"));
    if (utf8Length(searches.join(" ")) > 2048)
      found.push(
        field.invalid(list, searches, "must not have more than 2048 characters (including spaces) in the search list"),
      );
    for (const [index, search] of worthChecking(searches, found))
      if (search !== ".") named(dns1123SubdomainWithUnderscore)(search.replace(/\.$/, ""), item(list, index), found);
    for (const [index, option] of worthChecking(options, found))
      if (!option.name) found.push(field.required(item(child(at, "options"), index), "must not be empty"));
  };

const hostAlias: Check<HostAlias> = (alias, at, found) => {
  legacyIp(alias.ip, child(at, "ip"), found);
  each(dnsSubdomain)(alias.hostnames, child(at, "hostnames"), found);
};

const hostUsers: Check<PodSpec> = (spec, at, found) => {
  if (spec.hostUsers !== false) return;
  const text = "when `hostUsers` is false";
  if (spec.hostNetwork && !allowedIn(spec).hostNetwork) found.push(field.forbidden(child(at, "hostNetwork"), text));
  if (spec.hostPID) found.push(field.forbidden(child(at, "HostPID"), text));
  if (spec.hostIPC) found.push(field.forbidden(child(at, "HostIPC"), text));
};

const hostnameOverride: Check<PodSpec> = (spec, at, found) => {
  const { hostnameOverride: name } = spec;
  if (name === undefined) return;
  const path = child(at, "hostnameOverride");
  if (spec.setHostnameAsFQDN) found.push(field.forbidden(path, "may not be specified when setHostnameAsFQDN is true"));
  if (spec.hostNetwork) found.push(field.forbidden(path, "may not be specified when hostNetwork is true"));
  if (utf8Length(name) > 64) found.push(field.tooLong(path, 64));
  dnsSubdomain(name, path, found);
};

/** Files of environment variables live in an emptyDir of the pod. */
const fileKeyVolumes: Check<PodSpec> = (spec, at, found) => {
  for (const { container, path } of allContainers(spec, at))
    visit(container.env, found, (variable, index) => {
      if (variable.valueFrom?.fileKeyRef === undefined) return;
      const name = variable.valueFrom.fileKeyRef.volumeName;
      const volume = spec.volumes?.findLast((each) => each.name === name);
      const where = `${path}.env[${index}].valueFrom.fileKeyRef.volumeName`;
      if (volume === undefined) found.push(field.notFound(where, name ?? ""));
      else if (volume.emptyDir === undefined)
        found.push(field.invalid(where, name, "referenced volume must be of type emptyDir"));
    });
};

const activeDeadline: Check<number> = (seconds, at, found) => {
  if (seconds < 1 || seconds > 2147483647) found.push(field.invalid(at, seconds, rangeText(1, 2147483647)));
};

const subdomainIfAny = unlessEmpty(dnsSubdomain);
const labelIfAny = unlessEmpty(dnsLabel);
const deadlineIfAny = optional(activeDeadline);
const runtimeClass = optional(dnsSubdomain);
const aliases = each(hostAlias);
const preemption = required(oneOf("PreemptLowerPriority", "Never"));
const restarts = required(oneOf("Always", "OnFailure", "Never"));
const dnsPolicy = required(oneOf("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"));

/** Names and switches at the end of the list. */
const remainder: Check<PodSpec> = (spec, at, found) => {
  subdomainIfAny(spec.serviceAccountName, child(at, "serviceAccountName"), found);
  subdomainIfAny(spec.nodeName, child(at, "nodeName"), found);
  deadlineIfAny(spec.activeDeadlineSeconds, child(at, "activeDeadlineSeconds"), found);
  labelIfAny(spec.hostname, child(at, "hostname"), found);
  labelIfAny(spec.subdomain, child(at, "subdomain"), found);
  tolerations(spec.tolerations, child(at, "tolerations"), found, allowedIn(spec));
  aliases(spec.hostAliases, child(at, "hostAliases"), found);
  subdomainIfAny(spec.priorityClassName, child(at, "priorityClassName"), found);
  runtimeClass(spec.runtimeClassName, child(at, "runtimeClassName"), found);
  if (spec.preemptionPolicy !== undefined) preemption(spec.preemptionPolicy, child(at, "preemptionPolicy"), found);
  if (spec.overhead !== undefined)
    resourceRequirements(containerResourceName, new Set())({ limits: spec.overhead }, child(at, "overhead"), found);
  operatingSystem(spec, at, found);
};

/** Everything that upstream says of a spec, of a pod or of a template. */
export const podSpec =
  (context: PodSpecContext): Check<PodSpec> =>
  (spec, at, found) => {
    if (spec.terminationGracePeriodSeconds === undefined)
      found.push(field.required(child(at, "terminationGracePeriodSeconds")));
    const known = volumes(
      spec.volumes,
      { podName: context.podName, isPod: context.isPod, at: child(at, "volumes") },
      found,
    );
    const claims = new Set<string>();
    for (const { name } of spec.resourceClaims ?? []) if (name) claims.add(name);
    resourceClaims(spec.resourceClaims, child(at, "resourceClaims"), found);
    const inside: ContainerContext = { spec, volumes: known, claims };
    containers(inside)(spec.containers, child(at, "containers"), found);
    initContainers(inside)(spec.initContainers, child(at, "initContainers"), found);
    ephemeralContainers(inside)(spec.ephemeralContainers, child(at, "ephemeralContainers"), found);
    podResources(claims)(spec, at, found);
    hostNetworkPorts(context)(spec, at, found);
    restarts(spec.restartPolicy, child(at, "restartPolicy"), found);
    dnsPolicy(spec.dnsPolicy, child(at, "dnsPolicy"), found);
    labels(spec.nodeSelector, child(at, "nodeSelector"), found);
    podSecurity(spec)(spec.securityContext, child(at, "securityContext"), found);
    affinity(spec.affinity, child(at, "affinity"), found);
    dnsConfig(spec.dnsPolicy)(spec.dnsConfig, child(at, "dnsConfig"), found);
    for (const [index, { conditionType }] of worthChecking(spec.readinessGates ?? [], found))
      named(qualifiedName)(conditionType, child(item(child(at, "readinessGates"), index), "conditionType"), found);
    schedulingGates(spec.schedulingGates, child(at, "schedulingGates"), found);
    spreadConstraints(spec.topologySpreadConstraints, child(at, "topologySpreadConstraints"), found);
    hostProcessPod(spec, at, found);
    hostUsers(spec, at, found);
    hostnameOverride(spec, at, found);
    remainder(spec, at, found);
    if (spec.schedulingGroup) schedulingGroup(spec.schedulingGroup, child(at, "schedulingGroup"), found);
    fileKeyVolumes(spec, at, found);
  };

/** The template of a workload; `at` is the template's path. */
export const podTemplate: Check<PodTemplateSpec | undefined> = (template, at, found) => {
  const spec = template?.spec ?? ({} as PodSpec);
  const meta = template?.metadata?.annotations;
  labels(template?.metadata?.labels, child(at, "labels"), found);
  annotations(meta, child(at, "annotations"), found);
  podAnnotations(spec)(meta, child(at, "annotations"), found);
  podSpec({ isPod: false })(spec, child(at, "spec"), found);
  profileAnnotations(spec)(meta, child(at, "spec"), found);
  if ((spec.ephemeralContainers?.length ?? 0) > 0)
    found.push(
      field.forbidden(child(at, "spec.ephemeralContainers"), "ephemeral containers not allowed in pod template"),
    );
};
