// Host ports of the node's pods: which port of the node leads to which port of which pod, as a plain value.
// Source: the API's ContainerPort (hostPort, hostIP, protocol) and what upstream's runtimes do with port mappings.

import type { Pod } from "../../api/index.ts";
import { familyOf, type IpFamily, type Protocol } from "../proxy/plan.ts";

export interface HostPort {
  /** Address of the node that the port is limited to; absent: every one. */
  readonly hostIp?: string;
  readonly protocol: Protocol;
  readonly hostPort: number;
  readonly podIp: string;
  readonly podPort: number;
  /** `namespace/name`. */
  readonly pod: string;
}

const anyAddress = new Set(["", "0.0.0.0", "::"]);

/** One entry for each address, protocol and port: of two pods that want the same, the one that stays, else the younger, has it. */
export function planHostPorts(pods: readonly Pod[], family: IpFamily): HostPort[] {
  const found = new Map<string, HostPort>();
  for (const pod of [...pods].sort(byClaim)) for (const each of hostPortsOf(pod, family)) found.set(keyOf(each), each);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

export const keyOf = (each: HostPort): string => `${each.hostIp ?? ""} ${each.protocol} ${each.hostPort}`;

const leaves = (pod: Pod): number => (pod.metadata.deletionTimestamp === undefined ? 1 : 0);

/** The weakest claim first: later ones overwrite. */
function byClaim(a: Pod, b: Pod): number {
  if (leaves(a) !== leaves(b)) return leaves(a) - leaves(b);
  const [x, y] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (x !== y) return x < y ? -1 : 1;
  return (a.metadata.uid ?? "") < (b.metadata.uid ?? "") ? -1 : 1;
}

function hostPortsOf(pod: Pod, family: IpFamily): HostPort[] {
  if (pod.spec?.hostNetwork || pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return [];
  const ips = pod.status?.podIPs?.map((each) => each.ip) ?? [pod.status?.podIP];
  const podIp = ips.find((ip) => ip !== undefined && ip !== "" && familyOf(ip) === family);
  if (podIp === undefined) return [];
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  return ports.flatMap((port) => {
    const address = port.hostIP ?? "";
    if (!port.hostPort || (!anyAddress.has(address) && familyOf(address) !== family)) return [];
    return {
      ...(anyAddress.has(address) ? {} : { hostIp: address }),
      protocol: (port.protocol ?? "TCP").toLowerCase() as Protocol,
      hostPort: port.hostPort,
      podIp,
      podPort: port.containerPort,
      pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
    };
  });
}
