// Lease: coordination.k8s.io/v1 leases.
import type { Lease } from "../../../../facts/types/coordination.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const leases = defineKind<Lease>({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  resource: "leases",
  singular: "lease",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<Lease>("coordination.k8s.io/v1/Lease", {
    Holder: (each) => each.spec?.holderIdentity ?? "",
  }),
});
