// What was found out about nodes for pods that fit nowhere, so that the next pod like them does not ask again about nodes which have
// not changed since. A verdict may be kept when every filter that takes part signs the pod: it then depends on that signature, the node and
// the pods on it alone. Upstream signs pods likewise, for the pods that fit (KEP-5598, opportunistic batching).
import type { PodDisruptionBudget } from "../api/index.ts";
import type { NodeInfo } from "./snapshot/node-info.ts";
import type { Candidate, Diagnosis, Status } from "./status.ts";

/** One finding for each node, good until the node, its pods or the pods nominated to it change. */
class Findings<T> {
  /** By the node's slot; no generation is 0. */
  readonly #generations: number[] = [];
  readonly #found: T[] = [];

  recall(node: NodeInfo, find: (node: NodeInfo) => T): T {
    const { slot, generation } = node;
    if (this.#generations[slot] === generation) return this.#found[slot]!;
    const found = find(node);
    this.set(node, found);
    return found;
  }

  set({ slot, generation }: NodeInfo, found: T): void {
    for (let next = this.#generations.length; next <= slot; next++) {
      this.#generations.push(0);
      this.#found.push(found);
    }
    this.#generations[slot] = generation;
    this.#found[slot] = found;
  }
}

type Trial = Candidate | Status;

/** Of a decision on one pod (`FilterRun`): the check, and the node to which that very pod is nominated. */
interface Asking {
  check(node: NodeInfo): Status | undefined;
  readonly ownNode: NodeInfo | undefined;
}

/** Of pods with one signature. */
export class Sheet {
  readonly #verdicts = new Findings<Status | undefined>();
  #trials = new Findings<Trial>();
  #budgets: readonly PodDisruptionBudget[] = [];

  verdict(node: NodeInfo, run: Asking): Status | undefined {
    return node === run.ownNode ? run.check(node) : this.#verdicts.recall(node, run.check);
  }

  /** Recalls which pods would have to go from a node, or finds it out; budgets that changed make what was found void. */
  trials(
    { ownNode }: Asking,
    budgets: readonly PodDisruptionBudget[],
    find: (node: NodeInfo) => Trial,
  ): (node: NodeInfo) => Trial {
    if (budgets.length !== this.#budgets.length || budgets.some((each, index) => each !== this.#budgets[index])) {
      this.#trials = new Findings();
      this.#budgets = budgets;
    }
    const trials = this.#trials;
    return (node) => (node === ownNode ? find(node) : trials.recall(node, find));
  }

  note({ nodes, statuses }: Diagnosis, { ownNode }: Asking): void {
    for (let index = 0; index < nodes.length; index++)
      if (nodes[index] !== ownNode) this.#verdicts.set(nodes[index]!, statuses[index]);
  }
}

/** Kinds of pods that are kept; a cluster rarely lacks room for more of them at a time. */
const mostSheets = 8;

export class Verdicts {
  readonly #sheets = new Map<string, Sheet>();

  /** Is any kind of pod known to fit nowhere? If not, no pod needs to be signed. */
  get any(): boolean {
    return this.#sheets.size > 0;
  }

  find(signature: string | undefined): Sheet | undefined {
    const sheet = signature === undefined ? undefined : this.#sheets.get(signature);
    if (sheet === undefined) return undefined;
    this.#sheets.delete(signature!);
    this.#sheets.set(signature!, sheet); // the latest used is the last
    return sheet;
  }

  enter(signature: string): Sheet {
    if (this.#sheets.size >= mostSheets) this.#sheets.delete(this.#sheets.keys().next().value!);
    const sheet = new Sheet();
    this.#sheets.set(signature, sheet);
    return sheet;
  }

  /** When no pod waits any more: what is kept about nodes keeps pods alive. */
  clear(): void {
    this.#sheets.clear();
  }
}
