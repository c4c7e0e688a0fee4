// ResourceClaim: resource.k8s.io/v1 resourceclaims.
import type { ResourceClaim } from "../../../../facts/types/resource.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";
import { claimState } from "../../lib/devices/claim-state.ts";

export const resourceClaims = defineKind<ResourceClaim>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceClaim",
  resource: "resourceclaims",
  singular: "resourceclaim",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: tableColumns<ResourceClaim>("resource.k8s.io/v1/ResourceClaim", { State: claimState }),
});
