// Attaches volumes of CSI drivers to the nodes whose pods need them, and takes them away again: a VolumeAttachment asks the
// driver's attacher, `status.volumesAttached` tells the kubelet, and its `volumesInUse` says what may not go yet.
// Upstream: pkg/controller/volume/attachdetach. Volumes of the drivers that were part of Kubernetes once are not translated.
import {
  csiDrivers,
  type Node,
  nodes,
  type PersistentVolume,
  type Pod,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type VolumeAttachment,
  volumeAttachments,
} from "../../api/index.ts";
import { Counter } from "../../base/index.ts";
import type { EventRecorder, Lister } from "../../client/index.ts";
import { deepEqual, ignoreAlreadyExists, ignoreNotFound, objectKey } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import {
  attachmentName,
  attachPatienceMs,
  attachState,
  boundVolume,
  claimNames,
  detachStep,
  isAttachable,
  isBoundTo,
  isClaimOf,
  isShared,
  multiAttachMessage,
  needsVolumes,
  volumeName,
} from "./decide.ts";
import { pluginOf, registerVolumeCounts } from "./metrics.ts";

const byClaim = "attachClaim";
const byVolume = "attachVolume";
const byNode = "attachNode";
const byDriver = "attachDriver";
const retryMs = 1000;
/** Upstream tries again after these and tells of each attempt. */
const [firstRetryMs, longestRetryMs] = [500, 122_000];

type Claim = Parameters<typeof boundVolume>[0];

interface World {
  readonly context: ControllerContext;
  readonly queue: ReturnType<typeof newQueue>;
  readonly recorder: EventRecorder;
  readonly pods: Lister<Pod>;
  readonly nodes: Lister<Node>;
  readonly claims: Lister<Claim>;
  readonly volumes: Lister<PersistentVolume>;
  readonly attachments: Lister<VolumeAttachment>;
  readonly drivers: Lister<Parameters<typeof isAttachable>[0] & object>;
  /** Since when nobody wants an attachment, on the monotonic clock, by its name. */
  readonly unwanted: Map<string, number>;
  /** What pods were told of an attachment last, by its name. */
  readonly told: Map<string, string>;
  /** How often a failure was told, and when it is told again while it lasts, on the monotonic clock; by the attachment's name. */
  readonly failures: Map<string, { readonly times: number; readonly againMs: number }>;
  readonly forced: Counter;
}

export async function runAttachDetach(context: ControllerContext): Promise<void> {
  const { informers } = context;
  const world: World = {
    context,
    queue: newQueue(context, "attach_detach"),
    recorder: context.recorder("attachdetach-controller"),
    ...{
      pods: informers.informer(pods),
      nodes: informers.informer(nodes),
      claims: informers.informer(persistentVolumeClaims),
    },
    ...{ volumes: informers.informer(persistentVolumes), attachments: informers.informer(volumeAttachments) },
    ...{ drivers: informers.informer(csiDrivers), unwanted: new Map(), told: new Map(), failures: new Map() },
    forced: counterOf(context),
  };
  informers
    .informer(pods)
    .addIndex(byClaim, (pod) =>
      pod.spec?.nodeName ? claimNames(pod).map((name) => `${pod.metadata.namespace}/${name}`) : [],
    );
  informers
    .informer(pods)
    .addIndex(byNode, (pod) => (pod.spec?.nodeName && claimNames(pod).length > 0 ? [pod.spec.nodeName] : []));
  informers.informer(volumeAttachments).addIndex(byVolume, volumeOf);
  informers.informer(volumeAttachments).addIndex(byNode, ({ spec }) => [spec.nodeName]);
  informers.informer(persistentVolumes).addIndex(byDriver, ({ spec }) => (spec?.csi ? [spec.csi.driver] : []));
  registerVolumeCounts(context, { inUse: () => volumesInUse(world), total: () => allVolumes(world) });
  followPods(world);
  followVolumes(world);
  followNodes(world);
  await runLoop(context, {
    queue: world.queue,
    informers: [pods, nodes, persistentVolumeClaims, persistentVolumes, volumeAttachments, csiDrivers].map((kind) =>
      informers.informer(kind as typeof pods),
    ),
    workers: 10,
    reconcile: (name) => syncVolume(world, name),
  });
}

const volumeOf = ({ spec }: VolumeAttachment): string[] => {
  const name = spec.source.persistentVolumeName;
  return name === undefined ? [] : [name];
};

