// EndpointSlices of Services with selectors. The decision is decide.ts; this is the rim.

import { type EndpointSlice, endpointSlices } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { EventRecorder } from "../../client/index.ts";
import { deepEqual, ignoreNotFound, objectKey, splitKey } from "../../machinery/index.ts";
import {
  type ControllerContext,
  controllerReference,
  createTriggerTimes,
  createWrittenVersions,
  isNamespaceTerminating,
  newQueue,
  podMatcher,
  runLoop,
  triggerTimeAnnotation,
} from "../lib/index.ts";
import { planSlices, podsWithoutNode, type SliceContent, type SliceView, sliceLabels, topologyOf } from "./decide.ts";
import { serviceIndex, watchSources } from "./sources.ts";
import { zoneShares } from "./topology.ts";

const defaultMaxEndpoints = 100;

export async function runEndpointSlices(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "endpoint_slice");
  const recorder = context.recorder("endpoint-slice-controller");
  const written = createWrittenVersions();
  const times = createTriggerTimes();
  const tellTopology = createTopologyTeller(recorder);
  const { serviceInformer, podInformer, nodeInformer, sliceInformer } = watchSources(context, queue, written);

  await runLoop(context, {
    queue,
    informers: [serviceInformer, podInformer, nodeInformer, sliceInformer],
    reconcile: async (key) => {
      const { namespace } = splitKey(key);
      const service = serviceInformer.byKey(key);
      const matcher = service === undefined ? undefined : podMatcher(service);
      // Slices of a deleted service are the garbage collector's.
      if (service === undefined || matcher === undefined || service.spec.type === "ExternalName") {
        times.forget(key);
        written.drop(key);
        return;
      }
      if (service.metadata.deletionTimestamp !== undefined) return;
      const existing = sliceInformer.byIndex(serviceIndex, key);
      // The cache does not show our own last writes yet: their arrival brings this key back.
      if (written.isAhead(key, existing)) return;
      const selected = podInformer.list(namespace).filter((pod) => matcher.matches(pod.metadata.labels));
      const view: SliceView = {
        service,
        pods: selected,
        nodeOf: (node) => nodeInformer.get("", node),
        existing: existing.filter((slice) => slice.metadata.deletionTimestamp === undefined),
        shares: () => zoneShares(nodeInformer.list()),
        maxEndpoints: (context.options["max-endpoints-per-slice"] as number | undefined) ?? defaultMaxEndpoints,
      };
      const triggerTime = times.next(service, selected);
      try {
        tellTopology(view);
        await write(context, { view, triggerTime, note: (slice) => written.note(key, slice) });
        const [lost, ...more] = podsWithoutNode(view).map(
          (pod) => `skipping Pod ${pod.metadata.name} for Service ${key}: Node ${pod.spec?.nodeName} Not Found`,
        );
        if (lost !== undefined) throw new Error(more.length === 0 ? lost : `[${[lost, ...more].join(", ")}]`);
      } catch (error) {
        if (isNamespaceTerminating(error)) return;
        recorder.event(service, {
          type: "Warning",
          reason: "FailedToUpdateEndpointSlices",
          message: `Error updating Endpoint Slices for Service ${key}: ${errorText(error)}`,
        });
        throw error;
      }
    },
  });
}

interface Work {
  readonly view: SliceView;
  /** Undefined takes the annotation away. */
  readonly triggerTime: string | undefined;
  readonly note: (slice: EndpointSlice) => void;
}

async function write(context: ControllerContext, { view, triggerTime, note }: Work): Promise<void> {
  const { service } = view;
  const { namespace = "", name } = service.metadata;
  const client = context.client.of(endpointSlices);
  const plan = planSlices(view);
  const labels = sliceLabels(service);
  const body = (content: SliceContent) => ({
    addressType: content.addressType,
    endpoints: [...content.endpoints],
    ports: [...content.ports],
  });
  const annotated = (before: Readonly<Record<string, string>> = {}): Record<string, string> => {
    const { [triggerTimeAnnotation]: _, ...others } = before;
    return triggerTime === undefined ? others : { ...others, [triggerTimeAnnotation]: triggerTime };
  };
  const type = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" } as const;
  const ownerReferences = [controllerReference({ ...service, apiVersion: "v1", kind: "Service" })];
  for (const content of plan.create) {
    const metadata = { generateName: `${name}-`, namespace, labels, annotations: annotated(), ownerReferences };
    note(await client.create({ ...type, metadata, ...body(content) }));
  }
  const relabelled = view.existing.filter(
    (slice) =>
      !plan.remove.includes(slice) &&
      !plan.update.some((each) => each.slice === slice) &&
      !deepEqual(slice.metadata.labels, labels),
  );
  const updates = [
    ...plan.update.map(({ slice, content }) => ({ slice, body: body(content) })),
    ...relabelled.map((slice) => ({ slice, body: {} })),
  ];
  for (const { slice, body: changes } of updates) {
    const metadata = { ...slice.metadata, labels, annotations: annotated(slice.metadata.annotations) };
    note(await client.update({ ...slice, ...changes, metadata }));
  }
  for (const slice of plan.remove) {
    await client.delete({ namespace, name: slice.metadata.name }).catch(ignoreNotFound);
  }
}

/** Events when topology hints come and go. */
function createTopologyTeller(recorder: EventRecorder): (view: SliceView) => void {
  const hinted = new Set<string>();
  return (view) => {
    const key = objectKey(view.service);
    const tell = (type: "Normal" | "Warning", reason: string, message: string): void =>
      recorder.event(view.service, { type, reason, message });
    const families = topologyOf(view);
    if (families.length === 0 && hinted.delete(key))
      tell("Warning", "TopologyAwareHintsDisabled", "Topology Aware Hints has been disabled");
    for (const { addressType, hints } of families) {
      const family = `addressType: ${addressType}`;
      if (!hints.enabled) {
        hinted.delete(key);
        tell("Warning", "TopologyAwareHintsDisabled", `${hints.why}, ${family}`);
      } else if (!hinted.has(key)) {
        hinted.add(key);
        tell("Normal", "TopologyAwareHintsEnabled", `Topology Aware Hints has been enabled, ${family}`);
      }
    }
  };
}
