// The checks of the baseline level. Upstream: pod-security-admission's policy/check_*.go; the texts are read by people and tests.
import type { LifecycleHandler, Probe, SELinuxOptions } from "../../../../api/index.ts";
import { quoteGo } from "../../../../machinery/index.ts";
import {
  type Check,
  type CheckedContainer,
  containerNames,
  containersOf,
  namesWhere,
  plural,
  quoted,
  setters,
  sorted,
} from "./text.ts";

const appArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";
const seccompPodKey = "seccomp.security.alpha.kubernetes.io/pod";
const seccompContainerPrefix = "container.seccomp.security.alpha.kubernetes.io/";

const isBoundProfile = (type: string): boolean => type === "RuntimeDefault" || type === "Localhost";

export const appArmorProfile: Check = ({ metadata, spec }) => {
  const ofPod = spec.securityContext?.appArmorProfile;
  const podIsBad = ofPod !== undefined && !isBoundProfile(ofPod.type ?? "");
  const bad = containersOf(spec).filter(({ securityContext }) => {
    const profile = securityContext?.appArmorProfile;
    return profile !== undefined && !isBoundProfile(profile.type ?? "");
  });
  const annotations = Object.entries(metadata?.annotations ?? {})
    .filter(([key, value]) => key.startsWith(appArmorPrefix) && !isAllowedAppArmor(value))
    .map(([key, value]) => `${key}=${quoteGo(value)}`)
    .sort();
  const who = [
    setters(
      podIsBad,
      bad.map((container) => container.name),
    ),
    annotations.length > 0 ? plural(annotations.length, "annotation") : "",
  ].filter((text) => text !== "");
  if (who.length === 0) return undefined;
  const types = [...(podIsBad ? [ofPod.type] : []), ...bad.map((each) => each.securityContext!.appArmorProfile!.type)];
  const values = [...sorted(types.map((type) => type ?? "")), ...annotations];
  return {
    reason: plural(values.length, "forbidden AppArmor profile"),
    detail: `${who.join(" and ")} must not set AppArmor profile type to ${quoted(values)}`,
  };
};

const isAllowedAppArmor = (value: string): boolean =>
  value === "" || value === "runtime/default" || value.startsWith("localhost/");

const defaultCapabilities: ReadonlySet<string> = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

export const capabilitiesBaseline: Check = ({ spec }) => {
  const added = ({ securityContext }: CheckedContainer): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((name) => !defaultCapabilities.has(name));
  const names = namesWhere(spec, (container) => added(container).length > 0);
  if (names.length === 0) return undefined;
  const capabilities = quoted(sorted(containersOf(spec).flatMap(added)));
  return {
    reason: "non-default capabilities",
    detail: `${containerNames(names)} must not include ${capabilities} in securityContext.capabilities.add`,
  };
};

export const hostNamespaces: Check = ({ spec }) => {
  const shared = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((name) => spec[name] === true);
  if (shared.length === 0) return undefined;
  return { reason: "host namespaces", detail: shared.map((name) => `${name}=true`).join(", ") };
};

export const hostPathVolumes: Check = ({ spec }) => {
  const names = (spec.volumes ?? []).filter((volume) => volume.hostPath !== undefined).map((volume) => volume.name);
  if (names.length === 0) return undefined;
  return { reason: "hostPath volumes", detail: `${plural(names.length, "volume")} ${quoted(names)}` };
};

export const hostPorts: Check = ({ spec }) => {
  const portsOf = ({ ports = [] }: CheckedContainer): number[] =>
    ports.map((port) => port.hostPort ?? 0).filter((port) => port !== 0);
  const names = namesWhere(spec, (container) => portsOf(container).length > 0);
  if (names.length === 0) return undefined;
  const ports = sorted(containersOf(spec).flatMap(portsOf).map(String));
  return {
    reason: "hostPort",
    detail: `${containerNames(names)} ${plural(names.length, "uses", "use")} ${plural(ports.length, "hostPort")} ${ports.join(", ")}`,
  };
};

export const hostProbesAndLifecycle: Check = ({ spec }) => {
  const names = sorted(namesWhere(spec, (container) => hostsOf(container).length > 0));
  if (names.length === 0) return undefined;
  const hosts = sorted(containersOf(spec).flatMap(hostsOf));
  return {
    reason: "probe or lifecycle host",
    detail: `${containerNames(names)} ${plural(names.length, "uses", "use")} ${plural(hosts.length, "probe or lifecycle host")} ${quoted(hosts)}`,
  };
};

