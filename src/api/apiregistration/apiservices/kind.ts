// APIService: apiregistration.k8s.io/v1 apiservices. Who answers for a group version: this server or an extension server.
import type { APIService } from "../../../../facts/types/apiregistration.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, column, nameColumn } from "../../lib/columns.ts";

const available = ({ status }: APIService): string => {
  const condition = status?.conditions?.find(({ type }) => type === "Available");
  if (condition === undefined) return "Unknown";
  return condition.status === "True" || !condition.reason
    ? condition.status
    : `${condition.status} (${condition.reason})`;
};

export const apiServices = defineKind<APIService>({
  group: "apiregistration.k8s.io",
  version: "v1",
  kind: "APIService",
  resource: "apiservices",
  singular: "apiservice",
  shortNames: [],
  categories: ["api-extensions"],
  namespaced: false,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: [
    nameColumn,
    column("Service", "The reference to the service that hosts this API endpoint.", ({ spec: { service } }) =>
      service === undefined ? "Local" : `${service.namespace}/${service.name}`,
    ),
    column("Available", "Whether this service is available.", available),
    ageColumn,
  ],
});
