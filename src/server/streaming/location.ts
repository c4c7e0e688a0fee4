// Where a connection through the API server leads: the kubelet of a pod's node, a pod, an endpoint of a service, or a node.
// Looked up in the watch cache; sockets and names are node/'s. Upstream: ResourceLocation of pkg/registry/core/{pod,service,node}.

import { endpoints, type Node, nodes, type Pod, pods, type Service, services } from "../../api/index.ts";
import { errorText, type Rng } from "../../base/index.ts";
import { badRequest, type IpAddress, internalError, notFound, parseIp, StatusError } from "../../machinery/index.ts";
import type { ConnectTarget } from "./connect.ts";
import { containerOf, logQuery, portForwardQuery, streamQuery } from "./pod-options.ts";

export interface Location {
  readonly host: string;
  readonly port: number;
  /** `kubelet`: mutual TLS with the cluster's authority. `unverified`: TLS whose certificate nobody checks, as upstream. */
  readonly security: "kubelet" | "unverified" | "none";
  /** Percent-encoded; "" when the client has to be sent to the path with a slash at its end. */
  readonly path: string;
  /** With its question mark, or empty. */
  readonly search: string;
}

export interface LocationOptions {
  /** Address types of a node in order of preference. */
  readonly preferredAddressTypes?: readonly string[];
  readonly kubeletPort?: number;
  readonly rng: Rng;
  /** Every address that a host's name stands for. Its error is told to who asks. */
  readonly lookup: (hostname: string) => Promise<readonly string[]>;
}

const defaultAddressTypes = ["InternalIP", "ExternalIP", "Hostname", "InternalDNS", "ExternalDNS"];

/** Undefined for the log of a pod that no node has yet: there is nothing to read. Throws StatusError with upstream's texts. */
export async function locate(target: ConnectTarget, options: LocationOptions): Promise<Location | undefined> {
  if (target.subresource === "proxy") return locateProxy(target, options);
  const pod = target.object as Pod;
  const { name, namespace = "" } = pod.metadata;
  const { query } = target;
  const isLog = target.subresource === "log";
  const search = isLog
    ? logQuery(name, query, { splitStreams: target.splitStreams === true })
    : target.subresource === "portforward"
      ? portForwardQuery(query)
      : streamQuery(query);
  const container = target.subresource === "portforward" ? undefined : containerOf(pod, query.get("container"));
  const { nodeName } = pod.spec;
  if (!nodeName) {
    if (isLog) return undefined;
    throw badRequest(`pod ${name} does not have a host assigned`);
  }
  const endpoint = kubeletPaths[target.subresource];
  if (endpoint === undefined) throw badRequest(`pods have no ${target.subresource} to connect to`);
  const path = [endpoint, namespace, name, ...(container === undefined ? [] : [container])]
    .map(encodeURIComponent)
    .join("/");
  return { ...kubeletOf(nodeByName(target, nodeName), options), path: `/${path}`, search: searchText(search) };
}

const kubeletPaths: Readonly<Record<string, string>> = {
  log: "containerLogs",
  exec: "exec",
  attach: "attach",
  portforward: "portForward",
};

const searchText = (search: URLSearchParams): string => (search.size > 0 ? `?${search}` : "");

/** Upstream's storage names what the request is about, not what it looked for. */
function nodeByName({ reader, resource }: ConnectTarget, name: string): Node {
  const node = reader.get(nodes, "", name);
  if (node === undefined) throw notFound({ group: "", resource }, name);
  return node;
}

function kubeletOf(node: Node, options: LocationOptions): Pick<Location, "host" | "port" | "security"> {
  const addresses = node.status?.addresses ?? [];
  for (const type of options.preferredAddressTypes ?? defaultAddressTypes) {
    const found = addresses.find((each) => each.type === type);
    if (found !== undefined) {
      const reported = node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
      return {
        host: found.address,
        port: reported > 0 ? reported : (options.kubeletPort ?? 10250),
        security: "kubelet",
      };
    }
  }
  throw internalError(
    `no preferred addresses found; known addresses: [${addresses.map(({ type, address }) => `{${type} ${address}}`).join(" ")}]`,
  );
}

async function locateProxy(target: ConnectTarget, options: LocationOptions): Promise<Location> {
  const rest = { path: proxiedPath(target), search: target.query.size > 0 ? `?${target.query}` : "" };
  const id = splitId(target);
  switch (target.resource) {
    case "pods":
      return { ...podAddress(target, id), ...rest };
    case "services":
      return { ...serviceAddress(target, id, options), ...rest };
    case "nodes": {
      const kubelet = kubeletOf(nodeByName(target, id.name), options);
      await checkHost(kubelet.host, options);
      if (id.port === "" || Number(id.port) === kubelet.port) return { ...kubelet, ...rest };
      return { host: kubelet.host, port: portNumber(id), security: securityOf(id), ...rest };
    }
  }
}

/**
 * What stands behind `…/NAME/proxy`, as it came over the wire: decoding it would change what the backend sees. A path that
 * ends at `proxy` is "".
 */
function proxiedPath({ request, resource, changedPath }: ConnectTarget): string {
  if (changedPath !== undefined) {
    const path = changedPath.split("/").map(encodeURIComponent).join("/");
    return path === "" || path.startsWith("/") ? path : `/${path}`;
  }
  const segments = request.path.split("/");
  const at = resource === "nodes" ? 5 : 7;
  return segments.length > at + 1 ? `/${segments.slice(at + 1).join("/")}` : "";
}

