// NetworkPolicy: networking.k8s.io/v1 networkpolicies.
import type { NetworkPolicy } from "../../../../facts/types/networking.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { selectorCell, tableColumns } from "../../lib/columns.ts";

export const networkPolicies = defineKind<NetworkPolicy>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  resource: "networkpolicies",
  singular: "networkpolicy",
  shortNames: ["netpol"],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<NetworkPolicy>("networking.k8s.io/v1/NetworkPolicy", {
    "Pod-Selector": (each) => selectorCell(each.spec?.podSelector ?? {}),
  }),
});
