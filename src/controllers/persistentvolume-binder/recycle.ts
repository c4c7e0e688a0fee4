// A released volume whose policy says Recycle is emptied by a pod and then free again. The pod's events are told of the volume.
// Upstream: pv_controller.go recycleVolumeOperation, pkg/volume/util/recyclerclient, pkg/volume/{hostpath,nfs}.
import { type core_v1, events, type PersistentVolume, type Pod, persistentVolumes, pods } from "../../api/index.ts";
import { childController, errorText, onAbort } from "../../base/index.ts";
import { createInformerFactory, type EventRecorder } from "../../client/index.ts";
import { ignoreNotFound, isAlreadyExists, type NewObject, quantityValue } from "../../machinery/index.ts";
import type { ControllerContext } from "../lib/index.ts";
import { unbind } from "./bind.ts";
import type { Objects } from "./objects.ts";

export interface RecyclerSettings {
  /** Least life of the pod, seconds. */
  readonly minimumSeconds: number;
  /** More of it for each Gi of the volume. */
  readonly incrementSeconds: number;
}

/** Read from the controller's options under `persistentvolume-binder-controller`. */
export interface RecyclerOptions {
  readonly hostPath?: Partial<RecyclerSettings>;
  readonly nfs?: Partial<RecyclerSettings>;
}

export interface Recycler {
  /** Begins unless it is under way. */
  begin(volume: PersistentVolume): void;
}

export interface RecyclerParts {
  readonly context: ControllerContext;
  readonly objects: Objects;
  readonly recorder: EventRecorder;
  readonly options: RecyclerOptions | undefined;
  /** Keys of the pods that use a claim and are not over. */
  readonly usersOf: (claimKey: string) => readonly string[];
}

const namespace = "default";
const image = "registry.k8s.io/build-image/debian-base:bookworm-v1.0.6";
const script = 'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)" || exit 1';
const defaults = {
  hostPath: { minimumSeconds: 60, incrementSeconds: 30 },
  nfs: { minimumSeconds: 300, incrementSeconds: 30 },
} as const;
const giBytes = 2 ** 30;

/** The pod that empties it; undefined for volumes that nobody can empty. */
export function recyclerPod(volume: PersistentVolume, options: RecyclerOptions = {}): NewObject<Pod> | undefined {
  const { hostPath, nfs, capacity } = volume.spec;
  const type = hostPath ? "hostPath" : nfs ? "nfs" : undefined;
  if (type === undefined) return undefined;
  const { minimumSeconds, incrementSeconds } = { ...defaults[type], ...options[type] };
  const sizeGi = Math.floor(quantityValue(capacity?.["storage"] ?? "0") / giBytes);
  const source = hostPath
    ? { hostPath: { path: hostPath.path } }
    : { nfs: { server: nfs?.server ?? "", path: nfs?.path ?? "" } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `recycler-for-${volume.metadata.name}`, namespace },
    spec: {
      activeDeadlineSeconds: Math.max(sizeGi * incrementSeconds, minimumSeconds),
      restartPolicy: "Never",
      volumes: [{ name: "vol", ...source }],
      containers: [
        {
          name: "pv-recycler",
          image,
          command: ["/bin/sh"],
          args: ["-c", script],
          volumeMounts: [{ name: "vol", mountPath: "/scrub" }],
        },
      ],
    },
  };
}

/** Volumes are recycled beside each other and beside the binder's loop, each once at a time. */
export function createRecycler(parts: RecyclerParts): Recycler {
  const { context } = parts;
  const running = new Set<string>();
  return {
    begin({ metadata: { name } }) {
      if (running.has(name)) return;
      running.add(name);
      recycle(parts, name)
        .catch((error: unknown) => {
          // The binder looks at released volumes again and again.
          if (!context.signal.aborted) context.log.info("a volume was not recycled", { name, error: errorText(error) });
        })
        .finally(() => running.delete(name));
    },
  };
}