const boundVolumes = (claims: Lister<Claim>, pod: Pod): readonly string[] =>
  claimNames(pod).flatMap((name) => {
    const claim = claims.get(pod.metadata.namespace ?? "", name);
    return (claim === undefined ? undefined : boundVolume(claim)) ?? [];
  });

function followPods({ context, queue, claims }: World): void {
  const wake = (pod: Pod): void => {
    if (!pod.spec?.nodeName) return;
    for (const volume of boundVolumes(claims, pod)) queue.add(volume);
  };
  watch(context, pods, { add: wake, update: (_, pod) => wake(pod), delete: wake });
}

function followVolumes({ context, queue, volumes }: World): void {
  const wakeVolume = ({ metadata, spec }: PersistentVolume): void => {
    if (spec?.csi) queue.add(metadata.name);
  };
  watch(context, persistentVolumes, { add: wakeVolume, update: (_, volume) => wakeVolume(volume) });
  const wakeClaim = (claim: Claim): void => {
    const volume = boundVolume(claim);
    if (volume !== undefined) queue.add(volume);
  };
  watch(context, persistentVolumeClaims, { add: wakeClaim, update: (_, claim) => wakeClaim(claim), delete: wakeClaim });
  const wakeAttached = (attachment: VolumeAttachment): void => {
    for (const name of volumeOf(attachment)) queue.add(name);
  };
  watch(context, volumeAttachments, {
    add: wakeAttached,
    update: (_, attachment) => wakeAttached(attachment),
    delete: wakeAttached,
  });
  const wakeDriver = ({ metadata }: { readonly metadata: { readonly name: string } }): void => {
    for (const volume of volumes.byIndex(byDriver, metadata.name)) queue.add(volume.metadata.name);
  };
  watch(context, csiDrivers, { add: wakeDriver, update: (_, driver) => wakeDriver(driver), delete: wakeDriver });
}

function followNodes({ context, queue, attachments, pods: podsOf, claims }: World): void {
  const wake = ({ metadata }: Node): void => {
    for (const attachment of attachments.byIndex(byNode, metadata.name))
      for (const name of volumeOf(attachment)) queue.add(name);
  };
  /** Its pods may have been known before it. */
  const wakePods = ({ metadata }: Node): void => {
    for (const pod of podsOf.byIndex(byNode, metadata.name))
      for (const volume of boundVolumes(claims, pod)) queue.add(volume);
  };
  const relevant = ({ metadata, spec, status }: Node) => [
    metadata.annotations,
    spec?.taints,
    status?.volumesInUse,
    status?.volumesAttached,
    status?.conditions?.find(({ type }) => type === "Ready")?.status,
  ];
  watch(context, nodes, {
    add: (node) => {
      wake(node);
      wakePods(node);
    },
    update: (before, node) => {
      if (!deepEqual(before.metadata.annotations, node.metadata.annotations)) wakePods(node);
      if (!deepEqual(relevant(before), relevant(node))) wake(node);
    },
    delete: wake,
  });
}

interface Wanted {
  readonly nodeName: string;
  readonly pods: readonly Pod[];
}

/** Nodes with pods that need the volume. */
function wantedOn({ pods: podsOf, nodes: nodesOf, claims }: World, volume: PersistentVolume): Wanted[] {
  const { claimRef } = volume.spec ?? {};
  const claim = claimRef === undefined ? undefined : claims.get(claimRef.namespace ?? "", claimRef.name ?? "");
  if (claim === undefined || boundVolume(claim) !== volume.metadata.name || !isBoundTo(volume, claim)) return [];
  const users = podsOf
    .byIndex(byClaim, objectKey(claim))
    .filter((pod) => isClaimOf(pod, claim) && needsVolumes(pod, nodesOf.get("", pod.spec?.nodeName ?? "")));
  return [...Map.groupBy(users, (pod) => pod.spec!.nodeName!)].map(([nodeName, onNode]) => ({
    nodeName,
    pods: onNode,
  }));
}

