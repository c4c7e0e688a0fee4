import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice, Endpoints } from "../../api/index.ts";
import { meta } from "../lib/testing.ts";
import { type MirrorSlice, mirrorMetadata, planMirror } from "./decide.ts";

const endpoints = (subsets: Endpoints["subsets"], metadata: object = {}): Endpoints => ({
  apiVersion: "v1",
  kind: "Endpoints",
  metadata: meta("s", metadata),
  ...(subsets === undefined ? {} : { subsets }),
});
const plan = (found: Endpoints, existing: readonly EndpointSlice[] = [], maxPerSubset = 1000) =>
  planMirror({ endpoints: found, existing, maxPerSubset });
let made = 0;
const sliceOf = (found: Endpoints, content: MirrorSlice): EndpointSlice => {
  const { labels: _labels, annotations: _annotations, ...body } = content;
  const metadata = { ...meta(`s-${made++}`), ...mirrorMetadata(found, content) };
  return { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata, ...body };
};
const mirrored = (found: Endpoints): EndpointSlice[] => plan(found).create.map((content) => sliceOf(found, content));
const port = { port: 80, protocol: "TCP" } as const;

test("a slice for each subset and family", () => {
  const { create } = plan(
    endpoints([
      { addresses: [{ ip: "10.1.2.3" }, { ip: "fd00::1" }], notReadyAddresses: [{ ip: "10.1.2.4" }], ports: [port] },
    ]),
  );
  assert.deepEqual(
    create.map(({ addressType, endpoints: list, ports }) => [addressType, list, ports]),
    [
      [
        "IPv4",
        [
          { addresses: ["10.1.2.3"], conditions: { ready: true } },
          { addresses: ["10.1.2.4"], conditions: { ready: false } },
        ],
        [{ name: "", port: 80, protocol: "TCP" }],
      ],
      ["IPv6", [{ addresses: ["fd00::1"], conditions: { ready: true } }], [{ name: "", port: 80, protocol: "TCP" }]],
    ],
  );
});

test("labels and annotations come along, except what is about the Endpoints alone", () => {
  const [content] = plan(
    endpoints([{ addresses: [{ ip: "10.1.2.3" }], ports: [port] }], {
      labels: { l: "1" },
      annotations: {
        a: "1",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "endpoints.kubernetes.io/last-change-trigger-time": "x",
      },
    }),
  ).create;
  assert.deepEqual(content?.labels, {
    l: "1",
    "kubernetes.io/service-name": "s",
    "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
  });
  assert.deepEqual(content?.annotations, { a: "1" });
});

test("nothing new, nothing written; a new address, one update; new ports recycle; none left, all gone", () => {
  const found = endpoints([{ addresses: [{ ip: "10.1.2.3" }], ports: [port] }]);
  const existing = mirrored(found);
  assert.deepEqual(plan(found, existing), { create: [], update: [], remove: [], warnings: [] });
  const counts = (next: Endpoints) => {
    const { create, update, remove } = plan(next, existing);
    return [create.length, update.length, remove.length];
  };
  assert.deepEqual(counts(endpoints([{ addresses: [{ ip: "10.1.2.4" }], ports: [port] }])), [0, 1, 0]);
  assert.deepEqual(counts(endpoints([{ addresses: [{ ip: "10.1.2.3" }], ports: [{ port: 81 }] }])), [0, 1, 0]);
  assert.deepEqual(counts(endpoints([{ addresses: [{ ip: "fd00::1" }], ports: [port] }])), [1, 0, 1]);
  assert.deepEqual(counts(endpoints([])), [0, 0, 1]);
  assert.deepEqual(counts(endpoints(found.subsets, { uid: "another" })), [0, 1, 0]);
});

test("too many and invalid addresses are told", () => {
  const { create, warnings } = plan(
    endpoints([{ addresses: ["10.0.0.1", "bad", "10.0.0.2", "10.0.0.3"].map((ip) => ({ ip })), ports: [port] }]),
    [],
    2,
  );
  assert.equal(create[0]?.endpoints?.length, 2);
  assert.deepEqual(warnings, [
    {
      reason: "TooManyAddressesToMirror",
      message: "A max of 2 addresses can be mirrored to EndpointSlices per Endpoints subset. 2 addresses were skipped",
    },
  ]);
  assert.deepEqual(plan(endpoints([{ addresses: [{ ip: "bad" }], ports: [port] }])).warnings, [
    { reason: "InvalidIPAddress", message: "Skipped 1 invalid IP addresses when mirroring to EndpointSlices" },
  ]);
});
