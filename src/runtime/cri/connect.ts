// A real container runtime over its CRI v1 socket: containerd 1.6 and later, CRI-O. What old ones lack (RuntimeConfig,
// handlers) is left out of the answers; without GetContainerEvents containerd's own events are followed.
import { type Clock, errorText, type Logger, sleep, systemClock } from "../../base/index.ts";
import {
  type ContainerCalls,
  type ContainerRuntime,
  type ImageCalls,
  type InsideCalls,
  type NodeCalls,
  RuntimeError,
  type SandboxCalls,
} from "../contract.ts";
import { type Channel, openChannel } from "./channel.ts";
import * as decode from "./decode.ts";
import { encodeAuth, encodeContainer, encodeResources, encodeSandbox } from "./encode.ts";
import { list, type Message, message, text } from "./message.ts";

export interface CriOptions {
  /** Path or unix:// URL of the runtime's socket. */
  readonly socket: string;
  /** Of the image service, when it is another one. */
  readonly imageSocket?: string;
  readonly log: Logger;
  readonly clock?: Clock;
  /** For calls that do not wait for containers; 2 minutes when not given, as upstream's runtimeRequestTimeout. */
  readonly requestTimeoutMs?: number;
}

interface Parts {
  readonly runtime: Channel;
  readonly images: Channel;
  readonly timeoutMs: number;
  readonly log: Logger;
}

const connectTimeoutMs = 10_000;
const betweenTriesMs = 20;

/** A runtime that has just opened its socket may not take calls for a moment ("server is not initialized yet"). */
async function initialized(call: () => Promise<unknown>, clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + connectTimeoutMs;
  for (;;) {
    try {
      await call();
      return;
    } catch (error) {
      const starting = error instanceof Error && /not initialized yet/.test(error.message);
      if (!starting || clock.monotonic() > deadline) throw error;
      await sleep(clock, betweenTriesMs);
    }
  }
}

/** Rejects with RuntimeError when the socket does not answer Version in time. */
export async function connectCri(options: CriOptions): Promise<ContainerRuntime> {
  const clock = options.clock ?? systemClock;
  const runtime = await openChannel({ socket: options.socket, clock });
  const images =
    options.imageSocket === undefined ? runtime : await openChannel({ socket: options.imageSocket, clock });
  const parts: Parts = { runtime, images, timeoutMs: options.requestTimeoutMs ?? 120_000, log: options.log };
  try {
    await initialized(() => runtime.call("RuntimeService/Version", { version: "0.1.0" }, connectTimeoutMs), clock);
  } catch (error) {
    runtime.close();
    images.close();
    const why = errorText(error);
    throw new RuntimeError(
      "UNAVAILABLE",
      `no container runtime answers at ${options.socket}: ${why}. Is it running, and is its CRI plugin enabled?`,
    );
  }
  return {
    ...nodeCalls(parts),
    ...sandboxCalls(parts),
    ...containerCalls(parts),
    ...processCalls(parts),
    ...imageCalls(parts),
    events: (signal) => events(parts, signal),
    async close() {
      runtime.close();
      if (images !== runtime) images.close();
    },
  };
}

const podUidLabel = "io.kubernetes.pod.uid";

const call = ({ runtime, timeoutMs }: Parts, name: string, request: Message): Promise<Message> =>
  runtime.call(`RuntimeService/${name}`, request, timeoutMs);
const imageCall = ({ images, timeoutMs }: Parts, name: string, request: Message): Promise<Message> =>
  images.call(`ImageService/${name}`, request, timeoutMs);

/** The answer, or undefined when the runtime does not know the call. */
async function ifKnown(asked: Promise<Message>): Promise<Message | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === "UNIMPLEMENTED") return undefined;
    throw error;
  }
}

/** NotFound is success where something is to go. */
async function gone(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === "NOT_FOUND")) throw error;
  }
}

interface Change {
  readonly containerId: string;
  readonly sandboxId: string;
  readonly podUid: string;
  readonly now?: "started" | "ended" | "removed";
}

/** The CRI's own events, or, where the runtime does not send these yet, containerd's. */
async function* events(parts: Parts, signal: AbortSignal): AsyncGenerator<Change> {
  try {
    for await (const event of parts.runtime.stream("RuntimeService/GetContainerEvents", {}, signal)) {
      const sandbox = message(event["pod_sandbox_status"]);
      yield {
        containerId: text(event["container_id"]),
        sandboxId: text(sandbox["id"]),
        podUid: text(message(sandbox["metadata"])["uid"]),
      };
    }
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === "UNIMPLEMENTED")) throw error;
    yield* containerdEvents(parts, signal);
  }
}

