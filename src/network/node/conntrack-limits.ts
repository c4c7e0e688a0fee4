// What the kernel's connection tracking holds, and for how long. Upstream: pkg/proxy/conntrack/sysctls.go.
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { errorText, type Logger } from "../../base/index.ts";

/** 0 leaves the kernel's own. */
export interface ConntrackLimits {
  readonly maxPerCore: number;
  /** Of connections, however few cores there are. */
  readonly min: number;
  readonly tcpEstablishedSeconds: number;
  /**
   * Of a connection whose other side has ended it. The kernel's minute is shorter than programs take to notice, and what they then send is no
   * longer translated.
   */
  readonly tcpCloseWaitSeconds: number;
  readonly tcpBeLiberal: boolean;
  readonly udpSeconds: number;
  readonly udpStreamSeconds: number;
}

export const defaultConntrackLimits: ConntrackLimits = {
  maxPerCore: 32 * 1024,
  min: 128 * 1024,
  tcpEstablishedSeconds: 24 * 60 * 60,
  tcpCloseWaitSeconds: 60 * 60,
  tcpBeLiberal: false,
  udpSeconds: 0,
  udpStreamSeconds: 0,
};

const mostConnections = 1_048_576;

/** Settings by the name that they have below net/netfilter. */
export function conntrackSettings(limits: ConntrackLimits, cores: number): ReadonlyMap<string, number> {
  const scaled = Math.min(mostConnections, limits.maxPerCore * cores);
  return new Map(
    [
      ["nf_conntrack_max", limits.maxPerCore > 0 ? Math.max(scaled, limits.min) : 0] as const,
      ["nf_conntrack_tcp_timeout_established", limits.tcpEstablishedSeconds] as const,
      ["nf_conntrack_tcp_timeout_close_wait", limits.tcpCloseWaitSeconds] as const,
      ["nf_conntrack_tcp_be_liberal", limits.tcpBeLiberal ? 1 : 0] as const,
      ["nf_conntrack_udp_timeout", limits.udpSeconds] as const,
      ["nf_conntrack_udp_timeout_stream", limits.udpStreamSeconds] as const,
    ].filter(([, value]) => value > 0),
  );
}

/** In this process's network namespace. What cannot be set is logged: services work without. */
export async function setConntrackLimits(limits: ConntrackLimits, log: Logger): Promise<void> {
  for (const [name, value] of conntrackSettings(limits, availableParallelism())) {
    const path = `/proc/sys/net/netfilter/${name}`;
    try {
      if (Number(await readFile(path, "utf8")) === value) continue;
      await writeFile(path, String(value));
    } catch (error) {
      // The kernel has one maximum for all network namespaces, and it belongs to the first.
      log.info("a limit of connection tracking stays the kernel's own", { name, error: errorText(error) });
    }
  }
}
