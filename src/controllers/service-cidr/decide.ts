// Whether a range of cluster IPs may go. Upstream: pkg/controller/servicecidrs, pkg/api/servicecidr.
import { type Cidr, type IPAddress, parseCidr, parseIp, type ServiceCIDR } from "../../api/index.ts";

const managedByLabel = "ipaddress.kubernetes.io/managed-by";
const allocator = "ipallocator.k8s.io";

const cidrsOf = ({ spec }: ServiceCIDR): Cidr[] =>
  (spec?.cidrs ?? []).map(parseCidr).filter((cidr): cidr is Cidr => cidr !== undefined);

/** The first `length` bits of both are equal. */
function sameStart(a: readonly number[], b: readonly number[], length: number): boolean {
  if (a.length !== b.length) return false;
  for (let bit = 0; bit < length; bit++) {
    const mask = 0x80 >> (bit & 7);
    if (((a[bit >> 3] ?? 0) & mask) !== ((b[bit >> 3] ?? 0) & mask)) return false;
  }
  return true;
}

const containsRange = (outer: Cidr, inner: Cidr): boolean =>
  outer.prefixLength <= inner.prefixLength && sameStart(outer.network, inner.network, outer.prefixLength);

const holds = (range: ServiceCIDR, address: readonly number[]): boolean =>
  cidrsOf(range).some((cidr) => sameStart(cidr.network, address, cidr.prefixLength));

export function overlapping(range: ServiceCIDR, all: readonly ServiceCIDR[]): ServiceCIDR[] {
  const own = cidrsOf(range);
  return all.filter((each) =>
    cidrsOf(each).some((other) => own.some((cidr) => containsRange(cidr, other) || containsRange(other, cidr))),
  );
}

/** Ranges that an address which the API server gave to a Service lies in; none for addresses of others. */
export function rangesOf(address: IPAddress, all: readonly ServiceCIDR[]): ServiceCIDR[] {
  if (address.metadata.labels?.[managedByLabel] !== allocator) return [];
  const ip = parseIp(address.metadata.name);
  return ip === undefined ? [] : all.filter((each) => holds(each, ip.bytes));
}

/** Each of its addresses lies in another range too. */
export function mayGo(range: ServiceCIDR, all: readonly ServiceCIDR[], addresses: readonly IPAddress[]): boolean {
  const others = all.filter((each) => each.metadata.name !== range.metadata.name);
  const isCovered = (cidr: Cidr): boolean =>
    others.some((other) => cidrsOf(other).some((outer) => containsRange(outer, cidr)));
  if (cidrsOf(range).every(isCovered)) return true;
  return addresses.every((address) => {
    const holding = rangesOf(address, all);
    return holding.length !== 1 || holding[0]!.metadata.name !== range.metadata.name;
  });
}
