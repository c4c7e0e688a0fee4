// Names of the checks behind /healthz, /livez and /readyz, in upstream's order. Monitoring asks for some of them by name. Upstream names
// a check after each of its start hooks; what these hooks do here happens in start(), so they pass when that is done.
import type { ServerCore } from "../context.ts";
import type { HealthCheck, HealthChecks } from "../health.ts";

const startHooks = [
  "start-apiserver-admission-initializer",
  "generic-apiserver-start-informers",
  "priority-and-fairness-config-consumer",
  "priority-and-fairness-filter",
  "storage-object-count-tracker-hook",
  "start-apiextensions-informers",
  "start-apiextensions-controllers",
  "crd-informer-synced",
  "start-system-namespaces-controller",
  "peer-endpoint-reconciler-controller",
  "start-cluster-authentication-info-controller",
  "start-kube-apiserver-identity-lease-controller",
  "start-kube-apiserver-identity-lease-garbage-collector",
  "storage-readiness",
  "start-legacy-token-tracking-controller",
  "start-service-ip-repair-controllers",
  "rbac/bootstrap-roles",
  "scheduling/bootstrap-system-priority-classes",
  "priority-and-fairness-config-producer",
  "bootstrap-controller",
  "start-kubernetes-service-cidr-controller",
  "start-kube-aggregator-informers",
  "apiservice-status-local-available-controller",
  "apiservice-status-remote-available-controller",
  "apiservice-registration-controller",
  "apiservice-discovery-controller",
  "kube-apiserver-autoregistration",
] as const;
const lateHooks = ["apiservice-openapi-controller", "apiservice-openapiv3-controller"] as const;

export interface ServerState {
  readonly started: boolean;
  /** Requests are still answered, but no new ones should come. */
  readonly stopping: boolean;
}

export interface HealthCheckOptions {
  /** For so long /livez takes what has not begun for beginning. */
  readonly livezGraceMs?: number;
  /** Of what encrypts the store, for /healthz and /readyz. */
  readonly encryption?: readonly HealthCheck[];
}

export function healthChecks(
  core: ServerCore,
  state: ServerState,
  { livezGraceMs = 0, encryption = [] }: HealthCheckOptions = {},
): HealthChecks {
  const graceEndMs = core.clock.monotonic() + livezGraceMs;
  const patient = ({ name, check }: HealthCheck): HealthCheck => ({
    name,
    check: () => (core.clock.monotonic() < graceEndMs ? undefined : check()),
  });
  const begun = (name: string): HealthCheck => ({
    name,
    check: () => {
      if (!state.started) throw new Error("not finished");
    },
  });
  const fine = (name: string): HealthCheck => ({ name, check: () => {} });
  const store = (name: string): HealthCheck => ({ name, check: () => void core.store.revision() });
  const hooks = [
    ...startHooks.map((name) => begun(`poststarthook/${name}`)),
    begun("autoregister-completion"),
    ...lateHooks.map((name) => begun(`poststarthook/${name}`)),
  ];
  const basics = [fine("ping"), fine("log"), fine("loopback-serving-certificate"), store("etcd")];
  const live = [...basics, ...(livezGraceMs > 0 ? hooks.map(patient) : hooks)];
  const shutdown: HealthCheck = {
    name: "shutdown",
    check: () => {
      if (state.stopping) throw new Error("process is shutting down");
    },
  };
  const ready = [fine("ping"), fine("log"), store("etcd"), store("etcd-readiness"), ...encryption];
  return {
    healthz: [...basics, ...encryption, ...hooks],
    livez: live,
    readyz: [...ready, begun("informer-sync"), ...hooks, shutdown],
  };
}
