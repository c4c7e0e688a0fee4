// What one sync of a pod has to do: a plain function of the pod's spec and what the runtime says. Upstream:
// pkg/kubelet/kuberuntime/kuberuntime_manager.go computePodActions, kuberuntime_container.go computeInitContainerActions.
import type { Container, Pod } from "../../api/index.ts";
import { containerHash } from "../labels.ts";
import { findObserved, type ObservedContainer, type ObservedPod, sandboxChanged } from "../observed.ts";
import { asksRestartAll, ephemeralContainers, initContainers, isRestartableInit, restartsAfterExit } from "../pod.ts";
import type { Resources } from "../resources/allocation.ts";
import { type ContainerResize, isWholeResized, resizeOf } from "./resize.ts";

export type KillReason =
  | "startupProbe"
  | "livenessProbe"
  | "failedPostStartHook"
  | "restartAllContainers"
  | "unknown"
  | "definitionChanged"
  | "resize";

export interface ContainerToKill {
  readonly id: string;
  readonly name: string;
  readonly message: string;
  readonly reason: KillReason;
}

/** Indexes point into spec.initContainers, spec.containers and spec.ephemeralContainers, in order of start. */
export interface PodActions {
  /** Stop everything of the pod first. */
  killPod: boolean;
  createSandbox: boolean;
  readonly sandboxId: string;
  readonly attempt: number;
  initContainersToStart: number[];
  ephemeralContainersToStart: number[];
  containersToStart: number[];
  containersToKill: ContainerToKill[];
  /** Kill and remove, in this order (restart of all containers in place). */
  containersToReset: { readonly id: string; readonly name: string; readonly kill: boolean }[];
  /** Running containers whose size changes while they run. */
  containersToResize: ContainerResize[];
  /** The pod's own cgroup changes its size. */
  resizePod: boolean;
}

/** Latest probe results by container id; undefined when there is none yet. */
export interface ProbeResults {
  liveness(containerId: string): boolean | undefined;
  startup(containerId: string): boolean | undefined;
}

export interface ActionsInput {
  readonly pod: Pod;
  readonly observed: ObservedPod;
  readonly probes: ProbeResults;
  /** What the runtime was last told about sizes, by container. */
  readonly actuated?: ReadonlyMap<string, Resources>;
}

const nothingActuated: ReadonlyMap<string, Resources> = new Map();

const restartsOnFailure = (pod: Pod): boolean => pod.spec.restartPolicy !== "Never";
const succeeded = (observed: ObservedPod, name: string): boolean => {
  const status = findObserved(observed, name);
  return status?.state === "exited" && status.exitCode === 0;
};
const failed = (status: ObservedContainer): boolean =>
  status.state === "unknown" || (status.state === "exited" && status.exitCode !== 0);
const changed = (container: Container, status: ObservedContainer): boolean =>
  status.hash !== undefined && status.hash !== containerHash(container);

export function shouldRestart(container: Container, pod: Pod, observed: ObservedPod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const status = findObserved(observed, container.name);
  if (status === undefined) return true;
  if (status.state === "running") return false;
  if (status.state !== "exited") return true;
  return restartsAfterExit(container, pod.spec, status.exitCode);
}

export function computePodActions(input: ActionsInput): PodActions {
  const { pod, observed } = input;
  const sandbox = sandboxChanged(pod, observed);
  const actions: PodActions = {
    ...{
      killPod: sandbox.needed,
      createSandbox: sandbox.needed,
      sandboxId: sandbox.sandboxId,
      attempt: sandbox.attempt,
    },
    ...{
      initContainersToStart: [],
      ephemeralContainersToStart: [],
      containersToStart: [],
      containersToKill: [],
      containersToReset: [],
      containersToResize: [],
      resizePod: isWholeResized(pod, input.actuated ?? nothingActuated),
    },
  };
  if (!sandbox.needed && restartAllAsked(pod, observed)) {
    actions.containersToReset = containersToReset(pod, observed);
    return actions;
  }
  if (sandbox.needed) return withNewSandbox(input, actions);
  ephemeralContainers(pod).forEach((container, index) => {
    if (findObserved(observed, container.name) === undefined) actions.ephemeralContainersToStart.push(index);
  });
  const initialized = initActions(input, actions);
  if (actions.killPod || !initialized) return actions;
  mainActions(input, actions);
  return actions;
}

