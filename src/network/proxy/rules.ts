// From a plan to nftables: chains, verdict maps and sets as a plain value, and the one transaction that leads from one
// such value to the next. Layout: base chains look a packet up in verdict maps (one lookup however many services there are),
// which lead to a chain for each service port and from there to a chain for each endpoint.

import { inAnyCidr } from "./packets.ts";
import type { IpFamily, ProxyPlan, ServicePortPlan, Target } from "./plan.ts";

/** Everything of one table that changes with the cluster. Keys of maps and members of sets are nft element texts. */
export interface Ruleset {
  readonly chains: ReadonlyMap<string, readonly string[]>;
  readonly maps: Readonly<Record<MapName, ReadonlyMap<string, string>>>;
  readonly sets: Readonly<Record<SetName, ReadonlySet<string>>>;
  /** Sets that remember which client uses an endpoint: name → timeout in seconds. Their members are the kernel's. */
  readonly affinity: ReadonlyMap<string, number>;
}

type MapName = "service-ips" | "service-nodeports" | "no-endpoint-services" | "no-endpoint-nodeports" | "firewall-ips";
type SetName = "cluster-ips" | "nodeport-ips";

export interface RulesOptions {
  /** Pods' range of the family: other sources of cluster traffic are masqueraded. Absent: none are told apart. */
  readonly clusterCidr?: string;
  readonly masqueradeAll?: boolean;
}

const mark = "0x4000";
const mapNames: readonly MapName[] = [
  "service-ips",
  "service-nodeports",
  "no-endpoint-services",
  "no-endpoint-nodeports",
  "firewall-ips",
];
const setNames: readonly SetName[] = ["cluster-ips", "nodeport-ips"];

const keyword = (family: IpFamily): "ip" | "ip6" => (family === "ipv4" ? "ip" : "ip6");
const addressType = (family: IpFamily): string => (family === "ipv4" ? "ipv4_addr" : "ipv6_addr");

const proxyTable = (cluster: string): string => `t8s-proxy-${cluster}`;

/** FNV-1a, 32 bits, in base 36: keeps chain names of equal readable parts apart. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value.toString(36).padStart(7, "0");
}

const chainName = (kind: string, id: string): string =>
  `${kind}-${hash(id)}-${id}`
    .slice(0, 120)
    .replace(/[^\w/.-]/g, "_")
    .replace(/[^\w]$/, "_");

interface Draft {
  readonly family: IpFamily;
  readonly chains: Map<string, string[]>;
  readonly maps: Record<MapName, Map<string, string>>;
  readonly sets: Record<SetName, Set<string>>;
  readonly affinity: Map<string, number>;
  readonly options: RulesOptions;
}

export function rulesOf(plan: ProxyPlan, options: RulesOptions = {}): Ruleset {
  const draft: Draft = {
    family: plan.family,
    chains: new Map(),
    // Each name of the list, which fromEntries forgets.
    maps: Object.fromEntries(mapNames.map((name) => [name, new Map()])) as Draft["maps"],
    sets: { "cluster-ips": new Set(), "nodeport-ips": new Set(plan.nodeAddresses) },
    affinity: new Map(),
    options,
  };
  for (const port of plan.ports) addPort(draft, port);
  return draft;
}

function addPort(draft: Draft, port: ServicePortPlan): void {
  const { maps } = draft;
  for (const ip of port.clusterIps) draft.sets["cluster-ips"].add(ip);
  const internalTargets = port.internalLocal ? port.localTargets : port.clusterTargets;
  const refused = port.anyEndpoint ? "drop" : "goto reject-chain";
  const at = (ip: string): string => `${ip} . ${port.protocol} . ${port.port}`;

  const internal =
    internalTargets.length > 0
      ? addServiceChain(draft, port, { kind: port.internalLocal ? "local" : "service", targets: internalTargets })
      : undefined;
  for (const ip of port.clusterIps)
    if (internal === undefined)
      maps["no-endpoint-services"].set(at(ip), port.internalLocal ? refused : "goto reject-chain");
    else maps["service-ips"].set(at(ip), `goto ${addClusterIpChain(draft, port, internal)}`);

  const external = addExternalChain(draft, port);
  const outside = [...port.externalIps, ...port.loadBalancerIps];
  for (const ip of outside)
    if (external === undefined)
      maps["no-endpoint-services"].set(at(ip), port.externalLocal ? refused : "goto reject-chain");
    else maps["service-ips"].set(at(ip), `goto ${external}`);
  if (port.nodePort > 0) {
    const key = `${port.protocol} . ${port.nodePort}`;
    if (external === undefined)
      maps["no-endpoint-nodeports"].set(key, port.externalLocal ? refused : "goto reject-chain");
    else maps["service-nodeports"].set(key, `goto ${external}`);
  }
  if (port.sourceRanges.length > 0)
    for (const ip of port.loadBalancerIps) maps["firewall-ips"].set(at(ip), `goto ${addFirewallChain(draft, port)}`);
}

/** The chain behind a cluster IP: traffic from outside the pods comes back through this node. */
function addClusterIpChain(draft: Draft, port: ServicePortPlan, service: string): string {
  const { clusterCidr, masqueradeAll } = draft.options;
  if (!masqueradeAll && clusterCidr === undefined) return service;
  const name = chainName("cluster", port.id);
  const source = masqueradeAll ? "" : `${keyword(draft.family)} saddr != ${clusterCidr} `;
  draft.chains.set(name, [`${source}jump mark-for-masquerade`, `goto ${service}`]);
  return name;
}