interface SplitId {
  readonly scheme: string;
  readonly name: string;
  readonly port: string;
}

/** `name`, `name:port` or `scheme:name:port`. */
function splitId({ name: id, resource }: ConnectTarget): SplitId {
  const parts = id.split(":");
  const [scheme, name, port] =
    parts.length === 1
      ? ["", parts[0]!, ""]
      : parts.length === 2
        ? ["", parts[0]!, parts[1]!]
        : [parts[0]!, parts[1]!, parts[2]!];
  const known = scheme === "" || scheme === "http" || scheme === "https";
  if (parts.length > 3 || name === "" || !known)
    throw badRequest(`invalid ${resource.slice(0, -1)} request ${JSON.stringify(id)}`);
  return { scheme, name, port };
}

const securityOf = ({ scheme }: SplitId): "unverified" | "none" => (scheme === "https" ? "unverified" : "none");

function portNumber({ port, scheme }: SplitId): number {
  if (port === "") return scheme === "https" ? 443 : 80;
  const value = Number(port);
  if (!Number.isInteger(value) || value < 1 || value > 65535) throw badRequest(`${JSON.stringify(port)} is not a port`);
  return value;
}

function podAddress({ reader, namespace }: ConnectTarget, id: SplitId): Pick<Location, "host" | "port" | "security"> {
  const pod = reader.get(pods, namespace, id.name);
  if (pod === undefined) throw notFound({ group: "", resource: "pods" }, id.name);
  const declared = pod.spec.containers.find((container) => (container.ports ?? []).length > 0)?.ports?.[0]
    ?.containerPort;
  const host = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? "";
  checkAddress(host);
  return { host, port: id.port === "" && declared !== undefined ? declared : portNumber(id), security: securityOf(id) };
}

function serviceAddress(
  target: ConnectTarget,
  id: SplitId,
  options: LocationOptions,
): Pick<Location, "host" | "port" | "security"> {
  const { reader, namespace } = target;
  const portName = servicePortName(target, id);
  const found = reader.get(endpoints, namespace, id.name);
  // Upstream's storage names what the request is about, not what it looked for.
  if (found === undefined) throw notFound({ group: "", resource: "services" }, id.name);
  const subsets = found.subsets ?? [];
  if (subsets.length === 0) throw unavailable(`no endpoints available for service ${JSON.stringify(id.name)}`);
  for (const subset of rotated(subsets, options.rng)) {
    const port = subset.ports?.find((each) => (each.name ?? "") === portName);
    if (port === undefined) continue;
    for (const { ip, targetRef } of rotated(subset.addresses ?? [], options.rng)) {
      // Endpoints may be written by hand; only addresses of pods in this namespace are connected to.
      if (targetRef?.namespace !== namespace) continue;
      const pod = reader.get(pods, namespace, targetRef.name ?? "");
      if (pod?.status?.podIPs?.some((each) => each.ip === ip))
        return { host: ip, port: port.port, security: securityOf(id) };
    }
  }
  throw unavailable(`no endpoints available for service ${JSON.stringify(target.name)}`);
}

/** Endpoints name their ports; a number in the path is looked up in the service. */
function servicePortName({ reader, namespace }: ConnectTarget, id: SplitId): string {
  if (!/^-?\d+$/.test(id.port)) return id.port;
  const service: Service | undefined = reader.get(services, namespace, id.name);
  if (service === undefined) throw notFound({ group: "", resource: "services" }, id.name);
  const port = service.spec?.ports?.find((each) => each.port === Number(id.port));
  if (port === undefined)
    throw unavailable(`no service port ${Number(id.port)} found for service ${JSON.stringify(id.name)}`);
  return port.name ?? "";
}

/** The same list, begun anywhere. */
function rotated<T>(list: readonly T[], rng: Rng): T[] {
  const start = list.length > 1 ? rng.below(list.length) : 0;
  return [...list.slice(start), ...list.slice(0, start)];
}

const unavailable = (message: string): StatusError =>
  new StatusError({ code: 503, reason: "ServiceUnavailable", message });

/** A node may be known by a name only; none of its addresses may be the server's own host. */
async function checkHost(host: string, { lookup }: LocationOptions): Promise<void> {
  const addresses = parseIp(host) === undefined ? await lookup(host).catch(badName) : [host];
  if (addresses.length === 0) throw badRequest("no addresses for hostname");
  addresses.forEach(checkAddress);
}

const badName = (error: unknown): never => {
  throw badRequest(errorText(error));
};

/** So that nobody reaches the server's own host, however its address is written. */
function checkAddress(text: string): void {
  const ip = parseIp(text);
  if (ip === undefined || !isGlobalUnicast(ip)) throw badRequest("address not allowed");
}

/** Go's: no loopback, link-local, multicast, broadcast or unspecified address. */
function isGlobalUnicast({ family, bits }: IpAddress): boolean {
  if (family === 6) return bits > 1n && bits >> 118n !== 0xfe80n >> 6n && bits >> 120n !== 0xffn;
  const [first, two] = [bits >> 24n, bits >> 16n];
  return bits !== 0n && bits !== 0xffff_ffffn && first !== 127n && two !== 0xa9fen && first >> 4n !== 0xen;
}
