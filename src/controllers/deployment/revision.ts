// Annotations of ReplicaSets: revision, history, sizes, and what the deployment hands on.
import { annotation, type Deployment, maxSurge, parseRevision, type ReplicaSet, replicasOf } from "./arithmetic.ts";

export type Annotations = Readonly<Record<string, string>>;

const notHandedOn = new Set<string>(Object.values(annotation));
const mostHistoryCharacters = 2000;

export const sizeAnnotations = (deployment: Deployment): Annotations => ({
  [annotation.desired]: String(replicasOf(deployment)),
  [annotation.max]: String(replicasOf(deployment) + maxSurge(deployment)),
});

export const hasAll = (annotations: Annotations | undefined, wanted: Annotations): boolean =>
  Object.entries(wanted).every(([key, value]) => annotations?.[key] === value);

/** The annotations that the new ReplicaSet should have at this revision. */
export function revisionAnnotations(
  deployment: Deployment,
  set: Pick<ReplicaSet, "metadata"> | undefined,
  revision: bigint,
): Annotations {
  const before = set?.metadata.annotations ?? {};
  const next: Record<string, string> = { ...before };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!notHandedOn.has(key)) next[key] = value;
  const text = before[annotation.revision];
  const old = text === undefined || text === "" ? 0n : parseRevision(text);
  if (old === undefined || old >= revision) return next;
  next[annotation.revision] = String(revision);
  if (text !== undefined) {
    const history = withRevision(before[annotation.history] ?? "", text);
    if (history !== undefined) next[annotation.history] = history;
  }
  return next;
}

/** The history with one revision more; the oldest go when it would grow too long. */
function withRevision(history: string, revision: string): string | undefined {
  if (history === "") return revision;
  const parts = history.split(",");
  let length = history.length + revision.length + 1;
  let start = 0;
  while (length > mostHistoryCharacters && start < parts.length) length -= parts[start++]!.length + 1;
  return length <= mostHistoryCharacters ? [...parts.slice(start), revision].join(",") : undefined;
}

/** The deployment's annotations after a rollback to `set`: its own bookkeeping stays, the rest is the set's. */
export function rollbackAnnotations(deployment: Deployment, set: ReplicaSet): Annotations {
  const keep = (annotations: Annotations | undefined, own: boolean): [string, string][] =>
    Object.entries(annotations ?? {}).filter(([key]) => notHandedOn.has(key) === own);
  const next = Object.fromEntries([
    ...keep(deployment.metadata.annotations, true),
    ...keep(set.metadata.annotations, false),
  ]);
  delete next[annotation.rollbackTo];
  return next;
}
