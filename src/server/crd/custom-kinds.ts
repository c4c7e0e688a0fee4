// From definitions to served kinds: names and conditions, the catalog, the caches, the end of all instances.
// Upstream: apiextensions-apiserver pkg/controller/{status,establish,apiapproval,finalizer}, one process as upstream.
//
// Contract: a definition is worked on by one at a time, and always in its newest state; what it asks for is done when it has
// been served and its conditions say so.
import { type CustomResourceDefinition, customResourceDefinitions } from "../../api/index.ts";
import { isConflict, isNotFound } from "../../machinery/index.ts";
import {
  cleanupFinalizer,
  established,
  findCondition,
  isConditionTrue,
  withApproval,
  withCondition,
  withNames,
} from "./conditions.ts";
import type { DefinitionsHost } from "./host.ts";
import { createInstanceCleaner } from "./instances.ts";
import { createServedKinds } from "./served-kinds.ts";

export interface CustomKinds {
  /** The definition of this name has changed or is gone. */
  changed(name: string): Promise<void>;
  close(): void;
}

const firstRetryMs = 1000;
const longestRetryMs = 60_000;

export function createCustomKinds(host: DefinitionsHost): CustomKinds {
  const { core, reader, writer, log } = host;
  const served = createServedKinds(host);
  /** Names whose work is under way; true when it has to be done again. */
  const working = new Map<string, { again: boolean; done: Promise<void> }>();
  const cleaner = createInstanceCleaner(host);
  let closed = false;

  function changed(name: string): Promise<void> {
    const current = working.get(name);
    if (current !== undefined) {
      current.again = true;
      return current.done;
    }
    const work = { again: false, done: Promise.resolve() };
    working.set(name, work);
    work.done = run(name, work);
    return work.done;
  }

  /** What fails for a reason that nobody expected is tried again, later each time. */
  function inBackground(name: string, delayMs = firstRetryMs): void {
    changed(name).catch((error: unknown) => {
      if (closed) return;
      log.error("a definition of custom resources could not be worked on", { name, error });
      core.clock.setTimeout(() => inBackground(name, Math.min(delayMs * 2, longestRetryMs)), delayMs, {
        background: true,
      });
    });
  }

  async function run(name: string, work: { again: boolean }): Promise<void> {
    try {
      do {
        work.again = false;
        await sync(name);
      } while (work.again && !closed);
    } finally {
      working.delete(name);
    }
  }

  async function sync(name: string): Promise<void> {
    const definition = reader.get(customResourceDefinitions, "", name);
    if (definition === undefined) {
      served.forget(name);
      await othersOfGroup(name);
      return;
    }
    await served.serve(definition);
    if (definition.metadata.deletionTimestamp !== undefined) {
      await cleanUp(definition);
      return;
    }
    const next = nextState(definition);
    if (
      next !== undefined &&
      (await writeStatus(definition, next)) &&
      next.status?.acceptedNames !== definition.status?.acceptedNames
    )
      await othersOfGroup(name);
  }

  /** One change of conditions at a time: each comes back as an event. */
  function nextState(definition: CustomResourceDefinition): CustomResourceDefinition | undefined {
    const nowMs = core.clock.now();
    const approved = withApproval(definition, nowMs);
    if (approved !== undefined) return approved;
    const named = withNames(definition, definitionsOf(definition.spec.group), nowMs);
    if (named !== undefined) return named;
    if (isConditionTrue(definition, "NamesAccepted") && !isConditionTrue(definition, "Established"))
      return withCondition(definition, established, nowMs);
    return undefined;
  }

  const definitionsOf = (group: string): CustomResourceDefinition[] =>
    reader.list(customResourceDefinitions).filter((each) => each.spec.group === group);

  /** Names that were taken may be free now. */
  async function othersOfGroup(name: string): Promise<void> {
    const group = name.slice(name.indexOf(".") + 1);
    for (const other of definitionsOf(group))
      if (other.metadata.name !== name && findCondition(other, "NamesAccepted")?.status === "False")
        inBackground(other.metadata.name);
  }

  /** False when the definition was changed or removed meanwhile: that comes as an event. */
  async function writeStatus(before: CustomResourceDefinition, after: CustomResourceDefinition): Promise<boolean> {
    try {
      await writer.updateStatus(customResourceDefinitions, { namespace: "", name: before.metadata.name }, (current) =>
        current.metadata.resourceVersion === before.metadata.resourceVersion
          ? { ...after, metadata: { ...current.metadata, ...finalizersOf(after) } }
          : undefined,
      );
      return true;
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return false;
      throw error;
    }
  }

  async function cleanUp(definition: CustomResourceDefinition): Promise<void> {
    if (!definition.metadata.finalizers?.includes(cleanupFinalizer)) return;
    const nowMs = core.clock.now();
    const progress = findCondition(definition, "Terminating");
    if (progress?.reason === "InstanceDeletionPending" || progress === undefined) {
      await writeStatus(definition, withCondition(definition, deleting, nowMs));
      return;
    }
    const kind = served.storedKind(definition.metadata.name);
    const outcome =
      isConditionTrue(definition, "Established") && kind !== undefined
        ? await cleaner.removeAll(kind)
        : neverEstablished;
    if (closed) return;
    const after = withCondition(definition, outcome, core.clock.now());
    const finalizers = definition.metadata.finalizers.filter((each) => each !== cleanupFinalizer);
    const done = outcome.status === "False";
    if (!done && findCondition(definition, "Terminating")?.reason === outcome.reason) return;
    const written = await writeStatus(
      definition,
      done ? { ...after, metadata: { ...after.metadata, finalizers } } : after,
    );
    if (!written)
      log.debug("a definition changed while its instances were removed", { name: definition.metadata.name });
  }

  return {
    changed: async (name) => {
      try {
        await changed(name);
      } catch (error) {
        if (closed) return;
        log.error("a definition of custom resources could not be worked on", { name, error });
        core.clock.setTimeout(() => inBackground(name), firstRetryMs, { background: true });
      }
    },
    close() {
      closed = true;
      cleaner.close();
    },
  };
}

const deleting = {
  type: "Terminating",
  status: "True",
  reason: "InstanceDeletionInProgress",
  message: "CustomResource deletion is in progress",
} as const;

const neverEstablished = {
  type: "Terminating",
  status: "False",
  reason: "NeverEstablished",
  message: "resource was never established",
} as const;

const finalizersOf = ({ metadata }: CustomResourceDefinition): { finalizers?: string[] } =>
  metadata.finalizers === undefined ? {} : { finalizers: metadata.finalizers };
