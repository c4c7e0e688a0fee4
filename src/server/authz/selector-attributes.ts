// Selectors as authorizers see them. Upstream: apiserver's filters/authorization.go (AuthorizeWithSelectors).
import { parseFieldSelector, parseLabelSelector } from "../../machinery/index.ts";
import type { AccessAttributes } from "../contract.ts";

type SelectorAttributes = Pick<AccessAttributes, "fieldSelector" | "labelSelector">;

export function selectorAttributes(query: URLSearchParams): SelectorAttributes {
  const fields = query.get("fieldSelector");
  const labels = query.get("labelSelector");
  return {
    ...(fields ? parsed(() => ({ fieldSelector: parseFieldSelector(fields).requirements })) : {}),
    ...(labels ? parsed(() => ({ labelSelector: parseLabelSelector(labels).requirements })) : {}),
  };
}

/** Selectors that do not parse are not shown to authorizers; the handler refuses them later. */
function parsed(parse: () => SelectorAttributes): SelectorAttributes {
  try {
    return parse();
  } catch {
    return {};
  }
}
