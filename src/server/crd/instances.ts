// Removes every instance of a custom kind and waits until they are gone. Upstream: pkg/controller/finalizer/crd_finalizer.go.
import type { KindDefinition } from "../../api/index.ts";
import { isNotFound } from "../../machinery/index.ts";
import type { NewCondition } from "./conditions.ts";
import type { DefinitionsHost } from "./host.ts";

/** How long finalizers of instances are waited for before it is tried again. */
const patienceMs = 60_000;

export interface InstanceCleaner {
  removeAll(kind: KindDefinition): Promise<NewCondition>;
  close(): void;
}

export function createInstanceCleaner({ core, reader, writer }: DefinitionsHost): InstanceCleaner {
  const waiting = new Set<() => void>();

  async function deleteAll(kind: KindDefinition): Promise<string[]> {
    const problems: string[] = [];
    for (const { metadata } of reader.list(kind)) {
      try {
        await writer.remove(kind, { namespace: metadata.namespace ?? "", name: metadata.name });
      } catch (error) {
        if (!isNotFound(error)) problems.push((error as Error).message);
      }
    }
    return problems;
  }

  /** False when some are still there after a minute. */
  function gone(kind: KindDefinition): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (empty: boolean): void => {
        timer.cancel();
        waiting.delete(cancel);
        stop();
        resolve(empty);
      };
      const cancel = (): void => finish(false);
      const timer = core.clock.setTimeout(cancel, patienceMs, { background: true });
      waiting.add(cancel);
      const stop = reader.subscribe(kind, {
        upsert: () => {},
        remove: () => {
          if (reader.list(kind).length === 0) finish(true);
        },
      });
      if (reader.list(kind).length === 0) finish(true);
    });
  }

  return {
    async removeAll(kind) {
      const failed = (reason: string, message: string): NewCondition => ({
        type: "Terminating",
        status: "True",
        reason,
        message,
      });
      const problems = await deleteAll(kind);
      if (problems.length > 0)
        return failed("InstanceDeletionFailed", `could not issue all deletes: ${problems.join(", ")}`);
      if (!(await gone(kind)))
        return failed(
          "InstanceDeletionCheck",
          "could not confirm zero CustomResources remaining: context deadline exceeded",
        );
      return {
        type: "Terminating",
        status: "False",
        reason: "InstanceDeletionCompleted",
        message: "removed all instances",
      };
    },
    close() {
      for (const cancel of [...waiting]) cancel();
    },
  };
}
