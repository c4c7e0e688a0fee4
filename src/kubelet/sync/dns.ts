// resolv.conf and hostname of a pod. Upstream: pkg/kubelet/network/dns/dns.go, kubelet_pods.go.
import type { Pod } from "../../api/index.ts";
import { dns1123Label, dns1123Subdomain } from "../../machinery/index.ts";
import { isHostNetwork } from "../pod.ts";

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

const mostServers = 3;
const mostSearches = 32;
const mostSearchCharacters = 2048;
const longestDomain = 253;

export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === "nameserver" && rest[0] !== undefined) servers.push(rest[0]);
    else if (word === "search") searches = rest.filter((each) => each !== ".").map((each) => each.replace(/\.$/, ""));
    else if (word === "options")
      options = [...new Map([...options, ...rest].map((each) => [each.split(":")[0], each])).values()];
  }
  return { servers, searches, options };
}

export interface DnsInput {
  readonly pod: Pod;
  /** The node's own. */
  readonly host: DnsConfig;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** Told about what did not fit: reason and message of a Warning event on the pod. */
  readonly warn: (reason: string, message: string) => void;
}

export function podDns(input: DnsInput): DnsConfig {
  const { pod, clusterDns } = input;
  const policy = pod.spec.dnsPolicy ?? "ClusterFirst";
  let config = input.host;
  if (policy === "None") config = { servers: [], searches: [], options: [] };
  else if (policy === "ClusterFirstWithHostNet" || (policy === "ClusterFirst" && !isHostNetwork(pod))) {
    if (clusterDns.length > 0) config = { servers: clusterDns, searches: clusterSearches(input), options: ["ndots:5"] };
    else {
      const text =
        'kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. Falling back to "Default" policy.';
      input.warn(
        "MissingClusterDNS",
        `pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})". ${text}`,
      );
    }
  }
  const extra = pod.spec.dnsConfig;
  if (extra !== undefined)
    config = {
      servers: unique([...config.servers, ...(extra.nameservers ?? [])]),
      searches: unique([...config.searches, ...(extra.searches ?? [])]),
      options: mergeOptions(config.options, extra.options ?? []),
    };
  return fitting(config, input.warn);
}

const unique = (list: readonly string[]): string[] => [...new Set(list)];

function clusterSearches({ pod, host, clusterDomain }: DnsInput): readonly string[] {
  if (clusterDomain === "") return host.searches;
  return unique([
    `${pod.metadata.namespace}.svc.${clusterDomain}`,
    `svc.${clusterDomain}`,
    clusterDomain,
    ...host.searches,
  ]);
}

function mergeOptions(before: readonly string[], extra: readonly { name?: string; value?: string }[]): string[] {
  const options = new Map<string, string>();
  for (const option of before) {
    const colon = option.indexOf(":");
    options.set(colon < 0 ? option : option.slice(0, colon), colon < 0 ? "" : option.slice(colon + 1));
  }
  for (const { name = "", value = "" } of extra) options.set(name, value);
  return [...options].map(([name, value]) => (value === "" ? name : `${name}:${value}`));
}

function fitting(config: DnsConfig, warn: DnsInput["warn"]): DnsConfig {
  let { servers } = config;
  if (servers.length > mostServers) {
    servers = servers.slice(0, mostServers);
    warn(
      "DNSConfigForming",
      `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${servers.join(" ")}`,
    );
  }
  const searches = config.searches.slice(0, mostSearches).filter((each) => each.length <= longestDomain);
  while (searches.join(" ").length > mostSearchCharacters) searches.pop();
  if (searches.length < config.searches.length)
    warn(
      "DNSConfigForming",
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${searches.join(" ")}`,
    );
  return { servers, searches, options: config.options };
}

/** Host name and domain; throws with upstream's text for names that are none. */
export function podHostname(pod: Pod, clusterDomain: string): { readonly hostname: string; readonly domain: string } {
  const override = pod.spec.hostnameOverride;
  if (override !== undefined) {
    const problems = dns1123Subdomain(override);
    if (problems.length > 0)
      throw new Error(
        `pod HostnameOverride ${JSON.stringify(override)} is not a valid DNS subdomain: ${problems.join(";")}`,
      );
    return { hostname: truncated(override), domain: "" };
  }
  const { hostname, subdomain } = pod.spec;
  if (hostname) checkLabel("Hostname", hostname);
  if (subdomain) checkLabel("Subdomain", subdomain);
  return {
    hostname: truncated(hostname || pod.metadata.name),
    domain: subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : "",
  };
}

function checkLabel(what: string, value: string): void {
  const problems = dns1123Label(value);
  if (problems.length > 0)
    throw new Error(`pod ${what} ${JSON.stringify(value)} is not a valid DNS label: ${problems.join(";")}`);
}

/** The kernel takes 63 characters; no trailing dash or dot. */
const truncated = (hostname: string): string =>
  hostname.length <= 63 ? hostname : hostname.slice(0, 63).replace(/[-.]+$/, "");

/** What the kernel is told. */
export function kernelHostname(
  name: { readonly hostname: string; readonly domain: string },
  asFqdn: boolean | undefined,
): string {
  if (asFqdn !== true || name.domain === "") return name.hostname;
  const fqdn = `${name.hostname}.${name.domain}`;
  if (fqdn.length > 64)
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long (64 characters is the max, ${fqdn.length} characters requested)`,
    );
  return fqdn;
}

export interface HostsInput {
  readonly pod: Pod;
  readonly podIps: readonly string[];
  readonly hostname: string;
  readonly domain: string;
  /** The node's own file, for pods on the host's network. */
  readonly nodeHosts: string;
}

/** Content of /etc/hosts. */
export function hostsContent(input: HostsInput): string {
  const aliases = input.pod.spec.hostAliases ?? [];
  const tail =
    aliases.length === 0
      ? ""
      : `\n# Entries added by HostAliases.\n${aliases.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join("\t")}\n`).join("")}`;
  if (isHostNetwork(input.pod)) return `# Kubernetes-managed hosts file (host network).\n${input.nodeHosts}${tail}`;
  const names = input.domain === "" ? input.hostname : `${input.hostname}.${input.domain}\t${input.hostname}`;
  const fixed = [
    ...[
      "# Kubernetes-managed hosts file.",
      "127.0.0.1\tlocalhost",
      "::1\tlocalhost ip6-localhost ip6-loopback",
      "fe00::0\tip6-localnet",
    ],
    ...["fe00::0\tip6-mcastprefix", "fe00::1\tip6-allnodes", "fe00::2\tip6-allrouters"],
  ];
  return `${[...fixed, ...input.podIps.map((ip) => `${ip}\t${names}`)].join("\n")}\n${tail}`;
}
