// What becomes of one object, from its owner references and what is known of the owners.
// Upstream: pkg/controller/garbagecollector/garbagecollector.go attemptToDeleteItem.
import type { KubeObject, OwnerReference } from "../../machinery/index.ts";
import { foregroundFinalizer, orphanFinalizer } from "./graph.ts";

export type OwnerState =
  /** Exists. */
  | "solid"
  /** Does not exist, or is another object of the same name. */
  | "dangling"
  /** Exists and waits in the foreground for its dependents to go. */
  | "waiting";

export type PropagationPolicy = "Orphan" | "Foreground" | "Background";

export type Fate =
  | { readonly do: "keep" }
  /** Takes away references to owners that are gone or wait. */
  | { readonly do: "release"; readonly owners: readonly string[] }
  | {
      readonly do: "delete";
      readonly policy: PropagationPolicy /** Dependents that wait themselves no longer block this one. */;
      readonly unblock: boolean;
    };

export interface FateView {
  readonly object: KubeObject;
  readonly states: ReadonlyMap<string, OwnerState>;
  /** Whether anything depends on the object, and whether one of those waits for its own dependents. */
  readonly hasDependents: boolean;
  readonly dependentWaits: boolean;
}

export function decideFate({ object, states, hasDependents, dependentWaits }: FateView): Fate {
  const owners: readonly OwnerReference[] = object.metadata.ownerReferences ?? [];
  if (owners.length === 0) return { do: "keep" };
  const of = (state: OwnerState): OwnerReference[] => owners.filter((owner) => states.get(owner.uid) === state);
  const [solid, dangling, waiting] = [of("solid"), of("dangling"), of("waiting")];
  if (solid.length > 0) {
    const gone = [...dangling, ...waiting].map((owner) => owner.uid);
    return gone.length === 0 ? { do: "keep" } : { do: "release", owners: gone };
  }
  if (waiting.length > 0 && hasDependents) return { do: "delete", policy: "Foreground", unblock: dependentWaits };
  return { do: "delete", policy: policyOf(object), unblock: false };
}

function policyOf(object: KubeObject): PropagationPolicy {
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(orphanFinalizer)) return "Orphan";
  return finalizers.includes(foregroundFinalizer) ? "Foreground" : "Background";
}
