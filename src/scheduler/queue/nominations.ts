// Pods that wait for room which preemption makes on a node. Decisions on other pods reckon with them.
// Upstream: backend/queue/nominator.go.
import type { PodInfo } from "../snapshot/pod-info.ts";

const none: readonly PodInfo[] = [];

export class Nominations {
  readonly #changed: (nodeName: string, pods: readonly PodInfo[]) => void;
  readonly #byNode = new Map<string, readonly PodInfo[]>();
  readonly #nodeOf = new Map<string, string>();

  /** `changed` is told of all pods that are nominated to a node from now on. */
  constructor(changed: (nodeName: string, pods: readonly PodInfo[]) => void) {
    this.#changed = changed;
  }

  set(pod: PodInfo, nodeName: string): void {
    this.delete(pod.uid);
    this.#nodeOf.set(pod.uid, nodeName);
    this.#put(nodeName, [...this.on(nodeName), pod]);
  }

  delete(uid: string): void {
    const nodeName = this.#nodeOf.get(uid);
    if (nodeName === undefined) return;
    this.#nodeOf.delete(uid);
    this.#put(
      nodeName,
      this.on(nodeName).filter((pod) => pod.uid !== uid),
    );
  }

  #put(nodeName: string, pods: readonly PodInfo[]): void {
    if (pods.length === 0) this.#byNode.delete(nodeName);
    else this.#byNode.set(nodeName, pods);
    this.#changed(nodeName, pods);
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  on(nodeName: string): readonly PodInfo[] {
    return this.#byNode.get(nodeName) ?? none;
  }
}
