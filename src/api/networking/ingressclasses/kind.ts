// IngressClass: networking.k8s.io/v1 ingressclasses.
import type { IngressClass } from "../../../../facts/types/networking.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

const name = ({ metadata }: IngressClass): string =>
  metadata.annotations?.["ingressclass.kubernetes.io/is-default-class"] === "true"
    ? `${metadata.name} (default)`
    : metadata.name;

function parameters({ spec }: IngressClass): string {
  const to = spec?.parameters;
  if (to === undefined) return "<none>";
  return `${to.kind}${to.apiGroup === undefined ? "" : `.${to.apiGroup}`}/${to.name}`;
}

export const ingressClasses = defineKind<IngressClass>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  resource: "ingressclasses",
  singular: "ingressclass",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<IngressClass>("networking.k8s.io/v1/IngressClass", {
    Name: name,
    Controller: (each) => each.spec?.controller ?? "",
    Parameters: parameters,
  }),
});
