// The scheduling queue. A pod is in exactly one of these places:
//
//   active    a heap in queue order: next to be tried
//   back-off  was rejected or failed, and something happened that may help: tried when its back-off is over, or
//             earlier when nothing else is to do
//   waiting   was rejected or is gated, and nothing that may help has happened since
//   in flight between pop and done
//
// Contract: no pod is lost and none is in two places; what happens while a pod is in flight counts when it comes back;
// a pod waits at most five minutes (and the half minute until the next look). Upstream: backend/queue, KEP-4247.
import type { Pod } from "../../api/index.ts";
import type { Clock, Timer } from "../../base/index.ts";
import type { KubeObject } from "../../machinery/index.ts";
import { action, type ClusterEvent, isWildcardEvent, type Plugin } from "../framework.ts";
import type { SchedulerMetrics } from "../metrics.ts";
import { type PodInfo, podInfo } from "../snapshot/pod-info.ts";
import { BackoffQueue, isBackingOff } from "./backoff.ts";
import { KeyedHeap } from "./heap.ts";
import { InFlight } from "./in-flight.ts";
import { Interests } from "./interests.ts";
import { Nominations } from "./nominations.ts";
import { isGated, type QueuedPod } from "./queued-pod.ts";
import { Waiting } from "./waiting.ts";

export const longestWaitMs = 5 * 60_000;
const flushPeriodMs = 30_000;

const timeoutEvent: ClusterEvent = { resource: "*", action: action.all, label: "UnschedulableTimeout" };
const forceActivate: ClusterEvent = { resource: "*", action: action.all, label: "ForceActivate" };
const attemptFailed = "ScheduleAttemptFailure";

export interface QueueOptions {
  readonly clock: Clock;
  readonly plugins: readonly Plugin[];
  readonly metrics: SchedulerMetrics;
  readonly schedulerName: string;
  /** The pod as the informer has it, to see whether a nomination is still about anything. */
  readonly currentPod: (namespace: string, name: string) => Pod | undefined;
  /** Told of the pods that are nominated to a node whenever they change. */
  readonly nominated: (nodeName: string, pods: readonly PodInfo[]) => void;
}

export interface Change {
  readonly event: ClusterEvent;
  readonly before?: KubeObject | undefined;
  readonly after?: KubeObject | undefined;
  /** Only these pods; all when not given. */
  readonly which?: (pod: PodInfo) => boolean;
}

type Place = "active" | "backoff" | "unschedulable";

export class SchedulingQueue {
  readonly nominations: Nominations;
  readonly #options: QueueOptions;
  readonly #interests: Interests;
  readonly #gates: readonly Plugin[];
  readonly #active: KeyedHeap<QueuedPod>;
  readonly #backoff: BackoffQueue;
  readonly #waiting = new Waiting();
  readonly #inFlight = new InFlight();
  #order = 0;
  #wake: (() => void) | undefined;
  #backoffTimer: { readonly atMs: number; readonly timer: Timer } | undefined;
  #flushTimer: Timer | undefined;
  #closed = false;
  readonly #reported = new Map<string, number>();

  constructor(options: QueueOptions) {
    this.#options = options;
    this.nominations = new Nominations(options.nominated);
    this.#interests = new Interests(options.plugins);
    this.#gates = options.plugins.filter((plugin) => plugin.preEnqueue !== undefined);
    const sort = options.plugins.find((plugin) => plugin.less !== undefined);
    if (sort?.less === undefined) throw new Error("no plugin of the profile sorts the queue");
    const before = sort.less.bind(sort);
    const less = (a: QueuedPod, b: QueuedPod): boolean => before(a, b) || (!before(b, a) && a.order < b.order);
    this.#active = new KeyedHeap((pod) => pod.info.uid, less);
    this.#backoff = new BackoffQueue(less);
  }

  /** A new pod. */
  add(pod: Pod): void {
    this.#enqueueNew(podInfo(pod), "UnscheduledPodAdd");
  }

