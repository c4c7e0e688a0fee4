// ComponentStatus: v1 componentstatuses. Nothing of it is stored: each read asks the components.
import type { ComponentStatus } from "../../../../facts/types/core.v1.ts";
import { defineKind } from "../../kind.ts";
import { column, nameColumn } from "../../lib/columns.ts";

const what = (name: string): string => `${name} of the component conditions`;
const healthy = ({ conditions }: ComponentStatus) => conditions?.find(({ type }) => type === "Healthy");
const words: Readonly<Record<string, string>> = { True: "Healthy", False: "Unhealthy" };

export const componentStatuses = defineKind<ComponentStatus>({
  group: "",
  version: "v1",
  kind: "ComponentStatus",
  resource: "componentstatuses",
  singular: "componentstatus",
  shortNames: ["cs"],
  categories: [],
  namespaced: false,
  verbs: ["get", "list"],
  subresources: [],
  virtual: true,
  columns: [
    nameColumn,
    column<ComponentStatus>("Status", what("Status"), (each) => words[healthy(each)?.status ?? ""] ?? "Unknown"),
    column<ComponentStatus>("Message", what("Message"), (each) => healthy(each)?.message ?? ""),
    column<ComponentStatus>("Error", what("Error"), (each) => healthy(each)?.error ?? ""),
  ],
});
