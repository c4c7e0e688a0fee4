// How fast nodes of a zone may be tainted so that their pods leave. A zone that is down as a whole is probably cut off, not broken.
// Upstream: pkg/controller/nodelifecycle, ComputeZoneState and ReducedQPSFunc.
import type { Node } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import { readyStatus } from "./decide.ts";

export interface EvictionSettings {
  /** `--node-eviction-rate` */
  readonly evictionsPerSecond: number;
  /** `--secondary-node-eviction-rate`: in a large zone most of whose nodes are down. */
  readonly reducedEvictionsPerSecond: number;
  /** `--unhealthy-zone-threshold`: so much of a zone down makes it unhealthy. */
  readonly unhealthyShare: number;
  /** `--large-cluster-size-threshold`: more nodes than that make a zone large. */
  readonly largeZone: number;
}

export const defaultEvictionSettings: EvictionSettings = {
  evictionsPerSecond: 0.1,
  reducedEvictionsPerSecond: 0.01,
  unhealthyShare: 0.55,
  largeZone: 50,
};

export type ZoneState = "normal" | "partial" | "full";

/** More than two nodes and most of them not ready make a disruption; all of them make a full one. */
export function zoneState(
  ready: number,
  notReady: number,
  { unhealthyShare }: EvictionSettings = defaultEvictionSettings,
): ZoneState {
  if (ready === 0 && notReady > 0) return "full";
  return notReady > 2 && notReady / (ready + notReady) >= unhealthyShare ? "partial" : "normal";
}

/** Taints a second in a zone, given how all zones are: when every zone is down, none is evicted. */
export function evictionRate(
  zone: { readonly state: ZoneState; readonly nodes: number; readonly allZonesDown: boolean },
  settings: EvictionSettings = defaultEvictionSettings,
): number {
  const { state, nodes, allZonesDown } = zone;
  if (allZonesDown && state === "full") return 0;
  if (state === "partial") return nodes > settings.largeZone ? settings.reducedEvictionsPerSecond : 0;
  return settings.evictionsPerSecond;
}

const zoneOf = (node: Node): string =>
  `${node.metadata.labels?.["topology.kubernetes.io/region"] ?? ""}:${node.metadata.labels?.["topology.kubernetes.io/zone"] ?? ""}`;

interface Zone {
  ready: number;
  notReady: number;
}

/** Counts nodes by zone as they come and change, so that a look at one node costs the same in a cluster of any size. */
export function createEvictionLimits(clock: Clock, settings: EvictionSettings = defaultEvictionSettings) {
  const zones = new Map<string, Zone>();
  const known = new Map<string, { readonly zone: string; readonly ready: boolean }>();
  const nextMs = new Map<string, number>();
  const count = (name: string, ready: boolean, by: 1 | -1): void => {
    const zone = zones.get(name) ?? { ready: 0, notReady: 0 };
    zone[ready ? "ready" : "notReady"] += by;
    if (zone.ready + zone.notReady > 0) zones.set(name, zone);
    else zones.delete(name);
  };
  const forget = (nodeName: string): void => {
    const before = known.get(nodeName);
    if (before === undefined) return;
    known.delete(nodeName);
    count(before.zone, before.ready, -1);
  };
  const rateOf = (name: string): number => {
    const zone = zones.get(name);
    if (zone === undefined) return settings.evictionsPerSecond;
    const state = ({ ready, notReady }: Zone): ZoneState => zoneState(ready, notReady, settings);
    const allZonesDown = [...zones.values()].every((each) => state(each) === "full");
    return evictionRate({ state: state(zone), nodes: zone.ready + zone.notReady, allZonesDown }, settings);
  };
  return {
    /** A node as it is now. */
    observe(node: Node): void {
      const zone = zoneOf(node);
      const ready = readyStatus(node) === "True";
      const before = known.get(node.metadata.name);
      if (before?.zone === zone && before.ready === ready) return;
      forget(node.metadata.name);
      known.set(node.metadata.name, { zone, ready });
      count(zone, ready, 1);
    },
    forget,
    /** Takes the zone's next turn, when it has one now. A node that has its taint asks for none. */
    mayTaint(node: Node): boolean {
      const name = zoneOf(node);
      const tainted = node.spec?.taints?.some(
        (taint) => taint.effect === "NoExecute" && /^node\.kubernetes\.io\/(not-ready|unreachable)$/.test(taint.key),
      );
      if (tainted) return true;
      const rate = rateOf(name);
      if (rate === 0 || (nextMs.get(name) ?? 0) > clock.monotonic()) return false;
      nextMs.set(name, clock.monotonic() + 1000 / rate);
      return true;
    },
  };
}
