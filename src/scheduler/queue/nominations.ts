// Pods that wait for room which preemption makes on a node. Decisions on other pods reckon with them.
// Upstream: backend/queue/nominator.go.
import type { PodInfo } from "../snapshot/pod-info.ts";

const none: readonly PodInfo[] = [];

export class Nominations {
  readonly #byNode = new Map<string, PodInfo[]>();
  readonly #nodeOf = new Map<string, string>();

  set(pod: PodInfo, nodeName: string): void {
    this.delete(pod.uid);
    this.#nodeOf.set(pod.uid, nodeName);
    this.#byNode.set(nodeName, [...(this.#byNode.get(nodeName) ?? none), pod]);
  }

  delete(uid: string): void {
    const nodeName = this.#nodeOf.get(uid);
    if (nodeName === undefined) return;
    this.#nodeOf.delete(uid);
    const left = this.#byNode.get(nodeName)!.filter((pod) => pod.uid !== uid);
    if (left.length === 0) this.#byNode.delete(nodeName);
    else this.#byNode.set(nodeName, left);
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  on(nodeName: string): readonly PodInfo[] {
    return this.#byNode.size === 0 ? none : (this.#byNode.get(nodeName) ?? none);
  }
}
