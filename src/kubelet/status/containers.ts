// Container statuses of the API from what the runtime says and what was said before. Upstream: kubelet_pods.go convertToAPIContainerStatuses.
import type { Container, ContainerState, ContainerStatus, Pod, VolumeMountStatus } from "../../api/index.ts";
import { formatTime } from "../../machinery/index.ts";
import { findObserved, type ObservedContainer, type ObservedPod } from "../observed.ts";
import { findStatus, initContainers, isRestartableInit, recursiveReadOnly } from "../pod.ts";
import { shouldRestart } from "../sync/actions.ts";
import { restartingAllContainers } from "./phase.ts";

/** Why a container could not be started, as the last sync said. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
}

export interface ContainersInput {
  readonly pod: Pod;
  readonly observed: ObservedPod;
  readonly containers: readonly Container[];
  readonly kind: "container" | "init" | "ephemeral";
  readonly old: readonly ContainerStatus[];
  readonly failures: ReadonlyMap<string, StartFailure>;
  readonly restartingAll: boolean;
  /** `containerd`: prefix of containerID. */
  readonly runtimeName: string;
  readonly recursiveReadOnlySupported: boolean;
  /** Sizes that the runtime was told, by container. */
  readonly actuated?: ReadonlyMap<string, NonNullable<ContainerStatus["resources"]>>;
}

type Draft = { -readonly [K in keyof ContainerStatus]: ContainerStatus[K] };

