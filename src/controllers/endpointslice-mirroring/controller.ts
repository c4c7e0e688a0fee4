// Mirrors Endpoints that somebody made by hand (the Service has no selector) to EndpointSlices. Upstream: pkg/controller/endpointslicemirroring.
import { type EndpointSlice, type Endpoints, endpointSlices, endpoints, services } from "../../api/index.ts";
import { ignoreNotFound, objectKey } from "../../machinery/index.ts";
import {
  type ControllerContext,
  createWrittenVersions,
  isNamespaceTerminating,
  newQueue,
  runLoop,
  watch,
} from "../lib/index.ts";
import { managedByLabel, managerName, mirrorMetadata, planMirror, serviceNameLabel } from "./decide.ts";

const defaultMaxPerSubset = 1000;
const mirrored = "mirrored-service";

export async function runEndpointSliceMirroring(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "endpoint_slice_mirroring");
  const recorder = context.recorder("endpoint-slice-mirroring-controller");
  const versions = createWrittenVersions();
  const serviceInformer = watch(context, services, {
    add: (service) => queue.add(objectKey(service)),
    update: (before, service) => {
      if ((before.spec.selector === undefined) !== (service.spec.selector === undefined)) queue.add(objectKey(service));
    },
    delete: (service) => queue.add(objectKey(service)),
  });
  const wake = (found: Endpoints): void => {
    if (mayMirror(found)) queue.add(objectKey(found));
  };
  const endpointsInformer = watch(context, endpoints, {
    add: wake,
    update: (before, after) => {
      if (mayMirror(before) || mayMirror(after)) queue.add(objectKey(after));
    },
    delete: wake,
  });
  const wakeOwner = (slice: EndpointSlice): void => {
    const [key] = ownKeys(slice);
    if (key !== undefined) queue.add(key);
  };
  const sliceInformer = watch(context, endpointSlices, {
    add: wakeOwner,
    update: (before, slice) => {
      wakeOwner(before);
      wakeOwner(slice);
    },
    delete: (slice) => {
      for (const key of ownKeys(slice)) versions.forget(key, slice);
      wakeOwner(slice);
    },
  });
  sliceInformer.addIndex(mirrored, ownKeys);

  await runLoop(context, {
    queue,
    informers: [serviceInformer, endpointsInformer, sliceInformer],
    reconcile: async (key) => {
      const found = endpointsInformer.byKey(key);
      const service = serviceInformer.byKey(key);
      const existing = sliceInformer.byIndex(mirrored, key);
      if (found === undefined || !mayMirror(found) || service === undefined || service.spec.selector !== undefined) {
        for (const slice of existing) await remove(context, slice);
        versions.drop(key);
        return;
      }
      // The cache does not show our own last writes yet: their arrival brings this key back.
      if (versions.isAhead(key, existing)) return;
      const maxPerSubset = (context.options["mirroring-max-endpoints-per-subset"] as number) ?? defaultMaxPerSubset;
      const plan = planMirror({ endpoints: found, existing, maxPerSubset });
      for (const warning of plan.warnings) recorder.event(found, { type: "Warning", ...warning });
      await carryOut(context, { found, plan, note: (slice) => versions.note(key, slice) });
    },
  });
}

function mayMirror({ metadata }: Endpoints): boolean {
  if (metadata.labels?.["endpointslice.kubernetes.io/skip-mirror"] === "true") return false;
  return metadata.annotations?.["control-plane.alpha.kubernetes.io/leader"] === undefined;
}

function ownKeys({ metadata }: EndpointSlice): readonly string[] {
  const service = metadata.labels?.[serviceNameLabel];
  return service === undefined || metadata.labels?.[managedByLabel] !== managerName
    ? []
    : [`${metadata.namespace}/${service}`];
}

interface Work {
  readonly found: Endpoints;
  readonly plan: ReturnType<typeof planMirror>;
  readonly note: (slice: EndpointSlice) => void;
}

async function carryOut(context: ControllerContext, { found, plan, note }: Work): Promise<void> {
  const client = context.client.of(endpointSlices);
  const type = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" } as const;
  const create = found.metadata.deletionTimestamp === undefined ? plan.create : [];
  for (const content of create) {
    const { addressType, endpoints: list, ports } = content;
    const metadata = { ...mirrorMetadata(found, content), generateName: `${found.metadata.name}-` };
    try {
      note(await client.create({ ...type, metadata, addressType, endpoints: list, ports: ports ?? [] }));
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      throw error;
    }
  }
  for (const { slice, content } of plan.update) {
    const { addressType, endpoints: list, ports } = content;
    const metadata = { ...slice.metadata, ...mirrorMetadata(found, content) };
    note(await client.update({ ...type, metadata, addressType, endpoints: list, ports: ports ?? [] }));
  }
  for (const slice of plan.remove) await remove(context, slice);
}

async function remove(context: ControllerContext, slice: EndpointSlice): Promise<void> {
  await context.client.of(endpointSlices).delete(slice.metadata).catch(ignoreNotFound);
}
