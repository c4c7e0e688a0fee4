// The one line that `kubectl get pods` says of a pod. Upstream: printPod in pkg/printers/internalversion.
import type { Container, ContainerStatus, Pod } from "../../../../facts/types/core.v1.ts";

export interface PodSummary {
  /** Ready containers of all: `1/2`; sidecars count. */
  readonly ready: string;
  /** A phase or the most telling reason: `Init:0/1`, `CrashLoopBackOff`, `Completed`, `Terminating`, … */
  readonly status: string;
  readonly restarts: number;
  /** RFC 3339 end of the newest run that was restarted. */
  readonly lastRestart: string | undefined;
}

type Terminated = NonNullable<NonNullable<ContainerStatus["state"]>["terminated"]>;

const terminationReason = ({ reason, signal, exitCode }: Terminated): string =>
  reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`);

const later = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && b > a) ? b : a;

const isTrue = (pod: Pod, type: string): boolean =>
  pod.status?.conditions?.some((each) => each.type === type && each.status === "True") ?? false;

/** Restarts of the containers named, and when the last one was. */
function restartsOf(statuses: readonly ContainerStatus[]): { restarts: number; lastRestart: string | undefined } {
  let restarts = 0;
  let lastRestart: string | undefined;
  for (const each of statuses) {
    restarts += each.restartCount ?? 0;
    // Null is no time, whatever the type says.
    lastRestart = later(lastRestart, each.lastState?.terminated?.finishedAt ?? undefined);
  }
  return { restarts, lastRestart };
}

interface Initialization {
  /** Set while the pod has not come past its init containers. */
  readonly status: string | undefined;
  readonly readySidecars: number;
  /** Init containers that were looked at: the ones that have started to matter. */
  readonly seen: readonly ContainerStatus[];
}

function initialization(pod: Pod, isSidecar: (name: string) => boolean): Initialization {
  const statuses = pod.status?.initContainerStatuses ?? [];
  let readySidecars = 0;
  for (const [index, container] of statuses.entries()) {
    const { terminated, waiting } = container.state ?? {};
    if (terminated !== undefined && (terminated.exitCode ?? 0) === 0) continue;
    if (isSidecar(container.name) && container.started === true) {
      if (container.ready) readySidecars++;
      continue;
    }
    const total = pod.spec?.initContainers?.length ?? 0;
    let status = `${index}/${total}`;
    if (terminated !== undefined) status = terminationReason(terminated);
    else if (waiting?.reason && waiting.reason !== "PodInitializing") status = waiting.reason;
    return { status: `Init:${status}`, readySidecars, seen: statuses.slice(0, index + 1) };
  }
  return { status: undefined, readySidecars, seen: statuses };
}

interface Running {
  readonly status: string;
  readonly ready: number;
}

function runningStatus(pod: Pod, before: string): Running {
  let status = before;
  let failure = "";
  let ready = 0;
  for (const container of (pod.status?.containerStatuses ?? []).toReversed()) {
    const { waiting, terminated, running } = container.state ?? {};
    if (waiting?.reason) status = waiting.reason;
    else if (terminated !== undefined) {
      status = terminationReason(terminated);
      if (terminated.exitCode !== 0) failure = status;
    } else if (container.ready && running !== undefined) ready++;
  }
  // One container may have completed while others still run.
  if (status === "Completed") {
    if (ready > 0 && isTrue(pod, "Ready")) status = "Running";
    else if (failure !== "") status = failure;
    else if (ready > 0) status = "NotReady";
  }
  return { status, ready };
}

function firstStatus({ status }: Pod): string {
  const gated = status?.conditions?.some((each) => each.type === "PodScheduled" && each.reason === "SchedulingGated");
  return gated ? "SchedulingGated" : status?.reason || (status?.phase ?? "");
}

/** Pure; reads spec, status and the deletion mark. */
export function podSummary(pod: Pod): PodSummary {
  const sidecars = new Set(
    (pod.spec?.initContainers ?? [])
      .filter((each: Container) => each.restartPolicy === "Always")
      .map(({ name }) => name),
  );
  const isSidecar = (name: string): boolean => sidecars.has(name);
  const init = initialization(pod, isSidecar);
  let status = init.status ?? firstStatus(pod);
  let ready = init.readySidecars;
  let counted = init.seen;
  if (init.status === undefined || isTrue(pod, "Initialized")) {
    const running = runningStatus(pod, status);
    status = running.status;
    ready += running.ready;
    counted = [...init.seen.filter(({ name }) => isSidecar(name)), ...(pod.status?.containerStatuses ?? [])];
  }
  const phase = pod.status?.phase;
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (pod.status?.reason === "NodeLost") status = "Unknown";
    else if (phase !== "Succeeded" && phase !== "Failed") status = "Terminating";
  }
  const total = (pod.spec?.containers?.length ?? 0) + sidecars.size;
  return { ready: `${ready}/${total}`, status, ...restartsOf(counted) };
}
