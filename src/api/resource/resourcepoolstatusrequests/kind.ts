// ResourcePoolStatusRequest: resource.k8s.io/v1alpha3 resourcepoolstatusrequests. Asks once how many devices of pools are free.
import type { PoolStatus, ResourcePoolStatusRequest } from "../../../../facts/types/resource.v1alpha3.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { age, column, integerColumn, nameColumn } from "../../lib/columns.ts";

type Request = ResourcePoolStatusRequest;

/** The first that holds of the two conditions that end a request. */
const outcome = ({ status }: Request) =>
  status?.conditions?.find((each) => (each.type === "Complete" || each.type === "Failed") && each.status === "True");

/** "-" where there is nothing to add up. */
const sum =
  (of: (pool: PoolStatus) => number) =>
  (request: Request): string =>
    request.status === undefined || outcome(request)?.type === "Failed"
      ? "-"
      : String((request.status.pools ?? []).reduce((total, pool) => total + of(pool), 0));

function statusCell(request: Request): string {
  const type = outcome(request)?.type;
  if (type === undefined) return "Pending";
  const [listed, all] = [request.status?.pools?.length ?? 0, request.status?.poolCount ?? 0];
  return type === "Complete" && all > listed ? `Complete (${listed}/${all} pools)` : type;
}

export const resourcePoolStatusRequests = defineKind<Request>({
  group: "resource.k8s.io",
  version: "v1alpha3",
  kind: "ResourcePoolStatusRequest",
  resource: "resourcepoolstatusrequests",
  singular: "resourcepoolstatusrequest",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: [
    nameColumn,
    column("Driver", "The driver to query pools for.", ({ spec }) => spec.driver),
    column(
      "Total",
      "Total number of devices across all pools.",
      sum((pool) => pool.totalDevices ?? 0),
    ),
    column(
      "Available",
      "Number of available devices across all pools.",
      sum((pool) => pool.availableDevices ?? 0),
    ),
    column(
      "Allocated",
      "Number of allocated devices across all pools.",
      sum((pool) => pool.allocatedDevices ?? 0),
    ),
    column(
      "Unavailable",
      "Number of unavailable devices across all pools.",
      sum((pool) => pool.unavailableDevices ?? 0),
    ),
    column(
      "Errors",
      "Number of pools with validation errors.",
      sum((pool) => (pool.validationError === undefined ? 0 : 1)),
    ),
    integerColumn("Pools", "Total number of matching pools.", ({ status }) => status?.poolCount ?? 0),
    column("Status", "Processing status.", statusCell),
    column("Completed", "Time since the observation completed.", (request, { now }) => {
      const ended = outcome(request);
      return ended?.type === "Complete" ? age(ended.lastTransitionTime, now) : "<none>";
    }),
  ],
});
