// The one list of admission plugins, in upstream's order, which is the order they run in.
import type { AdmissionHost, AdmissionPlugin, AdmissionPluginEntry } from "../contract.ts";

export const admissionPlugins: readonly AdmissionPluginEntry[] = [];

/** Known to upstream, not here yet: asking for one of these is refused by name. */
export interface AdmissionSelection {
  readonly enable: readonly string[];
  readonly disable: readonly string[];
}

/** Throws Error for names that no plugin has, with the names that there are. */
export function selectPlugins(
  host: AdmissionHost,
  selection: AdmissionSelection,
  entries = admissionPlugins,
): AdmissionPlugin[] {
  const names = entries.map((entry) => entry.name);
  const unknown = [...selection.enable, ...selection.disable].filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Error(
      `unknown admission plugin ${unknown.map((name) => JSON.stringify(name)).join(", ")}; there are: ${names.join(", ")}`,
    );
  const both = selection.enable.filter((name) => selection.disable.includes(name));
  if (both.length > 0) throw new Error(`admission plugin ${both.join(", ")} is both enabled and disabled`);
  return entries
    .filter(
      (entry) =>
        !selection.disable.includes(entry.name) && (entry.onByDefault || selection.enable.includes(entry.name)),
    )
    .map((entry) => entry.create(host));
}
