// Secret: v1 secrets.
import type { Secret } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const secrets = defineKind<Secret>({
  group: "",
  version: "v1",
  kind: "Secret",
  resource: "secrets",
  singular: "secret",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<Secret>("v1/Secret", {
    Type: (secret) => secret.type ?? "",
    Data: (secret) => Object.keys(secret.data ?? {}).length,
  }),
  selectableFields: { type: (secret) => secret.type ?? "" },
});
