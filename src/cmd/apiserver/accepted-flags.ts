// Flags of upstream's components that are understood and have no effect here, so that usual unit files and manifests start our
// components unchanged. Each says why; a flag whose absence would change what users may do (encryption, audit, webhooks) is not among
// them and is refused as unknown.
import type { Logger } from "../../base/index.ts";
import type { FlagDefinition, FlagDefinitions, FlagType, ParsedFlags } from "../../cli/index.ts";

const inert = <T extends FlagType>(type: T, why: string): FlagDefinition & { readonly type: T } => ({
  type,
  help: `without effect: ${why}`,
  ignored: why,
});

const tuning = "this component needs no such tuning";
const oneStore = "objects are kept where --store and --data-dir say";
const reviews = "who asks is looked up with --kubeconfig";
const nodeTls = "Node.js chooses";

/** Every component's. */
const acceptedByAll = {
  "contention-profiling": inert("boolean", "there is no Go profiler here"),
  profiling: inert("boolean", "there is no Go profiler here"),
  "logging-format": inert("string", "the log is lines of text"),
  "log-flush-frequency": inert("duration", "every line of the log is written at once"),
  vmodule: inert("string", "-v holds for the whole component"),
  "kube-api-qps": inert("string", "requests are held back by the API server's flow control alone"),
  "kube-api-burst": inert("integer", "requests are held back by the API server's flow control alone"),
  "kube-api-content-type": inert("string", "components speak JSON"),
} as const satisfies FlagDefinitions;

const acceptedServing = {
  "tls-cipher-suites": inert("list", nodeTls),
  "tls-min-version": inert("string", "TLS 1.2 and 1.3 are served"),
  "permit-port-sharing": inert("boolean", "a port has one owner"),
  "permit-address-sharing": inert("boolean", "a port has one owner"),
  "http2-max-streams-per-connection": inert("integer", tuning),
} as const satisfies FlagDefinitions;

/** The controller manager's and the scheduler's. */
export const acceptedByManagers = {
  ...acceptedByAll,
  ...acceptedServing,
  "authentication-kubeconfig": inert("string", reviews),
  "authorization-kubeconfig": inert("string", reviews),
  "authentication-skip-lookup": inert(
    "boolean",
    "front proxies and client certificates are not accepted on the health port",
  ),
  "authentication-tolerate-lookup-failure": inert("boolean", "a failed look-up refuses the request, not the start"),
  "authorization-always-allow-paths": inert("list", "/healthz, /livez and /readyz are open to everyone"),
  "client-ca-file": inert("string", "client certificates are not accepted on the health port"),
  "requestheader-client-ca-file": inert("string", "front proxies are not accepted on the health port"),
  "requestheader-allowed-names": inert("list", "front proxies are not accepted on the health port"),
  "requestheader-username-headers": inert("list", "front proxies are not accepted on the health port"),
  "requestheader-group-headers": inert("list", "front proxies are not accepted on the health port"),
  "requestheader-extra-headers-prefix": inert("list", "front proxies are not accepted on the health port"),
  "cert-dir": inert("string", "the self-made certificate of the health port is kept in memory"),
  "leader-elect-resource-lock": inert("string", "the lock is a Lease"),
} as const satisfies FlagDefinitions;

export const acceptedByControllerManager = {
  ...acceptedByManagers,
  "cluster-name": inert("string", "only cloud controllers use it"),
  "configure-cloud-routes": inert("boolean", "there is no cloud controller here"),
  "cloud-provider": inert("string", "cloud controllers are programs of their own"),
  "allocate-node-cidrs": inert("boolean", "ranges are given to nodes when --cluster-cidr is there"),
  "enable-garbage-collector": inert("boolean", "--controllers=-garbage-collector-controller turns it off"),
  "enable-dynamic-provisioning": inert("boolean", "provisioners are programs of their own"),
  "flex-volume-plugin-dir": inert("string", "there are no flex volumes"),
  "min-resync-period": inert("duration", "nothing is resynced by the clock"),
  "node-sync-period": inert("duration", "nothing is resynced by the clock"),
  "controller-start-interval": inert("duration", tuning),
  "concurrent-deployment-syncs": inert("integer", tuning),
  "concurrent-replicaset-syncs": inert("integer", tuning),
  "concurrent-statefulset-syncs": inert("integer", tuning),
  "concurrent-daemonset-syncs": inert("integer", tuning),
  "concurrent-job-syncs": inert("integer", tuning),
  "concurrent-horizontal-pod-autoscaler-syncs": inert("integer", tuning),
  "concurrent-cron-job-syncs": inert("integer", tuning),
  "concurrent-endpoint-syncs": inert("integer", tuning),
  "concurrent-service-endpoint-syncs": inert("integer", tuning),
  "concurrent-service-syncs": inert("integer", tuning),
  "concurrent-namespace-syncs": inert("integer", tuning),
  "concurrent-gc-syncs": inert("integer", tuning),
  "concurrent-rc-syncs": inert("integer", tuning),
  "concurrent-resource-quota-syncs": inert("integer", tuning),
  "concurrent-serviceaccount-token-syncs": inert("integer", tuning),
  "concurrent-ttl-after-finished-syncs": inert("integer", tuning),
} as const satisfies FlagDefinitions;

