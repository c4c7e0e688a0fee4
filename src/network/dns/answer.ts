// What the cluster's DNS answers, as a function of the query and of what the cluster holds.
// Source: the Kubernetes DNS-Based Service Discovery specification, schema version 1.1.0; where it leaves a choice (names of
// endpoints without hostname, TTL, SOA, pod records without a look at pods), what CoreDNS does with kubeadm's configuration.

import type { EndpointSlice, Service } from "../../api/index.ts";

export type RecordType = "A" | "AAAA" | "SRV" | "PTR" | "CNAME" | "TXT" | "SOA" | "NS";

export interface Question {
  /** As asked, without the final dot. */
  readonly name: string;
  /** Types beyond `RecordType` have no data here. */
  readonly type: string;
}

export type RecordData =
  | { readonly type: "A" | "AAAA" | "PTR" | "CNAME" | "NS" | "TXT"; readonly data: string }
  | {
      readonly type: "SRV";
      readonly data: {
        readonly priority: number;
        readonly weight: number;
        readonly port: number;
        readonly target: string;
      };
    }
  | { readonly type: "SOA"; readonly data: SoaData };

export interface SoaData {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

export type ResourceRecord = RecordData & { readonly name: string; readonly ttl: number };

export type Answer =
  | {
      readonly kind: "answer";
      readonly answers: readonly ResourceRecord[];
      readonly additionals: readonly ResourceRecord[] /** Ask the upstream for the address of this name and append it. */;
      readonly chase?: string;
    }
  /** The name exists, the type does not. */
  | { readonly kind: "noData"; readonly authority: ResourceRecord }
  | { readonly kind: "noName"; readonly authority: ResourceRecord }
  /** Not the cluster's: an upstream resolver is asked. */
  | { readonly kind: "forward" };

/** What the answers are made of; kept by informers (view.ts). */
export interface DnsView {
  namespaceExists(namespace: string): boolean;
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, serviceName: string): readonly EndpointSlice[];
  serviceByIp(ip: string): Service | undefined;
  /** Endpoint names (`hostname.service.namespace`) that an address has. */
  endpointNamesByIp(ip: string): readonly string[];
  /** Newest revision seen, for the SOA serial. */
  serial(): number;
}

const recordTtlSeconds = 30;
const versionTtlSeconds = 28_800;

