// ServiceCIDR: networking.k8s.io/v1 servicecidrs.
import type { ServiceCIDR } from "../../../../facts/types/networking.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const serviceCIDRs = defineKind<ServiceCIDR>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "ServiceCIDR",
  resource: "servicecidrs",
  singular: "servicecidr",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: tableColumns<ServiceCIDR>("networking.k8s.io/v1/ServiceCIDR", {
    CIDRs: (each) => (each.spec?.cidrs ?? []).join(","),
  }),
});
