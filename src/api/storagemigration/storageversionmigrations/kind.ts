// StorageVersionMigration: storagemigration.k8s.io/v1beta1 storageversionmigrations.
import type { StorageVersionMigration } from "../../../../facts/types/storagemigration.v1beta1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { column, nameColumn } from "../../lib/columns.ts";

const outcomes: ReadonlySet<string> = new Set(["Running", "Failed", "Succeeded"]);

export const storageVersionMigrations = defineKind<StorageVersionMigration>({
  group: "storagemigration.k8s.io",
  version: "v1beta1",
  kind: "StorageVersionMigration",
  resource: "storageversionmigrations",
  singular: "storageversionmigration",
  shortNames: [],
  categories: [],
  namespaced: false,
  featureGate: "StorageVersionMigrator",
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: [
    column("Name", nameColumn.description, ({ metadata }) => metadata.name),
    column("Resource", "GroupResource to migrate", ({ spec: { resource } }) =>
      resource.group ? `${resource.resource}.${resource.group}` : resource.resource,
    ),
    column(
      "Status",
      "Status of the migration",
      ({ status }) =>
        status?.conditions?.findLast((each) => each.status === "True" && outcomes.has(each.type))?.type ?? "Unknown",
    ),
  ],
});
