import assert from "node:assert/strict";
import { test } from "node:test";
import { claimForms, sliceForms } from "./beta-form.ts";

const metadata = { name: "x" };

test("a request of v1beta1 becomes an exact one and comes back", () => {
  const requests = [
    { name: "r", deviceClassName: "c", allocationMode: "ExactCount", count: 1 },
    { name: "f", firstAvailable: [{ name: "a", deviceClassName: "c" }] },
  ];
  const claim = {
    apiVersion: "resource.k8s.io/v1beta1",
    kind: "ResourceClaim",
    metadata,
    spec: { devices: { requests } },
  };
  const stored = claimForms.toStored(claim as never);
  assert.deepEqual(stored.spec.devices?.requests, [
    { name: "r", exactly: { deviceClassName: "c", allocationMode: "ExactCount", count: 1 } },
    { name: "f", firstAvailable: [{ name: "a", deviceClassName: "c" }] },
  ]);
  assert.equal(stored.apiVersion, "resource.k8s.io/v1");
  assert.deepEqual(claimForms.fromStored(stored), claim);
});

test("a device of v1beta1 is unwrapped and comes back; an empty node name is none", () => {
  const devices = [{ name: "gpu-0", basic: { attributes: { cores: { int: 4 } } } }];
  const spec = { driver: "d", pool: { name: "p", generation: 1, resourceSliceCount: 1 }, devices };
  const slice = { apiVersion: "resource.k8s.io/v1beta1", kind: "ResourceSlice", metadata, spec };
  const stored = sliceForms.toStored({ ...slice, spec: { ...spec, nodeName: "", allNodes: false } } as never);
  assert.deepEqual(stored.spec, { ...spec, devices: [{ name: "gpu-0", attributes: { cores: { int: 4 } } }] });
  assert.deepEqual(sliceForms.fromStored(stored), slice);
});
