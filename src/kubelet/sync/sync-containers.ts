// Brings a pod's sandbox and containers to what its spec says: the effects of computePodActions, in upstream's order
// (kuberuntime_manager.go SyncPod).

import type { Container, Pod, RuntimeClass, Secret } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { PodSandboxConfig } from "../../runtime/index.ts";
import { containerEvent, type KubeletContext, podEvent, rpcText } from "../context.ts";
import { containerHash } from "../labels.ts";
import { findObserved, type ObservedPod } from "../observed.ts";
import { legacyLogLink } from "../paths.ts";
import { ephemeralContainers, initContainers, isHostNetwork, isRestartableInit, podText } from "../pod.ts";
import type { StartFailure } from "../status/containers.ts";
import type { MountedVolumes } from "../volumes/volume.ts";
import { computePodActions, type PodActions, type ProbeResults } from "./actions.ts";
import { type Backoff, durationText } from "./backoff.ts";
import { containerConfig } from "./container-config.ts";
import { runHook } from "./hooks.ts";
import { type ImageManager, StartError } from "./images.ts";
import { killContainer, killPod } from "./kill.ts";
import { type Actuated, resizeInPlace } from "./resize.ts";
import { sandboxConfig } from "./sandbox-config.ts";

export interface SyncParts {
  readonly context: KubeletContext;
  readonly images: ImageManager;
  readonly backoff: Backoff;
}

export interface SyncRequest {
  readonly pod: Pod;
  readonly observed: ObservedPod;
  readonly probes: ProbeResults;
  readonly volumes: MountedVolumes;
  readonly pullSecrets: readonly Secret[];
  /** What the runtime was told about sizes, by container; what is started or resized is noted in it. */
  readonly actuated: Actuated;
  readonly runtimeClass?: RuntimeClass;
  /** The pod is to end: start nothing more. */
  readonly signal: AbortSignal;
}

export interface SyncOutcome {
  /** By container: why it could not be started; undefined clears what was known. */
  readonly failures: ReadonlyMap<string, StartFailure | undefined>;
  /** Why a change of size could not be taken up. */
  readonly resizeError: string | undefined;
  /** Something was done: look again at once. */
  readonly changed: boolean;
  /** Try again after back-off, at this clock time. */
  readonly retryAfterMs: number | undefined;
  /** Try again soon: something failed that back-off does not cover. */
  readonly error: unknown;
}

interface Run extends SyncParts, SyncRequest {
  readonly actions: PodActions;
  readonly failures: Map<string, StartFailure | undefined>;
  changed: boolean;
  retryAfterMs: number | undefined;
  error: unknown;
  resizeError: string | undefined;
}

export async function syncContainers(parts: SyncParts, request: SyncRequest): Promise<SyncOutcome> {
  const { context } = parts;
  const { pod, observed, probes, actuated } = request;
  const actions = computePodActions({ pod, observed, probes, actuated });
  const run: Run = {
    ...parts,
    ...request,
    actions,
    failures: new Map(),
    changed: false,
    retryAfterMs: undefined,
    error: undefined,
    resizeError: undefined,
  };
  if (actions.createSandbox && actions.sandboxId !== "")
    podEvent(context, request.pod, {
      type: "Normal",
      reason: "SandboxChanged",
      message: "Pod sandbox changed, it will be killed and re-created.",
    });
  await endWhatMustGo(run);
  const started = actions.createSandbox
    ? await newSandbox(run)
    : { id: actions.sandboxId, podIps: request.observed.ips, config: undefined as PodSandboxConfig | undefined };
  if (started === undefined) return run;
  await resize(run);
  const toStart =
    actions.initContainersToStart.length + actions.containersToStart.length + actions.ephemeralContainersToStart.length;
  if (toStart > 0 && !(actions.killPod && !actions.createSandbox)) {
    const config = started.config ?? (await sandboxConfig(context, request.pod, actions.attempt, request.runtimeClass));
    await startAll(run, { id: started.id, podIps: started.podIps, config });
  }
  return run;
}

async function resize(run: Run): Promise<void> {
  const { context, pod, actuated, actions } = run;
  if (!actions.resizePod || (actions.killPod && !actions.createSandbox)) return;
  const { containersToResize: containers } = actions;
  run.resizeError = await resizeInPlace({ context, pod, actuated, containers });
  if (run.resizeError === undefined) run.changed = true;
  else run.error = new Error(run.resizeError);
}

