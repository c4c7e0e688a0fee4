// The node's pod network as a CNI configuration list: the standard bridge and host-local plugins.
// Source: the CNI specification 0.4.0 (what containerd 1.6 and the plugins of Debian 12 and later speak).

// Host ports are the service proxy's, in its own tables: the portmap plugin would write into tables that everybody shares.

export interface CniPlan {
  readonly cluster: string;
  readonly bridge: string;
  /** The node's range: `10.244.0.0/24`. */
  readonly podCidr: string;
  /** Where host-local keeps its leases. */
  readonly stateDirectory: string;
  /** 0: the kernel's choice. */
  readonly mtu: number;
}

/** Text of `<order>-<name>.conflist`. Masquerading is not the bridge's: the node's own rules do it (see rules.ts). */
export function cniConfigList(plan: CniPlan): string {
  const list = {
    cniVersion: "0.4.0",
    name: `t8s-${plan.cluster}`,
    plugins: [
      {
        type: "bridge",
        bridge: plan.bridge,
        isGateway: true,
        isDefaultGateway: true,
        ipMasq: false,
        // A pod must reach itself through its own Service.
        hairpinMode: true,
        ...(plan.mtu > 0 ? { mtu: plan.mtu } : {}),
        ipam: {
          type: "host-local",
          dataDir: plan.stateDirectory,
          ranges: [[{ subnet: plan.podCidr }]],
        },
      },
    ],
  };
  return `${JSON.stringify(list, null, 2)}\n`;
}

export interface BridgePlan extends Pick<CniPlan, "bridge" | "podCidr" | "mtu"> {
  readonly exists: boolean;
  /** Ranges that lead to the bridge besides the pods'. */
  readonly routes?: readonly string[];
}

/** Lines for `ip -batch`, and the gateway's address: the first of the range, as host-local gives it to the bridge plugin. */
export function bridgeCommands(plan: BridgePlan): { readonly gateway: string; readonly commands: string } {
  const [network = "", length = ""] = plan.podCidr.split("/");
  const octets = network.split(".").map(Number);
  if (octets.length !== 4 || length === "") throw new Error(`the pods' range ${plan.podCidr} is not an IPv4 range`);
  octets[3]! += 1;
  // A hardware address of its own: a bridge without one takes the lowest of its ports', which change with every pod.
  const hardware = `0a:58:${octets.map((octet) => octet.toString(16).padStart(2, "0")).join(":")}`;
  const gateway = octets.join(".");
  const { bridge, mtu } = plan;
  return {
    gateway,
    commands: [
      ...(plan.exists ? [] : [`link add name ${bridge} address ${hardware} type bridge`]),
      ...(mtu > 0 ? [`link set dev ${bridge} mtu ${mtu}`] : []),
      `address replace ${gateway}/${length} dev ${bridge}`,
      `link set dev ${bridge} up`,
      ...(plan.routes ?? []).map((range) => `route replace ${range} dev ${bridge}`),
      "",
    ].join("\n"),
  };
}