async function recycle({ context, objects, recorder, options, usersOf }: RecyclerParts, name: string): Promise<void> {
  const volume = await context.client.of(persistentVolumes).find({ name });
  if (volume === undefined || !isReleased(objects, volume)) return;
  const claimKey = `${volume.spec.claimRef?.namespace}/${volume.spec.claimRef?.name}`;
  const users = usersOf(claimKey);
  if (users.length > 0 && objects.claim(claimKey) === undefined) {
    const message = `Volume is used by pods: ${users.join(",")}`;
    recorder.event(volume, { type: "Normal", reason: "VolumeFailedRecycle", message });
    return;
  }
  const fail = (message: string): Promise<unknown> =>
    objects.setPhase(volume, "Failed", { reason: "VolumeFailedRecycle", message });
  const pod = recyclerPod(volume, options);
  if (pod === undefined) {
    await fail("No recycler plugin found for the volume!");
    return;
  }
  try {
    await empty(context, pod, (type, message) =>
      recorder.event(volume, { type, reason: "RecyclerPod", message: `Recycler pod: ${message}` }),
    );
  } catch (error) {
    context.signal.throwIfAborted();
    await fail(`Recycle failed: ${errorText(error)}`);
    return;
  }
  recorder.event(volume, { type: "Normal", reason: "VolumeRecycled", message: "Volume recycled" });
  await unbind(objects, volume);
}

/** Its claim is gone, or has another volume. */
function isReleased(objects: Objects, { metadata, spec }: PersistentVolume): boolean {
  if (!spec.claimRef?.uid) return false;
  const claim = objects.claim(`${spec.claimRef.namespace}/${spec.claimRef.name}`);
  if (claim?.metadata.uid !== spec.claimRef.uid) return true;
  return Boolean(claim.spec.volumeName) && claim.spec.volumeName !== metadata.name;
}

type Tell = (type: "Normal" | "Warning", message: string) => void;

/** Resolves when the pod has succeeded; it is gone then, as it is in every other case. */
async function empty(context: ControllerContext, pod: NewObject<Pod>, tell: Tell): Promise<void> {
  const { name } = pod.metadata as { readonly name: string };
  const ofPods = context.client.of(pods);
  const remove = (): Promise<unknown> => ofPods.delete({ namespace, name }).catch(ignoreNotFound);
  const life = childController(context.signal);
  try {
    const ended = follow(context, { name, tell, signal: life.signal });
    ended.catch(() => {}); // told below, unless the pod can not even be made
    try {
      await ofPods.create(pod);
    } catch (error) {
      if (!isAlreadyExists(error)) throw new Error(`unexpected error creating recycler pod:  ${errorText(error)}`);
      // Whose it is nobody can know.
      await remove().catch((cause: unknown) => {
        throw new Error(`failed to delete old recycler pod ${namespace}/${name}: ${errorText(cause)}`);
      });
      throw new Error("old recycler pod found, will retry later");
    }
    const why = await ended.then(
      () => undefined,
      (error: unknown) => errorText(error),
    );
    const kept = await remove().then(
      () => undefined,
      (error: unknown) => errorText(error),
    );
    if (why !== undefined) throw new Error(`failed to recycle volume: ${why}`);
    if (kept !== undefined) throw new Error(`failed to delete recycler pod: ${kept}`);
  } finally {
    life.abort();
    life.detach();
  }
}

interface Following {
  readonly name: string;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

/** Resolves when the pod has succeeded, rejects when it has failed or is gone. */
function follow(context: ControllerContext, { name, tell, signal }: Following): Promise<void> {
  const { client, clock, rng, log } = context;
  const informers = createInformerFactory({ client, clock, rng, log, signal });
  return new Promise((resolve, reject) => {
    const look = ({ status }: Pod): void => {
      if (status?.phase === "Succeeded") resolve();
      else if (status?.phase === "Failed")
        reject(new Error(status.message || "pod failed, pod.Status.Message unknown"));
    };
    informers.informer(pods, { namespace, fieldSelector: `metadata.name=${name}` }).addHandler({
      add: look,
      update: (_, pod) => look(pod),
      delete: () => reject(new Error("recycler pod was deleted")),
    });
    informers.informer<core_v1.Event>(events, { namespace, fieldSelector: `involvedObject.name=${name}` }).addHandler({
      add: (event) => tell(event.type === "Warning" ? "Warning" : "Normal", event.message ?? ""),
    });
    onAbort(signal, () => reject(signal.reason));
    informers.start();
  });
}
