// EndpointSlices of Services with selectors. The decision is decide.ts; this is the rim.
import { type EndpointSlice, endpointSlices, nodes, type Pod, pods, type Service, services } from "../../api/index.ts";
import { isNotFound, labelsMatcher, objectKey, splitKey } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import {
  managedByLabel,
  managerName,
  planSlices,
  type SliceContent,
  type SliceView,
  serviceNameLabel,
  sliceLabels,
  triggerTime,
} from "./decide.ts";

const defaultMaxEndpoints = 100;
const nodeIndex = "node";

export async function runEndpointSlices(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "endpoint_slice");
  const written = createWritten();
  const serviceInformer = watch(context, services, {
    add: (service) => queue.add(objectKey(service)),
    update: (_, service) => queue.add(objectKey(service)),
    delete: (service) => queue.add(objectKey(service)),
  });
  const selecting = (pod: Pod): void => {
    for (const service of serviceInformer.list(pod.metadata.namespace))
      if (hasSelector(service) && labelsMatcher(service.spec.selector).matches(pod.metadata.labels))
        queue.add(objectKey(service));
  };
  const podInformer = watch(context, pods, {
    add: selecting,
    update: (before, pod) => {
      if (!concerns(before, pod)) return;
      selecting(before);
      selecting(pod);
    },
    delete: selecting,
  });
  podInformer.addIndex(nodeIndex, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
  const nodeInformer = watch(context, nodes, {
    update: (before, node) => {
      const zone = "topology.kubernetes.io/zone";
      if (before.metadata.labels?.[zone] !== node.metadata.labels?.[zone])
        for (const pod of podInformer.byIndex(nodeIndex, node.metadata.name)) selecting(pod);
    },
  });
  const changed = (slice: EndpointSlice): void => {
    const service = slice.metadata.labels?.[serviceNameLabel];
    if (service !== undefined && isOurs(slice)) queue.add(`${slice.metadata.namespace}/${service}`);
  };
  const sliceInformer = watch(context, endpointSlices, {
    update: (before, slice) => {
      changed(before);
      changed(slice);
    },
    add: changed,
    delete: (slice) => {
      written.forget(slice);
      changed(slice);
    },
  });
  sliceInformer.addIndex("service", (slice) => {
    const service = slice.metadata.labels?.[serviceNameLabel];
    return service === undefined || !isOurs(slice) ? [] : [`${slice.metadata.namespace}/${service}`];
  });

  await runLoop(context, {
    queue,
    informers: [serviceInformer, podInformer, nodeInformer, sliceInformer],
    reconcile: async (key) => {
      const { namespace, name } = splitKey(key);
      const service = serviceInformer.get(namespace, name);
      // Slices of a deleted service are the garbage collector's.
      if (service === undefined || !hasSelector(service) || service.metadata.deletionTimestamp !== undefined)
        return written.drop(key);
      const existing = sliceInformer.byIndex("service", key);
      // The cache does not show our own last writes yet: their arrival brings this key back.
      if (written.isAhead(key, existing)) return;
      const selector = labelsMatcher(service.spec.selector);
      const view: SliceView = {
        service,
        pods: podInformer.list(namespace).filter((pod) => selector.matches(pod.metadata.labels)),
        nodeOf: (node) => nodeInformer.get("", node),
        existing: existing.filter((slice) => slice.metadata.deletionTimestamp === undefined),
        maxEndpoints: (context.options["max-endpoints-per-slice"] as number | undefined) ?? defaultMaxEndpoints,
      };
      await write(context, view, (slice) => written.note(key, slice));
    },
  });
}

const isOurs = (slice: EndpointSlice): boolean => slice.metadata.labels?.[managedByLabel] === managerName;
const hasSelector = (service: Service): boolean =>
  service.spec.selector !== undefined && service.spec.type !== "ExternalName";

/** Whether a pod's change can matter to a slice. */
function concerns(before: Pod, after: Pod): boolean {
  const ready = (pod: Pod): string | undefined => pod.status?.conditions?.find((each) => each.type === "Ready")?.status;
  return (
    ready(before) !== ready(after) ||
    before.metadata.labels !== after.metadata.labels ||
    before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
    before.status?.phase !== after.status?.phase ||
    before.status?.podIPs !== after.status?.podIPs ||
    before.spec.nodeName !== after.spec.nodeName
  );
}

async function write(context: ControllerContext, view: SliceView, note: (slice: EndpointSlice) => void): Promise<void> {
  const { service } = view;
  const client = context.client.of(endpointSlices);
  const plan = planSlices(view);
  const labels = sliceLabels(service);
  const body = (content: SliceContent) => ({
    addressType: content.addressType,
    endpoints: [...content.endpoints],
    ports: [...content.ports],
  });
  for (const content of plan.create) {
    const made = await client.create({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        generateName: `${service.metadata.name}-`,
        namespace: service.metadata.namespace,
        labels,
        annotations: triggerTime(view),
        ownerReferences: [
          {
            apiVersion: "v1",
            kind: "Service",
            name: service.metadata.name,
            uid: service.metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      ...body(content),
    });
    note(made);
  }
  const relabelled = view.existing.filter(
    (slice) =>
      !plan.remove.includes(slice) &&
      !plan.update.some((each) => each.slice === slice) &&
      !sameLabels(slice.metadata.labels, labels),
  );
  const updates = [
    ...plan.update.map(({ slice, content }) => ({ slice, body: body(content) })),
    ...relabelled.map((slice) => ({ slice, body: {} })),
  ];
  for (const { slice, body: changes } of updates) {
    const annotations = { ...slice.metadata.annotations, ...triggerTime(view) };
    note(await client.update({ ...slice, ...changes, metadata: { ...slice.metadata, labels, annotations } }));
  }
  for (const slice of plan.remove) {
    try {
      await client.delete({ namespace: slice.metadata.namespace ?? "", name: slice.metadata.name });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function sameLabels(a: Readonly<Record<string, string>> | undefined, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(b);
  return a !== undefined && Object.keys(a).length === keys.length && keys.every((key) => a[key] === b[key]);
}

/** Revisions of our own writes that the cache has to show before the next decision is taken on it. */
function createWritten() {
  const byService = new Map<string, Map<string, number>>();
  return {
    note(key: string, slice: EndpointSlice): void {
      const slices = byService.get(key) ?? new Map<string, number>();
      slices.set(slice.metadata.name, Number(slice.metadata.resourceVersion));
      byService.set(key, slices);
    },
    forget(slice: EndpointSlice): void {
      byService
        .get(`${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel]}`)
        ?.delete(slice.metadata.name);
    },
    drop: (key: string): void => void byService.delete(key),
    isAhead(key: string, cached: readonly EndpointSlice[]): boolean {
      const slices = byService.get(key);
      if (slices === undefined) return false;
      const seen = new Map(cached.map((slice) => [slice.metadata.name, Number(slice.metadata.resourceVersion)]));
      for (const [name, revision] of slices) {
        if ((seen.get(name) ?? 0) < revision) return true;
        slices.delete(name);
      }
      return false;
    },
  };
}
