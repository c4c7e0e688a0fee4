// LeaseCandidate: coordination.k8s.io/v1beta1 leasecandidates. Who may become the holder of a Lease.
import type { LeaseCandidate } from "../../../../facts/types/coordination.v1beta1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, column, nameColumn } from "../../lib/columns.ts";

export const leaseCandidates = defineKind<LeaseCandidate>({
  group: "coordination.k8s.io",
  version: "v1beta1",
  kind: "LeaseCandidate",
  resource: "leasecandidates",
  singular: "leasecandidate",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: [
    nameColumn,
    column(
      "LeaseName",
      "LeaseName is the name of the lease for which this candidate is contending. This field is immutable.",
      ({ spec }) => spec.leaseName,
    ),
    column("BinaryVersion", "", ({ spec }) => spec.binaryVersion),
    column("EmulationVersion", "", ({ spec }) => spec.emulationVersion ?? ""),
    ageColumn,
  ],
});
