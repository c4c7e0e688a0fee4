// Cluster addresses given to a service. Upstream: allocClusterIPs, updateClusterIPs in registry/core/service/storage/alloc.go.
import { type FieldError, field, internalError, invalid } from "../../../../machinery/index.ts";
import { RangeFull } from "../allocator.ts";
import {
  type AddressRange,
  type Allocation,
  addressOf,
  type Family,
  none,
  numberOf,
  rangeOf,
  serviceKind,
} from "./allocators.ts";
import { isSettled } from "./families.ts";

export function allocateAddresses(allocation: Allocation): void {
  const { spec, before } = allocation;
  if (spec.type === "ExternalName" || isSettled(allocation)) return;
  if (before === undefined || before.type === "ExternalName") {
    allocateAll(allocation);
    return;
  }
  if (before.clusterIPs?.[0] === none) return;
  if (before.ipFamilies?.length !== 1 || spec.ipFamilies?.length !== 2) return;
  const [first = "", second = ""] = spec.clusterIPs ?? [];
  spec.clusterIPs = [first, addressFor(allocation, spec.ipFamilies[1] as Family, second)];
}

function allocateAll(allocation: Allocation): void {
  const { spec } = allocation;
  if (spec.clusterIPs?.[0] === none) return;
  const asked = spec.clusterIPs ?? [];
  const families = (spec.ipFamilies ?? []) as Family[];
  spec.clusterIPs = families.map((family, index) => addressFor(allocation, family, asked[index] ?? ""));
  if (spec.clusterIPs[0] !== undefined) spec.clusterIP = spec.clusterIPs[0];
}

/** The one that is asked for, or any when that is empty. A dry run takes nothing and shows the network's own address. */
function addressFor(allocation: Allocation, family: Family, asked: string): string {
  const { service, spec, dryRun, allocators } = allocation;
  const range = rangeOf(allocators.ranges, family)!;
  if (asked === "") return dryRun ? range.base : anyOf(range, allocation);
  const problem = takeAddress(range, allocation, asked);
  if (problem === undefined) return asked;
  const finding: FieldError = field.invalid(
    "spec.clusterIPs",
    spec.clusterIPs,
    `failed to allocate IP ${asked}: ${problem}`,
  );
  throw invalid(serviceKind, service.metadata.name ?? "", [finding]);
}

function anyOf(range: AddressRange, { service, taken }: Allocation): string {
  try {
    const number = range.allocator.next();
    taken.take(range.allocator, number);
    return addressOf(number, range.family);
  } catch (error) {
    if (!(error instanceof RangeFull)) throw error;
    throw internalError(
      `failed to allocate a serviceIP for Service ${JSON.stringify(service.metadata.name)}: ${error.message}`,
    );
  }
}

/** What is wrong with the address; undefined when it is taken, or could be. */
function takeAddress(range: AddressRange, { taken, dryRun }: Allocation, ip: string): string | undefined {
  const number = numberOf(ip);
  if (!range.allocator.contains(number))
    return dryRun
      ? `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${range.cidr}`
      : "the provided network does not match the current range";
  if (dryRun) return undefined;
  if (!range.allocator.isFree(number)) return "provided IP is already allocated";
  taken.take(range.allocator, number);
  return undefined;
}
