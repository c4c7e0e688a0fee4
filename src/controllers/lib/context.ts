// What a controller is given and what it is. A controller holds no state that the API cannot give back: it may be ended and
// started anew at any moment.

import type { KindDefinition } from "../../api/index.ts";
import type { Clock, Logger, MetricRegistry, Rng } from "../../base/index.ts";
import type { Client, EventRecorder, Handler, Informer, InformerFactory, RunQueueOptions } from "../../client/index.ts";
import { createWorkQueue, type WorkQueue } from "../../client/index.ts";
import { hasReason, isAlreadyExists, isNotFound, type KubeObject, objectKey } from "../../machinery/index.ts";
import { isNamespaceTerminating } from "./errors.ts";

/** An entry of list.ts. `name` is what `--controllers` calls it. */
export interface ControllerEntry {
  readonly name: string;
  /** ServiceAccount in kube-system in whose name it asks; bootstrap roles are bound to these. Undefined: it asks as the manager itself. */
  readonly account: string | undefined;
  /** Runs with `*`; the others only when named. */
  readonly onByDefault: boolean;
  /** Loads the controller's code when it is to run: names not asked for cost nothing. */
  readonly load: () => Promise<RunController>;
}

/** Runs until the context's signal aborts, or returns when it is not configured. Throwing has it started again after a back-off. */
export type RunController = (context: ControllerContext) => Promise<void>;

export interface ControllerContext {
  readonly client: Client;
  /** Shared by all controllers of one process. */
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
  readonly signal: AbortSignal;
  readonly options: ControllerOptions;
  /** Events of one source component: `deployment-controller`. */
  recorder(component: string): EventRecorder;
}

export interface ControllerOptions {
  /** Undefined leaves a gate at its default. */
  readonly featureEnabled?: (gate: string) => boolean | undefined;
  /** Per controller settings, by its name; each controller says what it reads. */
  readonly [controller: string]: unknown;
}

/** Gates whose default in v1.36 is off; every other gate that a controller asks for is on. */
const offByDefault = new Set([
  "MaxUnavailableStatefulSet",
  "HPAScaleToZero",
  "PodCertificateRequest",
  "ClusterTrustBundle",
  "GenericWorkload",
  "DRADeviceTaintRules",
  "DRAWorkloadResourceClaims",
]);

export const featureEnabled = (context: Pick<ControllerContext, "options">, gate: string): boolean =>
  context.options.featureEnabled?.(gate) ?? !offByDefault.has(gate);

/** The informer of a kind with a handler that goes away with the controller. */
export function watch<T extends KubeObject>(
  context: ControllerContext,
  kind: KindDefinition<T>,
  handler: Handler<NoInfer<T>> = {},
): Informer<T> {
  const informer = context.informers.informer(kind);
  const remove = informer.addHandler(handler);
  context.signal.addEventListener("abort", remove, { once: true });
  return informer;
}

/** A handler that queues the key of whatever comes, changes or goes. */
export const intoQueue = (queue: Pick<WorkQueue, "add">): Handler<KubeObject> => {
  const add = (object: KubeObject): void => queue.add(objectKey(object));
  return { add, update: (_, object) => add(object), delete: add };
};

export interface LoopOptions {
  readonly queue: WorkQueue & { run(options: RunQueueOptions): Promise<void> };
  /** All must be synced before the first key is worked on. */
  readonly informers: readonly Pick<Informer<KubeObject>, "whenSynced">[];
  readonly workers?: number;
  readonly reconcile: RunQueueOptions["reconcile"];
}

export const newQueue = (context: ControllerContext, name: string): LoopOptions["queue"] =>
  createWorkQueue({ clock: context.clock, rng: context.rng, name, metrics: context.metrics });

/** Waits for the caches, then works on the queue until the signal aborts. */
export async function runLoop(context: ControllerContext, options: LoopOptions): Promise<void> {
  const { signal, log } = context;
  try {
    await Promise.all(options.informers.map((informer) => informer.whenSynced(signal)));
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  await options.queue.run({
    workers: options.workers ?? 5,
    reconcile: options.reconcile,
    onError: (key, error) => {
      const ordinary = isExpected(error) || (isStale(error) && options.queue.retries(key) < mostStaleTries);
      log[ordinary ? "debug" : "warn"]("could not reconcile, will retry", { key, error });
    },
    signal,
  });
}

/** Conflicts are how a stale cache shows, and a namespace that ends takes nothing new. */
const isExpected = (error: unknown): boolean => hasReason(error, "Conflict") || isNamespaceTerminating(error);

/** So does what is gone or there already, unless it stays so: after about a second a cache has caught up. */
const isStale = (error: unknown): boolean => isNotFound(error) || isAlreadyExists(error);
const mostStaleTries = 8;