async function syncVolume(world: World, name: string): Promise<number | undefined> {
  const volume = world.volumes.get("", name);
  const csi = volume?.spec?.csi;
  if (volume === undefined || !csi) return undefined;
  const own = world.attachments
    .byIndex(byVolume, name)
    .filter((each) => each.metadata.name === attachmentName(csi.volumeHandle, csi.driver, each.spec.nodeName));
  const wanted = isAttachable(world.drivers.get("", csi.driver)) ? wantedOn(world, volume) : [];
  const again: (number | undefined)[] = [];
  for (const attachment of own)
    if (wanted.some(({ nodeName }) => nodeName === attachment.spec.nodeName))
      world.unwanted.delete(attachment.metadata.name);
    else again.push(await detach(world, volume, attachment));
  const begun = new Set(own.map(({ spec }) => spec.nodeName));
  for (const each of wanted) {
    again.push(await attach(world, { volume, wanted: each, all: wanted, own, isElsewhere: begun.size > 0 }));
    begun.add(each.nodeName);
  }
  const waits = again.filter((each) => each !== undefined);
  return waits.length === 0 ? undefined : Math.max(1, Math.min(...waits));
}

interface Attaching {
  readonly volume: PersistentVolume;
  readonly wanted: Wanted;
  readonly all: readonly Wanted[];
  readonly own: readonly VolumeAttachment[];
  /** Some node has it, or is about to. */
  readonly isElsewhere: boolean;
}

async function attach(world: World, attaching: Attaching): Promise<number | undefined> {
  const { context, told } = world;
  const { volume, wanted, own, isElsewhere } = attaching;
  const { driver, volumeHandle } = volume.spec!.csi!;
  const { nodeName } = wanted;
  const name = attachmentName(volumeHandle, driver, nodeName);
  const found = own.find(({ metadata }) => metadata.name === name);
  if (found !== undefined) return follow(world, attaching, found);
  if (!isShared(volume) && isElsewhere) {
    tellMultiAttach(world, attaching, name);
    return undefined;
  }
  told.delete(name);
  await context.client
    .of(volumeAttachments)
    .create({
      apiVersion: "storage.k8s.io/v1",
      kind: "VolumeAttachment",
      metadata: { name },
      spec: { attacher: driver, nodeName, source: { persistentVolumeName: volume.metadata.name } },
    })
    .catch(ignoreAlreadyExists);
  return attachPatienceMs;
}

function tellMultiAttach({ recorder, told }: World, { volume, wanted, all }: Attaching, name: string): void {
  if (told.get(name) === "multi-attach") return;
  told.set(name, "multi-attach");
  const users = all.filter(({ nodeName }) => nodeName !== wanted.nodeName).flatMap(({ pods: others }) => others);
  for (const pod of wanted.pods) {
    const message = multiAttachMessage(volume.metadata.name, pod.metadata.namespace, users);
    recorder.event(pod, { type: "Warning", reason: "FailedAttachVolume", message });
  }
}

/** What became of an attachment is told to the pods and to the node. */
async function follow(world: World, { volume, wanted }: Attaching, attachment: VolumeAttachment) {
  const { context, recorder, told, failures } = world;
  const { name, creationTimestamp } = attachment.metadata;
  const before = `AttachVolume.Attach`;
  const about = `for volume "${volume.metadata.name}"`;
  const say = (key: string, event: { type: "Normal" | "Warning"; reason: string; message: string }): void => {
    if (told.get(name) === key) return;
    told.set(name, key);
    for (const pod of wanted.pods) recorder.event(pod, event);
  };
  const failed = (why: string) =>
    ({ type: "Warning", reason: "FailedAttachVolume", message: `${before} failed ${about} : ${why}` }) as const;
  const state = attachState(attachment);
  if (state.type !== "failed") failures.delete(name);
  switch (state.type) {
    case "attached": {
      await report(world, wanted.nodeName);
      const isNews =
        told.has(name) || world.context.clock.now() - Date.parse(creationTimestamp ?? "") < attachPatienceMs;
      const event = {
        type: "Normal",
        reason: "SuccessfulAttachVolume",
        message: `${before} succeeded ${about} `,
      } as const;
      if (isNews) say("attached", event);
      return undefined;
    }
    case "failed": {
      const nowMs = context.clock.monotonic();
      const { times, againMs } = failures.get(name) ?? { times: 0, againMs: nowMs };
      if (nowMs < againMs) return againMs - nowMs;
      told.delete(name);
      say("failed", failed(state.why ?? ""));
      const waitMs = Math.min(firstRetryMs * 2 ** times, longestRetryMs);
      failures.set(name, { times: times + 1, againMs: nowMs + waitMs });
      return waitMs;
    }
    case "waiting": {
      const { driver, volumeHandle } = volume.spec!.csi!;
      const waitedMs = context.clock.now() - Date.parse(creationTimestamp ?? "");
      const periods = Math.floor(waitedMs / attachPatienceMs);
      if (periods > 0) {
        const why = `timed out waiting for external-attacher of ${driver} CSI driver to attach volume ${volumeHandle}`;
        say(`silent ${periods}`, failed(why));
      }
      return (periods + 1) * attachPatienceMs - waitedMs;
    }
  }
}