async function endWhatMustGo(run: Run): Promise<void> {
  const { context, pod, observed, actions } = run;
  const podIp = observed.ips[0];
  if (actions.killPod) {
    if (
      observed.sandboxes.some((each) => each.state === "ready") ||
      observed.containers.some((each) => each.state === "running")
    )
      run.changed = true;
    await killPod(context, pod, { observed });
    if (!actions.createSandbox) return;
    for (const container of initContainers(pod)) await removeAll(run, container.name);
    return;
  }
  for (const container of actions.containersToKill) {
    run.changed = true;
    await killContainer(context, { pod, container, message: container.message, reason: container.reason, podIp });
  }
  for (const { id, name, kill } of actions.containersToReset) {
    run.changed = true;
    if (kill)
      await killContainer(context, {
        pod,
        container: { id, name },
        message: "killing",
        reason: "restartAllContainers",
        graceOverrideSeconds: 0,
        podIp,
      });
    await context.runtime.removeContainer(id);
  }
  await pruneInitContainers(run);
}

async function removeAll(run: Run, name: string): Promise<void> {
  for (const container of run.observed.containers)
    if (container.name === name) await run.context.runtime.removeContainer(container.id);
}

/** Of each init container only the newest stays. */
async function pruneInitContainers(run: Run): Promise<void> {
  for (const { name } of initContainers(run.pod)) {
    const older = run.observed.containers.filter((each) => each.name === name).slice(1);
    for (const container of older)
      if (container.state === "exited") await run.context.runtime.removeContainer(container.id);
  }
}

async function newSandbox(
  run: Run,
): Promise<{ id: string; podIps: readonly string[]; config: PodSandboxConfig } | undefined> {
  const { context, pod, actions } = run;
  try {
    const config = await sandboxConfig(context, pod, actions.attempt, run.runtimeClass);
    if (context.config.materializePods) await context.host.files.makeDirectory(config.logDirectory, 0o755);
    const id = await context.runtime.runPodSandbox(config);
    run.changed = true;
    const status = await context.runtime.podSandboxStatus(id);
    return { id, podIps: isHostNetwork(pod) ? context.state.hostIps : status.ips, config };
  } catch (error) {
    if (run.signal.aborted) return undefined;
    run.error = error;
    podEvent(context, pod, {
      type: "Warning",
      reason: "FailedCreatePodSandBox",
      message: `Failed to create pod sandbox: ${rpcText(error)}`,
    });
    return undefined;
  }
}

interface Sandbox {
  readonly id: string;
  readonly podIps: readonly string[];
  readonly config: PodSandboxConfig;
}

async function startAll(run: Run, sandbox: Sandbox): Promise<void> {
  const { pod, actions } = run;
  for (const index of actions.ephemeralContainersToStart) {
    const container = ephemeralContainers(pod)[index]!;
    await tryStart(run, sandbox, {
      container,
      ...(container.targetContainerName ? { target: container.targetContainerName } : {}),
    });
  }
  for (const index of actions.initContainersToStart) {
    const container = initContainers(pod)[index]!;
    const ok = await tryStart(run, sandbox, { container });
    if (!ok && !isRestartableInit(container)) return;
  }
  for (const index of actions.containersToStart)
    await tryStart(run, sandbox, { container: pod.spec.containers[index]! });
}

interface ToStart {
  readonly container: Container;
  /** Container whose processes it shares. */
  readonly target?: string;
}

async function tryStart(run: Run, sandbox: Sandbox, what: ToStart): Promise<boolean> {
  if (run.signal.aborted) return false;
  const { name } = what.container;
  try {
    throwIfBackingOff(run, what.container);
    await startContainer(run, sandbox, what);
    run.changed = true;
    run.failures.set(name, undefined);
    return true;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    run.failures.set(name, { reason: error.reason, message: error.message });
    if (error.retryAfterMs !== undefined)
      run.retryAfterMs = Math.min(run.retryAfterMs ?? Number.POSITIVE_INFINITY, error.retryAfterMs);
    else if (error.reason !== "PostStartHookError" && error.reason !== "RunContainerError") run.error = error;
    if (error.reason === "PostStartHookError" || error.reason === "RunContainerError") run.changed = true;
    return false;
  }
}

function throwIfBackingOff(run: Run, container: Container): void {
  const { backoff, pod, observed, context } = run;
  const last = observed.containers.find((each) => each.name === container.name && each.state === "exited");
  if (last === undefined) return;
  const key = `${pod.metadata.uid}_${container.name}_${containerHash(container)}`;
  const leftMs = backoff.leftMs(key, last.finishedAtMs);
  if (leftMs > 0) {
    containerEvent(context, pod, container.name, {
      type: "Warning",
      reason: "BackOff",
      message: `Back-off restarting failed container ${container.name} in pod ${podText(pod)}`,
    });
    const delayMs = backoff.delayMs(key);
    const message = `back-off ${durationText(delayMs)} restarting failed container=${container.name} pod=${podText(pod)}`;
    throw new StartError("CrashLoopBackOff", message, leftMs);
  }
  backoff.next(key, last.finishedAtMs);
}

