// What the controllers of Endpoints and EndpointSlices ask of a Service and its pods. Upstream: k8s.io/endpointslice/util.
import type { Pod, Service } from "../../../api/index.ts";
import type { Lister } from "../../../client/index.ts";
import { deepEqual, type LabelMatcher, labelsMatcher, parseTime } from "../../../machinery/index.ts";
import { isReady, isTerminal } from "./pods.ts";

const matchers = new WeakMap<object, LabelMatcher>();

/** The pods that a service chooses; undefined when endpoints are not made from pods (no selector). */
export function podMatcher(service: Service): LabelMatcher | undefined {
  const { selector } = service.spec;
  if (selector === undefined || selector === null) return undefined;
  let matcher = matchers.get(selector);
  if (matcher === undefined) matchers.set(selector, (matcher = labelsMatcher(selector)));
  return matcher;
}

export const servicesOf = (services: Lister<Service>, pod: Pod): readonly Service[] =>
  services.list(pod.metadata.namespace).filter((service) => podMatcher(service)?.matches(pod.metadata.labels));

/** Whether a pod's change can matter to endpoints. */
export const affectsEndpoints = (before: Pod, after: Pod): boolean =>
  isReady(before) !== isReady(after) ||
  before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
  before.status?.phase !== after.status?.phase ||
  before.spec?.nodeName !== after.spec?.nodeName ||
  before.spec?.hostname !== after.spec?.hostname ||
  before.spec?.subdomain !== after.spec?.subdomain ||
  !deepEqual(before.status?.podIPs, after.status?.podIPs) ||
  !deepEqual(before.metadata.labels, after.metadata.labels);

/** Pods that are done, or have no address yet, have no endpoint. */
export const hasEndpoint = (pod: Pod): boolean =>
  !isTerminal(pod) && (Boolean(pod.status?.podIP) || (pod.status?.podIPs ?? []).length > 0);

export const endpointHostname = (pod: Pod, service: Service): string | undefined =>
  pod.spec?.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined;

/** The number behind a service's target port in this pod; undefined for a name that it does not have. */
export function targetPortOf(pod: Pod, target: number | string, protocol: string): number | undefined {
  if (typeof target === "number") return target;
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars])
    for (const port of container.ports ?? [])
      if (port.name === target && (port.protocol ?? "TCP") === protocol) return port.containerPort;
  return undefined;
}

export const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

export interface TriggerTimes {
  /**
   * When what changed since the last call came about: the earliest of the new readiness times of pods and the service's
   * creation. Undefined when nothing is new. RFC 3339.
   */
  next(service: Service, pods: readonly Pod[]): string | undefined;
  forget(key: string): void;
}

interface Seen {
  readonly service: string | undefined;
  readonly pods: ReadonlyMap<string, string>;
}

/** Upstream: util/trigger_time_tracker.go (the annotation that the network programming latency is measured from). */
export function createTriggerTimes(): TriggerTimes {
  const known = new Map<string, Seen>();
  const after = (time: string, before: string | undefined): boolean =>
    before === undefined || parseTime(time) > parseTime(before);
  return {
    next(service, pods) {
      const key = `${service.metadata.namespace}/${service.metadata.name}`;
      const seen = known.get(key);
      const created = service.metadata.creationTimestamp;
      const times = new Map<string, string>();
      const changed: string[] = [];
      for (const pod of pods) {
        const time = pod.status?.conditions?.find((each) => each.type === "Ready")?.lastTransitionTime;
        if (time === undefined || time === null) continue;
        times.set(pod.metadata.name, time);
        if (after(time, seen?.pods.get(pod.metadata.name))) changed.push(time);
      }
      if (created !== undefined && after(created, seen?.service)) changed.push(created);
      known.set(key, { service: created, pods: times });
      if (seen === undefined) return created;
      return changed.sort((a, b) => parseTime(a) - parseTime(b))[0];
    },
    forget: (key) => void known.delete(key),
  };
}
