// Pods that nobody can place now, found by the plugin that rejected them: an event asks only those it may help.
import { isGated, type QueuedPod } from "./queued-pod.ts";

export class Waiting {
  readonly #pods = new Map<string, QueuedPod>();
  readonly #byPlugin = new Map<string, Set<QueuedPod>>();
  #gated = 0;

  get size(): number {
    return this.#pods.size;
  }

  get gated(): number {
    return this.#gated;
  }

  get(uid: string): QueuedPod | undefined {
    return this.#pods.get(uid);
  }

  values(): Iterable<QueuedPod> {
    return this.#pods.values();
  }

  rejectedBy(plugin: string): Iterable<QueuedPod> {
    return this.#byPlugin.get(plugin) ?? [];
  }

  /** The pod's plugins and gate must not change while it is in here: take it out, change it, put it back. */
  add(pod: QueuedPod): void {
    this.delete(pod.info.uid);
    this.#pods.set(pod.info.uid, pod);
    if (isGated(pod)) this.#gated++;
    for (const plugin of pod.unschedulablePlugins) {
      const pods = this.#byPlugin.get(plugin) ?? new Set();
      this.#byPlugin.set(plugin, pods.add(pod));
    }
  }

  delete(uid: string): QueuedPod | undefined {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return undefined;
    this.#pods.delete(uid);
    if (isGated(pod)) this.#gated--;
    for (const plugin of pod.unschedulablePlugins) {
      const pods = this.#byPlugin.get(plugin);
      pods?.delete(pod);
      if (pods?.size === 0) this.#byPlugin.delete(plugin);
    }
    return pod;
  }
}
