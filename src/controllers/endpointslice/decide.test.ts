import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EndpointSlice, Node, Pod, Service } from "../../api/index.ts";
import { planSlices, podsWithoutNode, type SliceContent, type SliceView, sliceLabels } from "./decide.ts";

const meta = (name: string) => ({
  name,
  namespace: "ns",
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2026-01-01T00:00:00Z",
});
const service = (spec: Service["spec"] = {}): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { ...meta("web"), labels: { tier: "front" } },
  spec: {
    clusterIP: "10.96.0.5",
    ipFamilies: ["IPv4"],
    selector: { app: "web" },
    ports: [{ name: "http", port: 80, targetPort: "http" }],
    ...spec,
  },
});
const pod = (
  index: number,
  over: { ready?: boolean; phase?: string; ip?: string; port?: number; deleting?: boolean } = {},
): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { ...meta(`pod-${index}`), ...(over.deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) },
  spec: { nodeName: "n", containers: [{ name: "c", ports: [{ name: "http", containerPort: over.port ?? 8080 }] }] },
  status: {
    phase: (over.phase ?? "Running") as "Running",
    podIPs: [{ ip: over.ip ?? `10.0.${index >> 8}.${index & 255}` }],
    conditions: [{ type: "Ready", status: over.ready === false ? "False" : "True" }],
  },
});
const node: Node = { apiVersion: "v1", kind: "Node", metadata: { ...meta("n"), labels: {} }, spec: {} };
const view = (pods: Pod[], existing: EndpointSlice[] = [], over: Partial<SliceView> = {}): SliceView => ({
  service: service(),
  pods,
  existing,
  nodeOf: () => node,
  maxEndpoints: 3,
  ...over,
});

let made = 0;
const sliceOf = (content: SliceContent): EndpointSlice => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: {
    ...meta(`web-${made++}`),
    ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "web", uid: "uid-web" }],
  },
  addressType: content.addressType,
  endpoints: [...content.endpoints],
  ports: [...content.ports],
});
/** What the server holds after a plan was carried out. */
const after = (state: SliceView): EndpointSlice[] => {
  const plan = planSlices(state);
  const updates = new Map(plan.update.map(({ slice, content }) => [slice, content]));
  return [
    ...state.existing
      .filter((slice) => !plan.remove.includes(slice))
      .map((slice) => {
        const content = updates.get(slice);
        return content === undefined
          ? slice
          : { ...slice, endpoints: [...content.endpoints], ports: [...content.ports] };
      }),
    ...plan.create.map(sliceOf),
  ];
};
const names = (slices: readonly EndpointSlice[]): string[] =>
  slices.flatMap((slice) => (slice.endpoints ?? []).map((each) => each.targetRef!.name!)).sort();

test("conditions of an endpoint", () => {
  const table = [
    [{}, {}, { ready: true, serving: true, terminating: false }],
    [{ ready: false }, {}, { ready: false, serving: false, terminating: false }],
    [{ deleting: true }, {}, { ready: false, serving: true, terminating: true }],
    [
      { ready: false, deleting: true },
      { publishNotReadyAddresses: true },
      { ready: true, serving: false, terminating: true },
    ],
  ] as const;
  for (const [state, spec, conditions] of table)
    assert.deepEqual(
      planSlices(view([pod(1, state)], [], { service: service(spec) })).create[0]?.endpoints[0]?.conditions,
      conditions,
    );
});

test("who has no endpoint", () => {
  for (const state of [{ phase: "Succeeded" }, { phase: "Failed" }, { ip: "fd00::1" }])
    assert.deepEqual(planSlices(view([pod(1, state)])).create, [{ addressType: "IPv4", ports: [], endpoints: [] }]);
});

test("a service without endpoints keeps one empty slice", () => {
  const empty = after(view([]));
  assert.equal(empty.length, 1);
  assert.deepEqual(planSlices(view([], empty)), { create: [], update: [], remove: [] });
  const full = after(view([pod(1)], empty));
  assert.deepEqual([full.length, names(full)], [1, ["pod-1"]]);
  assert.deepEqual(
    after(view([], full)).map((slice) => slice.endpoints),
    [[]],
  );
});

