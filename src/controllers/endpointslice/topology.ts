// Hints for services that ask for topology aware routing (`service.kubernetes.io/topology-mode: Auto`, KEP-2433): zones get endpoints by
// their share of the nodes' CPU, and endpoints are lent to zones that have too few. Upstream: k8s.io/endpointslice/topologycache.
import type { Endpoint, Node, Service } from "../../api/index.ts";
import { deepEqual, quantityMilliValue } from "../../machinery/index.ts";

/** A zone may be short of endpoints by this much before hints are given up. */
const overloadThreshold = 0.2;
const zoneLabel = "topology.kubernetes.io/zone";
const excludedLabels = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

export function wantsTopologyHints({ metadata: { annotations = {} } }: Service): boolean {
  const mode =
    annotations["service.kubernetes.io/topology-aware-hints"] ?? annotations["service.kubernetes.io/topology-mode"];
  return mode === "Auto" || mode === "auto";
}

/** What a node adds to the shares: nothing, or its zone and thousandths of CPU. */
function partOf({ metadata, status }: Node): { readonly zone: string; readonly cpu: number } | undefined {
  if (excludedLabels.some((label) => metadata.labels?.[label] !== undefined)) return undefined;
  if (!status?.conditions?.some((each) => each.type === "Ready" && each.status === "True")) return undefined;
  const cpu = quantityMilliValue(status.allocatable?.["cpu"] ?? "0");
  return { zone: metadata.labels?.[zoneLabel] ?? "", cpu };
}

export const changesShares = (before: Node, after: Node): boolean => !deepEqual(partOf(before), partOf(after));

/** Shares of CPU by zone, which add up to 1; undefined when a node does not tell, or all are in one zone. */
export function zoneShares(nodes: readonly Node[]): ReadonlyMap<string, number> | undefined {
  const cpus = new Map<string, number>();
  for (const { zone, cpu } of nodes.flatMap((node) => partOf(node) ?? [])) {
    if (zone === "" || cpu === 0) return undefined;
    cpus.set(zone, (cpus.get(zone) ?? 0) + cpu);
  }
  const total = [...cpus.values()].reduce((sum, each) => sum + each, 0);
  return cpus.size < 2 ? undefined : new Map([...cpus].map(([zone, cpu]) => [zone, cpu / total]));
}

export type TopologyHints =
  | { readonly enabled: true; readonly zones: ReadonlyMap<Endpoint, string> }
  | { readonly enabled: false; readonly why: string };

const isReady = (endpoint: Endpoint): boolean => endpoint.conditions?.ready === true;

/** A zone for each ready endpoint. `before` is the zone hinted so far: it stays where the shares allow. */
export function topologyHints(
  endpoints: readonly Endpoint[],
  shares: ReadonlyMap<string, number> | undefined,
  before: (endpoint: Endpoint) => string | undefined,
): TopologyHints {
  const ready = endpoints.filter(isReady);
  if (shares === undefined)
    return disabled("Insufficient Node information: allocatable CPU or zone not specified on one or more nodes");
  const numbers = `(${ready.length} endpoints, ${shares.size} zones)`;
  if (shares.size > ready.length) return disabled(`Insufficient number of endpoints ${numbers}`);
  const targets = allocations(shares, ready.length);
  if (targets === undefined)
    return disabled(
      `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${numbers}`,
    );
  if (ready.some((endpoint) => !endpoint.zone)) return disabled("One or more endpoints do not have a zone specified");
  const zones = new Map<Endpoint, string>();
  const counts = new Map<string, number>();
  for (const endpoint of ready) {
    const held = before(endpoint);
    const most = held === undefined ? undefined : targets.get(held)?.maximum;
    const zone = most !== undefined && (counts.get(held!) ?? 0) < most ? held! : endpoint.zone!;
    zones.set(endpoint, zone);
    counts.set(zone, (counts.get(zone) ?? 0) + 1);
  }
  lend(zones, moves(targets, counts));
  return { enabled: true, zones };
}

const disabled = (why: string): TopologyHints => ({ enabled: false, why });

interface Allocation {
  readonly desired: number;
  readonly minimum: number;
  readonly maximum: number;
}

function allocations(shares: ReadonlyMap<string, number>, endpoints: number): Map<string, Allocation> | undefined {
  const minimum = (share: number): number => Math.ceil(share * endpoints * (1 / (1 + overloadThreshold)));
  const spare = endpoints - [...shares.values()].reduce((sum, share) => sum + minimum(share), 0);
  if (spare < 0) return undefined;
  return new Map(
    [...shares].map(([zone, share]) => {
      const least = minimum(share);
      return [zone, { minimum: least, maximum: least + spare, desired: Math.max(share * endpoints, least) }];
    }),
  );
}

interface Move {
  readonly from: string;
  readonly to: string;
}

/** The largest surplus gives to the largest want, as long as that brings both nearer to their share. */
function moves(targets: ReadonlyMap<string, Allocation>, counts: ReadonlyMap<string, number>): Move[] {
  const surplus = new Map([...targets].map(([zone, { desired }]) => [zone, (counts.get(zone) ?? 0) - desired]));
  const found: Move[] = [];
  for (;;) {
    const sorted = [...surplus].sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1));
    const [from, give] = sorted[0]!;
    const [to, have] = sorted.at(-1)!;
    const want = -have;
    if ((give < 1 && want < 1) || give < 0.5 || want < 0.5) return found;
    surplus.set(from, give - 1);
    surplus.set(to, have + 1);
    found.push({ from, to });
  }
}

function lend(zones: Map<Endpoint, string>, wanted: readonly Move[]): void {
  for (const { from, to } of wanted)
    for (const [endpoint, zone] of zones)
      if (zone === from) {
        zones.set(endpoint, to);
        break;
      }
}