  /** A pod that is not bound changed; `events` are what changed about it. Unknown pods are added. */
  update(before: Pod, after: Pod, events: readonly ClusterEvent[]): void {
    const uid = after.metadata.uid;
    if (this.#inFlight.has(uid)) {
      for (const event of events) this.#inFlight.record({ event, before, after });
      return;
    }
    const info = podInfo(after);
    const pod = this.#active.get(uid) ?? this.#backoff.get(uid) ?? this.#waiting.get(uid);
    if (pod === undefined) {
      this.#enqueueNew(info, "UnscheduledPodUpdate");
      return;
    }
    pod.info = info;
    this.#renominate(before, info);
    if (this.#active.has(uid)) this.#active.set(pod);
    else if (this.#backoff.has(uid)) this.#backoff.update(pod);
    else for (const event of events) if (this.#reconsider(pod, { event, before, after }) !== "unschedulable") break;
    this.#settle();
  }

  /** The pod is gone, or bound. */
  delete(uid: string): void {
    this.nominations.delete(uid);
    if (this.#active.delete(uid) || this.#backoff.delete(uid)) {
      this.#settle();
      return;
    }
    const pod = this.#waiting.delete(uid);
    if (pod !== undefined) this.#countRejections(pod, -1);
    this.#settle();
  }

  /** The next pod to try, in flight from now on: `done` or `giveBack` must follow. Undefined: nothing to do. */
  pop(): QueuedPod | undefined {
    for (;;) {
      const pod = this.#active.pop() ?? this.#backoff.popEarly();
      if (pod === undefined) return undefined;
      if (this.#inFlight.has(pod.info.uid)) continue;
      pod.attempts++;
      this.#inFlight.begin(pod.info.uid);
      this.#countRejections(pod, -1);
      this.#settle();
      return pod;
    }
  }

  /** Resolves when `pop` may have something, or the queue is closed. One waiter. */
  whenReady(): Promise<void> {
    if (this.#closed || this.#active.size > 0 || this.#backoff.hasEarly) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** The attempt is over and the pod does not come back by it. */
  done(uid: string): void {
    this.#inFlight.done(uid);
  }

  /**
   * A popped pod comes back, with the plugins that rejected it in `unschedulablePlugins`; none: an error, so it is
   * tried again after its back-off whatever happens. Does nothing when the pod is queued again already.
   */
  giveBack(pod: QueuedPod): void {
    const uid = pod.info.uid;
    if (this.#active.has(uid) || this.#backoff.has(uid) || this.#waiting.get(uid) !== undefined) {
      this.done(uid);
      return;
    }
    if (pod.unschedulablePlugins.size === 0) pod.consecutiveErrors++;
    else {
      pod.unschedulableCount++;
      pod.consecutiveErrors = 0;
    }
    pod.timestampMs = this.#options.clock.monotonic();
    pod.backoffUntilMs = undefined;
    pod.flushed = false;
    this.#countRejections(pod, 1);
    this.#place(pod, this.#happenedMeanwhile(pod) ? "retry" : "wait", attemptFailed);
    this.done(uid);
    this.#settle();
  }

  /** Something in the cluster changed: pods that it may help leave the waiting ones. */
  changed(change: Change): void {
    const { event } = change;
    const interests = this.#interests.of(event);
    if (interests.length === 0) return;
    const helped = new Set<QueuedPod>();
    for (const { plugin } of interests)
      for (const pod of this.#waiting.rejectedBy(plugin)) {
        if (helped.has(pod) || (change.which !== undefined && !change.which(pod.info))) continue;
        if (this.#isStillGated(pod, event)) continue;
        if (this.#helps(pod, change, plugin)) helped.add(pod);
      }
    for (const pod of helped) this.#retry(pod, event.label);
    this.#inFlight.record({ event, before: change.before, after: change.after });
    this.#settle();
  }

  /** Back to the active queue at once; a pod in flight comes back to it. */
  activate(pod: Pod): void {
    const uid = pod.metadata.uid;
    const queued = this.#waiting.get(uid) ?? this.#backoff.get(uid);
    if (queued !== undefined) {
      this.#remove(uid);
      this.#toActive(queued, forceActivate.label);
    } else if (this.#inFlight.has(uid)) this.#inFlight.record({ event: forceActivate, before: undefined, after: pod });
    this.#settle();
  }

  /** A node name nominates, "" takes the nomination back, undefined goes by the pod's status. */
  nominate(info: PodInfo, nodeName: string | undefined): void {
    this.nominations.delete(info.uid);
    const target = nodeName ?? info.pod.status?.nominatedNodeName ?? "";
    if (target === "") return;
    const current = this.#options.currentPod(info.namespace, info.name);
    if (current === undefined || current.spec?.nodeName) return;
    this.nominations.set(info, target);
  }

  /** Does no pod wait for a place, gated ones aside? */
  get isEmpty(): boolean {
    const waiting = this.#waiting.size - this.#waiting.gated;
    return this.#active.size === 0 && this.#backoff.size === 0 && waiting === 0;
  }

  get sizes(): { active: number; backoff: number; unschedulable: number; gated: number; inFlight: number } {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size,
      unschedulable: this.#waiting.size - this.#waiting.gated,
      gated: this.#waiting.gated,
      inFlight: this.#inFlight.pods,
    };
  }

  /** Where a pod is; for tests and diagnostics. */
  placeOf(uid: string): Place | "in flight" | undefined {
    if (this.#active.has(uid)) return "active";
    if (this.#backoff.has(uid)) return "backoff";
    if (this.#waiting.get(uid) !== undefined) return "unschedulable";
    return this.#inFlight.has(uid) ? "in flight" : undefined;
  }

  close(): void {
    this.#closed = true;
    this.#backoffTimer?.timer.cancel();
    this.#flushTimer?.cancel();
    this.#notify();
  }

  #enqueueNew(info: PodInfo, label: string): void {
    const pod: QueuedPod = {
      info,
      timestampMs: this.#options.clock.monotonic(),
      order: this.#order++,
      attempts: 0,
      firstAttemptMs: undefined,
      unschedulableCount: 0,
      consecutiveErrors: 0,
      backoffUntilMs: undefined,
      unschedulablePlugins: new Set(),
      gatedBy: "",
      flushed: false,
    };
    this.#remove(info.uid);
    if (this.#toActive(pod, label) === "active") this.nominate(info, undefined);
    this.#settle();
  }

  #remove(uid: string): void {
    if (!this.#active.delete(uid) && !this.#backoff.delete(uid)) this.#waiting.delete(uid);
  }

  #place(pod: QueuedPod, wish: "retry" | "wait", label: string): Place {
    if (wish === "wait") {
      this.#waiting.add(pod);
      return "unschedulable";
    }
    return isBackingOff(pod, this.#options.clock.monotonic())
      ? this.#toBackoff(pod, label)
      : this.#toActive(pod, label);
  }

  #retry(pod: QueuedPod, label: string): Place {
    this.#waiting.delete(pod.info.uid);
    return this.#place(pod, "retry", label);
  }

  #reconsider(pod: QueuedPod, change: Change): Place {
    if (this.#isStillGated(pod, change.event)) return "unschedulable";
    const helps = this.#interests
      .of(change.event)
      .some(({ plugin }) => pod.unschedulablePlugins.has(plugin) && this.#helps(pod, change, plugin));
    return helps ? this.#retry(pod, change.event.label) : "unschedulable";
  }

  /** Gated pods look at nothing but what their gate waits for; and then at the gate first, since many wait for one of many ends. */
  #isStillGated(pod: QueuedPod, event: ClusterEvent): boolean {
    if (!isGated(pod)) return false;
    if (!this.#interests.concerns(pod.gatedBy, event)) return true;
    const gate = this.#gates.find(({ name }) => name === pod.gatedBy);
    return gate?.preEnqueue?.(pod.info.pod) !== undefined;
  }

  #helps(pod: QueuedPod, { event, before, after }: Change, plugin: string): boolean {
    const interest = this.#interests.of(event).find((each) => each.plugin === plugin);
    return interest?.registrations.some(({ hint }) => hint === undefined || hint(pod.info, before, after)) === true;
  }

  #happenedMeanwhile(pod: QueuedPod): boolean {
    if (pod.unschedulablePlugins.size === 0) return true;
    const changes = this.#inFlight.changesSince(pod.info.uid);
    if (changes === undefined) return true;
    return changes.some((change) => {
      if (isWildcardEvent(change.event))
        return change.after === undefined || change.after.metadata.uid === pod.info.uid;
      for (const plugin of pod.unschedulablePlugins)
        if (this.#interests.concerns(plugin, change.event) && this.#helps(pod, change, plugin)) return true;
      return false;
    });
  }

  /** Runs the gates; a gated pod waits instead. The pod must be in no place. */
  #passesGates(pod: QueuedPod): boolean {
    const last = this.#gates.find((gate) => gate.name === pod.gatedBy);
    const inOrder = last === undefined ? this.#gates : [last, ...this.#gates.filter((gate) => gate !== last)];
    for (const gate of inOrder) {
      if (gate.preEnqueue!(pod.info.pod) === undefined) continue;
      if (!pod.unschedulablePlugins.has(gate.name)) {
        pod.unschedulablePlugins.add(gate.name);
        this.#options.metrics.unschedulablePods.add(1, this.#rejection(gate.name));
      }
      pod.gatedBy = gate.name;
      return false;
    }
    pod.gatedBy = "";
    return true;
  }

  #toActive(pod: QueuedPod, label: string): Place {
    if (!this.#passesGates(pod)) {
      this.#waiting.add(pod);
      return "unschedulable";
    }
    pod.firstAttemptMs ??= this.#options.clock.monotonic();
    this.#active.set(pod);
    this.#options.metrics.incomingPods.inc({ queue: "active", event: label });
    return "active";
  }

  #toBackoff(pod: QueuedPod, label: string): Place {
    if (!this.#passesGates(pod)) {
      this.#waiting.add(pod);
      return "unschedulable";
    }
    this.#backoff.add(pod);
    this.#options.metrics.incomingPods.inc({ queue: "backoff", event: label });
    return "backoff";
  }

  /** Keeps a nomination that the API server has not heard of yet. */
  #renominate(before: Pod, info: PodInfo): void {
    const silent = !before.status?.nominatedNodeName && !info.pod.status?.nominatedNodeName;
    this.nominate(info, silent ? this.nominations.nodeOf(info.uid) : undefined);
  }

  #rejection(plugin: string): { plugin: string; profile: string } {
    return { plugin, profile: this.#options.schedulerName };
  }

  #countRejections(pod: QueuedPod, by: 1 | -1): void {
    for (const plugin of pod.unschedulablePlugins)
      this.#options.metrics.unschedulablePods.add(by, this.#rejection(plugin));
  }

  /** After every change: wake the loop, set the timers, show the sizes. */
  #settle(): void {
    if (this.#closed) return;
    if (this.#active.size > 0 || this.#backoff.hasEarly) this.#notify();
    this.#armBackoff();
    if (this.#waiting.size > 0) this.#armFlush();
    this.#report("active", this.#active.size);
    this.#report("backoff", this.#backoff.size);
    this.#report("unschedulable", this.#waiting.size - this.#waiting.gated);
    this.#report("gated", this.#waiting.gated);
  }

  #report(queue: keyof SchedulingQueue["sizes"], pods: number): void {
    if (this.#reported.get(queue) === pods) return;
    this.#reported.set(queue, pods);
    this.#options.metrics.pendingPods.set(pods, { queue });
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #armBackoff(): void {
    const atMs = this.#backoff.nextEndMs();
    if (this.#backoffTimer?.atMs === atMs) return;
    this.#backoffTimer?.timer.cancel();
    this.#backoffTimer = undefined;
    if (atMs === undefined) return;
    const { clock } = this.#options;
    const timer = clock.setTimeout(() => this.#endBackoff(), atMs - clock.monotonic(), { background: true });
    this.#backoffTimer = { atMs, timer };
  }

  #endBackoff(): void {
    this.#backoffTimer = undefined;
    for (const pod of this.#backoff.popEnded(this.#options.clock.monotonic())) {
      // Its gates were asked when it came into the back-off queue.
      this.#active.set(pod);
      this.#options.metrics.incomingPods.inc({ queue: "active", event: "BackoffComplete" });
    }
    this.#settle();
  }

  #armFlush(): void {
    this.#flushTimer ??= this.#options.clock.setTimeout(() => this.#flush(), flushPeriodMs, { background: true });
  }

  #flush(): void {
    this.#flushTimer = undefined;
    const now = this.#options.clock.monotonic();
    for (const pod of [...this.#waiting.values()]) {
      if (now - pod.timestampMs <= longestWaitMs) continue;
      if (isGated(pod)) continue;
      pod.flushed = true;
      this.#retry(pod, timeoutEvent.label);
    }
    this.#settle();
  }
}