test("named ports that differ between pods make slices of their own", () => {
  const slices = after(view([pod(1), pod(2, { port: 9090 })]));
  assert.deepEqual(slices.map((slice) => slice.ports?.[0]?.port).sort(), [8080, 9090]);
});

test("labels come from the service; a headless one says so", () => {
  assert.deepEqual(sliceLabels(service({ clusterIP: "None" })), {
    tier: "front",
    "service.kubernetes.io/headless": "",
    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    "kubernetes.io/service-name": "web",
  });
});

test("whatever pods come and go, the slices show exactly them, without waste", () => {
  const step = fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
      let slices: EndpointSlice[] = [];
      for (const indexes of steps) {
        const pods = indexes.map((index) => pod(index));
        slices = after(view(pods, slices));
        assert.deepEqual(names(slices), pods.map((each) => each.metadata.name).sort());
        assert.ok(slices.every((slice) => (slice.endpoints ?? []).length <= 3));
        assert.deepEqual(
          planSlices(view(pods, slices)),
          { create: [], update: [], remove: [] },
          "a second look changes nothing",
        );
      }
    }),
  );
});

test("a slice that is not needed any more becomes the one that is", () => {
  const empty = after(view([]));
  const plan = planSlices(view([pod(1)], empty));
  assert.deepEqual([plan.create, plan.remove, plan.update.map(({ slice }) => slice)], [[], [], empty]);
});

test("slices of an older service of this name go", () => {
  const [slice] = after(view([pod(1)]));
  const foreign = { ...slice!, metadata: { ...slice!.metadata, ownerReferences: [] } };
  assert.deepEqual(planSlices(view([pod(1)], [foreign])).remove, [foreign]);
});

test("pods of unknown nodes wait, unless all are to be published", () => {
  const state = view([pod(1)], [], { nodeOf: () => undefined });
  assert.deepEqual([podsWithoutNode(state).length, names(after(state))], [1, []]);
  const published = { ...state, service: service({ publishNotReadyAddresses: true }) };
  assert.deepEqual([podsWithoutNode(published).length, names(after(published))], [0, ["pod-1"]]);
});

test("hints of spec.trafficDistribution", () => {
  const zoned: Node = { ...node, metadata: { ...node.metadata, labels: { "topology.kubernetes.io/zone": "z" } } };
  const forZones = [{ name: "z" }];
  const forNodes = [{ name: "n" }];
  const table = [
    [undefined, zoned, undefined],
    ["PreferClose", zoned, { forZones }],
    ["PreferSameZone", zoned, { forZones }],
    ["PreferSameZone", node, undefined],
    ["PreferSameNode", zoned, { forZones, forNodes }],
    ["PreferSameNode", node, { forNodes }],
  ] as const;
  for (const [trafficDistribution, on, expected] of table) {
    const spec = trafficDistribution === undefined ? {} : { trafficDistribution };
    const state = view([pod(1)], [], { service: service(spec), nodeOf: () => on });
    assert.deepEqual(planSlices(state).create[0]?.endpoints[0]?.hints, expected);
  }
});

test("topology hints take the place of the traffic distribution, and hold", () => {
  const zoned = (zone: string): Node => ({
    ...node,
    metadata: { ...node.metadata, labels: { "topology.kubernetes.io/zone": zone } },
  });
  const annotated = service({ trafficDistribution: "PreferSameNode" });
  annotated.metadata.annotations = { "service.kubernetes.io/topology-mode": "Auto" };
  const shares = () =>
    new Map([
      ["a", 0.5],
      ["b", 0.5],
    ]);
  const state = view(
    [1, 2, 3, 4].map((index) => pod(index)),
    [],
    { service: annotated, nodeOf: () => zoned("a"), shares, maxEndpoints: 9 },
  );
  const slices = after(state);
  const zones = (slices[0]!.endpoints ?? []).map((each) => each.hints?.forZones?.[0]?.name).sort();
  assert.deepEqual(zones, ["a", "a", "b", "b"]);
  assert.deepEqual(planSlices({ ...state, existing: slices }), { create: [], update: [], remove: [] });
  const without = planSlices({ ...state, existing: slices, shares: () => undefined });
  assert.deepEqual(
    without.update[0]?.content.endpoints.map((each) => each.hints),
    [undefined, undefined, undefined, undefined],
  );
});
