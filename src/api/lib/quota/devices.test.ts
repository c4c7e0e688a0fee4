import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../../../facts/types/core.v1.ts";
import type { DeviceClass } from "../../../../facts/types/resource.v1.ts";
import { type DeviceClaim, type DeviceView, deviceCountsFor, extendedDeviceUsage } from "./devices.ts";
import { usageOf } from "./usage.ts";

const classes = [
  { metadata: { name: "gpu" }, spec: { extendedResourceName: "example.com/gpu" } },
  { metadata: { name: "nic" }, spec: {} },
] as DeviceClass[];

for (const [name, counts] of [
  ["requests.example.com/gpu", true],
  ["requests.deviceclass.resource.kubernetes.io/nic", true],
  ["requests.deviceclass.resource.kubernetes.io/none", false],
  ["requests.example.com/nic", false],
  ["requests.cpu", false],
  ["gpu.deviceclass.resource.k8s.io/devices", false],
] as const)
  test(`offered by a class: ${name}`, () => assert.equal(deviceCountsFor(name, classes), counts));

const pod = (status: object = {}): Pod =>
  ({
    metadata: { name: "p", namespace: "ns", uid: "pod" },
    spec: { containers: [{ name: "c", resources: { requests: { "example.com/gpu": "1" } } }] },
    status,
  }) as unknown as Pod;

const claim = (name: string, created: string, extended = true): DeviceClaim =>
  ({
    metadata: {
      name,
      namespace: "ns",
      creationTimestamp: created,
      ...(extended ? { annotations: { "resource.kubernetes.io/extended-resource-claim": "true" } } : {}),
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p", uid: "pod", controller: true }],
    },
    spec: {
      devices: {
        requests: [{ name: "r", exactly: { deviceClassName: "gpu", allocationMode: "ExactCount", count: 3 } }],
      },
    },
  }) as DeviceClaim;

const early = "2026-01-01T00:00:00Z";
const late = "2026-01-01T00:00:01Z";
const whole = "3";
const rest = "2";

const table: readonly (readonly [what: string, of: DeviceClaim, view: Partial<DeviceView>, gpus: string])[] = [
  ["somebody's own claim", claim("a", early, false), { podOf: () => pod() }, whole],
  ["the pod is not there", claim("a", early), { podOf: () => undefined }, whole],
  ["the pod has paid for one", claim("a", early), { podOf: () => pod() }, rest],
  [
    "the pod names it",
    claim("a", late),
    { podOf: () => pod({ extendedResourceClaimStatus: { resourceClaimName: "a" } }) },
    rest,
  ],
  [
    "the pod names another",
    claim("a", early),
    { podOf: () => pod({ extendedResourceClaimStatus: { resourceClaimName: "b" } }) },
    whole,
  ],
  ["another came first", claim("a", late), { podOf: () => pod(), claimsOf: () => [claim("b", early)] }, whole],
  [
    "another came at the same time",
    claim("b", late),
    { podOf: () => pod(), claimsOf: () => [claim("a", late)] },
    whole,
  ],
  ["others came later", claim("a", early), { podOf: () => pod(), claimsOf: () => [claim("0", late)] }, rest],
];

for (const [what, of, view, gpus] of table)
  test(`devices as an extended resource: ${what}`, () => {
    const usage = usageOf({ group: "resource.k8s.io", resource: "resourceclaims" }, of, 0);
    const all = { classes, claimsOf: () => [], podOf: () => undefined, nowMs: 0, ...view };
    assert.deepEqual(extendedDeviceUsage(of, usage, all), {
      "count/resourceclaims.resource.k8s.io": "1",
      "gpu.deviceclass.resource.k8s.io/devices": "3",
      "requests.deviceclass.resource.kubernetes.io/gpu": "3",
      "requests.example.com/gpu": gpus,
    });
  });