const containerdTopics = {
  "/tasks/start": "started",
  "/tasks/exit": "ended",
  "/containers/delete": "removed",
} as const;

/** containerd's id of a pod's sandbox and of a container have one namespace: which it is, and of which pod, is not told. */
async function* containerdEvents(parts: Parts, signal: AbortSignal): AsyncGenerator<Change> {
  const filters = Object.keys(containerdTopics).map((topic) => `namespace==k8s.io,topic=="${topic}"`);
  for await (const envelope of parts.runtime.stream(
    "containerd.services.events.v1.Events/Subscribe",
    { filters },
    signal,
  )) {
    const event = message(envelope["event"]);
    const containerId = text(event["container_id"]);
    const process = text(event["id"]);
    const now = containerdTopics[text(envelope["topic"]) as keyof typeof containerdTopics];
    if (process === "" || process === containerId) yield { containerId, sandboxId: "", podUid: "", now };
  }
}

function nodeCalls(parts: Parts): NodeCalls {
  let knowsConfig = true;
  return {
    async info() {
      const config = knowsConfig ? ifKnown(call(parts, "RuntimeConfig", {})) : undefined;
      const [version, status, configAnswer] = await Promise.all([
        call(parts, "Version", { version: "0.1.0" }),
        call(parts, "Status", {}),
        config,
      ]);
      knowsConfig = configAnswer !== undefined;
      return decode.decodeInfo({ version, status, config: configAnswer });
    },
    async updatePodCidr(cidr) {
      await call(parts, "UpdateRuntimeConfig", { runtime_config: { network_config: { pod_cidr: cidr } } });
    },
  };
}

function sandboxCalls(parts: Parts): SandboxCalls {
  return {
    async runPodSandbox(config) {
      // Networks may take their time: twice the usual limit, as upstream.
      const answer = await parts.runtime.call(
        "RuntimeService/RunPodSandbox",
        { config: encodeSandbox(config), runtime_handler: config.runtimeHandler ?? "" },
        parts.timeoutMs * 2,
      );
      return text(answer["pod_sandbox_id"]);
    },
    stopPodSandbox: (id) => gone(call(parts, "StopPodSandbox", { pod_sandbox_id: id })),
    removePodSandbox: (id) => gone(call(parts, "RemovePodSandbox", { pod_sandbox_id: id })),
    async podSandboxStatus(id) {
      const answer = await call(parts, "PodSandboxStatus", { pod_sandbox_id: id, verbose: false });
      return decode.decodeSandboxStatus(message(answer["status"]), (answer["info"] ?? {}) as Record<string, string>);
    },
    async listPodSandboxes(filter = {}) {
      const answer = await call(parts, "ListPodSandbox", {
        filter: {
          ...(filter.state === undefined
            ? {}
            : { state: { state: filter.state === "ready" ? "SANDBOX_READY" : "SANDBOX_NOTREADY" } }),
          ...(filter.podUid === undefined ? {} : { label_selector: { [podUidLabel]: filter.podUid } }),
        },
      });
      return list(answer["items"]).map(decode.decodeSandbox);
    },
  };
}

const stateNames = {
  created: "CONTAINER_CREATED",
  running: "CONTAINER_RUNNING",
  exited: "CONTAINER_EXITED",
  unknown: "CONTAINER_UNKNOWN",
} as const;

