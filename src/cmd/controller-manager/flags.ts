// Flags of single controllers, and what they become. Upstream: cmd/kube-controller-manager/app/options.
import { type FlagDefinitions, FlagError, type FlagValues } from "../../cli/index.ts";
import type { NodeLifecycleSettings } from "../../controllers/index.ts";

export const controllerFlags = {
  "large-cluster-size-threshold": {
    type: "integer",
    help: "more nodes than that make a zone large",
    default: "50",
  },
  "max-endpoints-per-slice": { type: "integer", help: "most endpoints of one EndpointSlice", default: "100" },
  "mirroring-max-endpoints-per-subset": {
    type: "integer",
    help: "most addresses of one subset that are mirrored",
    default: "1000",
  },
  "node-cidr-mask-size-ipv4": {
    type: "integer",
    help: "size of a node's IPv4 range; --node-cidr-mask-size's when not given",
  },
  "node-cidr-mask-size-ipv6": { type: "integer", help: "size of a node's IPv6 range", default: "64" },
  "node-eviction-rate": {
    type: "string",
    help: "nodes a second whose pods are evicted in a zone where they fail",
    default: "0.1",
  },
  "node-monitor-grace-period": { type: "duration", help: "for how long a node may be silent", default: "50s" },
  "node-startup-grace-period": {
    type: "duration",
    help: "for how long a node may be silent that has not told its state yet",
    default: "1m0s",
  },
  "secondary-node-eviction-rate": {
    type: "string",
    help: "--node-eviction-rate of a large zone most of whose nodes are down; smaller ones evict nothing then",
    default: "0.01",
  },
  "unhealthy-zone-threshold": {
    type: "string",
    help: "share of a zone's nodes, three at least, that have to be down to make it unhealthy",
    default: "0.55",
  },
} as const satisfies FlagDefinitions;

type Values = FlagValues<typeof controllerFlags>;

export interface ControllerFlagOptions {
  readonly nodeLifecycle: NodeLifecycleSettings;
  readonly [option: string]: unknown;
}

/** By the names that the controllers read. Throws FlagError in upstream's words. */
export function controllerOptions(values: Values & { readonly "node-cidr-mask-size": number }): ControllerFlagOptions {
  const slice = values["max-endpoints-per-slice"];
  const subset = values["mirroring-max-endpoints-per-subset"];
  const problems = [...limit("max-endpoints-per-slice", slice), ...limit("mirroring-max-endpoints-per-subset", subset)];
  if (problems.length > 0) throw new FlagError(problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`);
  return {
    nodeLifecycle: {
      gracePeriodMs: values["node-monitor-grace-period"],
      startupGracePeriodMs: values["node-startup-grace-period"],
      largeZone: values["large-cluster-size-threshold"],
      evictionsPerSecond: decimal("node-eviction-rate", values),
      reducedEvictionsPerSecond: decimal("secondary-node-eviction-rate", values),
      unhealthyShare: decimal("unhealthy-zone-threshold", values),
    },
    "max-endpoints-per-slice": slice,
    "mirroring-max-endpoints-per-subset": subset,
    nodeCidrMaskSizeIpv4: values["node-cidr-mask-size-ipv4"] ?? values["node-cidr-mask-size"],
    nodeCidrMaskSizeIpv6: values["node-cidr-mask-size-ipv6"],
  };
}

function* limit(flag: string, count: number): Iterable<string> {
  if (count < 1) yield `${flag} must not be less than 1, but got ${count}`;
  if (count > 1000) yield `${flag} must not be more than 1000, but got ${count}`;
}

function decimal<N extends string>(flag: N, values: Readonly<Record<N, string>>): number {
  const text = values[flag];
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new FlagError(
    `invalid argument ${JSON.stringify(text)} for "--${flag}" flag: strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}
