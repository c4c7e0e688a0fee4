// RuntimeClass: node.k8s.io/v1 runtimeclasses.
import type { RuntimeClass } from "../../../../facts/types/node.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const runtimeClasses = defineKind<RuntimeClass>({
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  resource: "runtimeclasses",
  singular: "runtimeclass",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<RuntimeClass>("node.k8s.io/v1/RuntimeClass", {
    Handler: (each) => each.handler,
  }),
});
