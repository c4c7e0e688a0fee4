// The machine's addresses under which node ports answer. Upstream: pkg/proxy/util/nodeport_addresses.go.
import { BlockList, isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { FlagError } from "../../cli/index.ts";

const family = (address: string): "ipv4" | "ipv6" => (address.includes(":") ? "ipv6" : "ipv4");

/** `given`: ranges, or `primary` alone, which is also the default. `own`: all of the machine's. Throws FlagError in upstream's words. */
export function nodePortAddresses(
  given: readonly string[],
  primary: string,
  own: readonly string[] = ownAddresses(),
): readonly string[] {
  if (given.length === 0) return [primary];
  const at = given.indexOf("primary");
  if (at >= 0 && given.length > 1)
    throw new FlagError(
      `KubeProxyConfiguration.NodePortAddresses[${at}]: Invalid value: "primary": can't use both 'primary' and CIDRs`,
    );
  if (at >= 0) return [primary];
  const ranges = new BlockList();
  given.forEach((range, index) => {
    const [, network = "", length = ""] = /^([^/]+)\/(\d{1,3})$/.exec(range) ?? [];
    const bits = isIP(network) === 6 ? 128 : 32;
    if (isIP(network) === 0 || Number(length) > bits)
      throw new FlagError(
        `KubeProxyConfiguration.NodePortAddresses[${index}]: Invalid value: ${JSON.stringify(range)}: must be a valid CIDR`,
      );
    ranges.addSubnet(network, Number(length), family(network));
  });
  return own.filter((address) => ranges.check(address, family(address)));
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
