// What of the definitions is served: in the catalog, with a cache of what is stored.
//
// Contract: a definition is served once its names are accepted, and stays served while they are contested later; a changed spec is
// compiled anew, which ends the watches of before, as upstream's do.
import { type CustomKind, compileCustomKind } from "../../api/apiextensions/custom/serve.ts";
import type { CustomResourceDefinition, KindDefinition } from "../../api/index.ts";
import { deepEqual } from "../../machinery/index.ts";
import { isConditionTrue } from "./conditions.ts";
import { type Converter, webhookConverter } from "./conversion.ts";
import type { DefinitionsHost } from "./host.ts";
import { servedResources } from "./serving.ts";

interface Served {
  readonly uid: string;
  readonly spec: CustomResourceDefinition["spec"];
  readonly names: unknown;
  readonly compiled: CustomKind;
  readonly cleanSince: number;
  readonly convert?: Converter;
}

export interface ServedKinds {
  /** Resolves when the catalog and the caches say what the definition does. */
  serve(definition: CustomResourceDefinition): Promise<void>;
  /** The definition is gone. */
  forget(name: string): void;
  /** What is stored of a served definition. */
  storedKind(name: string): KindDefinition | undefined;
}

export function createServedKinds({ core, webhooks }: DefinitionsHost): ServedKinds {
  const served = new Map<string, Served>();

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

  /** Made anew when spec or accepted names have changed. */
  async function currentServing(definition: CustomResourceDefinition): Promise<Served> {
    const { name, uid } = definition.metadata;
    const before = served.get(name);
    const names = definition.status?.acceptedNames;
    if (before?.uid === uid && deepEqual(before.spec, definition.spec) && deepEqual(before.names, names)) return before;
    const compiled = compileCustomKind(definition);
    const kind = cacheKind(compiled);
    const convert = webhookConverter({ rng: core.rng, webhooks }, definition);
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

  return { serve, forget, storedKind: (name) => served.get(name)?.compiled.storage.kind };
}

/** The caches hold what is stored, with the fields that any version can be selected by. */
function cacheKind(compiled: CustomKind): KindDefinition {
  const selectableFields = Object.assign(
    {},
    ...[...compiled.versions.values()].map((version) => version.kind.selectableFields),
  );
  return { ...compiled.storage.kind, selectableFields };
}
