// What a change of a Service, pod, node or slice means for the Services whose slices are kept here.
import {
  type EndpointSlice,
  endpointSlices,
  type Node,
  nodes,
  type Pod,
  pods,
  type Service,
  services,
} from "../../api/index.ts";
import type { Informer, WorkQueue } from "../../client/index.ts";
import { objectKey } from "../../machinery/index.ts";
import {
  affectsEndpoints,
  type ControllerContext,
  intoQueue,
  servicesOf,
  type WrittenVersions,
  watch,
} from "../lib/index.ts";
import { managedByLabel, managerName, serviceNameLabel } from "./decide.ts";
import { changesShares, wantsTopologyHints } from "./topology.ts";

const nodeIndex = "node";
/** Slices of this controller by the key of their service. */
export const serviceIndex = "service";

function serviceKeys({ metadata }: EndpointSlice): readonly string[] {
  const service = metadata.labels?.[serviceNameLabel];
  if (service === undefined || metadata.labels?.[managedByLabel] !== managerName) return [];
  return [`${metadata.namespace}/${service}`];
}

export interface Sources {
  readonly serviceInformer: Informer<Service>;
  readonly podInformer: Informer<Pod>;
  readonly nodeInformer: Informer<Node>;
  readonly sliceInformer: Informer<EndpointSlice>;
}

/** Keys of services go to the queue. */
export function watchSources(context: ControllerContext, queue: WorkQueue, written: WrittenVersions): Sources {
  const serviceInformer = watch(context, services, intoQueue(queue));
  const selecting = (pod: Pod): void => {
    for (const service of servicesOf(serviceInformer, pod)) queue.add(objectKey(service));
  };
  const podInformer = watch(context, pods, {
    add: selecting,
    update: (before, pod) => {
      if (!affectsEndpoints(before, pod)) return;
      selecting(before);
      selecting(pod);
    },
    delete: selecting,
  });
  podInformer.addIndex(nodeIndex, (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
  const zone = (node: Node): string | undefined => node.metadata.labels?.["topology.kubernetes.io/zone"];
  const wakePods = (node: Node): void => {
    for (const pod of podInformer.byIndex(nodeIndex, node.metadata.name)) selecting(pod);
  };
  const wakeTopology = (): void => {
    for (const service of serviceInformer.list()) if (wantsTopologyHints(service)) queue.add(objectKey(service));
  };
  const nodeInformer = watch(context, nodes, {
    add: (node) => {
      wakePods(node);
      wakeTopology();
    },
    update: (before, node) => {
      if (zone(before) !== zone(node)) wakePods(node);
      if (changesShares(before, node)) wakeTopology();
    },
    delete: wakeTopology,
  });
  const changed = (slice: EndpointSlice): void => {
    for (const key of serviceKeys(slice)) queue.add(key);
  };
  const sliceInformer = watch(context, endpointSlices, {
    update: (before, slice) => {
      changed(before);
      changed(slice);
    },
    add: changed,
    delete: (slice) => {
      for (const key of serviceKeys(slice)) written.forget(key, slice);
      changed(slice);
    },
  });
  sliceInformer.addIndex(serviceIndex, serviceKeys);
  return { serviceInformer, podInformer, nodeInformer, sliceInformer };
}
