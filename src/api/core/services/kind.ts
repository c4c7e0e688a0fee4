// Service: v1 services.
import type { Service } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { labelsCell, orElse, tableColumns } from "../../lib/columns.ts";

const ports = (list: NonNullable<Service["spec"]>["ports"]): string =>
  (list ?? [])
    .map(({ port, nodePort, protocol }) => `${nodePort ? `${port}:${nodePort}` : port}/${protocol ?? ""}`)
    .join(",");

/** Addresses of the load balancer, then those that the user named. */
function externalAddresses({ spec, status }: Service): string {
  const named = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case "ClusterIP":
    case "NodePort":
      return orElse(named.join(","), "<none>");
    case "LoadBalancer": {
      const given = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "");
      const distinct = [...new Set(given.filter((each) => each !== ""))].sort();
      return orElse([...distinct, ...named].join(","), "<pending>");
    }
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return "<unknown>";
  }
}

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
  columns: tableColumns<Service>("v1/Service", {
    Type: ({ spec }) => spec?.type ?? "",
    "Cluster-IP": ({ spec }) => orElse(spec?.clusterIPs?.[0], "<none>"),
    "External-IP": externalAddresses,
    "Port(s)": ({ spec }) => orElse(ports(spec?.ports), "<none>"),
    Selector: ({ spec }) => labelsCell(spec?.selector),
  }),
  selectableFields: {
    "spec.clusterIP": ({ spec }) => spec?.clusterIP ?? "",
    "spec.type": ({ spec }) => spec?.type ?? "",
  },
});
