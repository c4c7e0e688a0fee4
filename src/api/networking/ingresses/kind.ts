// Ingress: networking.k8s.io/v1 ingresses.
import type { Ingress } from "../../../../facts/types/networking.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

const hostsShown = 3;

function hosts({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const shown: string[] = [];
  let more = false;
  for (const { host } of rules) {
    if (shown.length === hostsShown) more = true;
    if (!more && host) shown.push(host);
  }
  if (shown.length === 0) return "*";
  return more ? `${shown.join(",")} + ${rules.length - hostsShown} more...` : shown.join(",");
}

const address = ({ status }: Ingress): string =>
  [...new Set((status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip || hostname || []))]
    .sort()
    .join(",");

export const ingresses = defineKind<Ingress>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  resource: "ingresses",
  singular: "ingress",
  shortNames: ["ing"],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  storageName: "ingress",
  columns: tableColumns<Ingress>("networking.k8s.io/v1/Ingress", {
    Class: (each) => each.spec?.ingressClassName ?? "<none>",
    Hosts: hosts,
    Address: address,
    Ports: (each) => (each.spec?.tls?.length ? "80, 443" : "80"),
  }),
});
