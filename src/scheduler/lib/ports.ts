// Host ports. Upstream: k8s.io/kube-scheduler/framework HostPortInfo. A port on 0.0.0.0 conflicts with the port on every address.
import type { Pod } from "../../api/index.ts";

export interface HostPort {
  /** `TCP/80` */
  readonly port: string;
  readonly ip: string;
}

const everyAddress = "0.0.0.0";
const none: readonly HostPort[] = [];

/** Of containers and sidecars; other init containers are gone when the pod runs. */
export function hostPorts(pod: Pod): readonly HostPort[] {
  let ports: HostPort[] | undefined;
  const collect = (container: { ports?: { hostPort?: number; hostIP?: string; protocol?: string }[] }): void => {
    for (const each of container.ports ?? [])
      if (each.hostPort !== undefined && each.hostPort > 0) {
        ports ??= [];
        ports.push({ port: `${each.protocol || "TCP"}/${each.hostPort}`, ip: each.hostIP || everyAddress });
      }
  };
  for (const container of pod.spec?.initContainers ?? []) if (container.restartPolicy === "Always") collect(container);
  for (const container of pod.spec?.containers ?? []) collect(container);
  return ports ?? none;
}

/** Counts how often each port is taken, so that removing one of two users frees nothing. */
export class UsedPorts {
  /** port → address → users; nothing on most nodes, which preemption copies many of. */
  #users: Map<string, Map<string, number>> | undefined;

  add(ports: readonly HostPort[]): void {
    this.#users ??= new Map();
    for (const { port, ip } of ports) {
      const addresses = this.#users.get(port) ?? new Map<string, number>();
      addresses.set(ip, (addresses.get(ip) ?? 0) + 1);
      this.#users.set(port, addresses);
    }
  }

  remove(ports: readonly HostPort[]): void {
    if (this.#users === undefined) return;
    for (const { port, ip } of ports) {
      const addresses = this.#users.get(port);
      const users = (addresses?.get(ip) ?? 1) - 1;
      if (users > 0) addresses?.set(ip, users);
      else addresses?.delete(ip);
      if (addresses?.size === 0) this.#users.delete(port);
    }
  }

  conflicts(ports: readonly HostPort[]): boolean {
    if (this.#users === undefined) return false;
    for (const { port, ip } of ports) {
      const addresses = this.#users.get(port);
      if (addresses !== undefined && (ip === everyAddress || addresses.has(everyAddress) || addresses.has(ip)))
        return true;
    }
    return false;
  }

  clone(): UsedPorts {
    const copy = new UsedPorts();
    if (this.#users !== undefined && this.#users.size > 0)
      copy.#users = new Map(Array.from(this.#users, ([port, addresses]) => [port, new Map(addresses)]));
    return copy;
  }

  /** Sorted, for comparing: `TCP/80@0.0.0.0×1`. */
  describe(): string[] {
    const lines: string[] = [];
    for (const [port, addresses] of this.#users ?? [])
      for (const [ip, users] of addresses) lines.push(`${port}@${ip}×${users}`);
    return lines.sort();
  }
}

/** Do two sets of ports exclude each other on one node? */
export function portsConflict(a: readonly HostPort[], b: readonly HostPort[]): boolean {
  if (a.length === 0 || b.length === 0) return false;
  const used = new UsedPorts();
  used.add(a);
  return used.conflicts(b);
}
