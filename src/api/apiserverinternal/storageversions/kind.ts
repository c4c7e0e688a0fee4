// StorageVersion: internal.apiserver.k8s.io/v1alpha1 storageversions. In which version each API server stores a resource.
import type { StorageVersion } from "../../../../facts/types/apiserverinternal.v1alpha1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, column, firstThree, nameColumn } from "../../lib/columns.ts";

export const storageVersions = defineKind<StorageVersion>({
  group: "internal.apiserver.k8s.io",
  version: "v1alpha1",
  kind: "StorageVersion",
  resource: "storageversions",
  singular: "storageversion",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: [
    nameColumn,
    column(
      "CommonEncodingVersion",
      "commonEncodingVersion is set to an encoding storage version if all API server instances share that same version. If they don't share one storage version, this field is left empty. API servers should finish updating its storageVersionStatus entry before serving write operations, so that this field will be in sync with the reality.",
      ({ status }) => status?.commonEncodingVersion ?? "<unset>",
    ),
    column("StorageVersions", "storageVersions lists the reported versions per API server instance.", ({ status }) =>
      firstThree((status?.storageVersions ?? []).map((each) => `${each.apiServerID}=${each.encodingVersion}`)),
    ),
    ageColumn,
  ],
});
