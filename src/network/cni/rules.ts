// Rules of the node beside the service proxy's: pods reach the world under the node's address, and nobody reaches its loopback.

export interface PodRules {
  readonly cluster: string;
  /** All pods of the cluster. */
  readonly clusterCidr: string;
  readonly bridge: string;
  /** The network of nodes that this machine holds beside its own: they reach the world under the machine's address. */
  readonly nodes?: { readonly cidr: string; readonly bridge: string };
}

const podTable = (cluster: string): string => `t8s-pods-${cluster}`;

/**
 * An `nft -f` transaction that replaces the table. Pod-to-pod traffic keeps its addresses. The bridge routes loopback addresses,
 * for node and host ports under localhost, so packets that come from it with one are forged (CVE-2020-8558): dropped.
 */
export function podRules(rules: PodRules): string {
  const table = `ip ${podTable(rules.cluster)}`;
  const { clusterCidr, bridge, nodes } = rules;
  const inside = nodes === undefined ? `"${bridge}"` : `{ "${bridge}", "${nodes.bridge}" }`;
  const nodesOut = nodes === undefined ? "" : `    ip saddr ${nodes.cidr} oifname != ${inside} masquerade\n`;
  return `add table ${table}
delete table ${table}
table ${table} {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${clusterCidr} ip daddr != ${clusterCidr} ip daddr != 224.0.0.0/4 oifname != ${inside} masquerade
${nodesOut}  }
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname "${bridge}" ip daddr 127.0.0.0/8 drop
    iifname "${bridge}" ip saddr 127.0.0.0/8 drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname ${inside} accept
    oifname ${inside} accept
  }
}
`;
}

export const removePodRules = (cluster: string): string =>
  `add table ip ${podTable(cluster)}\ndelete table ip ${podTable(cluster)}\n`;
