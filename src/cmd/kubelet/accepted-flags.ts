// Flags of upstream's kubelet that are without effect here, or refused, each with the reason.
import type { FlagDefinitions } from "../../cli/index.ts";
import { acceptedByAll, inert, inertAll, refused } from "../apiserver/accepted-flags.ts";

const tuning = "this component needs no such tuning";
const noCadvisor = "the container runtime tells what containers use";
const noResourceManagers = "CPUs, memory and devices are the kernel's to share";

const ofStatistics = {
  ...inertAll(["application-metrics-count-limit"], "integer", noCadvisor),
  ...inertAll(["enable-load-reader", "log-cadvisor-usage", "storage-driver-secure"], "boolean", noCadvisor),
  ...inertAll(
    [
      "boot-id-file",
      "container-hints",
      "containerd",
      "containerd-namespace",
      "event-storage-age-limit",
      "event-storage-event-limit",
      "machine-id-file",
      "storage-driver-db",
      "storage-driver-host",
      "storage-driver-password",
      "storage-driver-table",
      "storage-driver-user",
    ],
    "string",
    noCadvisor,
  ),
  ...inertAll(
    [
      "global-housekeeping-interval",
      "housekeeping-interval",
      "storage-driver-buffer-duration",
      "volume-stats-agg-period",
    ],
    "duration",
    noCadvisor,
  ),
} as const satisfies FlagDefinitions;

const ofAccess = {
  "anonymous-auth": inert("boolean", "requests without credentials are refused"),
  "authentication-token-webhook": inert("boolean", "tokens are always checked with the API server"),
  "authorization-mode": inert("string", "the API server is always asked"),
  ...inertAll(
    [
      "authentication-token-webhook-cache-ttl",
      "authorization-webhook-cache-authorized-ttl",
      "authorization-webhook-cache-unauthorized-ttl",
    ],
    "duration",
    tuning,
  ),
  "tls-cipher-suites": inert("list", "Node.js chooses"),
  "tls-min-version": inert("string", "TLS 1.2 and 1.3 are served"),
  "read-only-port": refused("everything that the kubelet serves needs credentials", "0"),
  "enable-server": refused("the API server needs the kubelet's port", "true"),
} as const satisfies FlagDefinitions;

const ofResources = {
  "cpu-cfs-quota-period": refused("the kernel's period of 100 ms holds", "100ms"),
  "cpu-manager-policy": refused(noResourceManagers, "none"),
  "cpu-manager-policy-options": refused(noResourceManagers),
  "cpu-manager-reconcile-period": inert("duration", noResourceManagers),
  "memory-manager-policy": refused(noResourceManagers, "None"),
  "reserved-memory": refused(noResourceManagers),
  "reserved-cpus": refused(noResourceManagers),
  "topology-manager-policy": refused(noResourceManagers, "none"),
  "topology-manager-policy-options": refused(noResourceManagers),
  "topology-manager-scope": inert("string", noResourceManagers),
  "qos-reserved": refused("guaranteed pods reserve no memory from others"),
  "enforce-node-allocatable": refused("pods alone are held to what is allocatable", "pods"),
  "kube-reserved-cgroup": refused("cgroups of the system are whoever made them to limit"),
  "system-reserved-cgroup": refused("cgroups of the system are whoever made them to limit"),
  ...inertAll(["kubelet-cgroups", "runtime-cgroups", "system-cgroups"], "string", "whoever starts a process places it"),
  "eviction-soft": refused("there are hard thresholds (--eviction-hard) only"),
  "eviction-soft-grace-period": refused("there are hard thresholds (--eviction-hard) only"),
  "eviction-max-pod-grace-period": inert("integer", "there are hard thresholds only"),
  "eviction-minimum-reclaim": refused("an eviction reclaims one pod at a time, until no threshold is met"),
  "experimental-allocatable-ignore-eviction": refused("what may be evicted for is not allocatable"),
  "kernel-memcg-notification": inert("boolean", "memory is looked at every ten seconds"),
  "local-storage-capacity-isolation": refused("limits of ephemeral storage hold", "true"),
  "pods-per-core": refused("--max-pods is the limit", "0"),
} as const satisfies FlagDefinitions;

const ofImages = {
  "image-credential-provider-bin-dir": refused("credentials for images come from imagePullSecrets and the runtime"),
  "image-credential-provider-config": refused("credentials for images come from imagePullSecrets and the runtime"),
  "image-service-endpoint": refused("images are those of --container-runtime-endpoint"),
  "registry-burst": inert("integer", tuning),
  "registry-qps": inert("integer", tuning),
  "serialize-image-pulls": inert("boolean", "the container runtime orders its pulls"),
  "node-status-max-images": inert("integer", tuning),
} as const satisfies FlagDefinitions;

export const acceptedByKubelet = {
  ...acceptedByAll,
  ...ofStatistics,
  ...ofAccess,
  ...ofResources,
  ...ofImages,
  "cloud-provider": refused("cloud controllers are programs of their own, and this node waits for none"),
  "enable-controller-attach-detach": refused("the attach-detach controller attaches volumes", "true"),
  "enable-debugging-handlers": refused(
    "logs, exec and the like are served to whom the API server lets use them",
    "true",
  ),
  "event-burst": inert("integer", tuning),
  "event-qps": inert("integer", tuning),
  "exit-on-lock-contention": refused("there is no lock file"),
  "lock-file": refused("there is no lock file; the kubelet's port is one process's"),
  "experimental-mounter-path": refused("volumes are mounted with the system's mount"),
  "fail-cgroupv1": inert("boolean", "cgroup v2 is needed"),
  "fail-swap-on": inert("boolean", "swap does not stop this kubelet"),
  "file-check-frequency": inert("duration", "a change of the directory is noticed when it happens"),
  "http-check-frequency": inert("duration", "there are no pods from URLs"),
  "manifest-url": refused("pods come from the API server and --pod-manifest-path"),
  "manifest-url-header": refused("pods come from the API server and --pod-manifest-path"),
  "hairpin-mode": inert("string", "the network plugin decides"),
  "make-iptables-util-chains": inert("boolean", "no rules of iptables are made"),
  "max-open-files": inert("integer", "whoever starts this process sets it"),
  "oom-score-adj": inert("integer", "whoever starts this process sets it"),
  "maximum-dead-containers": inert("integer", "each container keeps its last ended one"),
  "maximum-dead-containers-per-container": inert("integer", "each container keeps its last ended one"),
  "minimum-container-ttl-duration": inert("duration", "each container keeps its last ended one"),
  "protect-kernel-defaults": inert("boolean", "the kernel's settings are left alone"),
  runonce: refused("upstream runs no pods once any more"),
  "runtime-request-timeout": inert("duration", tuning),
  "streaming-connection-idle-timeout": inert("duration", "a stream lasts until one side ends it"),
  "volume-plugin-dir": inert("string", "there are no flex volumes"),
} as const satisfies FlagDefinitions;