/** The chain behind node ports, external and load balancer addresses; undefined when nothing may serve them here. */
function addExternalChain(draft: Draft, port: ServicePortPlan): string | undefined {
  if (port.nodePort === 0 && port.externalIps.length === 0 && port.loadBalancerIps.length === 0) return undefined;
  const family = keyword(draft.family);
  const name = chainName("external", port.id);
  const cluster =
    port.clusterTargets.length > 0
      ? addServiceChain(draft, port, { kind: "service", targets: port.clusterTargets })
      : undefined;
  if (!port.externalLocal) {
    if (cluster === undefined) return undefined;
    draft.chains.set(name, ["jump mark-for-masquerade", `goto ${cluster}`]);
    return name;
  }
  const local =
    port.localTargets.length > 0
      ? addServiceChain(draft, port, { kind: "local", targets: port.localTargets })
      : undefined;
  if (local === undefined && cluster === undefined) return undefined;
  const rules: string[] = [];
  // Pods and the node itself are inside: they may use every endpoint, under any of the service's addresses.
  if (cluster !== undefined) {
    if (draft.options.clusterCidr !== undefined)
      rules.push(`${family} saddr ${draft.options.clusterCidr} goto ${cluster}`);
    rules.push("fib saddr type local jump mark-for-masquerade", `fib saddr type local goto ${cluster}`);
  }
  rules.push(local === undefined ? "drop" : `goto ${local}`);
  draft.chains.set(name, rules);
  return name;
}

function addServiceChain(
  draft: Draft,
  port: ServicePortPlan,
  use: { kind: "service" | "local"; targets: readonly Target[] },
): string {
  const name = chainName(use.kind, port.id);
  if (draft.chains.has(name)) return name;
  const endpoints = use.targets.map((target) => addEndpointChain(draft, port, target));
  const rules: string[] = [];
  if (port.affinitySeconds > 0)
    for (const each of endpoints) rules.push(`${keyword(draft.family)} saddr @${each.affinity} goto ${each.chain}`);
  rules.push(
    endpoints.length === 1
      ? `goto ${endpoints[0]!.chain}`
      : `numgen random mod ${endpoints.length} vmap { ${endpoints.map((each, index) => `${index} : goto ${each.chain}`).join(", ")} }`,
  );
  draft.chains.set(name, rules);
  return name;
}

function addEndpointChain(draft: Draft, port: ServicePortPlan, target: Target): { chain: string; affinity: string } {
  const family = keyword(draft.family);
  const id = `${port.id}/${target.ip}/${target.port}`;
  const chain = chainName("endpoint", id);
  // Its time is part of the name: a set cannot change it while rules use the set.
  const affinity = chainName(`affinity${port.affinitySeconds}`, id);
  const rules = [`${family} saddr ${target.ip} jump mark-for-masquerade`];
  if (port.affinitySeconds > 0) {
    draft.affinity.set(affinity, port.affinitySeconds);
    rules.push(`update @${affinity} { ${family} saddr }`);
  }
  const to = draft.family === "ipv4" ? `${target.ip}:${target.port}` : `[${target.ip}]:${target.port}`;
  rules.push(`meta l4proto ${port.protocol} dnat to ${to}`);
  draft.chains.set(chain, rules);
  return { chain, affinity };
}

function addFirewallChain(draft: Draft, port: ServicePortPlan): string {
  const name = chainName("firewall", port.id);
  // Where load balancers give their addresses to the node, its own packets come back from them.
  const nodeMay = [...draft.sets["nodeport-ips"]].some((address) => inAnyCidr(port.sourceRanges, address));
  const sources = [...port.sourceRanges, ...(nodeMay ? port.loadBalancerIps : [])];
  draft.chains.set(name, [`${keyword(draft.family)} saddr != { ${sources.join(", ")} } drop`]);
  return name;
}

