// What informers tell, as changes of the snapshot and the queue. Upstream: pkg/scheduler/eventhandlers.go.
import type { Node, Pod } from "../api/index.ts";
import type { Handler } from "../client/index.ts";
import type { KubeObject } from "../machinery/index.ts";
import {
  assignedPodAdd,
  assignedPodDelete,
  kindEvents,
  nodeAdd,
  nodeChanges,
  nodeDelete,
  podChanges,
} from "./changes.ts";
import type { EventResource } from "./framework.ts";
import type { SchedulingQueue } from "./queue/queue.ts";
import { podPriority } from "./snapshot/pod-info.ts";
import type { Snapshot } from "./snapshot/snapshot.ts";

export interface World {
  readonly snapshot: Snapshot;
  readonly queue: SchedulingQueue;
  readonly schedulerName: string;
}

const isBound = (pod: Pod): boolean => Boolean(pod.spec?.nodeName);
const isOver = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";

export function podHandler(world: World): Handler<Pod> {
  const isMine = (pod: Pod): boolean => (pod.spec?.schedulerName ?? "default-scheduler") === world.schedulerName;
  const added = (pod: Pod): void => {
    if (isOver(pod)) return;
    if (isBound(pod)) boundPodAppeared(world, pod);
    else if (isMine(pod)) world.queue.add(pod);
  };
  const deleted = (pod: Pod): void => {
    if (isBound(pod)) boundPodLeft(world, pod);
    else if (isMine(pod)) pendingPodLeft(world, pod);
  };
  return {
    add: added,
    delete: (pod) => {
      if (!isOver(pod) || world.snapshot.placement(pod.metadata.uid) !== undefined) deleted(pod);
    },
    update: (before, after) => {
      if (before.metadata.uid !== after.metadata.uid || isOver(after)) {
        if (!isOver(before)) deleted(before);
        added(after);
      } else if (isOver(before)) return;
      else if (isBound(before)) boundPodChanged(world, before, after);
      else if (isBound(after)) {
        boundPodAppeared(world, after);
        if (isMine(before)) world.queue.delete(before.metadata.uid);
      } else if (isMine(before)) pendingPodChanged(world, before, after);
    },
  };
}

function boundPodAppeared({ snapshot, queue }: World, pod: Pod): void {
  snapshot.setPod(pod);
  queue.changed({ event: assignedPodAdd, after: pod });
}

function boundPodChanged({ snapshot, queue }: World, before: Pod, after: Pod): void {
  snapshot.setPod(after);
  for (const event of podChanges(before, after)) queue.changed({ event, before, after });
}

function boundPodLeft({ snapshot, queue }: World, pod: Pod): void {
  snapshot.removePod(pod.metadata.uid);
  queue.changed({ event: assignedPodDelete, before: pod });
}

function pendingPodChanged(world: World, before: Pod, after: Pod): void {
  const { snapshot, queue } = world;
  if (before.metadata.resourceVersion === after.metadata.resourceVersion) return;
  if (snapshot.isAssumed(after.metadata.uid)) {
    const isLeaving = after.metadata.deletionTimestamp !== undefined && before.metadata.deletionTimestamp === undefined;
    if (isLeaving) assumedPodLeft(world, after);
    return;
  }
  queue.update(before, after, podChanges(before, after));
  const was = before.status?.nominatedNodeName;
  if (was && was !== after.status?.nominatedNodeName) nominationEnded(world, before);
}

function pendingPodLeft(world: World, pod: Pod): void {
  world.queue.delete(pod.metadata.uid);
  if (world.snapshot.isAssumed(pod.metadata.uid)) assumedPodLeft(world, pod);
  else if (pod.status?.nominatedNodeName) nominationEnded(world, pod);
}

/** Its place is free at once; the binding under way is going to fail. */
function assumedPodLeft({ snapshot, queue }: World, pod: Pod): void {
  const nodeName = snapshot.placement(pod.metadata.uid)!.nodeName;
  snapshot.forget(pod.metadata.uid);
  queue.changed({ event: assignedPodDelete, before: placedOn(pod, nodeName) });
}

/** Pods of the same or lower priority had to reckon with it. */
function nominationEnded({ queue }: World, pod: Pod): void {
  const priority = podPriority(pod);
  queue.changed({ event: assignedPodDelete, before: pod, which: (other) => other.priority <= priority });
}

/** The pod as it would be if it were bound. */
export const placedOn = (pod: Pod, nodeName: string): Pod => ({ ...pod, spec: { ...pod.spec!, nodeName } });

export const nodeHandler = ({ snapshot, queue }: World): Handler<Node> => ({
  add: (node) => {
    snapshot.setNode(node);
    queue.changed({ event: nodeAdd, after: node });
  },
  update: (before, after) => {
    snapshot.setNode(after);
    for (const event of nodeChanges(before, after)) queue.changed({ event, before, after });
  },
  delete: (node) => {
    queue.changed({ event: nodeDelete, before: node });
    snapshot.removeNode(node.metadata.name);
  },
});

/** For kinds that only make waiting pods worth another try. */
export function watchedKindHandler<T extends KubeObject>({ queue }: World, resource: EventResource): Handler<T> {
  const events = kindEvents(resource);
  return {
    add: (after) => queue.changed({ event: events.add, after }),
    update: (before, after) => queue.changed({ event: events.update, before, after }),
    delete: (before) => queue.changed({ event: events.delete, before }),
  };
}
