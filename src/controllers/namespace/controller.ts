// Empties a namespace that is being deleted and lets it go. Pods first, so that nothing they use is taken from under them
// (KEP-5080). Upstream: pkg/controller/namespace.

import { type Namespace, namespaces, pods } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { DynamicResource } from "../../client/index.ts";
import { deepEqual, formatTime, hasReason, ignoreNotFound, isConflict, isNotFound } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { type Findings, namespaceConditions } from "./conditions.ts";

const ownFinalizer = "kubernetes";
/** The next look at content that is on its way out: soon at first, then rarely. */
const firstLookMs = 200;
const rarestLookMs = 5000;

export async function runNamespaces(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "namespace");
  const looks = new Map<string, number>();
  const enqueue = (namespace: Namespace): void => {
    if (namespace.metadata.deletionTimestamp !== undefined) queue.add(namespace.metadata.name);
  };
  const informer = watch(context, namespaces, {
    add: enqueue,
    update: (_, namespace) => enqueue(namespace),
    delete: (namespace) => looks.delete(namespace.metadata.name),
  });
  await runLoop(context, {
    queue,
    informers: [informer],
    workers: 10,
    reconcile: async (name) => {
      const namespace = informer.get("", name);
      if (namespace?.metadata.deletionTimestamp === undefined || !namespace.spec?.finalizers?.includes(ownFinalizer))
        return;
      const emptied = await empty(context, namespace);
      if (emptied) return release(context, name);
      const look = looks.get(name) ?? firstLookMs;
      looks.set(name, Math.min(look * 2, rarestLookMs));
      return look;
    },
  });
}

interface Tally {
  readonly errors: string[];
  readonly remaining: Map<string, number>;
  readonly finalizers: Map<string, number>;
}

/** Deletes what is there; true when nothing is left. */
async function empty(context: ControllerContext, namespace: Namespace): Promise<boolean> {
  const { client } = context;
  const tally: Tally = { errors: [], remaining: new Map(), finalizers: new Map() };
  const podsLeft = await emptyResource(context, podResource, { namespace: namespace.metadata.name, tally });
  if (podsLeft > 0) {
    // What pods need stays until they are gone; upstream does not count them in the conditions meanwhile.
    await report(context, namespace, { deletionErrors: tally.errors, remaining: new Map(), finalizers: new Map() });
    return false;
  }
  let discoveryFailure: string | undefined;
  let resources: readonly DynamicResource[] = [];
  try {
    resources = await client.discover();
  } catch (error) {
    discoveryFailure = errorText(error);
  }
  const mine = resources.filter(
    (each) => each.namespaced && each.verbs.includes("delete") && !(each.group === "" && each.resource === "pods"),
  );
  await Promise.all(mine.map((each) => emptyResource(context, each, { namespace: namespace.metadata.name, tally })));
  const findings: Findings = {
    ...(discoveryFailure === undefined ? {} : { discoveryFailure }),
    deletionErrors: tally.errors,
    remaining: tally.remaining,
    finalizers: tally.finalizers,
  };
  await report(context, namespace, findings);
  return discoveryFailure === undefined && tally.errors.length === 0 && tally.remaining.size === 0;
}

const podResource: DynamicResource = {
  group: "",
  version: "v1",
  resource: "pods",
  kind: "Pod",
  namespaced: true,
  verbs: pods.verbs,
};
const background = { propagationPolicy: "Background" } as const;

/** Deletes one resource's objects and counts what is left. */
async function emptyResource(
  context: ControllerContext,
  resource: DynamicResource,
  to: { namespace: string; tally: Tally },
): Promise<number> {
  const { namespace, tally } = to;
  const client = context.client.dynamic(resource);
  if (!resource.verbs.includes("list")) return 0;
  try {
    const before = await client.list({ namespace });
    if (before.items.length === 0) return 0;
    if (resource.verbs.includes("deletecollection")) await client.deleteCollection({ namespace }, background);
    else
      await Promise.all(
        before.items.map((each) =>
          client.delete({ namespace, name: each.metadata.name }, background).catch(ignoreNotFound),
        ),
      );
    const { items } = await client.list({ namespace });
    if (items.length > 0) tally.remaining.set(`${resource.resource}.${resource.group}`, items.length);
    for (const item of items)
      for (const finalizer of item.metadata.finalizers ?? [])
        tally.finalizers.set(finalizer, (tally.finalizers.get(finalizer) ?? 0) + 1);
    return items.length;
  } catch (error) {
    // A kind that was taken away in the meantime has no objects.
    if (isNotFound(error) || hasReason(error, "MethodNotAllowed")) return 0;
    tally.errors.push(errorText(error));
    return 1;
  }
}

async function report(context: ControllerContext, namespace: Namespace, findings: Findings): Promise<void> {
  const before = namespace.status?.conditions ?? [];
  const conditions = namespaceConditions(findings, before, formatTime(context.clock.now()));
  if (deepEqual(before, conditions)) return;
  try {
    await context.client
      .of(namespaces)
      .updateStatus({ ...namespace, status: { ...namespace.status, phase: "Terminating", conditions } });
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error; // the newer namespace brings this key back
  }
}

/** Takes our finalizer off: the API server removes the namespace with the last one. */
async function release(context: ControllerContext, name: string): Promise<void> {
  const client = context.client.of(namespaces);
  const current = await client.find({ name });
  if (current === undefined) return;
  const finalizers = (current.spec?.finalizers ?? []).filter((each) => each !== ownFinalizer);
  try {
    await client.updateSubresource({ name }, "finalize", { ...current, spec: { ...current.spec, finalizers } });
  } catch (error) {
    ignoreNotFound(error);
  }
}