/** The part of the table that never changes. */
function skeleton(table: string, family: IpFamily): string {
  const key = `${addressType(family)} . inet_proto . inet_service`;
  const address = `${keyword(family)} daddr`;
  const reject = family === "ipv4" ? "icmp" : "icmpv6";
  return `add table ${table}
delete table ${table}
table ${table} {
  map service-ips { type ${key} : verdict; }
  map service-nodeports { type inet_proto . inet_service : verdict; }
  map no-endpoint-services { type ${key} : verdict; }
  map no-endpoint-nodeports { type inet_proto . inet_service : verdict; }
  map firewall-ips { type ${key} : verdict; }
  set cluster-ips { type ${addressType(family)}; }
  set nodeport-ips { type ${addressType(family)}; }
  chain mark-for-masquerade { meta mark set meta mark or ${mark}; }
  chain reject-chain {
    meta l4proto tcp reject with tcp reset
    reject with ${reject} type port-unreachable
  }
  chain services {
    ${address} . meta l4proto . th dport vmap @service-ips
    ${address} @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }
  chain endpoints-check {
    ${address} . meta l4proto . th dport vmap @no-endpoint-services
    ${address} @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
  }
  chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }
  chain nat-output { type nat hook output priority -100; policy accept; jump services; }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & ${mark} == 0 return
    meta mark set meta mark xor ${mark}
    masquerade fully-random
  }
  chain filter-prerouting {
    type filter hook prerouting priority dstnat - 10; policy accept;
    ct state new ${address} . meta l4proto . th dport vmap @firewall-ips
  }
  chain filter-output-early {
    type filter hook output priority -110; policy accept;
    ct state new ${address} . meta l4proto . th dport vmap @firewall-ips
  }
  chain filter-input { type filter hook input priority filter; policy accept; ct state new jump endpoints-check; }
  chain filter-forward {
    type filter hook forward priority filter; policy accept;
    ct state new jump endpoints-check
    ct state new ${address} @cluster-ips goto reject-chain
  }
  chain filter-output {
    type filter hook output priority filter; policy accept;
    ct state new jump endpoints-check
    ct state new ${address} @cluster-ips goto reject-chain
  }
}
`;
}

const emptyRuleset: Ruleset = {
  chains: new Map(),
  maps: Object.fromEntries(mapNames.map((name) => [name, new Map()])) as unknown as Ruleset["maps"],
  sets: { "cluster-ips": new Set(), "nodeport-ips": new Set() },
  affinity: new Map(),
};

export interface TransactionContext {
  readonly cluster: string;
  readonly family: IpFamily;
}

/** One atomic transaction from `before` (undefined: whatever is there is replaced) to `after`; empty when nothing changes. */
export function transaction(before: Ruleset | undefined, after: Ruleset, context: TransactionContext): string {
  const table = `${keyword(context.family)} ${proxyTable(context.cluster)}`;
  const from = before ?? emptyRuleset;
  const lines: string[] = [];
  for (const [name, seconds] of after.affinity) {
    if (from.affinity.has(name)) continue;
    lines.push(
      `add set ${table} ${name} { type ${addressType(context.family)}; flags dynamic,timeout; timeout ${seconds}s; }`,
    );
  }
  const changed = [...after.chains].filter(([name, rules]) => !sameRules(from.chains.get(name), rules));
  // Chains must exist before the rules and elements that lead to them.
  for (const [name] of changed) lines.push(`add chain ${table} ${name}`, `flush chain ${table} ${name}`);
  for (const [name, rules] of changed) for (const rule of rules) lines.push(`add rule ${table} ${name} ${rule}`);
  for (const name of mapNames) lines.push(...elementChanges(`${table} ${name}`, from.maps[name], after.maps[name]));
  for (const name of setNames) lines.push(...memberChanges(`${table} ${name}`, from.sets[name], after.sets[name]));
  const gone = [...from.chains.keys()].filter((name) => !after.chains.has(name));
  // Emptied first: they lead to each other.
  for (const name of gone) lines.push(`flush chain ${table} ${name}`);
  for (const name of gone) lines.push(`delete chain ${table} ${name}`);
  for (const name of from.affinity.keys()) if (!after.affinity.has(name)) lines.push(`delete set ${table} ${name}`);
  const text = lines.map((line) => `${line}\n`).join("");
  return before === undefined ? skeleton(table, context.family) + text : text;
}

const sameRules = (a: readonly string[] | undefined, b: readonly string[]): boolean =>
  a !== undefined && a.length === b.length && a.every((rule, index) => rule === b[index]);

function elementChanges(where: string, from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>): string[] {
  const gone = [...from].filter(([key, value]) => to.get(key) !== value);
  const fresh = [...to].filter(([key, value]) => from.get(key) !== value);
  return [
    ...(gone.length > 0 ? [`delete element ${where} { ${gone.map(([key]) => key).join(", ")} }`] : []),
    ...(fresh.length > 0
      ? [`add element ${where} { ${fresh.map(([key, value]) => `${key} : ${value}`).join(", ")} }`]
      : []),
  ];
}

function memberChanges(where: string, from: ReadonlySet<string>, to: ReadonlySet<string>): string[] {
  const gone = [...from].filter((each) => !to.has(each));
  const fresh = [...to].filter((each) => !from.has(each));
  return [
    ...(gone.length > 0 ? [`delete element ${where} { ${gone.join(", ")} }`] : []),
    ...(fresh.length > 0 ? [`add element ${where} { ${fresh.join(", ")} }`] : []),
  ];
}

/** Removes a cluster's tables, whether they are there or not. */
export const removeProxyRules = (cluster: string): string =>
  (["ip", "ip6"] as const)
    .map((family) => `add table ${family} ${proxyTable(cluster)}\ndelete table ${family} ${proxyTable(cluster)}\n`)
    .join("");