async function startContainer(run: Run, sandbox: Sandbox, { container, target }: ToStart): Promise<void> {
  const { context, pod, observed } = run;
  const tell = (type: "Normal" | "Warning", reason: string, message: string): void =>
    containerEvent(context, pod, container.name, { type, reason, message });
  const fail = (reason: string, error: unknown): never => {
    tell("Warning", "Failed", `Error: ${errorText(error)}`);
    throw new StartError(reason, errorText(error));
  };
  const imageRef = await ensureImages(run, sandbox, container).catch((error: unknown) => {
    if (error instanceof StartError) tell("Warning", "Failed", `Error: ${error.reason}`);
    throw error;
  });
  const last = findObserved(observed, container.name);
  const restartCount = last === undefined ? 0 : last.attempt + 1;
  const targetId = target === undefined ? undefined : findObserved(observed, target)?.id;
  if (target !== undefined && targetId === undefined)
    fail("CreateContainerConfigError", new Error(`unable to find target container ${target}`));
  const config = await containerConfig({
    ...{ context, pod, container, restartCount, podIps: sandbox.podIps, imageRef, volumes: run.volumes },
    ...(targetId === undefined ? {} : { targetId }),
  }).catch((error: unknown) => fail("CreateContainerConfigError", error));
  if (run.signal.aborted) throw new StartError("ContainerCreating", "the pod is being deleted");
  if (context.config.materializePods)
    await context.host.files.makeDirectory(`${sandbox.config.logDirectory}/${container.name}`, 0o755);
  run.actuated.set(container.name, container.resources ?? {});
  const id = await context.runtime
    .createContainer(sandbox.id, config, sandbox.config)
    .catch((error: unknown) => fail("CreateContainerError", error));
  tell("Normal", "Created", "Container created");
  await context.runtime.startContainer(id).catch((error: unknown) => fail("RunContainerError", error));
  tell("Normal", "Started", "Container started");
  await linkLog(run, { id, name: container.name, path: `${sandbox.config.logDirectory}/${config.logPath}` });
  await postStart(run, { container, id, podIp: sandbox.podIps[0] });
}

/** The container's image, and those of the image volumes it mounts. */
async function ensureImages(run: Run, sandbox: Sandbox, container: Container): Promise<string> {
  const request = { pod: run.pod, container: container.name, secrets: run.pullSecrets, sandbox: sandbox.config };
  for (const mount of container.volumeMounts ?? []) {
    const source = run.pod.spec.volumes?.find((each) => each.name === mount.name)?.image;
    if (source?.reference) await run.images.ensure({ ...request, image: source.reference, policy: source.pullPolicy });
  }
  return run.images.ensure({ ...request, image: container.image ?? "", policy: container.imagePullPolicy });
}

/** The place where log collectors look: a symlink under /var/log/containers. */
async function linkLog(run: Run, log: { id: string; name: string; path: string }): Promise<void> {
  const { context, pod } = run;
  if (!context.config.materializePods) return;
  if ((await context.host.files.stat(log.path)) === undefined) return;
  const link = legacyLogLink(context.config, pod, log);
  try {
    await context.host.files.remove(link);
    await context.host.files.symlink(log.path, link);
  } catch (error) {
    // The container runs; only who collects logs misses it.
    context.log.warn("a container's log has no link", { link, error });
  }
}

async function postStart(
  run: Run,
  { container, id, podIp }: { container: Container; id: string; podIp: string | undefined },
): Promise<void> {
  const { context, pod } = run;
  const handler = container.lifecycle?.postStart;
  if (handler === undefined) return;
  try {
    await runHook(context, { pod, container, containerId: id, handler, podIp, signal: run.signal });
  } catch (error) {
    if (run.signal.aborted) return;
    containerEvent(context, pod, container.name, {
      type: "Warning",
      reason: "FailedPostStartHook",
      message: "PostStartHook failed",
    });
    await killContainer(context, {
      pod,
      container: { id, name: container.name },
      message: "FailedPostStartHook",
      reason: "failedPostStartHook",
      podIp,
    });
    throw new StartError("PostStartHookError", errorText(error));
  }
}
