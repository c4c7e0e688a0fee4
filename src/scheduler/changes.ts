// What changed about a pod or a node, as events that plugins register for. Upstream: framework/events.go.
import type { Node, NodeCondition, Pod } from "../api/index.ts";
import { deepEqual } from "../machinery/index.ts";
import { action, type ClusterEvent, type EventResource } from "./framework.ts";
import { isScaledDown } from "./lib/resources.ts";

const event = (resource: EventResource, what: number, label: string): ClusterEvent => ({
  resource,
  action: what,
  label,
});

export const assignedPodAdd = event("AssignedPod", action.add, "AssignedPodAdd");
export const assignedPodDelete = event("AssignedPod", action.delete, "AssignedPodDelete");
export const nodeAdd = event("Node", action.add, "NodeAdd");
export const nodeDelete = event("Node", action.delete, "NodeDelete");

/** Add, update and delete of a kind whose changes are not told apart. */
export const kindEvents = (resource: EventResource) => ({
  add: event(resource, action.add, `${resource}Add`),
  update: event(resource, action.update, `${resource}Update`),
  delete: event(resource, action.delete, `${resource}Delete`),
});

/** At least one; the general update when nothing in particular changed. */
export function podChanges(before: Pod, after: Pod): ClusterEvent[] {
  const resource = after.spec?.nodeName ? "AssignedPod" : "UnscheduledPod";
  const events: ClusterEvent[] = [];
  const found = (what: number, label: string): void => {
    events.push(event(resource, what, `${resource}${label}`));
  };
  if (!deepEqual(before.metadata.labels, after.metadata.labels)) found(action.updatePodLabel, "UpdatePodLabel");
  if (isScaledDown(before, after)) found(action.updatePodScaleDown, "UpdatePodScaleDown");
  if (before.spec?.schedulingGates?.length && !after.spec?.schedulingGates?.length)
    found(action.updatePodSchedulingGatesEliminated, "UpdatePodSchedulingGatesEliminated");
  if ((before.spec?.tolerations?.length ?? 0) !== (after.spec?.tolerations?.length ?? 0))
    found(action.updatePodToleration, "UpdatePodToleration");
  if (!deepEqual(before.status?.resourceClaimStatuses, after.status?.resourceClaimStatuses))
    found(action.updatePodGeneratedResourceClaim, "UpdatePodGeneratedResourceClaim");
  if (events.length === 0) found(action.update, "Update");
  return events;
}

/** None when nothing changed that scheduling looks at (heartbeats). */
export function nodeChanges(before: Node, after: Node): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  const found = (what: number, label: string): void => {
    events.push(event("Node", what, `Node${label}`));
  };
  if (before.spec?.unschedulable === true && after.spec?.unschedulable !== true)
    found(action.updateNodeTaint, "UpdateNodeTaint");
  if (!deepEqual(before.status?.allocatable, after.status?.allocatable))
    found(action.updateNodeAllocatable, "UpdateNodeAllocatable");
  if (!deepEqual(before.metadata.labels, after.metadata.labels)) found(action.updateNodeLabel, "UpdateNodeLabel");
  if (!deepEqual(before.spec?.taints, after.spec?.taints)) found(action.updateNodeTaint, "UpdateNodeTaint");
  if (!deepEqual(conditionStatuses(before), conditionStatuses(after)))
    found(action.updateNodeCondition, "UpdateNodeCondition");
  if (!deepEqual(before.metadata.annotations, after.metadata.annotations))
    found(action.updateNodeAnnotation, "UpdateNodeAnnotation");
  if (!deepEqual(before.status?.declaredFeatures, after.status?.declaredFeatures))
    found(action.updateNodeDeclaredFeature, "UpdateNodeDeclaredFeature");
  return events;
}

const conditionStatuses = (node: Node): Record<string, string> =>
  Object.fromEntries((node.status?.conditions ?? []).map((each: NodeCondition) => [each.type, each.status]));
