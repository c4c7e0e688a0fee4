// What the scheduler does to the world, over a client. Upstream: pkg/scheduler/util (PatchPodStatus, DeletePod),
// plugins/defaultbinder, pkg/api/v1/pod (UpdatePodCondition).
import {
  type PersistentVolumeClaim,
  type Pod,
  type PodCondition,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
} from "../api/index.ts";
import { type Clock, type Rng, sleep } from "../base/index.ts";
import type { Client, EventRecorder, Informer } from "../client/index.ts";
import { formatTime, hasReason } from "../machinery/index.ts";
import type { Effects, StatusChange } from "./handle.ts";

export interface EffectsOptions {
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly rng: Rng;
  /** Of the claims that the listers show. */
  readonly claims: Pick<Informer<PersistentVolumeClaim>, "addHandler">;
}

export function createEffects({ client, recorder, clock, rng, claims }: EffectsOptions): Effects {
  const resource = client.of(pods);
  const nameOf = (pod: Pod) => ({ namespace: pod.metadata.namespace ?? "", name: pod.metadata.name });
  return {
    bind: async (pod, nodeName) => {
      const { namespace, name } = nameOf(pod);
      await resource.createSubresource({ namespace, name }, "binding", {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { namespace, name, uid: pod.metadata.uid },
        target: { kind: "Node", name: nodeName },
      });
    },
    patchStatus: async (pod, change) => {
      const patch = statusPatch(pod, change, formatTime(clock.now()));
      if (patch === undefined) return;
      await retrying({ clock, rng }, () =>
        resource.patch(nameOf(pod), patch, { type: "strategic", subresource: "status" }),
      );
    },
    deletePod: (pod) => resource.delete(nameOf(pod)),
    event: (about, event) => recorder.event(about, event),
    replaceVolume: (volume) => client.of(persistentVolumes).update(volume),
    replaceClaim: (claim) => client.of(persistentVolumeClaims).update(claim),
    onClaimChange: (listener) => claims.addHandler({ add: listener, update: listener, delete: listener }),
  };
}

const noteLimit = 1024;
const ellipsis = " ...";

/** Notes of events are limited to 1 kB; longer ones end in dots. */
export function truncateNote(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= noteLimit) return text;
  return new TextDecoder().decode(bytes.subarray(0, noteLimit - ellipsis.length)) + ellipsis;
}

/** A strategic merge patch of the status; undefined when it says so already. */
export function statusPatch(pod: Pod, change: StatusChange, now: string): object | undefined {
  const { condition, nominatedNodeName } = change;
  const patch: Record<string, unknown> = {};
  if (nominatedNodeName !== undefined && nominatedNodeName !== (pod.status?.nominatedNodeName ?? ""))
    patch["nominatedNodeName"] = nominatedNodeName === "" ? null : nominatedNodeName;
  const old = pod.status?.conditions ?? [];
  const known = old.find((each) => each.type === condition?.type);
  if (condition !== undefined && !saysSo(known, condition)) {
    const lastTransitionTime = known?.status === condition.status ? known.lastTransitionTime : now;
    const types = old.map(({ type }) => ({ type }));
    patch["$setElementOrder/conditions"] = known === undefined ? [...types, { type: condition.type }] : types;
    patch["conditions"] = [{ lastProbeTime: null, lastTransitionTime, ...condition }];
  }
  return Object.keys(patch).length === 0 ? undefined : { status: patch };
}

const saysSo = (known: PodCondition | undefined, condition: NonNullable<StatusChange["condition"]>): boolean =>
  known !== undefined &&
  known.status === condition.status &&
  (known.reason ?? "") === (condition.reason ?? "") &&
  (known.message ?? "") === (condition.message ?? "");

const tries = 4;
const firstPauseMs = 10;
const pauseFactor = 5;
const jitter = 0.1;

const isPassing = (error: unknown): boolean =>
  hasReason(error, "InternalError") || hasReason(error, "ServiceUnavailable") || hasReason(error, "Conflict");

/** Up to four tries for errors that pass by themselves. Upstream: retry.DefaultBackoff. */
async function retrying<T>({ clock, rng }: { clock: Clock; rng: Rng }, call: () => Promise<T>): Promise<T> {
  let pauseMs = firstPauseMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (attempt === tries || !isPassing(error)) throw error;
      await sleep(clock, pauseMs * (1 + jitter * rng.next()));
      pauseMs *= pauseFactor;
    }
  }
}
