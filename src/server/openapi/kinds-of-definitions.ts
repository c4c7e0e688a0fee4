// Which kinds a definition is the body of: x-kubernetes-group-version-kind. Options and watch events are bodies in every group version.
import bundle from "../../../facts/schema.json" with { type: "json" };
import type { Json } from "./definitions.ts";

const byDefinition = new Map<string, { group: string; kind: string; version: string }[]>();
for (const [key, definition] of Object.entries(bundle.kinds as Record<string, string>)) {
  const [group = "", version = "", kind = ""] = key.split("/");
  const list = byDefinition.get(definition);
  const gvk = { group, kind, version };
  if (list === undefined) byDefinition.set(definition, [gvk]);
  else list.push(gvk);
}
for (const list of byDefinition.values())
  list.sort((a, b) => compare(a.group, b.group) || compare(a.version, b.version) || compare(a.kind, b.kind));

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `at`: in the document of one group version only its own kinds and those of the core group are named. */
export function bodiesIn(
  definition: string,
  at: { readonly group: string; readonly version: string } | undefined,
): readonly Json[] {
  const all = byDefinition.get(definition) ?? [];
  if (at === undefined || all.length <= 1) return all;
  return all.filter(
    ({ group, version }) => (group === "" && version === "v1") || (group === at.group && version === at.version),
  );
}
