// This project's terms into the CRI's messages.
import type * as contract from "../contract.ts";
import type { Message } from "./message.ts";

const int64 = (value: number | undefined): { value: number } | undefined =>
  value === undefined ? undefined : { value };
const namespaceModes = { pod: "POD", container: "CONTAINER", node: "NODE", target: "TARGET" } as const;
const propagations = {
  private: "PROPAGATION_PRIVATE",
  hostToContainer: "PROPAGATION_HOST_TO_CONTAINER",
  bidirectional: "PROPAGATION_BIDIRECTIONAL",
} as const;

const namespaces = (options: contract.NamespaceOptions): Message => ({
  network: namespaceModes[options.network],
  pid: namespaceModes[options.pid],
  ipc: namespaceModes[options.ipc],
  target_id: options.targetId ?? "",
});
const profile = (value: contract.SecurityProfile): Message => ({
  profile_type: value.type,
  localhost_ref: value.path ?? "",
});
/** Runtimes older than the SecurityProfile message look at these. */
const legacySeccomp = (value: contract.SecurityProfile): string =>
  value.type === "RuntimeDefault"
    ? "runtime/default"
    : value.type === "Unconfined"
      ? "unconfined"
      : `localhost/${value.path ?? ""}`;

export function encodeSandbox(config: contract.PodSandboxConfig): Message {
  const { security } = config;
  return {
    metadata: { name: config.name, namespace: config.namespace, uid: config.uid, attempt: config.attempt },
    hostname: config.hostname,
    log_directory: config.logDirectory,
    dns_config: { servers: config.dns.servers, searches: config.dns.searches, options: config.dns.options },
    port_mappings: config.portMappings.map((each) => ({
      protocol: each.protocol,
      container_port: each.containerPort,
      host_port: each.hostPort,
      host_ip: each.hostIP,
    })),
    labels: config.labels,
    annotations: config.annotations,
    linux: {
      cgroup_parent: config.cgroupParent,
      sysctls: config.sysctls,
      security_context: {
        namespace_options: namespaces(security.namespaces),
        selinux_options: security.seLinux,
        run_as_user: int64(security.runAsUser),
        run_as_group: int64(security.runAsGroup),
        readonly_rootfs: security.readonlyRootfs,
        supplemental_groups: security.supplementalGroups,
        supplemental_groups_policy: security.supplementalGroupsPolicy ?? "Merge",
        privileged: security.privileged,
        seccomp: profile(security.seccomp),
        seccomp_profile_path: legacySeccomp(security.seccomp),
      },
    },
  };
}

export const encodeResources = (resources: contract.ContainerResources): Message => ({
  cpu_period: resources.cpuPeriod,
  cpu_quota: resources.cpuQuota,
  cpu_shares: resources.cpuShares,
  memory_limit_in_bytes: resources.memoryLimitBytes,
  oom_score_adj: resources.oomScoreAdj,
  cpuset_cpus: resources.cpusetCpus ?? "",
  hugepage_limits: (resources.hugepageLimits ?? []).map((each) => ({
    page_size: each.pageSize,
    limit: each.limitBytes,
  })),
  unified: resources.unified ?? {},
});

export function encodeContainer(config: contract.ContainerConfig): Message {
  return {
    metadata: { name: config.name, attempt: config.attempt },
    image: { image: config.image.image, user_specified_image: config.image.userSpecified },
    command: config.command,
    args: config.args,
    working_dir: config.workingDir,
    envs: config.env.map(({ name, value }) => ({ key: name, value: new TextEncoder().encode(value) })),
    mounts: config.mounts.map(encodeMount),
    devices: config.devices.map((each) => ({
      container_path: each.containerPath,
      host_path: each.hostPath,
      permissions: each.permissions,
    })),
    labels: config.labels,
    annotations: config.annotations,
    log_path: config.logPath,
    stdin: config.stdin,
    stdin_once: config.stdinOnce,
    tty: config.tty,
    linux: { resources: encodeResources(config.resources), security_context: encodeSecurity(config.security) },
  };
}

const encodeMount = (mount: contract.Mount): Message => ({
  container_path: mount.containerPath,
  host_path: mount.hostPath,
  readonly: mount.readonly,
  recursive_read_only: mount.recursiveReadOnly === true,
  selinux_relabel: mount.seLinuxRelabel,
  propagation: propagations[mount.propagation],
  ...(mount.image === undefined
    ? {}
    : {
        image: { image: mount.image.image, user_specified_image: mount.image.image },
        image_sub_path: mount.image.subPath,
      }),
});

const encodeSecurity = (security: contract.ContainerSecurity): Message => ({
  capabilities: { add_capabilities: security.addCapabilities, drop_capabilities: security.dropCapabilities },
  privileged: security.privileged,
  namespace_options: namespaces(security.namespaces),
  selinux_options: security.seLinux,
  run_as_user: int64(security.runAsUser),
  run_as_group: int64(security.runAsGroup),
  run_as_username: security.runAsUsername ?? "",
  readonly_rootfs: security.readonlyRootfs,
  supplemental_groups: security.supplementalGroups,
  supplemental_groups_policy: security.supplementalGroupsPolicy ?? "Merge",
  no_new_privs: security.noNewPrivileges,
  masked_paths: security.maskedPaths,
  readonly_paths: security.readonlyPaths,
  seccomp: profile(security.seccomp),
  seccomp_profile_path: legacySeccomp(security.seccomp),
  ...(security.appArmor === undefined
    ? {}
    : { apparmor: profile(security.appArmor), apparmor_profile: legacySeccomp(security.appArmor) }),
});

export const encodeAuth = (auth: contract.ImageAuth | undefined): Message | undefined =>
  auth === undefined
    ? undefined
    : {
        username: auth.username ?? "",
        password: auth.password ?? "",
        auth: auth.auth ?? "",
        server_address: auth.serverAddress ?? "",
        identity_token: auth.identityToken ?? "",
        registry_token: auth.registryToken ?? "",
      };
