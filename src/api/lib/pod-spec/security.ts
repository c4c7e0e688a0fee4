// Security contexts of pods and containers. Upstream: pkg/apis/core/validation ValidateSecurityContext and its neighbours.
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  Sysctl,
} from "../../../../facts/types/core.v1.ts";
import { field, userId, utf8Length } from "../../../machinery/index.ts";
import { descendingPath } from "../paths.ts";
import { type Check, child, each, item, oneOf, optional, worthChecking } from "../validate.ts";
import { windowsOptions } from "./windows.ts";

/** Users and groups: 0 to 2147483647. */
const id: Check<number> = (value, at, found) => {
  for (const text of userId(value)) found.push(field.invalid(at, value, text));
};

const profileTypes = ["Localhost", "RuntimeDefault", "Unconfined"];

const seccomp: Check<SeccompProfile> = (profile, at, found) => {
  if (!profile.type) found.push(field.required(child(at, "type"), "type is required when seccompProfile is set"));
  else oneOf(...profileTypes)(profile.type, child(at, "type"), found);
  const path = child(at, "localhostProfile");
  if (profile.type === "Localhost") {
    if (profile.localhostProfile === undefined)
      found.push(field.required(path, "must be set when seccomp type is Localhost"));
    else descendingPath(profile.localhostProfile, path, found);
  } else if (profile.localhostProfile !== undefined)
    found.push(
      field.invalid(
        path,
        { Type: profile.type ?? "", LocalhostProfile: profile.localhostProfile },
        "can only be set when seccomp type is Localhost",
      ),
    );
};

const longestProfileBytes = 4095;

export const appArmor: Check<AppArmorProfile> = ({ type, localhostProfile: profile }, at, found) => {
  const path = child(at, "localhostProfile");
  if (type === "Localhost") {
    if (profile === undefined || profile === "")
      found.push(field.required(path, "must be set when AppArmor type is Localhost"));
    else {
      if (profile.trim() !== profile) found.push(field.invalid(path, profile, "must not be padded with whitespace"));
      if (utf8Length(profile) > longestProfileBytes) found.push(field.tooLong(path, longestProfileBytes));
    }
  } else if (type === "RuntimeDefault" || type === "Unconfined") {
    if (profile !== undefined)
      found.push(field.invalid(path, profile, "can only be set when AppArmor type is Localhost"));
  } else if (!type) found.push(field.required(child(at, "type"), "type is required when appArmorProfile is set"));
  else oneOf(...profileTypes)(type, child(at, "type"), found);
};

/** `printed` is the context as upstream's internal type shows it. */
const printed = (context: SecurityContext): object => ({
  Capabilities: context.capabilities
    ? { Add: context.capabilities.add ?? null, Drop: context.capabilities.drop ?? null }
    : null,
  Privileged: context.privileged ?? null,
  SELinuxOptions: context.seLinuxOptions ?? null,
  WindowsOptions: context.windowsOptions ?? null,
  RunAsUser: context.runAsUser ?? null,
  RunAsGroup: context.runAsGroup ?? null,
  RunAsNonRoot: context.runAsNonRoot ?? null,
  ReadOnlyRootFilesystem: context.readOnlyRootFilesystem ?? null,
  AllowPrivilegeEscalation: context.allowPrivilegeEscalation ?? null,
  ProcMount: context.procMount ?? null,
  SeccompProfile: context.seccompProfile ?? null,
  AppArmorProfile: context.appArmorProfile ?? null,
});

const idIfAny = optional(id);
const seccompIfAny = optional(seccomp);
const appArmorIfAny = optional(appArmor);
const windowsIfAny = optional(windowsOptions);
const ids = each(id);
const procMount = oneOf("Default", "Unmasked");
const groupChange = optional(oneOf("Always", "OnRootMismatch"));
const groupsPolicy = optional(oneOf("Merge", "Strict"));
// MountOption waits for the SELinuxMount gate.
const labelChange = optional(oneOf("Recursive"));

