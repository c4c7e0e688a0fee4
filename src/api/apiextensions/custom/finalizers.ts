// Finalizers of custom objects.
import { type KubeObject, qualifiedName, quoteGo } from "../../../machinery/index.ts";

const standardFinalizers: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

/** Warnings about names of finalizers that a write adds. */
export function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const before = new Set(old?.metadata.finalizers ?? []);
  const added = [...new Set(object.metadata.finalizers ?? [])].filter((each) => !before.has(each)).sort();
  return added.flatMap((name) => {
    const at = `metadata.finalizers: ${quoteGo(name)}: `;
    const found = qualifiedName(name).map((text) => at + text);
    if (!name.includes("/") && !standardFinalizers.has(name))
      found.push(
        `${at}prefer a domain-qualified finalizer name ${name.includes(".") ? "including a path (/) " : ""}to avoid accidental conflicts with other finalizer writers`,
      );
    return found;
  });
}