function containerCalls(parts: Parts): ContainerCalls {
  /** Status answers do not name the sandbox: it is noted when a container is made or listed. */
  const sandboxOf = new Map<string, string>();
  const listAll = async (filter: Message): Promise<ReturnType<typeof decode.decodeContainer>[]> => {
    const answer = await call(parts, "ListContainers", { filter });
    const found = list(answer["containers"]).map((each) => decode.decodeContainer(each, text(each["pod_sandbox_id"])));
    for (const each of found) sandboxOf.set(each.id, each.sandboxId);
    return found;
  };
  return {
    async createContainer(sandboxId, config, sandbox) {
      const answer = await call(parts, "CreateContainer", {
        pod_sandbox_id: sandboxId,
        config: encodeContainer(config),
        sandbox_config: encodeSandbox(sandbox),
      });
      sandboxOf.set(text(answer["container_id"]), sandboxId);
      return text(answer["container_id"]);
    },
    async startContainer(id) {
      await call(parts, "StartContainer", { container_id: id });
    },
    stopContainer: (id, timeoutSeconds) =>
      gone(
        parts.runtime.call(
          "RuntimeService/StopContainer",
          { container_id: id, timeout: timeoutSeconds },
          parts.timeoutMs + timeoutSeconds * 1000,
        ),
      ),
    async removeContainer(id) {
      await gone(call(parts, "RemoveContainer", { container_id: id }));
      sandboxOf.delete(id);
    },
    async containerStatus(id) {
      const answer = await call(parts, "ContainerStatus", { container_id: id, verbose: false });
      if (!sandboxOf.has(id)) await listAll({ id });
      return decode.decodeContainerStatus(message(answer["status"]), sandboxOf.get(id) ?? "");
    },
    listContainers: (filter = {}) =>
      listAll({
        ...(filter.sandboxId === undefined ? {} : { pod_sandbox_id: filter.sandboxId }),
        ...(filter.state === undefined ? {} : { state: { state: stateNames[filter.state] } }),
        ...(filter.podUid === undefined ? {} : { label_selector: { [podUidLabel]: filter.podUid } }),
      }),
    async updateContainerResources(id, resources) {
      await call(parts, "UpdateContainerResources", { container_id: id, linux: encodeResources(resources) });
    },
    async reopenContainerLog(id) {
      await call(parts, "ReopenContainerLog", { container_id: id });
    },
  };
}

function processCalls(parts: Parts): InsideCalls {
  return {
    async execSync(containerId, command, timeoutSeconds) {
      const limitMs = timeoutSeconds > 0 ? timeoutSeconds * 1000 + parts.timeoutMs : undefined;
      const answer = await parts.runtime
        .call("RuntimeService/ExecSync", { container_id: containerId, cmd: command, timeout: timeoutSeconds }, limitMs)
        .catch((error: unknown) => {
          // containerd 1.6 answers Unknown with the text of the deadline.
          if (
            error instanceof RuntimeError &&
            error.code === "UNKNOWN" &&
            /timeout .* exceeded|deadline exceeded/.test(error.message)
          )
            throw new RuntimeError("DEADLINE_EXCEEDED", error.message);
          throw error;
        });
      return {
        stdout: answer["stdout"] as Uint8Array,
        stderr: answer["stderr"] as Uint8Array,
        exitCode: Number(answer["exit_code"]),
      };
    },
    async exec({ containerId, command, stdin, stdout, stderr, tty }) {
      return text(
        (await call(parts, "Exec", { container_id: containerId, cmd: command, stdin, stdout, stderr, tty }))["url"],
      );
    },
    async attach({ containerId, stdin, stdout, stderr, tty }) {
      return text((await call(parts, "Attach", { container_id: containerId, stdin, stdout, stderr, tty }))["url"]);
    },
    async portForward(sandboxId, ports) {
      return text((await call(parts, "PortForward", { pod_sandbox_id: sandboxId, port: ports }))["url"]);
    },
    async listContainerStats() {
      const answer = await call(parts, "ListContainerStats", { filter: {} });
      return list(answer["stats"]).map(decode.decodeStats);
    },
  };
}

function imageCalls(parts: Parts): ImageCalls {
  return {
    listImages: async () => list((await imageCall(parts, "ListImages", {}))["images"]).map(decode.decodeImage),
    async imageStatus(image) {
      const found = (await imageCall(parts, "ImageStatus", { image: { image } }))["image"];
      return found ? decode.decodeImage(message(found)) : undefined;
    },
    async pullImage(image, auth, sandbox) {
      const encoded = encodeAuth(auth);
      const request = {
        image: { image },
        sandbox_config: encodeSandbox(sandbox),
        ...(encoded === undefined ? {} : { auth: encoded }),
      };
      return text((await parts.images.call("ImageService/PullImage", request, undefined))["image_ref"]);
    },
    removeImage: (image) => gone(imageCall(parts, "RemoveImage", { image: { image } })),
    async imageFsInfo() {
      const first = list((await imageCall(parts, "ImageFsInfo", {}))["image_filesystems"])[0];
      if (first === undefined) throw new RuntimeError("NOT_FOUND", "the runtime names no file system of images");
      return decode.decodeFilesystem(first);
    },
  };
}
