// EndpointSlice: discovery.k8s.io/v1 endpointslices.
import type { EndpointSlice } from "../../../../facts/types/discovery.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { firstThree, tableColumns } from "../../lib/columns.ts";

export const endpointSlices = defineKind<EndpointSlice>({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  resource: "endpointslices",
  singular: "endpointslice",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<EndpointSlice>("discovery.k8s.io/v1/EndpointSlice", {
    AddressType: (each) => each.addressType,
    Ports: (each) => firstThree((each.ports ?? []).map(({ port, name }) => String(port ?? name ?? "*"))),
    Endpoints: (each) => firstThree((each.endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])),
  }),
});
