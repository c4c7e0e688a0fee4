// Whether an extension server can be used, as the condition Available of its APIService says it.
// Upstream: kube-aggregator's controllers/status/remote.
import { type APIService, type APIServiceCondition, type EndpointSlice, services } from "../../api/index.ts";
import { deepEqual, formatTime } from "../../machinery/index.ts";
import type { ObjectReader } from "../contract.ts";
import { slicesOf } from "../service-address.ts";

export type Verdict = Pick<APIServiceCondition, "status" | "reason" | "message">;

export const passed: Verdict = { status: "True", reason: "Passed", message: "all checks passed" };
export const failedCheck = (message: string): Verdict => ({ status: "False", reason: "FailedDiscoveryCheck", message });

/** What can be told from objects alone; undefined when nothing stands in the way of asking the server itself. */
export function problemOf({ spec }: APIService, reader: ObjectReader): Verdict | undefined {
  const { namespace = "", name = "", port = 443 } = spec.service ?? {};
  const missing = (reason: string, message: string): Verdict => ({ status: "False", reason, message });
  const named = `service/${name} in ${JSON.stringify(namespace)}`;
  const service = reader.get(services, namespace, name);
  if (service === undefined) return missing("ServiceNotFound", `${named} is not present`);
  if ((service.spec?.type ?? "ClusterIP") !== "ClusterIP") return undefined;
  const found = service.spec?.ports?.find((each) => each.port === port);
  if (found === undefined) return missing("ServicePortError", `${named} is not listening on port ${port}`);
  const slices = slicesOf(reader, { namespace, name });
  if (slices.length === 0) return missing("EndpointsNotFound", `cannot find endpointslices for ${named}`);
  const portName = found.name ?? "";
  if (!slices.some((slice) => hasEndpoint(slice, portName)))
    return missing(
      "MissingEndpoints",
      `endpointslices for ${named} have no addresses with port name ${JSON.stringify(portName)}`,
    );
  return undefined;
}

const hasEndpoint = ({ endpoints = [], ports = [] }: EndpointSlice, portName: string): boolean =>
  endpoints.some(({ conditions }) => conditions?.ready !== false) &&
  ports.some((port) => (port.name ?? "") === portName && port.port !== undefined);

/** The status with this verdict; undefined when it says so already. */
export function statusWith(service: APIService, verdict: Verdict, nowMs: number): APIService["status"] | undefined {
  const conditions = service.status?.conditions ?? [];
  const old = conditions.find(({ type }) => type === "Available");
  const lastTransitionTime = old?.status === verdict.status ? old.lastTransitionTime : formatTime(nowMs);
  const condition: APIServiceCondition = {
    type: "Available",
    ...verdict,
    ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
  };
  if (old !== undefined && deepEqual(old, condition)) return undefined;
  const changed =
    old === undefined ? [...conditions, condition] : conditions.map((each) => (each === old ? condition : each));
  return { conditions: changed };
}

export const isAvailable = ({ status }: APIService): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") === true;
