// Security context of sandboxes and containers. Upstream: kuberuntime/security_context.go, pkg/securitycontext/util.go.
import type { Container, Pod, SecurityContext } from "../../api/index.ts";
import type {
  ContainerSecurity,
  Image,
  NamespaceOptions,
  SandboxSecurity,
  SecurityProfile,
} from "../../runtime/index.ts";
import { allContainers, podText } from "../pod.ts";

const maskedPaths = [
  ...[
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
  ],
  ...["/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"],
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

function podNamespaces(pod: Pod): NamespaceOptions {
  return {
    network: pod.spec.hostNetwork === true ? "node" : "pod",
    ipc: pod.spec.hostIPC === true ? "node" : "pod",
    pid: pod.spec.hostPID === true ? "node" : pod.spec.shareProcessNamespace === true ? "pod" : "container",
  };
}

const privileged = (container: Container): boolean => container.securityContext?.privileged === true;

export function sandboxSecurity(pod: Pod): SandboxSecurity {
  const own = pod.spec.securityContext ?? {};
  return {
    namespaces: podNamespaces(pod),
    privileged: allContainers(pod).some((each) => privileged(each.container)),
    ...(own.runAsUser === undefined ? {} : { runAsUser: own.runAsUser }),
    ...(own.runAsGroup === undefined ? {} : { runAsGroup: own.runAsGroup }),
    supplementalGroups: supplementalGroups(pod),
    ...(own.supplementalGroupsPolicy === undefined ? {} : { supplementalGroupsPolicy: own.supplementalGroupsPolicy }),
    readonlyRootfs: false,
    seccomp: { type: "RuntimeDefault" },
    ...seLinux(own.seLinuxOptions),
  };
}

function supplementalGroups(pod: Pod): number[] {
  const own = pod.spec.securityContext ?? {};
  return [...(own.fsGroup === undefined ? [] : [own.fsGroup]), ...(own.supplementalGroups ?? [])];
}

function seLinux(options: SecurityContext["seLinuxOptions"]): Pick<SandboxSecurity, "seLinux"> {
  if (options === undefined) return {};
  const { user = "", role = "", type = "", level = "" } = options;
  return { seLinux: { user, role, type, level } };
}

/** The container's settings over the pod's. */
function effectiveSecurity(pod: Pod, container: Container): SecurityContext {
  const { seLinuxOptions, runAsUser, runAsGroup, runAsNonRoot, seccompProfile, appArmorProfile } =
    pod.spec.securityContext ?? {};
  const inherited = { seLinuxOptions, runAsUser, runAsGroup, runAsNonRoot, seccompProfile, appArmorProfile };
  const own = Object.entries(container.securityContext ?? {}).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(Object.entries(inherited).filter(([, value]) => value !== undefined)),
    ...Object.fromEntries(own),
  };
}

/** Throws with upstream's text when the container would run as root and must not. */
export function verifyNonRoot(pod: Pod, container: Container, image: Image | undefined): void {
  const security = effectiveSecurity(pod, container);
  if (security.runAsNonRoot !== true) return;
  const where = `(pod: ${JSON.stringify(podText(pod))}, container: ${container.name})`;
  if (security.runAsUser !== undefined) {
    if (security.runAsUser === 0) throw new Error(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image?.uid === undefined && image?.username)
    throw new Error(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  if ((image?.uid ?? 0) === 0) throw new Error(`container has runAsNonRoot and image will run as root ${where}`);
}

export interface SecurityInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly image: Image | undefined;
  readonly seccompDefault: boolean;
  /** Directory of Localhost profiles. */
  readonly seccompDirectory: string;
  /** Container whose processes an ephemeral container sees. */
  readonly targetId?: string;
}

export function containerSecurity(input: SecurityInput): ContainerSecurity {
  const { pod, container, image } = input;
  const security = effectiveSecurity(pod, container);
  const unmasked = security.procMount === "Unmasked" || security.privileged === true;
  const namespaces = podNamespaces(pod);
  const policy = pod.spec.securityContext?.supplementalGroupsPolicy;
  const runAsUser = security.runAsUser ?? (image?.username ? undefined : image?.uid);
  return {
    namespaces: input.targetId === undefined ? namespaces : { ...namespaces, pid: "target", targetId: input.targetId },
    privileged: security.privileged === true,
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(security.runAsUser === undefined && image?.username ? { runAsUsername: image.username } : {}),
    ...(security.runAsGroup === undefined ? {} : { runAsGroup: security.runAsGroup }),
    supplementalGroups: supplementalGroups(pod),
    ...(policy === undefined ? {} : { supplementalGroupsPolicy: policy }),
    readonlyRootfs: security.readOnlyRootFilesystem === true,
    addCapabilities: security.capabilities?.add ?? [],
    dropCapabilities: security.capabilities?.drop ?? [],
    noNewPrivileges: security.allowPrivilegeEscalation === false,
    seccomp: profileOf(
      security.seccompProfile,
      { type: input.seccompDefault ? "RuntimeDefault" : "Unconfined" },
      input.seccompDirectory,
    ),
    ...(security.appArmorProfile === undefined
      ? {}
      : { appArmor: profileOf(security.appArmorProfile, { type: "RuntimeDefault" }) }),
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    ...seLinux(security.seLinuxOptions),
  };
}

function profileOf(
  profile: { type: string; localhostProfile?: string } | undefined,
  fallback: SecurityProfile,
  directory?: string,
): SecurityProfile {
  if (profile === undefined) return fallback;
  switch (profile.type) {
    case "RuntimeDefault":
    case "Unconfined":
      return { type: profile.type };
    case "Localhost": {
      if (!profile.localhostProfile)
        throw new Error("localhostProfile must be set if seccompProfile type is Localhost.");
      return {
        type: "Localhost",
        path: directory === undefined ? profile.localhostProfile : `${directory}/${profile.localhostProfile}`,
      };
    }
    default:
      throw new Error(`profile type ${JSON.stringify(profile.type)} is not known`);
  }
}
