// Probes of all containers of the node: one worker for each probe, told of the containers as they come and go. Upstream: pkg/kubelet/prober.
//
// Contract: a new container starts as not ready (readiness), alive (liveness) and not started (startup). Thresholds count runs in a row.
// After a failed liveness or a decided startup probe nothing more is asked until the container is a new one. `changed` tells every
// change of a result once.

import type { Container, Pod, Probe } from "../../api/index.ts";
import type { Timer } from "../../base/index.ts";
import { containerEvent, type KubeletContext } from "../context.ts";
import type { ProbeAnswer } from "../host.ts";
import { findObserved, type ObservedPod } from "../observed.ts";
import { initContainers, isHostNetwork, isRestartableInit, podUid } from "../pod.ts";
import type { ProbeVerdict } from "../status/generate.ts";
import type { ProbeResults } from "../sync/actions.ts";
import { runProbe } from "./run.ts";

export interface ProbeManager {
  /** Latest results of one pod's containers. */
  results(podUid: string): ProbeResults;
  /** The containers of a pod as they are now. Makes workers for those that have probes. */
  update(pod: Pod, observed: ObservedPod): void;
  /** The pod ends: only readiness is still asked. */
  stopLivenessAndStartup(podUid: string): void;
  remove(podUid: string): void;
  startupVerdict(podUid: string, containerId: string, containerName: string): ProbeVerdict;
  readinessVerdict(podUid: string, containerId: string, containerName: string): ProbeVerdict;
  /** Results so far by pod, container, kind and outcome, for /metrics/probes. */
  counts(): readonly ProbeCount[];
  close(): void;
}

export interface ProbeCount {
  readonly pod: Pod;
  readonly container: string;
  readonly kind: ProbeKind;
  readonly successful: number;
  readonly failed: number;
  readonly unknown: number;
}

export type ProbeKind = "Startup" | "Liveness" | "Readiness";

interface Worker {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly container: Container;
  pod: Pod;
  containerId: string;
  startedAtMs: number;
  running: boolean;
  podIp: string;
  onHold: boolean;
  lastSuccess: boolean | undefined;
  inARow: number;
  result: boolean | undefined;
  timer: Timer | undefined;
  busy: boolean;
  stopped: boolean;
  readonly count: { successful: number; failed: number; unknown: number };
}

const initialResult: Readonly<Record<ProbeKind, boolean | undefined>> = {
  Readiness: false,
  Liveness: true,
  Startup: undefined,
};

const periodMsOf = ({ probe }: Worker): number => (probe.periodSeconds ?? 10) * 1000;