/** The kubelet stops using it first, then the attacher is asked. */
async function detach(
  world: World,
  volume: PersistentVolume,
  attachment: VolumeAttachment,
): Promise<number | undefined> {
  const { context, unwanted, told, failures, forced } = world;
  const { client, clock } = context;
  const { metadata, spec } = attachment;
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const sinceMs = unwanted.get(metadata.name) ?? clock.monotonic();
  unwanted.set(metadata.name, sinceMs);
  const name = volumeName(volume.spec!.csi!);
  const unwantedMs = clock.monotonic() - sinceMs;
  const step = detachStep(name, world.nodes.get("", spec.nodeName), unwantedMs);
  if (step.type === "wait") return step.forMs;
  await report(world, spec.nodeName);
  // The node may have begun to use it meanwhile.
  const node = await client.of(nodes).find({ name: spec.nodeName });
  const still = detachStep(name, node, unwantedMs);
  if (still.type === "wait") return still.forMs ?? retryMs;
  await client.of(volumeAttachments).delete(metadata).catch(ignoreNotFound);
  if (step.forced !== undefined) forced.inc({ reason: step.forced });
  unwanted.delete(metadata.name);
  told.delete(metadata.name);
  failures.delete(metadata.name);
  return undefined;
}

/** `status.volumesAttached`: what is attached and not about to go. */
async function report(
  { context, attachments, volumes, nodes: nodesOf, unwanted }: World,
  nodeName: string,
): Promise<void> {
  const node = nodesOf.get("", nodeName);
  if (node === undefined) return;
  const names = attachments.byIndex(byNode, nodeName).flatMap((attachment) => {
    const [name = ""] = volumeOf(attachment);
    const csi = volumes.get("", name)?.spec?.csi;
    if (!csi || attachState(attachment).type !== "attached" || unwanted.has(attachment.metadata.name)) return [];
    return attachment.metadata.name === attachmentName(csi.volumeHandle, csi.driver, nodeName) ? [volumeName(csi)] : [];
  });
  const volumesAttached = names.sort().map((name) => ({ name, devicePath: "" }));
  if (deepEqual(volumesAttached, node.status?.volumesAttached ?? [])) return;
  await context.client
    .of(nodes)
    .patch({ name: nodeName }, { status: { volumesAttached } }, { type: "merge", subresource: "status" })
    .catch(ignoreNotFound);
}

function* volumesInUse({ pods: podsOf, claims, volumes }: World) {
  for (const pod of podsOf.list()) {
    const node = pod.spec?.nodeName;
    if (!node) continue;
    const bound = boundVolumes(claims, pod).map((name) => volumes.get("", name)?.spec ?? {});
    for (const source of [...(pod.spec.volumes ?? []), ...bound]) {
      const plugin = pluginOf(source);
      if (plugin !== undefined) yield { node, volume_plugin: plugin };
    }
  }
}

function* allVolumes(world: World) {
  for (const volume of world.volumes.list()) {
    const csi = volume.spec?.csi;
    if (!csi) continue;
    const labels = (state: string) => ({ plugin_name: pluginOf(volume.spec) ?? "N/A", state });
    if (isAttachable(world.drivers.get("", csi.driver)))
      for (const _ of wantedOn(world, volume)) yield labels("desired_state_of_world");
    for (const attachment of world.attachments.byIndex(byVolume, volume.metadata.name))
      if (attachState(attachment).type === "attached") yield labels("actual_state_of_world");
  }
}

function counterOf({ metrics }: ControllerContext): Counter {
  const name = "attach_detach_controller_attachdetach_controller_forced_detaches";
  const known = metrics.all.find((metric) => metric.name === name);
  if (known instanceof Counter) return known;
  return metrics.register(
    new Counter({
      name,
      help: "Number of times the A/D Controller performed a forced detach",
      labelNames: ["reason"],
      stability: "ALPHA",
    }),
  );
}
