// FlowSchema: flowcontrol.apiserver.k8s.io/v1 flowschemas.
import type { FlowSchema } from "../../../../facts/types/flowcontrol.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, column, nameColumn } from "../../lib/columns.ts";

export const flowSchemas = defineKind<FlowSchema>({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  kind: "FlowSchema",
  resource: "flowschemas",
  singular: "flowschema",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  rowOrder: (a, b) =>
    (a.spec.matchingPrecedence ?? 0) - (b.spec.matchingPrecedence ?? 0) || (a.metadata.name < b.metadata.name ? -1 : 1),
  columns: [
    nameColumn,
    column(
      "PriorityLevel",
      "`name` is the name of the priority level configuration being referenced Required.",
      ({ spec }) => spec.priorityLevelConfiguration?.name ?? "",
    ),
    column(
      "MatchingPrecedence",
      "`matchingPrecedence` is used to choose among the FlowSchemas that match a given request. The chosen FlowSchema is among those with the numerically lowest (which we take to be logically highest) MatchingPrecedence.  Each MatchingPrecedence value must be ranged in [1,10000]. Note that if the precedence is not specified, it will be set to 1000 as default.",
      ({ spec }) => spec.matchingPrecedence ?? 0,
    ),
    column(
      "DistinguisherMethod",
      "`distinguisherMethod` defines how to compute the flow distinguisher for requests that match this schema. `nil` specifies that the distinguisher is disabled and thus will always be the empty string.",
      ({ spec }) => spec.distinguisherMethod?.type ?? "<none>",
    ),
    ageColumn,
    column(
      "MissingPL",
      "references a broken or non-existent PriorityLevelConfiguration",
      ({ status }) => status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?",
    ),
  ],
});