const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: CheckedContainer): string[] =>
  [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
    .flatMap((handler: Probe | LifecycleHandler | undefined) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
    .filter((host) => host !== undefined && host !== "") as string[];

export const privileged: Check = ({ spec }) => {
  const names = namesWhere(spec, ({ securityContext }) => securityContext?.privileged === true);
  if (names.length === 0) return undefined;
  return { reason: "privileged", detail: `${containerNames(names)} must not set securityContext.privileged=true` };
};

export const procMount: Check = ({ spec }) => {
  const mountOf = ({ securityContext }: CheckedContainer): string => securityContext?.procMount ?? "Default";
  const names = namesWhere(spec, (container) => mountOf(container) !== "Default");
  if (names.length === 0) return undefined;
  const types = sorted(containersOf(spec).map(mountOf)).filter((type) => type !== "Default");
  return {
    reason: "procMount",
    detail: `${containerNames(names)} must not set securityContext.procMount to ${quoted(types)}`,
  };
};

const seLinuxTypes = ["", "container_t", "container_init_t", "container_kvm_t"];

/** `more`: types that later versions allow besides. */
export const seLinuxOptions =
  (...more: readonly string[]): Check =>
  ({ spec }) => {
    const allowed: ReadonlySet<string> = new Set([...seLinuxTypes, ...more]);
    const isBad = (options: SELinuxOptions | undefined): options is SELinuxOptions =>
      options !== undefined &&
      (!allowed.has(options.type ?? "") || (options.user ?? "") !== "" || (options.role ?? "") !== "");
    const ofPod = spec.securityContext?.seLinuxOptions;
    const names = namesWhere(spec, ({ securityContext }) => isBad(securityContext?.seLinuxOptions));
    const bad = [ofPod, ...containersOf(spec).map((each) => each.securityContext?.seLinuxOptions)].filter(isBad);
    if (bad.length === 0) return undefined;
    const types = sorted(bad.map((options) => options.type ?? "").filter((type) => !allowed.has(type)));
    const data = [
      ...(types.length > 0 ? [`${plural(types.length, "type")} ${quoted(types)}`] : []),
      ...(bad.some((options) => (options.user ?? "") !== "") ? ["user may not be set"] : []),
      ...(bad.some((options) => (options.role ?? "") !== "") ? ["role may not be set"] : []),
    ];
    return {
      reason: "seLinuxOptions",
      detail: `${setters(isBad(ofPod), names)} set forbidden securityContext.seLinuxOptions: ${data.join("; ")}`,
    };
  };

/** Before 1.19 profiles were annotations. */
export const seccompAnnotations: Check = ({ metadata, spec }) => {
  const keys = [seccompPodKey, ...containersOf(spec).map(({ name }) => seccompContainerPrefix + name)];
  const found = sorted(
    keys.flatMap((key) => {
      const value = metadata?.annotations?.[key];
      return value === undefined || isAllowedSeccomp(value) ? [] : [`${key}=${quoteGo(value)}`];
    }),
  );
  if (found.length === 0) return undefined;
  return { reason: "seccompProfile", detail: `forbidden ${plural(found.length, "annotation")} ${found.join(", ")}` };
};

const isAllowedSeccomp = (value: string): boolean =>
  value === "runtime/default" || value === "docker/default" || value.startsWith("localhost/");

export const seccompProfile: Check = ({ spec }) => {
  const isBad = (profile: { readonly type?: string } | undefined): boolean =>
    profile !== undefined && !isBoundProfile(profile.type ?? "");
  const ofPod = spec.securityContext?.seccompProfile;
  const names = namesWhere(spec, ({ securityContext }) => isBad(securityContext?.seccompProfile));
  const who = setters(isBad(ofPod), names);
  if (who === "") return undefined;
  const values = [ofPod, ...containersOf(spec).map((each) => each.securityContext?.seccompProfile)]
    .filter(isBad)
    .map((profile) => profile?.type ?? "");
  return {
    reason: "seccompProfile",
    detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(sorted(values))}`,
  };
};

/** `allowed`: what a version lets pods set. */
export const sysctls =
  (allowed: readonly string[]): Check =>
  ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? [])
      .map(({ name }) => name)
      .filter((name) => !allowed.includes(name));
    return names.length === 0 ? undefined : { reason: "forbidden sysctls", detail: names.join(", ") };
  };

export const windowsHostProcess: Check = ({ spec }) => {
  const who = setters(
    spec.securityContext?.windowsOptions?.hostProcess === true,
    namesWhere(spec, ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true),
  );
  if (who === "") return undefined;
  return { reason: "hostProcess", detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` };
};
