// From definitions to served kinds: names and conditions, the catalog, the caches, the end of all instances.
// Upstream: apiextensions-apiserver pkg/controller/{status,establish,apiapproval,finalizer}, one process as upstream.
//
// Contract: a definition is worked on by one at a time, and always in its newest state; what it asks for is done when it has
// been served and its conditions say so.
import { type CustomKind, compileCustomKind } from "../../api/apiextensions/custom/serve.ts";
import { type CustomResourceDefinition, customResourceDefinitions, type KindDefinition } from "../../api/index.ts";
import { deepEqual, isConflict, isNotFound } from "../../machinery/index.ts";
import {
  cleanupFinalizer,
  established,
  findCondition,
  isConditionTrue,
  withApproval,
  withCondition,
  withNames,
} from "./conditions.ts";
import { type Converter, webhookConverter } from "./conversion.ts";
import type { DefinitionsHost } from "./host.ts";
import { createInstanceCleaner } from "./instances.ts";
import { servedResources } from "./serving.ts";

export interface CustomKinds {
  /** The definition of this name has changed or is gone. */
  changed(name: string): Promise<void>;
  close(): void;
}

interface Served {
  readonly uid: string;
  readonly spec: CustomResourceDefinition["spec"];
  readonly names: unknown;
  readonly compiled: CustomKind;
  readonly cleanSince: number;
  readonly convert?: Converter;
}

const firstRetryMs = 1000;
const longestRetryMs = 60_000;

export function createCustomKinds(host: DefinitionsHost): CustomKinds {
  const { core, reader, writer, log } = host;
  const served = new Map<string, Served>();
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
      forget(name);
      await othersOfGroup(name);
      return;
    }
    await serve(definition);
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

  async function serve(definition: CustomResourceDefinition): Promise<void> {
    const { name } = definition.metadata;
    if (!isConditionTrue(definition, "NamesAccepted") && !isConditionTrue(definition, "Established")) {
      forget(name);
      return;
    }
    const state = await currentServing(definition);
    core.catalog.setCustom(
      name,
      servedResources({
        compiled: state.compiled,
        cleanSince: state.cleanSince,
        terminating: isConditionTrue(definition, "Terminating"),
        established: isConditionTrue(definition, "Established"),
        ...(state.convert === undefined ? {} : { convert: state.convert }),
      }),
    );
  }

  /** Made anew when spec or accepted names have changed; watches of before end then, as upstream's do. */
  async function currentServing(definition: CustomResourceDefinition): Promise<Served> {
    const { name, uid } = definition.metadata;
    const before = served.get(name);
    const names = definition.status?.acceptedNames;
    if (before?.uid === uid && deepEqual(before.spec, definition.spec) && deepEqual(before.names, names)) return before;
    const compiled = compileCustomKind(definition);
    const kind = cacheKind(compiled);
    const convert = webhookConverter({ rng: core.rng, webhooks: host.webhooks }, definition);
    const state: Served = {
      ...(convert === undefined ? {} : { convert }),
      uid,
      spec: definition.spec,
      names,
      compiled,
      cleanSince: Number(definition.metadata.resourceVersion),
    };
    if (before !== undefined && before.compiled.storage.kind.resource !== kind.resource) forget(name);
    await core.hub.put(kind);
    served.set(name, state);
    return state;
  }

  function forget(name: string): void {
    const before = served.get(name);
    if (before === undefined) return;
    served.delete(name);
    core.catalog.setCustom(name, []);
    core.hub.remove(before.compiled.storage.kind);
  }

  async function cleanUp(definition: CustomResourceDefinition): Promise<void> {
    if (!definition.metadata.finalizers?.includes(cleanupFinalizer)) return;
    const nowMs = core.clock.now();
    const progress = findCondition(definition, "Terminating");
    if (progress?.reason === "InstanceDeletionPending" || progress === undefined) {
      await writeStatus(
        definition,
        withCondition(
          definition,
          {
            type: "Terminating",
            status: "True",
            reason: "InstanceDeletionInProgress",
            message: "CustomResource deletion is in progress",
          },
          nowMs,
        ),
      );
      return;
    }
    const kind = served.get(definition.metadata.name)?.compiled.storage.kind;
    const outcome =
      isConditionTrue(definition, "Established") && kind !== undefined
        ? await cleaner.removeAll(kind)
        : ({
            type: "Terminating",
            status: "False",
            reason: "NeverEstablished",
            message: "resource was never established",
          } as const);
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

const finalizersOf = ({ metadata }: CustomResourceDefinition): { finalizers?: string[] } =>
  metadata.finalizers === undefined ? {} : { finalizers: metadata.finalizers };

/** The caches hold what is stored, with the fields that any version can be selected by. */
function cacheKind(compiled: CustomKind): KindDefinition {
  const selectableFields = Object.assign(
    {},
    ...[...compiled.versions.values()].map((version) => version.kind.selectableFields),
  );
  return { ...compiled.storage.kind, selectableFields };
}