interface Endpoint {
  readonly ip: string;
  readonly type: "A" | "AAAA";
  /** First label of its name. */
  readonly label: string;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

/** Records carry the name as it was asked: clients that mix the case against forgery compare it. */
export function answerQuestion(question: Question, view: DnsView, zone: string): Answer {
  const name = question.name.toLowerCase();
  const reverse = reverseAddress(name);
  if (reverse !== undefined) return answerReverse(question, reverse, view, zone);
  if (name !== zone && !name.endsWith(`.${zone}`)) return { kind: "forward" };
  const labels = name === zone ? [] : name.slice(0, -zone.length - 1).split(".");
  return answerInZone(question, labels, { view, zone });
}

interface Context {
  readonly view: DnsView;
  readonly zone: string;
}

function answerInZone(question: Question, labels: readonly string[], context: Context): Answer {
  if (labels.length === 0) return answerApex(question, context);
  if (labels.length === 1 && labels[0] === "dns-version")
    return question.type === "TXT"
      ? found([{ ...record(question.name, { type: "TXT", data: "1.1.0" }), ttl: versionTtlSeconds }])
      : noData(context);
  const kind = labels.at(-1);
  if (kind !== "svc" && kind !== "pod") return noName(context);
  const rest = labels.slice(0, -1);
  if (rest.length === 0) return noData(context);
  const namespace = rest.at(-1)!;
  if (!context.view.namespaceExists(namespace)) return noName(context);
  if (rest.length === 1) return noData(context);
  return kind === "pod"
    ? answerPod(question, rest.slice(0, -1), context)
    : answerService(question, rest.slice(0, -1), { ...context, namespace });
}

function answerApex(question: Question, context: Context): Answer {
  const { zone } = context;
  if (question.type === "SOA") return found([soa(context)]);
  if (question.type === "NS") return found([record(zone, { type: "NS", data: `ns.dns.${zone}` })]);
  return noData(context);
}

/** `10-244-0-7.namespace.pod`: the address itself, without a look at pods. */
function answerPod(question: Question, labels: readonly string[], context: Context): Answer {
  if (labels.length !== 1) return noName(context);
  const address = dashedAddress(labels[0]!);
  if (address === undefined) return noName(context);
  return address.type === question.type
    ? found([record(question.name, { type: address.type, data: address.ip })])
    : noData(context);
}

function answerService(
  question: Question,
  labels: readonly string[],
  context: Context & { readonly namespace: string },
): Answer {
  const serviceName = labels.at(-1)!;
  const service = context.view.service(context.namespace, serviceName);
  if (service === undefined) return noName(context);
  const base = `${serviceName}.${context.namespace}.svc.${context.zone}`;
  if (service.spec.type === "ExternalName")
    return labels.length === 1 ? answerExternal(question, service, context) : noName(context);
  const headless = service.spec.clusterIP === "None";
  // A headless service without a ready endpoint has no name, unlike one that has an address of its own.
  const endpoints =
    headless || labels.length > 1 ? endpointsOf(context.view.slices(context.namespace, serviceName)) : [];
  if (headless && endpoints.length === 0) return noName(context);
  const target: ServiceTarget = { service, base, headless, endpoints };
  switch (labels.length) {
    case 1:
      return question.type === "SRV"
        ? answerPorts(question, target, { context })
        : answerAddresses(question, target, context);
    case 2:
      return labels[0]!.startsWith("_")
        ? noName(context)
        : answerEndpoint(question, labels[0]!, { ...target, context });
    case 3:
      return answerPorts(question, target, { context, port: plain(labels[0]!), protocol: plain(labels[1]!) });
    default:
      return noName(context);
  }
}

/** Like CoreDNS, the underscores of ports and protocols may be left out. */
const plain = (label: string): string => label.replace(/^_/, "");

interface ServiceTarget {
  readonly service: Service;
  readonly base: string;
  readonly headless: boolean;
  readonly endpoints: readonly Endpoint[];
}

function answerExternal(question: Question, service: Service, context: Context): Answer {
  const target = service.spec.externalName ?? "";
  // An alias needs a name; an address is none. Service locations of aliases are not answered.
  if (/^[\d.]+$|:/.test(target) || target === "") return noName(context);
  if (question.type === "SRV") return noData(context);
  const alias = record(question.name, { type: "CNAME", data: target });
  const chase = question.type === "A" || question.type === "AAAA" ? { chase: target } : {};
  return { kind: "answer", answers: [alias], additionals: [], ...chase };
}

const clusterIpsOf = (service: Service): readonly string[] =>
  service.spec.clusterIPs ?? (service.spec.clusterIP ? [service.spec.clusterIP] : []);

const addressType = (ip: string): "A" | "AAAA" => (ip.includes(":") ? "AAAA" : "A");

function answerAddresses(question: Question, target: ServiceTarget, context: Context): Answer {
  const ips = target.headless ? target.endpoints.map((each) => each.ip) : clusterIpsOf(target.service);
  const records = [...new Set(ips)]
    .filter((ip) => addressType(ip) === question.type)
    .map((ip) => record(question.name, { type: addressType(ip), data: ip }));
  return records.length === 0 ? noData(context) : found(records);
}

function answerEndpoint(
  question: Question,
  label: string,
  target: ServiceTarget & { readonly context: Context },
): Answer {
  const same = target.endpoints.filter((each) => each.label === label);
  if (same.length === 0) return noName(target.context);
  const records = same
    .filter((each) => each.type === question.type)
    .map((each) => record(question.name, { type: each.type, data: each.ip }));
  return records.length === 0 ? noData(target.context) : found(records);
}

interface PortQuery {
  readonly context: Context;
  /** Absent or empty: every port. */
  readonly port?: string;
  readonly protocol?: string;
}

function answerPorts(question: Question, target: ServiceTarget, query: PortQuery): Answer {
  const wanted = (port: { name?: string; protocol?: string }): boolean =>
    (!query.port || (port.name ?? "") === query.port) &&
    (!query.protocol || (port.protocol ?? "TCP").toLowerCase() === query.protocol);
  const targets = target.headless
    ? target.endpoints.flatMap((each) =>
        each.ports
          .filter(wanted)
          .map((port) => ({ name: `${each.label}.${target.base}`, port: port.port, ips: [each.ip] })),
      )
    : (target.service.spec.ports ?? [])
        .filter(wanted)
        .map((port) => ({ name: target.base, port: port.port, ips: clusterIpsOf(target.service) }));
  if (targets.length === 0) return query.port === undefined ? noData(query.context) : noName(query.context);
  if (question.type !== "SRV") {
    const ips = new Set(targets.flatMap((each) => each.ips).filter((ip) => addressType(ip) === question.type));
    return ips.size === 0
      ? noData(query.context)
      : found([...ips].map((ip) => record(question.name, { type: addressType(ip), data: ip })));
  }
  // Port 0 stands for an endpoint that declares no port: it has addresses, but no service location.
  const located = targets.filter((each) => each.port > 0);
  if (located.length === 0) return noData(query.context);
  const unique = new Map(located.map((each) => [`${each.name}:${each.port}`, each]));
  // Every address counts, though a target with two addresses is answered once.
  const weight = Math.max(1, Math.floor(100 / targets.reduce((sum, each) => sum + each.ips.length, 0)));
  const answers = [...unique.values()].map((each) =>
    record(question.name, { type: "SRV", data: { priority: 0, weight, port: each.port, target: each.name } }),
  );
  const addresses = new Map(
    [...unique.values()].flatMap((each) =>
      each.ips.map((ip) => [`${each.name} ${ip}`, record(each.name, { type: addressType(ip), data: ip })] as const),
    ),
  );
  return { kind: "answer", answers, additionals: [...addresses.values()] };
}

type EndpointPort = NonNullable<EndpointSlice["ports"]>[number];

/** Ready endpoints of a service's slices. Slices of services that publish unready addresses say ready for all. */
function endpointsOf(slices: readonly EndpointSlice[]): Endpoint[] {
  return slices.flatMap((slice) =>
    (slice.endpoints ?? []).flatMap((endpoint) =>
      endpoint.conditions?.ready === false
        ? []
        : endpoint.addresses.map((ip) => ({
            ip,
            type: addressType(ip),
            label: endpoint.hostname || endpointLabel(ip),
            ports: (slice.ports?.length ? slice.ports : [{ port: 0 }]).map((port: EndpointPort) => ({
              name: port.name ?? "",
              protocol: port.protocol ?? "TCP",
              port: port.port ?? 0,
            })),
          })),
    ),
  );
}

/** The label of an endpoint without hostname: its address with dashes. */
export const endpointLabel = (ip: string): string => ip.replace(/[.:]/g, "-");

function dashedAddress(label: string): { ip: string; type: "A" | "AAAA" } | undefined {
  if (/^\d{1,3}(-\d{1,3}){3}$/.test(label)) {
    const parts = label.split("-").map(Number);
    return parts.every((part) => part <= 255) ? { ip: parts.join("."), type: "A" } : undefined;
  }
  const ip = label.replaceAll("-", ":");
  return /^[0-9a-f:]+$/.test(ip) && ip.split(":").length >= 3 && ip.split(":").length <= 8
    ? { ip, type: "AAAA" }
    : undefined;
}

/** The address that a name below in-addr.arpa or ip6.arpa stands for; null for incomplete ones. */
function reverseAddress(name: string): string | null | undefined {
  if (name.endsWith(".in-addr.arpa")) {
    const labels = name.slice(0, -".in-addr.arpa".length).split(".");
    return labels.length === 4 ? labels.reverse().join(".") : null;
  }
  if (name.endsWith(".ip6.arpa")) {
    const nibbles = name.slice(0, -".ip6.arpa".length).split(".").reverse();
    if (nibbles.length !== 32) return null;
    const groups = Array.from({ length: 8 }, (_, index) => nibbles.slice(4 * index, 4 * index + 4).join(""));
    return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
  }
  return undefined;
}

function answerReverse(question: Question, address: string | null, view: DnsView, zone: string): Answer {
  if (address === null || question.type !== "PTR") return { kind: "forward" };
  const service = view.serviceByIp(address);
  if (service !== undefined)
    return found([
      record(question.name, {
        type: "PTR",
        data: `${service.metadata.name}.${service.metadata.namespace}.svc.${zone}`,
      }),
    ]);
  const names = view.endpointNamesByIp(address);
  if (names.length === 0) return { kind: "forward" };
  return found(names.map((each) => record(question.name, { type: "PTR", data: `${each}.svc.${zone}` })));
}

const record = <D extends RecordData>(name: string, data: D): D & { name: string; ttl: number } => ({
  ...data,
  name,
  ttl: recordTtlSeconds,
});
const found = (answers: readonly ResourceRecord[]): Answer => ({ kind: "answer", answers, additionals: [] });
const noData = (context: Context): Answer => ({ kind: "noData", authority: soa(context) });
const noName = (context: Context): Answer => ({ kind: "noName", authority: soa(context) });

const soa = ({ view, zone }: Context): ResourceRecord =>
  record(zone, {
    type: "SOA",
    data: {
      mname: `ns.dns.${zone}`,
      rname: `hostmaster.${zone}`,
      serial: view.serial(),
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: recordTtlSeconds,
    },
  });
