// Pod addresses of one node: the next free one of the CIDR, round and round, as host-local does.

export interface AddressPool {
  take(): string;
  free(address: string): void;
}

/** IPv4 CIDR. Network, first (gateway) and broadcast address are never handed out. */
export function createAddressPool(cidr: string): AddressPool {
  const [base = "", bits = "24"] = cidr.split("/");
  const size = 2 ** (32 - Number(bits));
  const start = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  if (!Number.isFinite(start) || size < 4)
    throw new Error(`pod CIDR ${JSON.stringify(cidr)} is not an IPv4 network with room for pods`);
  const taken = new Set<number>();
  let next = 2;
  return {
    take() {
      for (let tried = 0; tried < size - 3; tried++) {
        const offset = next;
        next = next + 1 >= size - 1 ? 2 : next + 1;
        if (taken.has(offset)) continue;
        taken.add(offset);
        const number = start + offset;
        return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
      }
      throw new Error(`no free address is left in ${cidr}`);
    },
    free(address) {
      taken.delete(address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) - start);
    },
  };
}
