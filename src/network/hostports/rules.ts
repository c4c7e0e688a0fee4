// From host ports to nftables. The table is small, so a change writes all of it, in one transaction; connections that go on keep
// their translation, which is the kernel's and not the table's.

import type { IpFamily } from "../proxy/plan.ts";
import type { HostPort } from "./plan.ts";

const hostPortTable = (cluster: string): string => `t8s-hostports-${cluster}`;

export interface HostPortRules {
  readonly cluster: string;
  readonly family: IpFamily;
  readonly ports: readonly HostPort[];
  /** Whose connections come back through the node: pods of this range, when answers on a bridge pass no rules. */
  readonly masqueradeFrom?: string;
}

/**
 * An `nft -f` transaction that replaces the table; without ports it only removes it. Localhost and a pod that reaches itself
 * are masqueraded: the pod would answer them without the node. Services come first, as upstream's proxy does it.
 */
export function hostPortRules(rules: HostPortRules): string {
  const word = rules.family === "ipv4" ? "ip" : "ip6";
  const table = `${word} ${hostPortTable(rules.cluster)}`;
  const clear = `add table ${table}\ndelete table ${table}\n`;
  const { ports } = rules;
  if (ports.length === 0) return clear;
  const chains = ports.map((port, index) => {
    const to = rules.family === "ipv4" ? `${port.podIp}:${port.podPort}` : `[${port.podIp}]:${port.podPort}`;
    return `  chain port-${index} {
    # ${port.pod.replace(/[^\w/.-]/g, "_")}
    meta l4proto ${port.protocol} dnat to ${to}
  }`;
  });
  const lookups = (limited: boolean): string => {
    const elements = ports.flatMap((port, index) =>
      (port.hostIp !== undefined) === limited
        ? [`${limited ? `${port.hostIp} . ` : ""}${port.protocol} . ${port.hostPort} : goto port-${index}`]
        : [],
    );
    if (elements.length === 0) return "";
    return `    ${limited ? `${word} daddr . ` : ""}meta l4proto . th dport vmap { ${elements.join(", ")} }\n`;
  };
  const unique = (texts: readonly string[]): string => [...new Set(texts)].join(", ");
  const targets = unique(ports.map((port) => `${port.podIp} . ${port.protocol} . ${port.podPort}`));
  const itself = unique(ports.map((port) => `${port.podIp} . ${port.podIp}`));
  const sources = [rules.family === "ipv4" ? "127.0.0.0/8" : "::1", rules.masqueradeFrom ?? []].flat().join(", ");
  return `${clear}table ${table} {
${chains.join("\n")}
  chain ports {
${lookups(true)}${lookups(false)}  }
  chain prerouting { type nat hook prerouting priority dstnat + 1; policy accept; fib daddr type local jump ports; }
  chain output { type nat hook output priority -99; policy accept; fib daddr type local jump ports; }
  chain postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    ct status & dnat == 0 return
    ${word} daddr . meta l4proto . th dport != { ${targets} } return
    ${word} saddr { ${sources} } masquerade fully-random
    ${word} saddr . ${word} daddr { ${itself} } masquerade fully-random
  }
}
`;
}

/** Removes a cluster's tables, whether they are there or not. */
export const removeHostPortRules = (cluster: string): string =>
  (["ipv4", "ipv6"] as const).map((family) => hostPortRules({ cluster, family, ports: [] })).join("");
