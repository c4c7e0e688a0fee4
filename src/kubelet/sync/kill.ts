// Ends containers and pods. Upstream: kuberuntime_container.go killContainer, kuberuntime_termination_order.go, killPodWithSyncResult.

import type { Container, Pod } from "../../api/index.ts";
import { errorText, pause, sleep } from "../../base/index.ts";
import { RuntimeError } from "../../runtime/index.ts";
import { containerEvent, type KubeletContext } from "../context.ts";
import { type ObservedContainer, type ObservedPod, runningContainers } from "../observed.ts";
import { findContainer, hasRestartableInit, initContainers, isRestartableInit } from "../pod.ts";
import type { KillReason } from "./actions.ts";
import { runHook } from "./hooks.ts";

/** No container gets less time than this between the stop signal and the kill. */
const leastGraceSeconds = 2;

export interface KillRequest {
  readonly pod: Pod;
  readonly container: Pick<ObservedContainer, "id" | "name">;
  /** Of the Killing event; `Stopping container x` when empty. */
  readonly message: string;
  readonly reason: KillReason;
  readonly graceOverrideSeconds?: number;
  readonly order?: TerminationOrder;
  readonly podIp: string | undefined;
}

export async function killContainer(context: KubeletContext, request: KillRequest): Promise<void> {
  const { pod, container, order } = request;
  const spec = findContainer(pod, container.name)?.container;
  let graceSeconds = request.graceOverrideSeconds ?? graceOf(pod, spec, request.reason);
  containerEvent(context, pod, container.name, {
    type: "Normal",
    reason: "Killing",
    message: request.message || `Stopping container ${container.name}`,
  });
  if (spec?.lifecycle?.preStop !== undefined && graceSeconds > 0)
    graceSeconds -= await preStop(context, request, { spec, graceSeconds });
  if (order !== undefined && graceSeconds > 0) graceSeconds -= await order.turn(container.name, graceSeconds);
  try {
    await context.runtime.stopContainer(container.id, Math.max(graceSeconds, leastGraceSeconds));
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === "NOT_FOUND")) throw error;
  }
  order?.ended(container.name);
}

function graceOf(pod: Pod, spec: Container | undefined, reason: KillReason): number {
  if (pod.metadata.deletionGracePeriodSeconds !== undefined) return pod.metadata.deletionGracePeriodSeconds;
  const probe =
    reason === "startupProbe" ? spec?.startupProbe : reason === "livenessProbe" ? spec?.livenessProbe : undefined;
  return probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? leastGraceSeconds;
}

/** Whole seconds used, at most the grace period. */
async function preStop(
  context: KubeletContext,
  request: KillRequest,
  { spec, graceSeconds }: { spec: Container; graceSeconds: number },
): Promise<number> {
  const { pod, container, podIp } = request;
  const startMs = context.clock.monotonic();
  const limit = new AbortController();
  const hook = runHook(context, {
    pod,
    container: spec,
    containerId: container.id,
    handler: spec.lifecycle!.preStop!,
    podIp,
    signal: limit.signal,
  }).catch((error: unknown) => {
    if (limit.signal.aborted) return;
    // The text stays out of the event: it may hold what the hook printed.
    context.log.info("preStop hook failed", {
      pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
      container: container.name,
      error: errorText(error),
    });
    containerEvent(context, pod, container.name, {
      type: "Warning",
      reason: "FailedPreStopHook",
      message: "PreStopHook failed",
    });
  });
  const ended = new AbortController();
  const over = sleep(context.clock, graceSeconds * 1000, ended.signal).then(
    () => limit.abort(),
    () => undefined,
  );
  await Promise.race([hook, over]);
  ended.abort();
  return Math.min(graceSeconds, Math.floor((context.clock.monotonic() - startMs) / 1000));
}

export interface TerminationOrder {
  /** Waits until it is this container's turn or the time is over; whole seconds waited. */
  turn(name: string, graceSeconds: number): Promise<number>;
  ended(name: string): void;
}

/** Sidecars end after all containers, the last one first. Undefined for pods without sidecars. */
function terminationOrder(
  context: Pick<KubeletContext, "clock">,
  pod: Pod,
  running: ReadonlySet<string>,
): TerminationOrder | undefined {
  if (!hasRestartableInit(pod)) return undefined;
  const gates = new Map<string, { promise: Promise<void>; open: () => void }>();
  const gate = (name: string): Promise<void> => {
    let open = (): void => {};
    const promise = new Promise<void>((resolve) => {
      open = resolve;
    });
    gates.set(name, { promise, open });
    if (!running.has(name)) open();
    return promise;
  };
  const mains = pod.spec.containers.map((container) => gate(container.name));
  const before = new Map<string, Promise<unknown>>();
  let previous: Promise<void> | undefined;
  for (const container of [...initContainers(pod)].reverse()) {
    const own = gate(container.name);
    if (!isRestartableInit(container)) continue;
    before.set(container.name, Promise.all(previous === undefined ? mains : [...mains, previous]));
    previous = own;
  }
  return {
    async turn(name, graceSeconds) {
      const wait = before.get(name);
      if (wait === undefined) return 0;
      const startMs = context.clock.monotonic();
      const done = new AbortController();
      const over = pause(context.clock, graceSeconds * 1000, done.signal);
      await Promise.race([wait, over]);
      done.abort();
      return Math.floor((context.clock.monotonic() - startMs) / 1000);
    },
    ended: (name) => gates.get(name)?.open(),
  };
}

/** Ends all running containers of a pod, then its sandboxes. Rejects with what failed first, after trying everything. */
export async function killPod(
  context: KubeletContext,
  pod: Pod,
  options: { readonly observed: ObservedPod; readonly graceOverrideSeconds?: number },
): Promise<void> {
  const { observed, graceOverrideSeconds } = options;
  const running = runningContainers(observed);
  const order = terminationOrder(context, pod, new Set(running.map((each) => each.name)));
  const results = await Promise.allSettled(
    running.map((container) =>
      killContainer(context, {
        ...{ pod, container, message: "", reason: "unknown", podIp: observed.ips[0] },
        ...(order === undefined ? {} : { order }),
        ...(graceOverrideSeconds === undefined ? {} : { graceOverrideSeconds }),
      }),
    ),
  );
  for (const sandbox of observed.sandboxes) await context.runtime.stopPodSandbox(sandbox.id);
  const failed = results.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