/** Some container ended in a way that its rules answer with a restart of all, and the others still are from before. */
export function restartAllAsked(pod: Pod, observed: ObservedPod): boolean {
  return [...initContainers(pod), ...pod.spec.containers].some((container) => {
    const status = findObserved(observed, container.name);
    return status?.state === "exited" && asksRestartAll(container, status.exitCode);
  });
}

function containersToReset(pod: Pod, observed: ObservedPod): PodActions["containersToReset"] {
  const source: PodActions["containersToReset"] = [];
  const others: PodActions["containersToReset"] = [];
  for (const container of [...initContainers(pod), ...pod.spec.containers].reverse())
    for (const status of observed.containers) {
      if (status.name !== container.name) continue;
      const asks = status.state === "exited" && asksRestartAll(container, status.exitCode);
      (asks ? source : others).push({
        id: status.id,
        name: status.name,
        kill: status.state === "running" || status.state === "unknown",
      });
    }
  return [...others, ...source];
}

function withNewSandbox({ pod, observed }: ActionsInput, actions: PodActions): PodActions {
  if (!restartsOnFailure(pod) && actions.attempt !== 0 && observed.containers.length !== 0) {
    actions.createSandbox = false;
    return actions;
  }
  const toStart: number[] = [];
  pod.spec.containers.forEach((container, index) => {
    const runOnce = (container.restartPolicy ?? pod.spec.restartPolicy) === "OnFailure";
    if (!(runOnce && succeeded(observed, container.name))) toStart.push(index);
  });
  const everCreated = pod.spec.containers.some((container) => findObserved(observed, container.name) !== undefined);
  if (toStart.length === 0 && everCreated) {
    actions.createSandbox = false;
    return actions;
  }
  if (initContainers(pod).length > 0) actions.initContainersToStart = [0];
  else actions.containersToStart = toStart;
  return actions;
}

/** Fills the init part; true when containers may run. Walks backwards: completed init containers may be gone already. */
function initActions(input: ActionsInput, actions: PodActions): boolean {
  const { pod, observed } = input;
  const all = initContainers(pod);
  if (all.length === 0) return true;
  let hasInitialized = pod.spec.containers.some((container) => {
    const state = findObserved(observed, container.name)?.state;
    return state === "created" || state === "running";
  });
  let previously = hasInitialized;
  for (let index = all.length - 1; index >= 0; index--) {
    const container = all[index]!;
    const status = findObserved(observed, container.name);
    const sidecar = isRestartableInit(container);
    if (status === undefined) {
      if (previously && sidecar) actions.initContainersToStart.push(index);
      continue;
    }
    if (previously && !sidecar) continue;
    const step = sidecar ? sidecarStep(input, container, status) : initStep(input, container, status);
    if (step.failPod) {
      actions.killPod = true;
      actions.initContainersToStart = [];
      return false;
    }
    if (step.initialized) {
      if (index === all.length - 1) hasInitialized = true;
      else if (!previously || !sidecar) actions.initContainersToStart.push(index + 1);
    }
    if (step.kill !== undefined) actions.containersToKill.push({ id: status.id, name: container.name, ...step.kill });
    if (step.start) actions.initContainersToStart.push(index);
    else if (sidecar && step.initialized && !resizeRunning(input, actions, { container, status }))
      actions.initContainersToStart.push(index);
    previously = true;
  }
  if (!previously) actions.initContainersToStart.push(0);
  actions.initContainersToStart.reverse();
  return hasInitialized;
}

interface InitStep {
  readonly initialized?: boolean;
  readonly start?: boolean;
  readonly failPod?: boolean;
  readonly kill?: { readonly message: string; readonly reason: KillReason };
}

