// Endpoints of Services with selectors, for clients that do not read EndpointSlices. Upstream: pkg/controller/endpoint.

import { type Endpoints, endpoints, pods, type Service, services } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import { ignoreNotFound, isForbidden, objectKey, splitKey } from "../../machinery/index.ts";
import {
  affectsEndpoints,
  type ControllerContext,
  createTriggerTimes,
  intoQueue,
  isNamespaceTerminating,
  newQueue,
  podMatcher,
  runLoop,
  servicesOf,
  watch,
} from "../lib/index.ts";
import { type EndpointsPlan, planEndpoints } from "./decide.ts";

const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";

export async function runEndpoints(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "endpoint");
  const times = createTriggerTimes();
  /** Versions that our own writes have replaced: a cache that still shows one is behind. */
  const replaced = new Map<string, string>();
  const serviceInformer = watch(context, services, intoQueue(queue));
  const wake = (found: readonly Service[]): void => {
    for (const service of found) queue.add(objectKey(service));
  };
  const podInformer = watch(context, pods, {
    add: (pod) => wake(servicesOf(serviceInformer, pod)),
    update: (before, pod) => {
      if (!affectsEndpoints(before, pod)) return;
      wake(servicesOf(serviceInformer, before));
      wake(servicesOf(serviceInformer, pod));
    },
    delete: (pod) => wake(servicesOf(serviceInformer, pod)),
  });
  const endpointsInformer = watch(context, endpoints, {
    add: (found, initial) => {
      // Left over from services that went while nobody looked. Those of leader elections never had one.
      if (initial && found.metadata.annotations?.[leaderAnnotation] === undefined) queue.add(objectKey(found));
    },
    update: (_, found) => {
      if (replaced.delete(objectKey(found))) queue.add(objectKey(found));
    },
    delete: (found) => {
      replaced.delete(objectKey(found));
      queue.add(objectKey(found));
    },
  });

  await runLoop(context, {
    queue,
    informers: [serviceInformer, podInformer, endpointsInformer],
    reconcile: async (key) => {
      const { namespace, name } = splitKey(key);
      const service = serviceInformer.byKey(key);
      if (service === undefined) {
        times.forget(key);
        if (endpointsInformer.byKey(key) !== undefined) await remove(context, { namespace, name });
        return;
      }
      const matcher = podMatcher(service);
      if (matcher === undefined || service.spec.type === "ExternalName") return;
      const current = endpointsInformer.byKey(key);
      if (current !== undefined && replaced.get(key) === current.metadata.resourceVersion) return;
      const selected = podInformer.list(namespace).filter((pod) => matcher.matches(pod.metadata.labels));
      const triggerTime = times.next(service, selected);
      const plan = planEndpoints({ service, pods: selected, current, triggerTime });
      if (plan === undefined) return;
      const written = await write(context, { service, current, plan });
      if (current !== undefined && written !== undefined && written !== current.metadata.resourceVersion)
        replaced.set(key, current.metadata.resourceVersion ?? "");
    },
  });
}

/** The caches are filled one after the other: that there is no service is believed only of the API server. */
async function remove(context: ControllerContext, name: { namespace: string; name: string }): Promise<void> {
  if ((await context.client.of(services).find(name)) !== undefined) return;
  await context.client.of(endpoints).delete(name).catch(ignoreNotFound);
}

interface Write {
  readonly service: Service;
  readonly current: Endpoints | undefined;
  readonly plan: EndpointsPlan;
}

/** The version written; undefined for new ones. */
async function write(context: ControllerContext, { service, current, plan }: Write): Promise<string | undefined> {
  const client = context.client.of(endpoints);
  const { namespace = "", name } = service.metadata;
  const { labels, annotations, subsets } = plan;
  const type = { apiVersion: "v1", kind: "Endpoints" } as const;
  try {
    if (current !== undefined) {
      const metadata = { ...current.metadata, labels, annotations };
      return (await client.update({ ...current, ...type, metadata, subsets })).metadata.resourceVersion;
    }
    await client.create({ ...type, metadata: { namespace, name, labels, annotations }, subsets });
    return undefined;
  } catch (error) {
    if (current === undefined && isForbidden(error) && isNamespaceTerminating(error)) return undefined;
    const about = current ?? { ...type, metadata: { namespace, name } as Endpoints["metadata"] };
    context.recorder("endpoint-controller").event(about, {
      type: "Warning",
      reason: current === undefined ? "FailedToCreateEndpoint" : "FailedToUpdateEndpoint",
      message:
        current === undefined
          ? `Failed to create endpoint for service ${namespace}/${name}: ${errorText(error)}`
          : `Failed to update endpoint ${namespace}/${name}: ${errorText(error)}`,
    });
    throw error;
  }
}