/** In the order of the spec for init containers, by name for the others. `ready` and `started` are filled in by the probes. */
export function containerStatuses(input: ContainersInput): ContainerStatus[] {
  const drafts = input.containers.map((container) => draftOf(input, container));
  return input.kind === "init" ? drafts : drafts.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function draftOf(input: ContainersInput, container: Container): Draft {
  const old = findStatus(input.old, container.name);
  const seen = input.observed.containers.filter((each) => each.name === container.name);
  let draft = seen.length === 0 ? missing(input, container, old) : fromObserved(input, container, seen[0]!, old);
  if (seen[1] !== undefined) draft.lastState = stateOf(input, seen[1], undefined).state;
  if (input.kind === "init") {
    if (seen[0]?.state === "exited" && seen[0].exitCode === 0) return draft;
    const created = input.pod.spec.containers.some((each) => findObserved(input.observed, each.name) !== undefined);
    if (seen.length === 0 && created && !isRestartableInit(container) && draft.state?.waiting !== undefined) {
      const message =
        "Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally";
      return { ...draft, state: { terminated: { exitCode: 0, reason: "Completed", message } } };
    }
  }
  const failure = input.failures.get(container.name);
  if (failure === undefined || !shouldRestart(container, input.pod, input.observed)) return draft;
  draft = { ...draft };
  if (draft.state?.terminated !== undefined) draft.lastState = draft.state;
  draft.state = {
    waiting: { reason: failure.reason, ...(failure.message === "" ? {} : { message: failure.message }) },
  };
  return draft;
}

const mountStatuses = (container: Container, supported: boolean): VolumeMountStatus[] =>
  (container.volumeMounts ?? []).map((mount) => ({
    name: mount.name,
    mountPath: mount.mountPath,
    ...(mount.readOnly === true
      ? { readOnly: true, recursiveReadOnly: recursiveReadOnly(mount, supported) ? "Enabled" : "Disabled" }
      : {}),
  }));

function waiting(input: ContainersInput, container: Container): Draft {
  const mounts = mountStatuses(container, input.recursiveReadOnlySupported);
  return {
    name: container.name,
    state: { waiting: { reason: initContainers(input.pod).length > 0 ? "PodInitializing" : "ContainerCreating" } },
    lastState: {},
    ready: false,
    restartCount: 0,
    image: container.image ?? "",
    imageID: "",
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
  };
}

/** The runtime knows no such container: it waits, unless it is known to have run. */
function missing(input: ContainersInput, container: Container, old: ContainerStatus | undefined): Draft {
  const fresh = waiting(input, container);
  if (old === undefined) return fresh;
  const draft: Draft =
    old.state?.terminated !== undefined
      ? { ...old }
      : { ...fresh, restartCount: old.restartCount, lastState: old.lastState ?? {} };
  if (input.restartingAll && old.state?.waiting === undefined) {
    const removed = {
      reason: restartingAllContainers,
      message: "The container is removed because RestartAllContainers in place",
    };
    return {
      ...draft,
      state: { waiting: removed },
      lastState: { terminated: { ...removed, exitCode: 137 } },
      restartCount: old.restartCount + 1,
    };
  }
  if (old.state?.running === undefined || draft.lastState?.terminated !== undefined) return draft;
  const message = "The container could not be located when the pod was deleted.  The container used to be Running";
  draft.lastState = { terminated: { reason: "ContainerStatusUnknown", message, exitCode: 137 } };
  if (input.pod.metadata.deletionTimestamp === undefined) draft.restartCount++;
  return draft;
}

function stateOf(
  input: ContainersInput,
  container: ObservedContainer,
  old: ContainerStatus | undefined,
): { state: ContainerState; lost?: true } {
  const startedAt = container.startedAtMs > 0 ? { startedAt: formatTime(container.startedAtMs) } : {};
  switch (container.state) {
    case "running":
      return { state: { running: startedAt } };
    case "exited":
      return {
        state: {
          terminated: {
            exitCode: container.exitCode,
            ...(container.reason === "" ? {} : { reason: container.reason }),
            ...(container.message === "" ? {} : { message: container.message }),
            startedAt: formatTime(container.startedAtMs),
            finishedAt: formatTime(container.finishedAtMs),
            containerID: `${input.runtimeName}://${container.id}`,
          },
        },
      };
    case "unknown":
      if (old?.state?.running === undefined) return { state: { waiting: {} } };
      return {
        state: {
          terminated: {
            reason: input.restartingAll ? restartingAllContainers : "ContainerStatusUnknown",
            message: "The container could not be located when the pod was terminated",
            exitCode: 137,
          },
        },
        lost: true,
      };
    case "created":
      return { state: { waiting: {} } };
  }
}

function fromObserved(
  input: ContainersInput,
  container: Container,
  newest: ObservedContainer,
  old: ContainerStatus | undefined,
): Draft {
  const { state, lost } = stateOf(input, newest, old);
  const containerID = `${input.runtimeName}://${newest.id}`;
  const volumeMounts = old?.volumeMounts ?? waiting(input, container).volumeMounts;
  let restartCount = Math.max(newest.attempt, old?.restartCount ?? 0);
  if (lost) restartCount = (old?.restartCount ?? 0) + 1;
  else if (
    state.running !== undefined &&
    old?.state?.terminated !== undefined &&
    old.restartCount >= newest.attempt &&
    old.containerID !== containerID
  )
    restartCount = old.restartCount + 1;
  const granted = container.resources ?? {};
  const resources = (state.running === undefined ? undefined : input.actuated?.get(container.name)) ?? granted;
  return {
    name: container.name,
    state,
    lastState: lastStateOf(containerID, old),
    ready: false,
    restartCount,
    image: newest.image,
    imageID: newest.imageRef,
    containerID,
    ...(granted.requests === undefined || Object.keys(granted.requests).length === 0
      ? {}
      : { allocatedResources: granted.requests }),
    resources,
    ...(volumeMounts === undefined ? {} : { volumeMounts }),
    ...(newest.user === undefined
      ? {}
      : { user: { linux: { ...newest.user, supplementalGroups: [...newest.user.supplementalGroups] } } }),
  };
}

/** The last end stays known although the runtime no longer has that container. */
function lastStateOf(containerID: string, old: ContainerStatus | undefined): ContainerState {
  if (old === undefined) return {};
  if (old.containerID !== containerID && old.state?.terminated !== undefined)
    return { terminated: old.state.terminated };
  return old.lastState?.terminated === undefined ? {} : { terminated: old.lastState.terminated };
}