function initStep({ pod, observed }: ActionsInput, container: Container, status: ObservedContainer): InitStep {
  switch (status.state) {
    case "created":
      return { start: true };
    case "running":
      return {};
    case "exited":
      if (!failed(status)) return { initialized: true };
      return shouldRestart(container, pod, observed) ? { start: true } : { failPod: true };
    case "unknown": {
      const restart =
        container.restartPolicy === undefined ? restartsOnFailure(pod) : container.restartPolicy !== "Never";
      return restart ? { start: true, kill: unknownKill("Init container", status.state) } : { failPod: true };
    }
  }
}

function sidecarStep({ probes }: ActionsInput, container: Container, status: ObservedContainer): InitStep {
  switch (status.state) {
    case "created":
    case "exited":
      return { start: true };
    case "unknown":
      return { start: true, kill: unknownKill("Init container", status.state) };
    case "running": {
      if (container.startupProbe !== undefined) {
        const startup = probes.startup(status.id);
        if (startup === false)
          return {
            start: true,
            kill: { message: `Init container ${container.name} failed startup probe`, reason: "startupProbe" },
          };
        if (startup === undefined) return {};
      }
      if (changed(container, status))
        return {
          initialized: true,
          start: true,
          kill: { message: `Init container ${container.name} definition changed`, reason: "definitionChanged" },
        };
      if (container.livenessProbe !== undefined && probes.liveness(status.id) === false)
        return {
          initialized: true,
          start: true,
          kill: { message: `Init container ${container.name} failed liveness probe`, reason: "livenessProbe" },
        };
      return { initialized: true };
    }
  }
}

const unknownKill = (what: string, state: string): { message: string; reason: KillReason } => ({
  message: `${what} is in "${state}" state, try killing it before restart`,
  reason: "unknown",
});

function mainActions(input: ActionsInput, actions: PodActions): void {
  const { pod, observed } = input;
  let kept = 0;
  pod.spec.containers.forEach((container, index) => {
    const status = findObserved(observed, container.name);
    if (status?.state !== "running") {
      if (!shouldRestart(container, pod, observed)) return;
      actions.containersToStart.push(index);
      if (status?.state === "unknown")
        actions.containersToKill.push({
          id: status.id,
          name: container.name,
          ...unknownKill("Container", status.state),
        });
      return;
    }
    const kill = reasonToKill(input, container, status);
    if (kill === undefined) {
      if (resizeRunning(input, actions, { container, status })) kept++;
      else actions.containersToStart.push(index);
      return;
    }
    if (kill.restart) actions.containersToStart.push(index);
    const message = kill.restart ? `${kill.message}, will be restarted` : kill.message;
    actions.containersToKill.push({ id: status.id, name: container.name, message, reason: kill.reason });
  });
  if (kept > 0 || actions.containersToStart.length > 0) return;
  actions.killPod = true;
  actions.initContainersToStart = [];
}

/** Notes a change of size; false when the container has to be started anew for it. */
function resizeRunning(
  { pod, actuated = nothingActuated }: ActionsInput,
  actions: PodActions,
  { container, status }: { readonly container: Container; readonly status: ObservedContainer },
): boolean {
  const resize = resizeOf(pod, { container, status, actuated });
  if (resize === undefined) return true;
  actions.resizePod = true;
  if (!resize.restart) {
    actions.containersToResize.push(resize);
    return true;
  }
  const message = `Container ${container.name} resize requires restart`;
  actions.containersToKill.push({ id: status.id, name: container.name, message, reason: "resize" });
  return false;
}

function reasonToKill(
  { pod, probes }: ActionsInput,
  container: Container,
  status: ObservedContainer,
): { message: string; reason: KillReason; restart: boolean } | undefined {
  const restart = container.restartPolicy === undefined ? restartsOnFailure(pod) : container.restartPolicy !== "Never";
  if (changed(container, status))
    return { message: `Container ${container.name} definition changed`, reason: "definitionChanged", restart: true };
  if (probes.liveness(status.id) === false)
    return { message: `Container ${container.name} failed liveness probe`, reason: "livenessProbe", restart };
  if (probes.startup(status.id) === false)
    return { message: `Container ${container.name} failed startup probe`, reason: "startupProbe", restart };
  return undefined;
}
