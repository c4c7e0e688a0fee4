import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Endpoints, Pod, Service } from "../../api/index.ts";
import { makePod, meta } from "../lib/testing.ts";
import { type EndpointsView, planEndpoints } from "./decide.ts";

const service = (spec: object = {}, labels: Record<string, string> = {}): Service =>
  ({
    apiVersion: "v1",
    kind: "Service",
    metadata: meta("s", { labels }),
    spec: {
      clusterIP: "10.96.0.5",
      ipFamilies: ["IPv4"],
      selector: { app: "a" },
      ports: [{ port: 80, targetPort: 8080, protocol: "TCP" }],
      ...spec,
    },
  }) as Service;
const pod = (name: string, ip: string, options: Parameters<typeof makePod>[1] & { spec?: object } = {}): Pod => {
  const { spec, ...rest } = options;
  const made = makePod(name, { nodeName: "n", ...rest });
  return {
    ...made,
    spec: { ...made.spec, ...spec },
    status: { ...made.status, podIP: ip, podIPs: ip === "" ? [] : [{ ip }, { ip: "fd00::1" }] },
  } as Pod;
};
const view = (pods: readonly Pod[], over: Partial<EndpointsView> = {}): EndpointsView => ({
  service: service(),
  pods,
  current: undefined,
  triggerTime: "2026-01-01T00:00:00Z",
  ...over,
});
const address = (name: string, ip: string) => ({
  ip,
  nodeName: "n",
  targetRef: { kind: "Pod", namespace: "ns", name, uid: `uid-${name}` },
});
const ports = [{ port: 8080, protocol: "TCP" }];
const written = (state: EndpointsView): Endpoints => {
  const { subsets, ...metadata } = planEndpoints(state)!;
  return { apiVersion: "v1", kind: "Endpoints", metadata: meta("s", metadata), subsets };
};

const subsets: readonly [string, readonly Pod[], object, readonly object[]][] = [
  ["ready", [pod("p", "1.1.1.1")], {}, [{ addresses: [address("p", "1.1.1.1")], ports }]],
  [
    "not ready",
    [pod("p", "1.1.1.1"), pod("q", "1.1.1.2", { ready: false })],
    {},
    [{ addresses: [address("p", "1.1.1.1")], notReadyAddresses: [address("q", "1.1.1.2")], ports }],
  ],
  [
    "not ready, published all the same",
    [pod("q", "1.1.1.2", { ready: false, deletionTimestamp: "2026-01-01T00:00:00Z" })],
    { publishNotReadyAddresses: true },
    [{ addresses: [address("q", "1.1.1.2")], ports }],
  ],
  ["ending", [pod("p", "1.1.1.1", { deletionTimestamp: "2026-01-01T00:00:00Z" })], {}, []],
  ["done", [pod("p", "1.1.1.1", { phase: "Succeeded" })], {}, []],
  ["without an address", [pod("p", "")], {}, []],
  ["no ports, not headless", [pod("p", "1.1.1.1")], { ports: [] }, []],
  [
    "no ports, headless",
    [pod("p", "1.1.1.1")],
    { ports: undefined, clusterIP: "None" },
    [{ addresses: [address("p", "1.1.1.1")] }],
  ],
  ["IPv6", [pod("p", "1.1.1.1")], { ipFamilies: ["IPv6", "IPv4"] }, [{ addresses: [address("p", "fd00::1")], ports }]],
  ["a port name that the pod does not have", [pod("p", "1.1.1.1")], { ports: [{ port: 80, targetPort: "http" }] }, []],
  [
    "hostname",
    [pod("p", "1.1.1.1", { spec: { hostname: "h", subdomain: "s" } })],
    {},
    [{ addresses: [{ ...address("p", "1.1.1.1"), hostname: "h" }], ports }],
  ],
];
for (const [name, pods, spec, expected] of subsets)
  test(`subsets: ${name}`, () =>
    assert.deepEqual(planEndpoints(view(pods, { service: service(spec) }))?.subsets, expected));

test("labels and annotations", () => {
  const { labels, annotations } = planEndpoints(
    view([], { service: service({ clusterIP: "None" }, { l: "1", "service.kubernetes.io/headless": "x" }) }),
  )!;
  assert.deepEqual(labels, {
    l: "1",
    "service.kubernetes.io/headless": "",
    "endpoints.kubernetes.io/managed-by": "endpoint-controller",
  });
  assert.deepEqual(annotations, { "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z" });
});

test("without news the trigger time goes; what others annotated stays", () => {
  const before = written(view([]));
  const current = {
    ...before,
    metadata: { ...before.metadata, annotations: { ...before.metadata.annotations, own: "1" } },
  };
  const plan = planEndpoints(view([pod("p", "1.1.1.1")], { current, triggerTime: undefined }));
  assert.deepEqual(plan?.annotations, { own: "1" });
});

test("changed labels of the service are news, another version of a pod is none", () => {
  const pods = [pod("p", "1.1.1.1")];
  const current = written(view(pods));
  assert.equal(planEndpoints(view(pods, { current })), undefined);
  assert.notEqual(planEndpoints(view(pods, { current, service: service({}, { l: "2" }) })), undefined);
  const [subset] = current.subsets!;
  const [first] = subset!.addresses!;
  const versioned = { ...first!, targetRef: { ...first!.targetRef!, resourceVersion: "7" } };
  const older = { ...current, subsets: [{ ...subset!, addresses: [versioned] }] };
  assert.equal(planEndpoints(view(pods, { current: older })), undefined);
});

test("no more than 1000 addresses, the ready ones first", () => {
  const many = (count: number, ready: boolean): Pod[] =>
    Array.from({ length: count }, (_, index) =>
      pod(`${ready}-${index}`, `10.${ready ? 0 : 1}.${index >> 8}.${index & 255}`, { ready }),
    );
  const counts = (pods: readonly Pod[]) => {
    const plan = planEndpoints(view(pods))!;
    const [subset] = plan.subsets;
    return [
      subset?.addresses?.length ?? 0,
      subset?.notReadyAddresses?.length ?? 0,
      plan.annotations["endpoints.kubernetes.io/over-capacity"],
    ];
  };
  assert.deepEqual(counts([...many(600, true), ...many(400, false)]), [600, 400, undefined]);
  assert.deepEqual(counts([...many(600, true), ...many(500, false)]), [600, 400, "truncated"]);
  assert.deepEqual(counts([...many(1001, true), ...many(5, false)]), [1000, 0, "truncated"]);
});

test("whatever the pods, a second look changes nothing", () => {
  const anyPod = fc.record({ index: fc.integer({ min: 0, max: 9 }), ready: fc.boolean(), done: fc.boolean() });
  fc.assert(
    fc.property(fc.uniqueArray(anyPod, { selector: (each) => each.index }), (states) => {
      const pods = states.map(({ index, ready, done }) =>
        pod(`p${index}`, `1.1.1.${index}`, { ready, phase: done ? "Failed" : "Running" }),
      );
      assert.equal(planEndpoints(view(pods, { current: written(view(pods)) })), undefined);
    }),
  );
});
