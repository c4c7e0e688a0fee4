// The namespaces a term is about: those it names and those its namespace selector chooses.
import type { Listers } from "../../handle.ts";
import { type AffinityTerm, hasNamespaceSelector } from "../../lib/affinity-terms.ts";

export function namespacesOf(listers: Listers, term: AffinityTerm): readonly string[] {
  if (!hasNamespaceSelector(term)) return term.namespaces;
  const names = new Set(term.namespaces);
  for (const namespace of listers.namespaces.list())
    if (term.namespaceSelector.matches(namespace.metadata.labels)) names.add(namespace.metadata.name);
  return [...names].sort();
}
