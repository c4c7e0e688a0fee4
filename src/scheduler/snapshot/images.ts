// Which images are on how many nodes. Upstream: the image states of the scheduler cache.
import type { Node } from "../../api/index.ts";

export interface ImageState {
  /** Bytes, as the first node that had it reported. */
  readonly sizeBytes: number;
  readonly nodes: Set<string>;
}

export class Images {
  readonly #byName = new Map<string, ImageState>();

  add(node: Node): void {
    for (const image of node.status?.images ?? [])
      for (const name of image.names ?? []) {
        let state = this.#byName.get(name);
        if (state === undefined) {
          state = { sizeBytes: image.sizeBytes ?? 0, nodes: new Set() };
          this.#byName.set(name, state);
        }
        state.nodes.add(node.metadata.name);
      }
  }

  remove(node: Node): void {
    for (const image of node.status?.images ?? [])
      for (const name of image.names ?? []) {
        const state = this.#byName.get(name);
        state?.nodes.delete(node.metadata.name);
        if (state?.nodes.size === 0) this.#byName.delete(name);
      }
  }

  /** `name` with its tag or digest. */
  get(name: string): ImageState | undefined {
    return this.#byName.get(name);
  }
}
