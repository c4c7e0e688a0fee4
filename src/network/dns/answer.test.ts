import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice, Service } from "../../api/index.ts";
import { answerQuestion, type DnsView } from "./answer.ts";

const meta = (name: string) => ({
  name,
  namespace: "ns",
  uid: "u",
  resourceVersion: "7",
  creationTimestamp: "2026-01-01T00:00:00Z",
});
const service = (name: string, spec: Service["spec"]): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: meta(name),
  spec,
});

const services: Record<string, Service> = {
  web: service("web", {
    clusterIP: "10.96.0.5",
    clusterIPs: ["10.96.0.5", "fd00::5"],
    ports: [
      { name: "http", port: 80, protocol: "TCP" },
      { name: "dns", port: 53, protocol: "UDP" },
    ],
  }),
  db: service("db", { clusterIP: "None", clusterIPs: ["None"], ports: [{ name: "pg", port: 5432 }] }),
  idle: service("idle", { clusterIP: "None", clusterIPs: ["None"] }),
  plain: service("plain", { clusterIP: "10.96.0.6", clusterIPs: ["10.96.0.6"], ports: [{ port: 80 }] }),
  bare: service("bare", { clusterIP: "None", clusterIPs: ["None"] }),
  number: service("number", { type: "ExternalName", externalName: "192.0.2.9" }),
  away: service("away", { type: "ExternalName", externalName: "example.org" }),
};

const dbSlice: EndpointSlice = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { ...meta("db-1"), labels: { "kubernetes.io/service-name": "db" } },
  addressType: "IPv4",
  endpoints: [
    { addresses: ["10.244.0.2"], hostname: "db-0", conditions: { ready: true } },
    { addresses: ["10.244.0.3"], conditions: { ready: true } },
    { addresses: ["10.244.0.4"], hostname: "db-2", conditions: { ready: false } },
  ],
  ports: [{ name: "pg", port: 5432, protocol: "TCP" }],
};

const one = (ip: string): EndpointSlice => ({
  ...dbSlice,
  endpoints: [{ addresses: [ip], conditions: { ready: true } }],
  ports: [],
});
const slices: Record<string, EndpointSlice[]> = { db: [dbSlice], bare: [one("10.244.0.8")], web: [one("10.244.0.7")] };

const view: DnsView = {
  namespaceExists: (namespace) => namespace === "ns",
  service: (namespace, name) => (namespace === "ns" ? services[name] : undefined),
  slices: (_, name) => slices[name] ?? [],
  serviceByIp: (ip) => (ip === "10.96.0.5" || ip === "fd00::5" ? services["web"] : undefined),
  endpointNamesByIp: (ip) => (ip === "10.244.0.2" ? ["db-0.db.ns"] : ip === "10.244.0.7" ? ["10-244-0-7.web.ns"] : []),
  serial: () => 7,
};

/** Short form of an answer: `kind` or the records as `TYPE data`. */
function ask(name: string, type: string): string {
  const answer = answerQuestion({ name, type }, view, "cluster.local");
  if (answer.kind !== "answer") return answer.kind;
  const show = (each: (typeof answer.answers)[number]): string =>
    each.type === "SRV"
      ? `SRV ${each.data.priority} ${each.data.weight} ${each.data.port} ${each.data.target}`
      : `${each.type} ${typeof each.data === "string" ? each.data : each.data.mname}`;
  const more = answer.additionals.map((each) => `+${each.name} ${show(each)}`);
  return [...answer.answers.map(show), ...more, ...(answer.chase ? [`?${answer.chase}`] : [])].join("; ");
}

