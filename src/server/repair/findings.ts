// What is wrong between services and IPAddress objects, and what to do: each cluster address belongs to one service and to one object
// that names it. Upstream: pkg/registry/core/service/ipallocator/controller/repairip.go.
import { type IPAddress, parseIp, type Service } from "../../api/index.ts";
import { parseTime } from "../../machinery/index.ts";
import {
  addressesOf,
  allocatorName,
  canonicalIp,
  familyLabel,
  familyOf,
  managedByLabel,
} from "../registry/kinds/services/address-book.ts";

export interface Observed {
  address(ip: string): IPAddress | undefined;
  service(namespace: string, name: string): Service | undefined;
  /** Whether it lies in any ServiceCIDR. */
  covers(ip: string): boolean;
}

export interface Told {
  readonly reason: string;
  readonly action: string;
  readonly message: string;
}

/** Counted as `apiserver_clusterip_repair_ip_errors_total`. */
export interface ServiceFinding {
  readonly ip: string;
  readonly event?: Told;
  readonly repair?: "create" | "recreate";
}

const told = (reason: string, message: string): Told => ({ reason, action: "ClusterIPAllocation", message });

export function examineService(service: Service, observed: Observed): ServiceFinding[] {
  return addressesOf(service).flatMap((given): ServiceFinding[] => {
    if (given === "") return [];
    if (parseIp(given) === undefined)
      return [
        {
          ip: given,
          event: {
            reason: "ClusterIPNotValid",
            action: "ClusterIPValidation",
            message: "Cluster IP <nil> is not a valid IP; please recreate Service",
          },
        },
      ];
    const found = examineAddressOf(service, canonicalIp(given), observed);
    return found === undefined ? [] : [found];
  });
}

function examineAddressOf(service: Service, ip: string, observed: Observed): ServiceFinding | undefined {
  const { namespace = "", name } = service.metadata;
  const family = familyOf(ip);
  if (!observed.covers(ip))
    return {
      ip,
      event: told(
        "ClusterIPOutOfRange",
        `Cluster IP [${family}]: ${ip} is not within any configured Service CIDR; please recreate service`,
      ),
    };
  const address = observed.address(ip);
  if (address === undefined)
    return {
      ip,
      repair: "create",
      event: told("ClusterIPNotAllocated", `Cluster IP [${family}]: ${ip} is not allocated; repairing`),
    };
  const { group = "", resource, namespace: space = "", name: parent } = address.spec.parentRef ?? {};
  const wrong: ServiceFinding = {
    ip,
    repair: "recreate",
    event: told(
      "ClusterIPNotAllocated",
      `the ClusterIP [${family}]: ${ip} for Service ${namespace}/${name} has a wrong reference; repairing`,
    ),
  };
  if (group !== "" || resource !== "services") return wrong;
  const isLabelled = hasLabels(address);
  if (space === namespace && parent === name) return isLabelled ? undefined : { ip, repair: "recreate" };
  const other = observed.service(space, parent ?? "");
  if (other === undefined) return wrong;
  const isTwice = other.spec?.clusterIPs?.includes(ip) === true;
  return {
    ip,
    ...(isLabelled ? {} : { repair: "recreate" }),
    ...(isTwice
      ? {
          event: told(
            "ClusterIPAlreadyAllocated",
            `Cluster IP [${family}]:${ip} was assigned to multiple services; please recreate service`,
          ),
        }
      : {}),
  };
}

const hasLabels = ({ metadata }: IPAddress): boolean =>
  metadata.labels?.[familyLabel] === familyOf(metadata.name) && isManaged({ metadata });

export const isManaged = ({ metadata }: Pick<IPAddress, "metadata">): boolean =>
  metadata.labels?.[managedByLabel] === allocatorName;

export interface AddressFinding {
  /** The object goes, with this event. */
  readonly remove?: Told;
  /** To be looked at again after so long. */
  readonly againMs?: number;
}

/** A request that is under way has made the object and not yet its service. */
const requestMs = 60_000;
/** Times are whole seconds. */
const secondMs = 1_000;
const revertMs = 5_000;

/** Of an object that the allocator made; others are nobody's business here. */
export function examineAddress(address: IPAddress, observed: Observed, nowMs: number): AddressFinding {
  if (!isManaged(address)) return {};
  const { name: ip, creationTimestamp } = address.metadata;
  const { group = "", resource = "", namespace = "", name = "" } = address.spec.parentRef ?? {};
  const remove = (reason: string, message: string): AddressFinding => ({
    remove: { reason, action: "IPAddressAllocation", message },
  });
  if (group !== "" || resource !== "services")
    return remove(
      "IPAddressNotAllocated",
      `IPAddress ${ip} appears to have been modified, not referencing a Service &ParentReference{Group:${group},Resource:${resource},Namespace:${namespace},Name:${name},}: cleaning up`,
    );
  const madeMs = parseTime(creationTimestamp);
  const ageMs = nowMs - madeMs;
  const service = observed.service(namespace, name);
  if (service === undefined)
    return ageMs > requestMs
      ? remove(
          "IPAddressNotAllocated",
          `IPAddress: ${ip} for Service ${namespace}/${name} appears to have leaked: cleaning up`,
        )
      : { againMs: requestMs - ageMs + secondMs };
  if (service.spec?.clusterIPs?.includes(ip) === true) return {};
  if (service.spec?.type === "ExternalName" && ageMs < requestMs) return { againMs: requestMs - ageMs + secondMs };
  if (madeMs > parseTime(service.metadata.creationTimestamp) && ageMs < revertMs) return { againMs: revertMs };
  return remove(
    "IPAddressWrongReference",
    `IPAddress: ${ip} for Service ${namespace}/${name} has a wrong reference; cleaning up`,
  );
}
