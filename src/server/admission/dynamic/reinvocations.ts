// Which webhooks or policies are asked again in the second run of the mutating pass: those that allow it and were asked before
// somebody else changed the object. Upstream: {webhook,policy}/mutating/reinvocationcontext.go.
import { deepClone, deepEqual, type KubeObject } from "../../../machinery/index.ts";

export interface Reinvocations {
  /** Marks all that were invoked so far as to be asked again. */
  requireAll(): void;
  invoked(id: string): void;
  required(id: string): boolean;
  /** Keeps what the object was at the end of a run. */
  remember(object: KubeObject | undefined): void;
  changedSince(object: KubeObject | undefined): boolean;
}

export function createReinvocations(): Reinvocations {
  const invoked = new Set<string>();
  const required = new Set<string>();
  let last: KubeObject | undefined;
  return {
    requireAll() {
      for (const id of invoked) required.add(id);
      invoked.clear();
    },
    invoked: (id) => void invoked.add(id),
    required: (id) => required.has(id),
    remember(object) {
      last = object === undefined ? undefined : deepClone(object);
    },
    changedSince: (object) => !deepEqual(last, object),
  };
}
