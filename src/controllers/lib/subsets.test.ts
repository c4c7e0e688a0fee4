import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { core_v1 } from "../../api/index.ts";
import { dumpPointer, fnv128a } from "./deep-hash.ts";
import { repackSubsets, sortSlicePorts } from "./subsets.ts";

type Subset = core_v1.EndpointSubset;

test("hashes and dumps are upstream's", () => {
  assert.equal(
    fnv128a(
      `(v1.EndpointPort){Name:${dumpPointer("string", "a")} Protocol:${dumpPointer("v1.Protocol", "TCP")} Port:${dumpPointer("int32", 8080)} AppProtocol:${dumpPointer("string", undefined)}}`,
    ),
    "4e47056c81e47ad2971aa4dc9c84bef8",
  );
  // As recorded: a service with the ports a, b.
  assert.deepEqual(
    sortSlicePorts([
      { name: "a", protocol: "TCP", port: 8080 },
      { name: "b", protocol: "TCP", port: 9090, appProtocol: "http" },
    ]).map((port) => port.name),
    ["b", "a"],
  );
  assert.deepEqual(
    sortSlicePorts([
      { name: "t", protocol: "TCP", port: 53 },
      { name: "u", protocol: "UDP", port: 53 },
    ]).map((port) => port.name),
    ["u", "t"],
  );
});

test("ports of subsets stand in upstream's order", () => {
  const [subset] = repackSubsets([
    { addresses: [{ ip: "10.0.0.1" }], ports: [{ name: "a", port: 8080, protocol: "TCP" }] },
    { addresses: [{ ip: "10.0.0.1" }], ports: [{ name: "b", port: 9090, protocol: "TCP", appProtocol: "http" }] },
  ]);
  assert.deepEqual(
    subset?.ports?.map((port) => port.name),
    ["b", "a"],
  );
});

// As kube-controller-manager 1.36.3 wrote them.
const golden: readonly Subset[] = (() => {
  const pod = (index: number, uid: string) => ({
    ip: `10.0.0.${index}`,
    nodeName: "n",
    targetRef: { kind: "Pod", name: `p${index}`, namespace: "default", uid } as core_v1.ObjectReference,
  });
  const [p1, p2] = [pod(1, "3e18ea38-7129-4f70-9641-440f699a53dd"), pod(2, "522252d1-4933-416b-a0ce-40d0f99eec9e")];
  const [p3, p4] = [pod(3, "1fd68dff-3db9-4051-bf8a-90d10c9a0035"), pod(4, "fd4037bf-52b8-4f00-a675-b41725868349")];
  return [
    { addresses: [p1, p2], ports: [{ name: "x", port: 8080, protocol: "TCP" }] },
    {
      addresses: [p1, p2, p3, p4],
      ports: [
        { name: "y", port: 9000, protocol: "TCP" },
        { appProtocol: "h2c", name: "z", port: 9001, protocol: "TCP" },
      ],
    },
    { addresses: [p3, p4], ports: [{ name: "x", port: 9090, protocol: "TCP" }] },
  ];
})();

test("subsets stand in upstream's order", () => {
  assert.deepEqual(repackSubsets(golden), golden);
  assert.deepEqual(repackSubsets([...golden].reverse()), golden);
});

const table: readonly [string, readonly Subset[], readonly Subset[]][] = [
  ["nothing", [], []],
  ["no addresses", [{ ports: [{ port: 1 }] }], []],
  ["no ports", [{ addresses: [{ ip: "1.1.1.1" }] }], [{ addresses: [{ ip: "1.1.1.1" }] }]],
  [
    "addresses of one port together, in order",
    [
      { addresses: [{ ip: "1.1.1.2" }], ports: [{ port: 1 }] },
      { addresses: [{ ip: "1.1.1.1" }], ports: [{ port: 1 }] },
    ],
    [{ addresses: [{ ip: "1.1.1.1" }, { ip: "1.1.1.2" }], ports: [{ port: 1 }] }],
  ],
  [
    "not ready wins",
    [
      { addresses: [{ ip: "1.1.1.1" }], ports: [{ port: 1 }] },
      { notReadyAddresses: [{ ip: "1.1.1.1" }], ports: [{ port: 1 }] },
    ],
    [{ notReadyAddresses: [{ ip: "1.1.1.1" }], ports: [{ port: 1 }] }],
  ],
  [
    "the same address of two pods stays twice",
    [
      { addresses: [{ ip: "1.1.1.1", targetRef: { uid: "b" } }], ports: [{ port: 1 }] },
      { addresses: [{ ip: "1.1.1.1", targetRef: { uid: "a" } }], ports: [{ port: 1 }] },
    ],
    [
      {
        addresses: [
          { ip: "1.1.1.1", targetRef: { uid: "a" } },
          { ip: "1.1.1.1", targetRef: { uid: "b" } },
        ],
        ports: [{ port: 1 }],
      },
    ],
  ],
];
for (const [name, given, expected] of table)
  test(`repacking: ${name}`, () => assert.deepEqual(repackSubsets(given), expected));

test("repacking twice is repacking once, and loses no address and no port of it", () => {
  const address = fc.record({ ip: fc.constantFrom("1.1.1.1", "1.1.1.2", "1.1.1.3") });
  const port = fc.record({ port: fc.integer({ min: 1, max: 3 }) });
  const subset = fc.record({
    addresses: fc.array(address, { maxLength: 3 }),
    notReadyAddresses: fc.array(address, { maxLength: 3 }),
    ports: fc.array(port, { maxLength: 3 }),
  });
  const pairs = (subsets: readonly Subset[]): string[] =>
    [
      ...new Set(
        subsets.flatMap((each) =>
          [...(each.addresses ?? []), ...(each.notReadyAddresses ?? [])].flatMap(({ ip }) => [
            ip,
            ...(each.ports ?? []).map((one) => `${ip}:${one.port}`),
          ]),
        ),
      ),
    ].sort();
  fc.assert(
    fc.property(fc.array(subset, { maxLength: 4 }), (subsets) => {
      const once = repackSubsets(subsets);
      assert.deepEqual(repackSubsets(once), once);
      assert.deepEqual(pairs(once), pairs(subsets));
    }),
  );
});