export const acceptedByProxy = {
  ...acceptedByAll,
  "proxy-mode": inert("string", "rules are always nftables'"),
  "metrics-bind-address": inert("string", "metrics are on the port of --healthz-bind-address"),
  "conntrack-max-per-core": inert("integer", "the kernel's own limits hold"),
  "conntrack-min": inert("integer", "the kernel's own limits hold"),
  "conntrack-tcp-timeout-established": inert("duration", "the kernel's own limits hold"),
  "conntrack-tcp-timeout-close-wait": inert("duration", "the kernel's own limits hold"),
  "oom-score-adj": inert("integer", "whoever starts this process sets it"),
} as const satisfies FlagDefinitions;

export const acceptedByKubelet = {
  ...acceptedByAll,
  "anonymous-auth": inert("boolean", "requests without credentials are refused"),
  "authentication-token-webhook": inert("boolean", "tokens are always checked with the API server"),
  "authorization-mode": inert("string", "the API server is always asked"),
  "fail-swap-on": inert("boolean", "swap does not stop this kubelet"),
  "runtime-request-timeout": inert("duration", tuning),
  "serialize-image-pulls": inert("boolean", "the container runtime orders its pulls"),
} as const satisfies FlagDefinitions;

export const acceptedByApiServer = {
  ...acceptedByAll,
  ...acceptedServing,
  "apiserver-count": inert("integer", "each server keeps its own endpoint"),
  "default-watch-cache-size": inert("integer", tuning),
  "delete-collection-workers": inert("integer", tuning),
  "enable-garbage-collector": inert("boolean", "the garbage collector is served whatever this says"),
  "endpoint-reconciler-type": inert("string", "each server keeps its own endpoint"),
  "etcd-compaction-interval": inert("duration", oneStore),
  "etcd-count-metric-poll-period": inert("duration", oneStore),
  "etcd-db-metric-poll-interval": inert("duration", oneStore),
  "etcd-healthcheck-timeout": inert("duration", oneStore),
  "etcd-readycheck-timeout": inert("duration", oneStore),
  "etcd-prefix": inert("string", oneStore),
  "etcd-servers": inert("list", oneStore),
  "etcd-servers-overrides": inert("list", oneStore),
  "etcd-cafile": inert("string", oneStore),
  "etcd-certfile": inert("string", oneStore),
  "etcd-keyfile": inert("string", oneStore),
  "kubelet-preferred-address-types": inert(
    "list",
    "the order is InternalIP, ExternalIP, Hostname, InternalDNS, ExternalDNS",
  ),
  "kubelet-timeout": inert("duration", tuning),
  "lease-reuse-duration-seconds": inert("integer", oneStore),
  "service-account-lookup": inert("boolean", "tokens are always checked against their ServiceAccounts"),
  "storage-backend": inert("string", oneStore),
  "storage-media-type": inert("string", "objects are kept as JSON"),
  "watch-cache": inert("boolean", "reads are always served from memory where upstream allows it"),
  "watch-cache-sizes": inert("list", tuning),
} as const satisfies FlagDefinitions;

/** One line of the log for every flag on the command line that is without effect. */
export function tellInert(
  definitions: FlagDefinitions,
  { given }: Pick<ParsedFlags<FlagDefinitions>, "given">,
  log: Logger,
): void {
  for (const name of given) {
    const why = definitions[name]?.ignored;
    if (why !== undefined) log.warn("this flag has no effect", { flag: `--${name}`, why });
  }
}
