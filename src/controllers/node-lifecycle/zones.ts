// How fast nodes of a zone may be tainted so that their pods leave. A zone that is down as a whole is probably cut off, not broken.
// Upstream: pkg/controller/nodelifecycle, ComputeZoneState and ReducedQPSFunc.
import type { Node } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import { readyStatus } from "./decide.ts";

const evictionsPerSecond = 0.1;
const reducedEvictionsPerSecond = 0.01;
const unhealthyShare = 0.55;
const largeZone = 50;

export type ZoneState = "normal" | "partial" | "full";

/** More than two nodes and most of them not ready make a disruption; all of them make a full one. */
export function zoneState(ready: number, notReady: number): ZoneState {
  if (ready === 0 && notReady > 0) return "full";
  return notReady > 2 && notReady / (ready + notReady) >= unhealthyShare ? "partial" : "normal";
}

/** Taints a second in a zone, given how all zones are: when every zone is down, none is evicted. */
export function evictionRate(state: ZoneState, nodes: number, allZonesDown: boolean): number {
  if (allZonesDown && state === "full") return 0;
  if (state === "partial") return nodes > largeZone ? reducedEvictionsPerSecond : 0;
  return evictionsPerSecond;
}

const zoneOf = (node: Node): string =>
  `${node.metadata.labels?.["topology.kubernetes.io/region"] ?? ""}:${node.metadata.labels?.["topology.kubernetes.io/zone"] ?? ""}`;

export function createEvictionLimits(clock: Clock) {
  let zones = new Map<string, { state: ZoneState; nodes: number }>();
  let allDown = false;
  const nextMs = new Map<string, number>();
  return {
    observe(all: readonly Node[]): void {
      const next = new Map<string, { state: ZoneState; nodes: number }>();
      for (const [zone, members] of Map.groupBy(all, zoneOf)) {
        const ready = members.filter((node) => readyStatus(node) === "True").length;
        next.set(zone, { state: zoneState(ready, members.length - ready), nodes: members.length });
      }
      zones = next;
      allDown = [...zones.values()].every((zone) => zone.state === "full");
    },
    /** Takes the zone's next turn, when it has one now. A node that has its taint asks for none. */
    mayTaint(node: Node): boolean {
      const name = zoneOf(node);
      const zone = zones.get(name);
      const rate = zone === undefined ? evictionsPerSecond : evictionRate(zone.state, zone.nodes, allDown);
      const tainted = node.spec?.taints?.some(
        (taint) => taint.effect === "NoExecute" && /^node\.kubernetes\.io\/(not-ready|unreachable)$/.test(taint.key),
      );
      if (tainted) return true;
      if (rate === 0 || (nextMs.get(name) ?? 0) > clock.monotonic()) return false;
      nextMs.set(name, clock.monotonic() + 1000 / rate);
      return true;
    },
  };
}
