// Binding: v1 bindings.
import type { Binding } from "../../../../facts/types/core.v1.ts";
import { defineKind } from "../../kind.ts";

export const bindings = defineKind<Binding>({
  group: "",
  version: "v1",
  kind: "Binding",
  resource: "bindings",
  singular: "binding",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ["create"],
  subresources: [],
  virtual: true,
  columns: [],
});
