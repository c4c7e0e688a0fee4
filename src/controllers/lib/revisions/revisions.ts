// Revision history of StatefulSets and DaemonSets as ControllerRevision objects. Upstream: pkg/controller/history.
import type { apps_v1, core_v1 } from "../../../api/index.ts";
import { deepEqual, type KubeObject, type NewObject, parseTime } from "../../../machinery/index.ts";
import { templateHash } from "../hash.ts";
import { controllerReference } from "../owners.ts";

export type ControllerRevision = apps_v1.ControllerRevision;
type PodTemplate = core_v1.PodTemplateSpec;

/** On pods, and on the revisions of DaemonSets. */
export const revisionHashLabel = "controller-revision-hash";
/** On the revisions of StatefulSets. */
export const historyHashLabel = "controller.kubernetes.io/hash";

/**
 * Upstream's form: a strategic merge patch that puts the template back. Its members are in order of their names, as Go writes a map:
 * clients make these bytes themselves and compare, to find the revision that a DaemonSet is at.
 */
export interface RevisionData {
  readonly spec: { readonly template: PodTemplate & { readonly $patch: "replace" } };
}

export const revisionData = (template: PodTemplate): RevisionData => ({
  spec: { template: inOrder({ $patch: "replace" as const, ...template }) },
});

function inOrder<T>(value: T): T {
  if (Array.isArray(value)) return value.map(inOrder) as T;
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, inOrder(member)])) as T;
}

/** The template that a revision keeps. */
export function templateOf(revision: Pick<ControllerRevision, "data">): PodTemplate {
  const { $patch: _, ...template } = (revision.data as RevisionData | undefined)?.spec.template ?? {
    $patch: "replace",
  };
  return template as PodTemplate;
}

export interface NewRevision {
  readonly owner: KubeObject;
  readonly template: PodTemplate;
  readonly revision: number;
  readonly collisionCount: number | undefined;
  readonly hashLabel: string;
}

export function newRevision({
  owner,
  template,
  revision,
  collisionCount,
  hashLabel,
}: NewRevision): NewObject<ControllerRevision> & {
  readonly metadata: { readonly name: string };
} {
  const hash = templateHash(template, collisionCount);
  const name = `${owner.metadata.name.slice(0, 223)}-${hash}`;
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name,
      namespace: owner.metadata.namespace ?? "",
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(owner.metadata.annotations !== undefined ? { annotations: owner.metadata.annotations } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    data: revisionData(template) as unknown as NonNullable<ControllerRevision["data"]>,
    revision,
  };
}

export const keepsTemplate = (revision: Pick<ControllerRevision, "data">, template: PodTemplate): boolean =>
  deepEqual(templateOf(revision), template);

/** Oldest first. */
export function sortRevisions(revisions: readonly ControllerRevision[]): ControllerRevision[] {
  return [...revisions].sort(
    (a, b) =>
      a.revision - b.revision ||
      parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp) ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  );
}

export const nextRevisionNumber = (sorted: readonly ControllerRevision[]): number => (sorted.at(-1)?.revision ?? 0) + 1;
