// Cells of policies and bindings. Upstream: pkg/printers/internalversion/printers.go, LabelSelector.String().
import type { ParamKind, ParamRef } from "../../../../facts/types/admissionregistration.v1.ts";
import type { LabelSelector } from "../../../machinery/index.ts";

export const paramKindCell = (kind: ParamKind | undefined): string =>
  kind === undefined ? "<unset>" : `${kind.apiVersion ?? ""}/${kind.kind ?? ""}`;

/** Namespace and name, with a star while the namespace is open, or the selector as Go prints it. */
export function paramRefCell(reference: ParamRef | undefined): string {
  if (reference === undefined) return "<unset>";
  const { name = "", namespace = "", selector } = reference;
  if (name !== "") return `${namespace || "*"}/${name}`;
  return selector === undefined ? "<unset>" : goSelector(selector);
}

function goSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.keys(matchLabels)
    .sort()
    .map((key) => `${key}: ${matchLabels[key]},`)
    .join("");
  const expressions = matchExpressions
    .map(
      ({ key, operator, values = [] }) =>
        `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
    )
    .join("");
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`;
}
