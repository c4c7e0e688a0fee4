// Makes sure a container's image is there. Upstream: pkg/kubelet/images/image_manager.go. Events and texts are upstream's.

import type { Pod, Secret } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { PodSandboxConfig } from "../../runtime/index.ts";
import { containerEvent, type EventType, type KubeletContext } from "../context.ts";
import { type Backoff, createBackoff, durationText } from "./backoff.ts";
import { credentialsFor } from "./credentials.ts";
import { withDefaultTag } from "./image-name.ts";

/** A container cannot be started; `reason` is what its waiting state says. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly reason: string;
  /** Clock time at which a new try makes sense, when known. */
  readonly retryAfterMs: number | undefined;
  constructor(reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface ImageRequest {
  readonly pod: Pod;
  /** The container the events are about. */
  readonly container: string;
  readonly image: string;
  readonly policy: "Always" | "IfNotPresent" | "Never" | undefined;
  readonly secrets: readonly Secret[];
  readonly sandbox: PodSandboxConfig;
}

export interface ImageManager {
  /** Resolves to the reference to run. Rejects with StartError. */
  ensure(request: ImageRequest): Promise<string>;
  forget(podUid: string): void;
}

export function createImageManager(context: KubeletContext): ImageManager {
  const backoff = createBackoff({ clock: context.clock, initialMs: 10_000, limitMs: 300_000 });
  const failures = new Map<string, string>();
  /** Pulls go one after the other, as upstream's serializeImagePulls has it by default. */
  let lastPull: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = lastPull.then(work);
    lastPull = mine.catch(() => undefined);
    return mine;
  };
  return {
    ensure: (request) => ensureImage({ context, backoff, failures, inTurn }, request),
    forget(podUid) {
      backoff.forget(`${podUid}_`);
      for (const key of failures.keys()) if (key.startsWith(`${podUid}_`)) failures.delete(key);
    },
  };
}

interface Parts {
  readonly context: KubeletContext;
  readonly backoff: Backoff;
  readonly failures: Map<string, string>;
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

async function ensureImage(parts: Parts, request: ImageRequest): Promise<string> {
  const { context } = parts;
  const tell = (type: EventType, reason: string, message: string): void =>
    containerEvent(context, request.pod, request.container, { type, reason, message });
  let name: string;
  try {
    name = withDefaultTag(request.image);
  } catch (error) {
    const message = `Failed to apply default image tag ${JSON.stringify(request.image)}: ${errorText(error)}`;
    tell("Warning", "InspectFailed", message);
    throw new StartError("InvalidImageName", message);
  }
  const policy = request.policy ?? "IfNotPresent";
  if (policy !== "Always") {
    const present = await inspect(parts, name, request.image, tell);
    if (present !== undefined) {
      tell(
        "Normal",
        "Pulled",
        `Container image ${JSON.stringify(request.image)} already present on machine and can be accessed by the pod`,
      );
      return present;
    }
    if (policy === "Never") {
      const message = `Container image ${JSON.stringify(request.image)} is not present with pull policy of Never`;
      tell("Warning", "ErrImageNeverPull", message);
      throw new StartError("ErrImageNeverPull", message);
    }
  }
  return pull(parts, request, name, tell);
}

async function inspect(
  parts: Parts,
  name: string,
  asked: string,
  tell: (type: EventType, reason: string, message: string) => void,
): Promise<string | undefined> {
  try {
    return (await parts.context.runtime.imageStatus(name))?.id;
  } catch (error) {
    const message = `Failed to inspect image ${JSON.stringify(asked)}: ${errorText(error)}`;
    tell("Warning", "InspectFailed", message);
    throw new StartError("ImageInspectError", message);
  }
}

async function pull(
  parts: Parts,
  request: ImageRequest,
  name: string,
  tell: (type: EventType, reason: string, message: string) => void,
): Promise<string> {
  const { context, backoff, failures } = parts;
  const quoted = JSON.stringify(request.image);
  const key = `${request.pod.metadata.uid}_${request.image}`;
  const leftMs = backoff.leftSinceUpdateMs(key);
  if (leftMs > 0) {
    const message = `Back-off pulling image ${quoted}`;
    tell("Normal", "BackOff", message);
    const before = failures.get(key);
    throw new StartError("ImagePullBackOff", before === undefined ? message : `${message}: ${before}`);
  }
  failures.delete(key);
  tell("Normal", "Pulling", `Pulling image ${quoted}`);
  const askedMs = context.clock.monotonic();
  try {
    const { reference, pullMs } = await parts.inTurn(async () => {
      const startMs = context.clock.monotonic();
      return {
        reference: await pullWithCredentials(parts, request, name),
        pullMs: context.clock.monotonic() - startMs,
      };
    });
    const sizeBytes = (await context.runtime.imageStatus(reference))?.sizeBytes ?? 0;
    const whole = context.clock.monotonic() - askedMs;
    const [own, all] = [pullMs, whole].map((ms) => durationText(Math.trunc(ms)));
    tell(
      "Normal",
      "Pulled",
      `Successfully pulled image ${quoted} in ${own} (${all} including waiting). Image size: ${sizeBytes} bytes.`,
    );
    backoff.reset(key);
    return reference;
  } catch (error) {
    const message = errorText(error);
    tell("Warning", "Failed", `Failed to pull image ${quoted}: ${message}`);
    backoff.next(key);
    failures.set(key, `ErrImagePull: ${message}`);
    throw new StartError("ErrImagePull", message);
  }
}

/** Tries each credential that fits the registry, then none. */
async function pullWithCredentials(parts: Parts, request: ImageRequest, name: string): Promise<string> {
  const candidates = credentialsFor(name, request.secrets);
  if (candidates.length === 0) return parts.context.runtime.pullImage(name, undefined, request.sandbox);
  const errors: unknown[] = [];
  for (const auth of candidates) {
    try {
      return await parts.context.runtime.pullImage(name, auth, request.sandbox);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  throw new Error(`[${errors.map(errorText).join(", ")}]`);
}
