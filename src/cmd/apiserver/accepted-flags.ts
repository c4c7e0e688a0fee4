// Flags of upstream's components that are understood and have no effect here, so that usual unit files and manifests start our
// components unchanged. Each says why. A flag whose absence would change what users may do is not among them: it is `refused`, which
// is an error that says why when the flag is given anything.
import type { Logger } from "../../base/index.ts";
import type { FlagDefinition, FlagDefinitions, FlagType, ParsedFlags } from "../../cli/index.ts";

export const inert = <T extends FlagType>(type: T, why: string): FlagDefinition & { readonly type: T } => ({
  type,
  help: `without effect: ${why}`,
  ignored: why,
});

/** `unless`: upstream's default, which may be given. */
export const refused = (why: string, unless?: string): FlagDefinition & { readonly type: "string" } => ({
  type: "string",
  help: `not implemented: ${why}`,
  refused: why,
  ...(unless === undefined ? {} : { default: unless }),
});

/** Several flags without effect for one reason. */
export const inertAll = <const N extends string, T extends FlagType>(names: readonly N[], type: T, why: string) =>
  Object.fromEntries(names.map((name) => [name, inert(type, why)])) as Record<N, FlagDefinition & { readonly type: T }>;

const tuning = "this component needs no such tuning";
const oneStore = "objects are kept where --store and --data-dir say";
const reviews = "who asks is looked up with --kubeconfig";
const nodeTls = "Node.js chooses";

const oneStream = "the log goes to standard error";

/** Every component's. */
export const acceptedByAll = {
  "contention-profiling": inert("boolean", "there is no Go profiler here"),
  profiling: inert("boolean", "there is no Go profiler here"),
  "logging-format": inert("string", "the log is lines of text"),
  "log-flush-frequency": inert("duration", "every line of the log is written at once"),
  vmodule: inert("string", "-v holds for the whole component"),
  "kube-api-qps": inert("string", "requests are held back by the API server's flow control alone"),
  "kube-api-burst": inert("integer", "requests are held back by the API server's flow control alone"),
  "kube-api-content-type": inert("string", "components speak JSON"),
  ...inertAll(["log-json-info-buffer-size", "log-text-info-buffer-size"], "string", oneStream),
  ...inertAll(["log-json-split-stream", "log-text-split-stream"], "boolean", oneStream),
  version: {
    type: "string",
    bare: "true",
    help: "print the version and return; raw: all of it; vX.Y.Z-TEXT is accepted when it is of this release",
  },
} as const satisfies FlagDefinitions;

const release = "there is one release of everything here";

/** The metrics' and the version's, of every component of the control plane. */
const acceptedByControlPlane = {
  "tls-curve-preferences": inert("list", nodeTls),
  "show-hidden-metrics-for-version": inert("string", "1.35 hid no metric that is here"),
} as const satisfies FlagDefinitions;

const acceptedServing = {
  "permit-port-sharing": inert("boolean", "a port has one owner"),
  "permit-address-sharing": inert("boolean", "a port has one owner"),
  "http2-max-streams-per-connection": inert("integer", tuning),
} as const satisfies FlagDefinitions;

/** The controller manager's and the scheduler's. */
export const acceptedByManagers = {
  ...acceptedByAll,
  ...acceptedServing,
  ...acceptedByControlPlane,
  ...inertAll(
    [
      "authentication-token-webhook-cache-ttl",
      "authorization-webhook-cache-authorized-ttl",
      "authorization-webhook-cache-unauthorized-ttl",
    ],
    "duration",
    "answers about who may read the metrics are kept for ten seconds",
  ),
  "tls-cipher-suites": inert("list", nodeTls),
  "tls-min-version": inert("string", "TLS 1.2 and 1.3 are served"),
  "disable-http2-serving": inert("boolean", "the health port speaks HTTP/1.1"),
  "tls-sni-cert-key": inert("list", "the health port has one certificate, of --tls-cert-file"),
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
  "requestheader-uid-headers": inert("list", "front proxies are not accepted on the health port"),
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
  ...inertAll(
    [
      "concurrent-device-taint-eviction-syncs",
      "concurrent-ephemeralvolume-syncs",
      "concurrent-resourceclaim-syncs",
      "concurrent-validating-admission-policy-status-syncs",
      "mirroring-concurrent-service-endpoint-syncs",
    ],
    "integer",
    tuning,
  ),
  ...inertAll(
    [
      "attach-detach-reconcile-sync-period",
      "namespace-sync-period",
      "node-monitor-period",
      "pvclaimbinder-sync-period",
      "resource-quota-sync-period",
    ],
    "duration",
    "each change is acted on when it comes",
  ),
  ...inertAll(
    [
      "endpoint-updates-batch-period",
      "endpointslice-updates-batch-period",
      "mirroring-endpointslice-updates-batch-period",
      "controller-shutdown-timeout",
    ],
    "duration",
    tuning,
  ),
  "route-reconciliation-period": inert("duration", "there is no cloud controller here"),
  "disable-attach-detach-reconcile-sync": inert("boolean", "each change is acted on when it comes"),
  "external-cloud-volume-plugin": inert("string", "there is no cloud controller here"),
  "cidr-allocator-type": refused("ranges come from --cluster-cidr: there is RangeAllocator alone", "RangeAllocator"),
  "cloud-config": refused("cloud controllers are programs of their own"),
  "enable-leader-migration": refused("there is one controller manager"),
  "leader-migration-config": refused("there is one controller manager"),
  "disable-force-detach-on-timeout": refused("attachments of unreachable nodes end after six minutes"),
  ...inertAll(
    ["pv-recycler-pod-template-filepath-hostpath", "pv-recycler-pod-template-filepath-nfs"],
    "string",
    "volumes are emptied by the pod that is upstream's default",
  ),
} as const satisfies FlagDefinitions;

export const acceptedByApiServer = {
  ...acceptedByAll,
  ...acceptedServing,
  ...acceptedByControlPlane,
  ...inertAll(
    [
      "coordinated-leadership-lease-duration",
      "coordinated-leadership-renew-deadline",
      "coordinated-leadership-retry-period",
    ],
    "duration",
    "coordinated leader election (alpha) is not there",
  ),
  "debug-socket-path": inert("string", "there is no Go profiler here"),
  "enable-logs-handler": inert("boolean", "upstream has no such page any more"),
  "max-connection-bytes-per-sec": inert("integer", "no connection is throttled"),
  ...inertAll(["peer-advertise-ip", "peer-advertise-port", "peer-ca-file"], "string", release),
  "emulation-forward-compatible": inert("boolean", release),
  "runtime-config-emulation-forward-compatible": inert("boolean", release),
  "shutdown-watch-termination-grace-period": inert(
    "duration",
    "watches end when the server stops; clients begin them anew",
  ),
  "storage-initialization-timeout": inert("duration", "the server listens when its store is open"),
  "egress-selector-config-file": refused("the server reaches nodes and webhooks directly"),
  "tracing-config-file": refused("there are no traces"),
  "service-account-signing-endpoint": refused("tokens are signed with --service-account-signing-key-file"),
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
