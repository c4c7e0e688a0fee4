// Another served version of a kind whose fields are the same in both: only apiVersion differs at the door.
import type { KubeObject } from "../../machinery/index.ts";
import type { KindDefinition, ServeRules } from "../kind.ts";

const inVersion = <From extends KubeObject, To extends KubeObject>(object: From, apiVersion: string): To =>
  ({ ...object, apiVersion }) as unknown as To;

/** The definition of `version`; what is stored is the given one. */
export function kindInVersion<Stored extends KubeObject, T extends KubeObject>(
  stored: KindDefinition<Stored>,
  version: string,
): KindDefinition<T> {
  const { group } = stored;
  return {
    ...(stored as unknown as KindDefinition<T>),
    version,
    storedAs: { group, version: stored.version },
  };
}

/** The stored kind's rules, with the conversion between the two versions. */
export function rulesInVersion<Stored extends KubeObject, T extends KubeObject>(
  rules: ServeRules<Stored>,
  versions: { readonly stored: string; readonly served: string },
): ServeRules<T> {
  return {
    ...(rules as unknown as ServeRules<T>),
    convert: {
      toStored: (object: T) => inVersion<T, Stored>(object, versions.stored),
      fromStored: (stored: KubeObject) => inVersion<Stored, T>(stored as Stored, versions.served),
    },
  };
}