test("names of the specification", () => {
  const table: readonly (readonly [string, string, string])[] = [
    ["web.ns.svc.cluster.local", "A", "A 10.96.0.5"],
    ["WEB.ns.svc.Cluster.local", "A", "A 10.96.0.5"],
    ["web.ns.svc.cluster.local", "AAAA", "AAAA fd00::5"],
    ["web.ns.svc.cluster.local", "MX", "noData"],
    [
      "_http._tcp.web.ns.svc.cluster.local",
      "SRV",
      "SRV 0 50 80 web.ns.svc.cluster.local; +web.ns.svc.cluster.local A 10.96.0.5; +web.ns.svc.cluster.local AAAA fd00::5",
    ],
    ["_http._udp.web.ns.svc.cluster.local", "SRV", "noName"],
    ["_nope._tcp.web.ns.svc.cluster.local", "SRV", "noName"],
    ["_http._tcp.web.ns.svc.cluster.local", "A", "A 10.96.0.5"],
    ["_http._tcp.web.ns.svc.cluster.local", "MX", "noData"],
    ["dns.udp.web.ns.svc.cluster.local", "A", "A 10.96.0.5"],
    ["_._sctp.web.ns.svc.cluster.local", "SRV", "noName"],
    ["_tcp.web.ns.svc.cluster.local", "SRV", "noName"],
    [
      "_._tcp.plain.ns.svc.cluster.local",
      "SRV",
      "SRV 0 100 80 plain.ns.svc.cluster.local; +plain.ns.svc.cluster.local A 10.96.0.6",
    ],
    ["bare.ns.svc.cluster.local", "A", "A 10.244.0.8"],
    ["bare.ns.svc.cluster.local", "SRV", "noData"],
    ["5-5-5-5.web.ns.svc.cluster.local", "A", "noName"],
    ["10-244-0-7.web.ns.svc.cluster.local", "A", "A 10.244.0.7"],
    ["7.0.244.10.in-addr.arpa", "PTR", "PTR 10-244-0-7.web.ns.svc.cluster.local"],
    ["away.ns.svc.cluster.local", "SRV", "noData"],
    ["number.ns.svc.cluster.local", "A", "noName"],
    ["db.ns.svc.cluster.local", "A", "A 10.244.0.2; A 10.244.0.3"],
    ["db.ns.svc.cluster.local", "AAAA", "noData"],
    ["db-0.db.ns.svc.cluster.local", "A", "A 10.244.0.2"],
    ["10-244-0-3.db.ns.svc.cluster.local", "A", "A 10.244.0.3"],
    ["db-2.db.ns.svc.cluster.local", "A", "noName"],
    [
      "_pg._tcp.db.ns.svc.cluster.local",
      "SRV",
      "SRV 0 50 5432 db-0.db.ns.svc.cluster.local; SRV 0 50 5432 10-244-0-3.db.ns.svc.cluster.local; +db-0.db.ns.svc.cluster.local A 10.244.0.2; +10-244-0-3.db.ns.svc.cluster.local A 10.244.0.3",
    ],
    ["idle.ns.svc.cluster.local", "A", "noName"],
    ["away.ns.svc.cluster.local", "A", "CNAME example.org; ?example.org"],
    ["away.ns.svc.cluster.local", "CNAME", "CNAME example.org"],
    ["gone.ns.svc.cluster.local", "A", "noName"],
    ["web.other.svc.cluster.local", "A", "noName"],
    ["ns.svc.cluster.local", "A", "noData"],
    ["svc.cluster.local", "A", "noData"],
    ["other.svc.cluster.local", "A", "noName"],
    ["nothing.cluster.local", "A", "noName"],
    ["10-244-0-9.ns.pod.cluster.local", "A", "A 10.244.0.9"],
    ["10-244-0-9.ns.pod.cluster.local", "AAAA", "noData"],
    ["fd00--9.ns.pod.cluster.local", "AAAA", "AAAA fd00::9"],
    ["words.ns.pod.cluster.local", "A", "noName"],
    ["10-244-0-9.other.pod.cluster.local", "A", "noName"],
    ["dns-version.cluster.local", "TXT", "TXT 1.1.0"],
    ["cluster.local", "SOA", "SOA ns.dns.cluster.local"],
    ["cluster.local", "NS", "NS ns.dns.cluster.local"],
    ["5.0.96.10.in-addr.arpa", "PTR", "PTR web.ns.svc.cluster.local"],
    ["5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", "PTR", "PTR web.ns.svc.cluster.local"],
    ["2.0.244.10.in-addr.arpa", "PTR", "PTR db-0.db.ns.svc.cluster.local"],
    ["1.1.1.1.in-addr.arpa", "PTR", "forward"],
    ["example.org", "A", "forward"],
    ["web.ns.svc.other.local", "A", "forward"],
    ["notcluster.local", "A", "forward"],
  ];
  assert.deepEqual(
    table.map(([name, type]) => `${name} ${type} → ${ask(name, type)}`),
    table.map(([name, type, answer]) => `${name} ${type} → ${answer}`),
  );
});

test("negative answers carry the zone's SOA with the revision as serial", () => {
  const answer = answerQuestion({ name: "gone.ns.svc.cluster.local", type: "A" }, view, "cluster.local");
  assert.ok(answer.kind === "noName" && answer.authority.type === "SOA");
  assert.equal(answer.authority.data.serial, 7);
  assert.equal(answer.authority.data.minimum, 30);
});

test("records carry the name as it was asked, and how long they hold", () => {
  const table: readonly (readonly [string, string, number])[] = [
    ["wEb.Ns.svc.cLuster.local", "A", 30],
    ["7.0.244.10.IN-addr.arpa", "PTR", 30],
    ["_Pg._TCP.db.ns.svc.cluster.local", "SRV", 30],
    ["DNS-version.cluster.local", "TXT", 28_800],
  ];
  for (const [name, type, ttl] of table) {
    const answer = answerQuestion({ name, type }, view, "cluster.local");
    assert.ok(answer.kind === "answer", name);
    assert.equal(answer.answers[0]!.name, name);
    assert.equal(answer.answers[0]!.ttl, ttl);
  }
});
