// IPAddress: networking.k8s.io/v1 ipaddresses.
import type { IPAddress } from "../../../../facts/types/networking.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { age, tableColumns } from "../../lib/columns.ts";

function parent({ spec }: IPAddress): string {
  const to = spec?.parentRef;
  if (!to) return "<none>";
  const resource = `${to.resource ?? ""}${to.group ? `.${to.group}` : ""}`.toLowerCase();
  return [resource, ...(to.namespace ? [to.namespace] : []), to.name ?? ""].join("/");
}

export const ipAddresses = defineKind<IPAddress>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IPAddress",
  resource: "ipaddresses",
  singular: "ipaddress",
  shortNames: ["ip"],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: [
    ...tableColumns<IPAddress>("networking.k8s.io/v1/IPAddress", {
      ParentRef: parent,
    }),
    {
      name: "Age",
      type: "string",
      priority: 0,
      description: "",
      unannounced: true,
      cell: ({ metadata }, { now }) => age(metadata.creationTimestamp, now),
    },
  ],
});