export function createProbeManager(context: KubeletContext, changed: (podUid: string) => void): ProbeManager {
  const byPod = new Map<string, Worker[]>();
  const startMs = context.clock.now();

  const started = (worker: Worker): boolean => {
    const startup = byPod
      .get(podUid(worker.pod))
      ?.find((each) => each.kind === "Startup" && each.container.name === worker.container.name);
    return startup === undefined || (startup.containerId === worker.containerId && startup.result === true);
  };

  const schedule = (worker: Worker, delayMs: number): void => {
    worker.timer?.cancel();
    worker.timer = context.clock.setTimeout(() => void tick(worker), delayMs, { background: true });
  };

  const tick = async (worker: Worker): Promise<void> => {
    if (worker.stopped || worker.busy || !worker.running || worker.onHold) return;
    const sinceStartMs = context.clock.now() - worker.startedAtMs;
    const delayMs = (worker.probe.initialDelaySeconds ?? 0) * 1000 - sinceStartMs;
    // Looked at each period: the clock may be set meanwhile.
    if (delayMs > 0) return schedule(worker, Math.min(delayMs, periodMsOf(worker)));
    // Told again when the startup probe has succeeded.
    if (worker.kind !== "Startup" && !started(worker)) return;
    worker.busy = true;
    const { containerId } = worker;
    const answer = await runProbe(context, { ...worker, podIp: worker.podIp });
    worker.busy = false;
    if (worker.stopped) return;
    if (containerId !== worker.containerId) return schedule(worker, 0);
    record(worker, answer);
    if (!worker.onHold) schedule(worker, periodMsOf(worker));
  };

  const record = (worker: Worker, answer: ProbeAnswer): void => {
    tellAbout(context, worker, answer);
    if (answer.result === "unknown") {
      worker.count.unknown++;
      return;
    }
    const success = answer.result !== "failure";
    if (success) worker.count.successful++;
    else worker.count.failed++;
    worker.inARow = worker.lastSuccess === success ? worker.inARow + 1 : 1;
    worker.lastSuccess = success;
    if (
      worker.inARow < ((success ? worker.probe.successThreshold : worker.probe.failureThreshold) ?? (success ? 1 : 3))
    )
      return;
    if (worker.kind === "Startup" || (worker.kind === "Liveness" && !success)) {
      worker.onHold = true;
      worker.inARow = 0;
    }
    set(worker, success);
  };

  const set = (worker: Worker, result: boolean): void => {
    if (worker.result === result) return;
    worker.result = result;
    if (worker.kind === "Startup" && result)
      for (const other of byPod.get(podUid(worker.pod)) ?? [])
        if (other.kind !== "Startup" && other.container.name === worker.container.name) schedule(other, 0);
    changed(podUid(worker.pod));
  };

  const follow = (worker: Worker, pod: Pod, observed: ObservedPod): void => {
    const seen = findObserved(observed, worker.container.name);
    worker.pod = pod;
    worker.podIp = observed.ips[0] ?? (isHostNetwork(pod) ? (context.state.hostIps[0] ?? "") : "");
    if (seen === undefined) return;
    const fresh = seen.id !== worker.containerId;
    if (fresh) {
      // A container from before the kubelet's start keeps what was said of it until its probe says otherwise.
      const adopted = seen.state === "running" && seen.startedAtMs < startMs - 10_000;
      const before = pod.status?.containerStatuses?.find((each) => each.name === worker.container.name);
      const kept =
        worker.kind === "Readiness" ? before?.ready : worker.kind === "Startup" ? before?.started || undefined : true;
      Object.assign(worker, {
        containerId: seen.id,
        startedAtMs: seen.startedAtMs,
        onHold: false,
        lastSuccess: undefined,
        inARow: 0,
      });
      worker.result = adopted ? kept : initialResult[worker.kind];
      if (adopted && worker.kind === "Startup" && kept === true) worker.onHold = true;
    }
    const running = seen.state === "running";
    const began = running && (fresh || !worker.running);
    worker.running = running;
    worker.startedAtMs = seen.startedAtMs;
    if (!running) {
      worker.timer?.cancel();
      if (worker.kind === "Readiness") worker.result = false;
    } else if (began) schedule(worker, 0);
  };

  const stop = (worker: Worker): void => {
    worker.stopped = true;
    worker.timer?.cancel();
  };

  const find = (uid: string, kind: ProbeKind, name: string): Worker | undefined =>
    byPod.get(uid)?.find((each) => each.kind === kind && each.container.name === name);
  const resultOf = (uid: string, kind: ProbeKind, containerId: string): boolean | undefined =>
    byPod.get(uid)?.find((each) => each.kind === kind && each.containerId === containerId)?.result;
  const verdict = (worker: Worker | undefined, containerId: string): ProbeVerdict => {
    if (worker === undefined) return "none";
    if (worker.containerId !== containerId || worker.result === undefined) return "pending";
    return worker.result ? "success" : "failure";
  };

  return {
    update(pod, observed) {
      const uid = podUid(pod);
      let workers = byPod.get(uid);
      if (workers === undefined) {
        workers = workersOf(pod);
        if (workers.length > 0) byPod.set(uid, workers);
      }
      for (const worker of workers) if (!worker.stopped) follow(worker, pod, observed);
    },
    stopLivenessAndStartup(uid) {
      for (const worker of byPod.get(uid) ?? [])
        if (worker.kind !== "Readiness") {
          stop(worker);
          worker.result = true;
        }
    },
    remove(uid) {
      for (const worker of byPod.get(uid) ?? []) stop(worker);
      byPod.delete(uid);
    },
    results: (uid) => ({
      liveness: (containerId) => resultOf(uid, "Liveness", containerId),
      startup: (containerId) => resultOf(uid, "Startup", containerId),
    }),
    startupVerdict: (uid, containerId, name) => verdict(find(uid, "Startup", name), containerId),
    readinessVerdict: (uid, containerId, name) => verdict(find(uid, "Readiness", name), containerId),
    counts: () =>
      [...byPod.values()]
        .flat()
        .map(({ pod, container, kind, count }) => ({ pod, container: container.name, kind, ...count })),
    close() {
      for (const workers of byPod.values()) for (const worker of workers) stop(worker);
      byPod.clear();
    },
  };
}

function workersOf(pod: Pod): Worker[] {
  const workers: Worker[] = [];
  for (const container of [...initContainers(pod).filter(isRestartableInit), ...pod.spec.containers]) {
    const probes = {
      Startup: container.startupProbe,
      Liveness: container.livenessProbe,
      Readiness: container.readinessProbe,
    };
    for (const kind of ["Startup", "Liveness", "Readiness"] as const) {
      const probe = probes[kind];
      if (probe === undefined) continue;
      workers.push({
        ...{
          kind,
          probe,
          container,
          pod,
          containerId: "",
          startedAtMs: 0,
          running: false,
          podIp: "",
          onHold: false,
          lastSuccess: undefined,
        },
        ...{
          inARow: 0,
          result: undefined,
          timer: undefined,
          busy: false,
          stopped: false,
          count: { successful: 0, failed: 0, unknown: 0 },
        },
      });
    }
  }
  return workers;
}

function tellAbout(context: KubeletContext, worker: Worker, answer: ProbeAnswer): void {
  const { pod, container, kind } = worker;
  const tell = (reason: string, message: string): void =>
    containerEvent(context, pod, container.name, { type: "Warning", reason, message });
  if (answer.result === "unknown")
    tell("Unhealthy", `${kind} probe errored and resulted in unknown state: ${answer.error}`);
  else if (answer.result === "warning") tell("ProbeWarning", `${kind} probe warning: ${answer.output}`);
  else if (answer.result === "failure") tell("Unhealthy", `${kind} probe failed: ${answer.output}`);
}
