import assert from "node:assert/strict";
import { test } from "node:test";
import type { IPAddress, Service } from "../../api/index.ts";
import { examineAddress, examineService, type Observed } from "./findings.ts";

const nowMs = Date.parse("2026-01-01T00:10:00Z");
const secondsAgo = (seconds: number): string => `${new Date(nowMs - seconds * 1000).toISOString().slice(0, 19)}Z`;

const service = (name: string, spec: object, age = 600): Service =>
  ({ metadata: { namespace: "n", name, creationTimestamp: secondsAgo(age) }, spec }) as Service;
const at = (ip: string): Service => service("a", { clusterIP: ip, clusterIPs: [ip] });
const labels = {
  "ipaddress.kubernetes.io/ip-family": "IPv4",
  "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
};
const address = (parent: object, { age = 600, labels: own = labels as object } = {}): IPAddress =>
  ({
    metadata: { name: "10.96.0.9", labels: own, creationTimestamp: secondsAgo(age) },
    spec: { parentRef: { resource: "services", namespace: "n", ...parent } },
  }) as IPAddress;

const observing = (known: { address?: IPAddress; service?: Service }): Observed => ({
  address: (ip) => (ip === known.address?.metadata.name ? known.address : undefined),
  service: (_, name) => (name === known.service?.metadata.name ? known.service : undefined),
  covers: (ip) => ip.startsWith("10.96."),
});

const ofServices: readonly (readonly [string, Service, Observed, string])[] = [
  ["headless", service("a", { clusterIP: "None" }), observing({}), ""],
  ["in agreement", at("10.96.0.9"), observing({ address: address({ name: "a" }) }), ""],
  ["out of range", at("10.1.0.9"), observing({}), "ClusterIPOutOfRange"],
  ["no object", at("10.96.0.9"), observing({}), "ClusterIPNotAllocated create"],
  [
    "of another kind",
    at("10.96.0.9"),
    observing({ address: address({ resource: "gateways", group: "g", name: "a" }) }),
    "ClusterIPNotAllocated recreate",
  ],
  ["of nobody", at("10.96.0.9"), observing({ address: address({ name: "b" }) }), "ClusterIPNotAllocated recreate"],
  [
    "of two",
    at("10.96.0.9"),
    observing({ address: address({ name: "b" }), service: service("b", { clusterIPs: ["10.96.0.9"] }) }),
    "ClusterIPAlreadyAllocated",
  ],
  ["without labels", at("10.96.0.9"), observing({ address: address({ name: "a" }, { labels: {} }) }), " recreate"],
];
for (const [what, given, observed, expected] of ofServices)
  test(`a service's address ${what}: ${expected || "nothing"}`, () => {
    const found = examineService(given, observed);
    assert.equal(
      found
        .map(({ event, repair }) =>
          [event?.reason, repair].filter((each, index) => each !== undefined || index === 0).join(" "),
        )
        .join(),
      expected,
    );
  });

const ofAddresses: readonly (readonly [string, IPAddress, Observed, string])[] = [
  ["that somebody else manages", address({ name: "x" }, { labels: {} }), observing({}), ""],
  ["of a service that has it", address({ name: "a" }), observing({ service: at("10.96.0.9") }), ""],
  ["of a service that is being made", address({ name: "a" }, { age: 10 }), observing({}), "again in 51000"],
  [
    "of a service that never came",
    address({ name: "a" }, { age: 61 }),
    observing({}),
    "IPAddressNotAllocated: IPAddress: 10.96.0.9 for Service n/a appears to have leaked: cleaning up",
  ],
  [
    "that was changed",
    address({ resource: "gateways", group: "g", name: "a" }),
    observing({}),
    "IPAddressNotAllocated: IPAddress 10.96.0.9 appears to have been modified, not referencing a Service &ParentReference{Group:g,Resource:gateways,Namespace:n,Name:a,}: cleaning up",
  ],
  [
    "of a service that has another",
    address({ name: "a" }),
    observing({ service: at("10.96.0.8") }),
    "IPAddressWrongReference: IPAddress: 10.96.0.9 for Service n/a has a wrong reference; cleaning up",
  ],
  [
    "of a service that is about to have it",
    address({ name: "a" }, { age: 2 }),
    observing({ service: at("10.96.0.8") }),
    "again in 5000",
  ],
  [
    "of a service that is outside",
    address({ name: "a" }, { age: 20 }),
    observing({ service: service("a", { type: "ExternalName" }) }),
    "again in 41000",
  ],
];
for (const [what, given, observed, expected] of ofAddresses)
  test(`an address ${what}: ${expected || "nothing"}`, () => {
    const { remove, againMs } = examineAddress(given, observed, nowMs);
    const text =
      remove === undefined
        ? againMs === undefined
          ? ""
          : `again in ${againMs}`
        : `${remove.reason}: ${remove.message}`;
    assert.equal(text, expected);
  });
