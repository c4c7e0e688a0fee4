// Pods between pop and done, and the changes that happened meanwhile: a pod that comes back rejected is judged by every
// change since its decision began, so none is lost. Changes that no pod in flight needs any more are dropped.
import type { KubeObject } from "../../machinery/index.ts";
import type { ClusterEvent } from "../framework.ts";

export interface ClusterChange {
  readonly event: ClusterEvent;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}

export class InFlight {
  /** uid → number of the first change after its pop; in the order of popping, so the first is the smallest. */
  readonly #since = new Map<string, number>();
  #changes: ClusterChange[] = [];
  /** Number of #changes[0]. */
  #first = 0;

  get pods(): number {
    return this.#since.size;
  }

  get changes(): number {
    return this.#changes.length;
  }

  has(uid: string): boolean {
    return this.#since.has(uid);
  }

  begin(uid: string): void {
    this.#since.set(uid, this.#first + this.#changes.length);
  }

  record(change: ClusterChange): void {
    if (this.#since.size > 0) this.#changes.push(change);
  }

  /** Changes since the pod was popped; undefined when it is not in flight. */
  changesSince(uid: string): readonly ClusterChange[] | undefined {
    const since = this.#since.get(uid);
    return since === undefined ? undefined : this.#changes.slice(since - this.#first);
  }

  done(uid: string): void {
    if (!this.#since.delete(uid)) return;
    const needed = this.#since.values().next().value ?? this.#first + this.#changes.length;
    if (needed === this.#first) return;
    this.#changes = this.#changes.slice(needed - this.#first);
    this.#first = needed;
  }
}
