// Reading and writing an owner's revision history.
import { controllerRevisions, type core_v1 } from "../../../api/index.ts";
import type { Client, Informer, ResourceClient } from "../../../client/index.ts";
import { ignoreNotFound, isAlreadyExists, type KubeObject, type LabelMatcher } from "../../../machinery/index.ts";
import { claim, controlledBy, orphansIn } from "../owners.ts";
import { type ControllerRevision, keepsTemplate, newRevision, nextRevisionNumber, sortRevisions } from "./revisions.ts";

export interface HistoryOptions<O extends KubeObject> {
  readonly owner: O;
  readonly owners: ResourceClient<O>;
  readonly selector: LabelMatcher;
  readonly template: core_v1.PodTemplateSpec;
  readonly collisionCount: number;
  /** The label of a revision that holds its hash. */
  readonly hashLabel: string;
  readonly client: Client;
  readonly informer: Informer<ControllerRevision>;
}

export interface History {
  /** The revision that keeps the owner's template now; the newest of all. */
  readonly update: ControllerRevision;
  /** Oldest first, `update` among them. */
  readonly revisions: readonly ControllerRevision[];
  /** Grows by one for each name that another template had taken. */
  readonly collisionCount: number;
}

/** Finds the revision of the owner's template, makes it the newest, or creates it. */
export async function syncHistory<O extends KubeObject>(options: HistoryOptions<O>): Promise<History> {
  const { owner, informer, template } = options;
  const resource = options.client.of(controllerRevisions);
  const revisions = sortRevisions(
    await claim({
      owner,
      selector: options.selector,
      candidates: [
        ...controlledBy(informer, owner.metadata.uid),
        ...orphansIn(informer, owner.metadata.namespace ?? ""),
      ],
      owners: options.owners,
      resource,
    }),
  );
  const equal = revisions.filter((revision) => keepsTemplate(revision, template)).at(-1);
  const { collisionCount } = options;
  if (equal !== undefined && equal === revisions.at(-1)) return { update: equal, revisions, collisionCount };
  const revision = nextRevisionNumber(revisions);
  if (equal === undefined) return await create(options, resource, { revisions, revision });
  const update = await resource.update({ ...equal, revision });
  return { update, revisions: [...revisions.filter((each) => each !== equal), update], collisionCount };
}

async function create<O extends KubeObject>(
  options: HistoryOptions<O>,
  resource: ResourceClient<ControllerRevision>,
  found: { revisions: readonly ControllerRevision[]; revision: number },
): Promise<History> {
  const { owner, template } = options;
  for (let { collisionCount } = options; ; collisionCount++) {
    const wanted = newRevision({
      owner,
      template,
      revision: found.revision,
      collisionCount,
      hashLabel: options.hashLabel,
    });
    try {
      const update = await resource.create(wanted);
      return { update, revisions: [...found.revisions, update], collisionCount };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const existing = await resource.get({ namespace: owner.metadata.namespace ?? "", name: wanted.metadata.name });
      if (keepsTemplate(existing, template))
        return { update: existing, revisions: [...found.revisions, existing], collisionCount };
    }
  }
}

/** Deletes the oldest revisions that nothing uses, beyond `limit` of them. */
export async function truncateHistory(
  client: Client,
  unused: readonly ControllerRevision[],
  limit: number,
): Promise<void> {
  for (const revision of unused.slice(0, Math.max(0, unused.length - limit))) {
    await client.of(controllerRevisions).delete(revision.metadata).catch(ignoreNotFound);
  }
}
