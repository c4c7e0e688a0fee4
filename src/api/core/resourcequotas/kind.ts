// ResourceQuota: v1 resourcequotas.
import type { ResourceQuota } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

/** `cpu: 1/2, pods: 0/10` of the resources chosen. */
const usage = ({ status }: ResourceQuota, chosen: (name: string) => boolean): string =>
  Object.keys(status?.hard ?? {})
    .filter(chosen)
    .sort()
    .map((name) => `${name}: ${status?.used?.[name] ?? "0"}/${status?.hard?.[name]}`)
    .join(", ");

export const resourceQuotas = defineKind<ResourceQuota>({
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  resource: "resourcequotas",
  singular: "resourcequota",
  shortNames: ["quota"],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: tableColumns<ResourceQuota>("v1/ResourceQuota", {
    Request: (quota) => usage(quota, (name) => !name.startsWith("limits.")),
    Limit: (quota) => usage(quota, (name) => name.startsWith("limits.")),
  }),
});
