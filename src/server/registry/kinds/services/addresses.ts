// Cluster addresses given to a service. Upstream: allocClusterIPs, updateClusterIPs in registry/core/service/storage/alloc.go.
import { type FieldError, field, internalError, invalid } from "../../../../machinery/index.ts";
import { RangeFull } from "../allocator.ts";
import { type AddressRange, addressOf, canonicalIp, type Family, familyOf, numberOf } from "./address-book.ts";
import { type Allocation, none, serviceKind } from "./allocators.ts";
import { isSettled } from "./families.ts";

export async function allocateAddresses(allocation: Allocation): Promise<void> {
  const { spec, before } = allocation;
  if (before === undefined ? spec.type === "ExternalName" : isSettled(allocation)) return;
  if (before === undefined || before.type === "ExternalName") {
    if (spec.type !== "ExternalName") await allocateAll(allocation);
    return;
  }
  if (before.clusterIPs?.[0] === none) return;
  const had = before.ipFamilies?.length ?? 0;
  const has = spec.ipFamilies?.length ?? 0;
  if (spec.type === "ExternalName") free(allocation, before.clusterIPs ?? []);
  else if (had === 2 && has === 1) free(allocation, before.clusterIPs?.slice(1) ?? []);
  else if (had === 1 && has === 2) {
    const [first = "", second = ""] = spec.clusterIPs ?? [];
    spec.clusterIPs = [first, await addressFor(allocation, spec.ipFamilies![1] as Family, second)];
  }
}

function free({ taken }: Allocation, ips: readonly string[]): void {
  for (const ip of ips) taken.frees(canonicalIp(ip));
}

async function allocateAll(allocation: Allocation): Promise<void> {
  const { spec } = allocation;
  if (spec.clusterIPs?.[0] === none) return;
  const asked = spec.clusterIPs ?? [];
  const given: string[] = [];
  for (const [index, family] of (spec.ipFamilies ?? []).entries())
    given.push(await addressFor(allocation, family as Family, asked[index] ?? ""));
  spec.clusterIPs = given;
  if (given[0] !== undefined) spec.clusterIP = given[0];
}

/** The one that is asked for, or any when that is empty. A dry run takes nothing and shows the network's own address. */
async function addressFor(allocation: Allocation, family: Family, asked: string): Promise<string> {
  const { service, spec, dryRun } = allocation;
  const refuse = (what: string): Error => {
    const finding: FieldError = field.invalid("spec.clusterIPs", spec.clusterIPs ?? null, `failed to allocate ${what}`);
    return invalid(serviceKind, service.metadata.name ?? "", [finding]);
  };
  if (dryRun) {
    const problem = problemOfTrial(allocation.allocators.addresses.ready(family)[0], asked);
    if (problem !== undefined) throw refuse(asked === "" ? `IP: ${problem}` : `IP ${asked}: ${problem}`);
    return asked === "" ? allocation.allocators.addresses.ready(family)[0]!.base : asked;
  }
  const { metrics } = allocation.allocators;
  const beganMs = metrics.now();
  const [range, given] =
    asked === "" ? await anyOf(allocation, { family, refuse }) : await take(allocation, asked, refuse);
  metrics.observe(range.cidr, metrics.now() - beganMs);
  return given;
}

type Refuse = (what: string) => Error;

function problemOfTrial(range: AddressRange | undefined, asked: string): string | undefined {
  if (range === undefined) return "allocator not ready";
  return asked === "" || range.allocator.contains(numberOf(asked)) ? undefined : outOfRange(asked, range);
}

const outOfRange = (ip: string, { cidr }: AddressRange): string =>
  `the provided IP (${canonicalIp(ip)}) is not in the valid range. The range of valid IPs is ${cidr}`;

/** Ranges that are full are passed over; an address that an object is there for already is not asked for again. */
async function anyOf(
  allocation: Allocation,
  { family, refuse }: { readonly family: Family; readonly refuse: Refuse },
): Promise<readonly [AddressRange, string]> {
  const { service, taken, allocators } = allocation;
  for (const range of allocators.addresses.ready(family)) {
    for (;;) {
      const number = nextOf(range);
      if (number === undefined) break;
      taken.take(range.allocator.use, number);
      const ip = addressOf(number, family);
      if (await make(allocation, { range, ip, scope: "dynamic", refuse: (why) => refuse(`IP: ${why}`) }))
        return [range, ip];
    }
    allocators.metrics.failed(range.cidr, "dynamic");
  }
  throw internalError(
    `failed to allocate a serviceIP for Service ${JSON.stringify(service.metadata.name)}: ${new RangeFull().message}`,
  );
}

function nextOf({ allocator }: AddressRange): bigint | undefined {
  try {
    return allocator.next();
  } catch (error) {
    if (error instanceof RangeFull) return undefined;
    throw error;
  }
}

async function take(allocation: Allocation, asked: string, refuse: Refuse): Promise<readonly [AddressRange, string]> {
  const { taken, allocators } = allocation;
  const number = numberOf(asked);
  const fail = (why: string): Error => refuse(`IP ${asked}: ${why}`);
  const range = allocators.addresses.ready(familyOf(asked)).find((each) => each.allocator.contains(number));
  if (range === undefined) throw fail("the provided network does not match the current range");
  const isFree = range.allocator.use.isFree(number);
  if (isFree) taken.take(range.allocator.use, number);
  if (isFree && (await make(allocation, { range, ip: canonicalIp(asked), scope: "static", refuse: fail })))
    return [range, asked];
  allocators.metrics.failed(range.cidr, "static");
  throw fail("provided IP is already allocated");
}

interface Wanted {
  readonly range: AddressRange;
  readonly ip: string;
  readonly scope: "static" | "dynamic";
  refuse(why: string): Error;
}

/** False when there is such an object already. */
async function make(allocation: Allocation, { range, ip, scope, refuse }: Wanted): Promise<boolean> {
  const { service, taken, objects, allocators } = allocation;
  const { namespace = "", name } = service.metadata;
  try {
    if (!(await objects.create(ip, { namespace, name }))) return false;
  } catch (error) {
    allocators.metrics.failed(range.cidr, scope);
    throw refuse((error as Error).message);
  }
  taken.made(ip);
  allocators.metrics.given(range.cidr, scope);
  return true;
}