/** `hostUsers`: the pod shares the node's user namespace. */
export const containerSecurity =
  (pod: { readonly hostUsers: boolean }): Check<SecurityContext | undefined> =>
  (context, at, found) => {
    if (context === undefined) return;
    idIfAny(context.runAsUser, child(at, "runAsUser"), found);
    idIfAny(context.runAsGroup, child(at, "runAsGroup"), found);
    if (context.procMount !== undefined) {
      procMount(context.procMount, child(at, "procMount"), found);
      if (pod.hostUsers && context.procMount === "Unmasked")
        found.push(
          field.invalid(child(at, "procMount"), context.procMount, "`hostUsers` must be false to use `Unmasked`"),
        );
    }
    seccompIfAny(context.seccompProfile, child(at, "seccompProfile"), found);
    if (context.allowPrivilegeEscalation === false) {
      if (context.privileged)
        found.push(
          field.invalid(
            at,
            printed(context),
            "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
          ),
        );
      for (const capability of context.capabilities?.add ?? [])
        if (capability === "CAP_SYS_ADMIN")
          found.push(
            field.invalid(
              at,
              printed(context),
              "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
            ),
          );
    }
    windowsIfAny(context.windowsOptions, child(at, "windowsOptions"), found);
    appArmorIfAny(context.appArmorProfile, child(at, "appArmorProfile"), found);
  };

const sysctlFormat = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const sysctlName = new RegExp(sysctlFormat);
const ipcSysctls = /^(kernel[./](shm|msg|sem)|fs[./]mqueue[./])/;
const netSysctls = /^net[./]/;

const sysctls =
  (spec: PodSpec): Check<readonly Sysctl[] | undefined> =>
  (list, at, found) => {
    if (list === undefined) return;
    const seen = new Set<string>();
    for (const [index, { name = "" }] of worthChecking(list, found)) {
      const path = child(item(at, index), "name");
      if (name === "") found.push(field.required(path));
      else if (utf8Length(name) > 253 || !sysctlName.test(name))
        found.push(field.invalid(path, name, `must have at most 253 characters and match regex ${sysctlFormat}`));
      else if (seen.has(name)) found.push(field.duplicate(path, name));
      if (spec.hostNetwork && netSysctls.test(name))
        found.push(field.invalid(path, name, "may not be specified when 'hostNetwork' is true"));
      else if (spec.hostIPC && ipcSysctls.test(name))
        found.push(field.invalid(path, name, "may not be specified when 'hostIPC' is true"));
      seen.add(name);
    }
  };

/** spec.securityContext; host namespaces are fields of the spec beside it. */
export const podSecurity =
  (spec: PodSpec): Check<PodSecurityContext | undefined> =>
  (context, at, found) => {
    if (context === undefined) return;
    for (const name of ["fsGroup", "runAsUser", "runAsGroup"] as const) idIfAny(context[name], child(at, name), found);
    ids(context.supplementalGroups, child(at, "supplementalGroups"), found);
    if (spec.shareProcessNamespace && spec.hostPID)
      found.push(
        field.invalid(
          child(at, "shareProcessNamespace"),
          true,
          "ShareProcessNamespace and HostPID cannot both be enabled",
        ),
      );
    sysctls(spec)(context.sysctls, child(at, "sysctls"), found);
    groupChange(context.fsGroupChangePolicy, child(at, "fsGroupChangePolicy"), found);
    seccompIfAny(context.seccompProfile, child(at, "seccompProfile"), found);
    windowsIfAny(context.windowsOptions, child(at, "windowsOptions"), found);
    appArmorIfAny(context.appArmorProfile, child(at, "appArmorProfile"), found);
    groupsPolicy(context.supplementalGroupsPolicy, child(at, "supplementalGroupsPolicy"), found);
    labelChange(context.seLinuxChangePolicy, child(at, "seLinuxChangePolicy"), found);
  };
