// Service: v1 services.
import type { Service } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, nameColumn } from "../../lib/columns.ts";

export const services = defineKind<Service>({
  group: "",
  version: "v1",
  kind: "Service",
  resource: "services",
  singular: "service",
  shortNames: ["svc"],
  categories: ["all"],
  namespaced: true,
  verbs: allVerbs,
  subresources: [
    {
      name: "proxy",
      kind: { group: "", version: "v1", kind: "ServiceProxyOptions" },
      verbs: ["create", "delete", "get", "patch", "update"],
    },
    { name: "status", verbs: ["get", "patch", "update"] },
  ],
  storageName: "services/specs",
  columns: [nameColumn, ageColumn],
});
