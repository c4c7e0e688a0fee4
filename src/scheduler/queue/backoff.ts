// How long a pod waits after a failed attempt: 1 s, doubled each time, at most 10 s, ending on whole seconds, so that pods
// whose back-off ends in one second leave in the order of the active queue. Upstream: backend/queue/backoff_queue.go.
import { KeyedHeap } from "./heap.ts";
import type { QueuedPod } from "./queued-pod.ts";

const initialBackoffMs = 1_000;
const longestBackoffMs = 10_000;
const windowMs = 1_000;

const window = (timeMs: number): number => Math.floor(timeMs / windowMs) * windowMs;

export function backoffDurationMs(failures: number): number {
  return failures === 0 ? 0 : Math.min(initialBackoffMs * 2 ** (failures - 1), longestBackoffMs);
}

/** 0 for a pod that never failed. */
function backoffEndMs(pod: QueuedPod): number {
  const failures = pod.consecutiveErrors > 0 ? pod.consecutiveErrors : pod.unschedulableCount;
  if (failures === 0) return 0;
  pod.backoffUntilMs ??= window(pod.timestampMs + backoffDurationMs(failures));
  return pod.backoffUntilMs;
}

/** Until the window in which it ends is over. */
export function isBackingOff(pod: QueuedPod, nowMs: number): boolean {
  const end = backoffEndMs(pod);
  return end > 0 && end >= window(nowMs);
}

export class BackoffQueue {
  /** Rejected pods: taken early when there is nothing else to do. */
  readonly #rejected: KeyedHeap<QueuedPod>;
  /** Pods whose attempt failed by an error: they wait to the end, the cause may be an overloaded API server. */
  readonly #failed: KeyedHeap<QueuedPod>;

  constructor(less: (a: QueuedPod, b: QueuedPod) => boolean) {
    const earlier = (a: QueuedPod, b: QueuedPod): boolean => {
      const byEnd = backoffEndMs(a) - backoffEndMs(b);
      return byEnd === 0 ? less(a, b) : byEnd < 0;
    };
    this.#rejected = new KeyedHeap((pod) => pod.info.uid, earlier);
    this.#failed = new KeyedHeap((pod) => pod.info.uid, earlier);
  }

  get size(): number {
    return this.#rejected.size + this.#failed.size;
  }

  add(pod: QueuedPod): void {
    this.delete(pod.info.uid);
    (pod.unschedulablePlugins.size === 0 ? this.#failed : this.#rejected).set(pod);
  }

  /** After its contents changed. */
  update(pod: QueuedPod): void {
    if (this.#rejected.has(pod.info.uid)) this.#rejected.set(pod);
    else if (this.#failed.has(pod.info.uid)) this.#failed.set(pod);
  }

  get(uid: string): QueuedPod | undefined {
    return this.#rejected.get(uid) ?? this.#failed.get(uid);
  }

  has(uid: string): boolean {
    return this.#rejected.has(uid) || this.#failed.has(uid);
  }

  delete(uid: string): boolean {
    return this.#rejected.delete(uid) || this.#failed.delete(uid);
  }

  get hasEarly(): boolean {
    return this.#rejected.size > 0;
  }

  /** The rejected pod whose back-off ends first, though it has not ended. */
  popEarly(): QueuedPod | undefined {
    return this.#rejected.pop();
  }

  /** All whose back-off is over, out. */
  popEnded(nowMs: number): QueuedPod[] {
    const ended: QueuedPod[] = [];
    for (const heap of [this.#rejected, this.#failed])
      for (let first = heap.peek(); first !== undefined && !isBackingOff(first, nowMs); first = heap.peek())
        ended.push(heap.pop()!);
    return ended;
  }

  /** Monotonic time at which popEnded will have something; undefined when empty. */
  nextEndMs(): number | undefined {
    const ends = [this.#rejected.peek(), this.#failed.peek()].filter((pod) => pod !== undefined).map(backoffEndMs);
    return ends.length === 0 ? undefined : Math.min(...ends) + windowMs;
  }
}
