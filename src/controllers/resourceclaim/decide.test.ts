import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Pod, PodGroup, ResourceClaimTemplate } from "../../api/index.ts";
import { isReservedFor, notFor } from "../lib/index.ts";
import { makePod, meta } from "../lib/testing.ts";
import {
  claimFinalizer,
  claimFor,
  claimNameOf,
  consumerOf,
  generatedBase,
  groupNeedsWork,
  isDone,
  isOfGroup,
  needsWork,
  type ResourceClaim,
  refusal,
  released,
} from "./decide.ts";

const withClaims = (pod: Pod, spec: object, status: object = {}): Pod =>
  ({ ...pod, spec: { ...pod.spec, ...spec }, status: { ...pod.status, ...status } }) as Pod;
const fromTemplate = { resourceClaims: [{ name: "gpu", resourceClaimTemplateName: "t" }] };
const told = { resourceClaimStatuses: [{ name: "gpu", resourceClaimName: "p-gpu-x" }] };
const mine = { ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p", uid: "uid-p", controller: true }] };
const claim = (metadata: object = mine, status: object = {}): ResourceClaim =>
  ({
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaim",
    metadata: meta("p-gpu-x", metadata),
    spec: {},
    status,
  }) as ResourceClaim;
const user = (name: string) => ({ resource: "pods", name, uid: `uid-${name}` });
const pod = makePod("p");
const users = { podGroups: false };
const consumer = { apiGroup: "scheduling.k8s.io", resource: "podgroups", name: "g", uid: "uid-g" };
const groupReference = { apiVersion: "scheduling.k8s.io/v1alpha2", kind: "PodGroup", name: "g", uid: "uid-g" };
const ofGroup = { ownerReferences: [{ ...groupReference, controller: true }] };
const group = (resourceClaims: readonly object[] = fromTemplate.resourceClaims, resourceClaimStatuses?: object[]) =>
  ({
    apiVersion: "scheduling.k8s.io/v1alpha2",
    kind: "PodGroup",
    metadata: meta("g"),
    spec: { resourceClaims },
    status: { resourceClaimStatuses },
  }) as PodGroup;

describe("claims of a pod", () => {
  it("are named by the pod or by its status", () => {
    const entry = fromTemplate.resourceClaims[0]!;
    assert.deepEqual(claimNameOf(pod, { name: "a", resourceClaimName: "c" }), {
      type: "named",
      name: "c",
      isGenerated: false,
    });
    assert.deepEqual(claimNameOf(pod, entry), { type: "not-created" });
    assert.deepEqual(claimNameOf(withClaims(pod, {}, told), entry), {
      type: "named",
      name: "p-gpu-x",
      isGenerated: true,
    });
    assert.deepEqual(claimNameOf(withClaims(pod, {}, { resourceClaimStatuses: [{ name: "gpu" }] }), entry), {
      type: "unneeded",
    });
    assert.deepEqual(claimNameOf(pod, { name: "a" }), {
      type: "unsupported",
      why: 'pod "ns/p", spec.resourceClaim "a": none of the supported fields are set',
    });
  });

  const running = { ...fromTemplate, nodeName: "n" };
  const cases: readonly [what: string, pod: Pod, claim: ResourceClaim | undefined, expected: boolean][] = [
    ["not created yet", withClaims(pod, fromTemplate), undefined, true],
    ["created and lost", withClaims(pod, fromTemplate, told), undefined, true],
    ["there", withClaims(pod, fromTemplate, told), claim(), false],
    ["there, of somebody else", withClaims(pod, fromTemplate, told), claim({}), false],
    [
      "the user's, missing",
      withClaims(pod, { resourceClaims: [{ name: "gpu", resourceClaimName: "c" }] }),
      undefined,
      false,
    ],
    ["running, allocated, not reserved", withClaims(pod, running, told), claim(mine, { allocation: {} }), true],
    ["running, not allocated", withClaims(pod, running, told), claim(), false],
    [
      "running, reserved",
      withClaims(pod, running, told),
      claim(mine, { allocation: {}, reservedFor: [user("p")] }),
      false,
    ],
    ["over", withClaims(makePod("p", { phase: "Failed" }), fromTemplate, told), undefined, false],
    [
      "being deleted",
      withClaims(makePod("p", { deletionTimestamp: "2026-01-01T00:00:00Z" }), fromTemplate),
      undefined,
      false,
    ],
  ];
  for (const [what, of, found, expected] of cases)
    it(`make work when ${what}: ${expected}`, () =>
      assert.equal(needsWork(of, { users, claimNamed: () => found, groupOf: () => undefined }), expected));

  it("make no work when their group makes them, or always when it is not there yet", () => {
    const member = withClaims(pod, { ...fromTemplate, schedulingGroup: { podGroupName: "g" } }, told);
    const known = { users: { podGroups: true }, claimNamed: () => undefined };
    assert.equal(needsWork(member, { ...known, groupOf: () => group() }), false);
    assert.equal(
      needsWork(member, { ...known, groupOf: () => group([{ name: "gpu", resourceClaimName: "c" }]) }),
      true,
    );
    assert.equal(needsWork(member, { ...known, groupOf: () => "missing" }), true);
  });

  it("are the pod's when it controls them", () => {
    assert.equal(notFor(pod, claim(), users), undefined);
    const said = (who: string) => `ResourceClaim ns/p-gpu-x was not created for Pod ns/p (${who})`;
    assert.equal(notFor(pod, claim({}), users), said("Pod is not owner"));
    const member = withClaims(pod, { schedulingGroup: { podGroupName: "g" } });
    const withGroups = { podGroups: true };
    assert.equal(notFor(member, claim(ofGroup), withGroups), undefined);
    assert.equal(notFor(member, claim(ofGroup), users), said("Pod is not owner"));
    assert.equal(notFor(member, claim({}), withGroups), said("neither Pod nor PodGroup g is the owner"));
  });

  it("are held by a pod, or by its group", () => {
    const member = withClaims(pod, { schedulingGroup: { podGroupName: "g" } });
    const held = claim(ofGroup, { reservedFor: [consumer] });
    assert.equal(isReservedFor(member, held, { podGroups: true }), true);
    assert.equal(isReservedFor(member, held, users), false);
    assert.equal(isReservedFor(pod, held, { podGroups: true }), false);
    assert.equal(isReservedFor(pod, claim(mine, { reservedFor: [user("p")] }), users), true);
  });

  it("are a group's when both name them in the same words", () => {
    const entry = fromTemplate.resourceClaims[0]!;
    assert.equal(isOfGroup(group(), entry), true);
    assert.equal(isOfGroup(group(), { ...entry, resourceClaimTemplateName: "other" }), false);
    assert.equal(isOfGroup(undefined, entry), false);
    const member = withClaims(pod, { schedulingGroup: { podGroupName: "g" } });
    assert.deepEqual(consumerOf(member, group(), entry), consumer);
    assert.deepEqual(consumerOf(member, group([]), entry), user("p"));
  });

  it("make work for a group until it has them", () => {
    const none = () => undefined;
    assert.equal(groupNeedsWork(group(), none), true);
    const told = group(undefined, [{ name: "gpu", resourceClaimName: "g-gpu-x" }]);
    assert.equal(groupNeedsWork(told, none), true);
    assert.equal(
      groupNeedsWork(told, () => claim(ofGroup)),
      false,
    );
    assert.equal(groupNeedsWork(group([{ name: "gpu", resourceClaimName: "c" }]), none), false);
    assert.equal(groupNeedsWork(group(undefined, [{ name: "gpu" }]), none), false);
  });

  it("are made after the template, with what the template says of them", () => {
    const template = {
      metadata: meta("t"),
      spec: { metadata: { labels: { a: "b" }, annotations: { c: "d" } }, spec: { devices: { requests: [] } } },
    } as unknown as ResourceClaimTemplate;
    assert.deepEqual(claimFor(pod, { name: "gpu", resourceClaimTemplateName: "t" }, template), {
      apiVersion: "resource.k8s.io/v1",
      kind: "ResourceClaim",
      metadata: {
        generateName: "p-gpu-",
        namespace: "ns",
        ...mine,
        annotations: { c: "d", "resource.kubernetes.io/pod-claim-name": "gpu" },
        labels: { a: "b" },
      },
      spec: { devices: { requests: [] } },
    });
  });

  it("have names whose parts are cut in proportion", () => {
    assert.equal(generatedBase("p", "gpu"), "p-gpu-");
    assert.equal(generatedBase("x".repeat(63), "y".repeat(63)), `${"x".repeat(28)}-${"y".repeat(28)}`);
    const name = fc.integer({ min: 1, max: 63 }).map((length) => "x".repeat(length));
    fc.assert(fc.property(name, name, (podName, entry) => generatedBase(podName, entry).length <= 57 + 1));
  });

  it("are not made for what is turned off", () => {
    const template = (request: object) =>
      ({
        metadata: meta("t"),
        spec: { spec: { devices: { requests: [request] } } },
      }) as ResourceClaimTemplate;
    const off = { adminAccess: false, prioritizedList: false };
    assert.equal(
      refusal(template({ exactly: { adminAccess: true } }), off),
      "admin access is requested, but the feature is disabled",
    );
    assert.equal(
      refusal(template({ firstAvailable: [{}] }), off),
      "template includes a prioritized list of subrequests, but the feature is disabled",
    );
    assert.equal(refusal(template({ exactly: {} }), off), undefined);
    assert.equal(refusal(template({ firstAvailable: [{}] }), { ...off, prioritizedList: true }), undefined);
  });
});

describe("claims that are given back", () => {
  const kept = { finalizers: [claimFinalizer] };
  const used = { allocation: {}, reservedFor: [user("a"), user("b")] };
  it("lose the allocation with their last user, when they are protected", () => {
    assert.deepEqual(released(claim(kept, used), [user("b")])?.status, { allocation: {}, reservedFor: [user("b")] });
    assert.deepEqual(released(claim(kept, used), [])?.status, {});
    assert.deepEqual(released(claim({}, used), [])?.status, { allocation: {} });
  });
  it("stay as they are when nothing changed, or nobody ever used them", () => {
    assert.equal(released(claim(kept, used), used.reservedFor), undefined);
    assert.equal(released(claim(kept, { allocation: {} }), []), undefined);
  });
  it("are freed when they are to go", () => {
    const going = { ...kept, deletionTimestamp: "2026-01-01T00:00:00Z" };
    assert.deepEqual(released(claim(going, { allocation: {} }), [])?.status, {});
    const unused = claim(going);
    assert.equal(released(unused, []), unused);
    assert.equal(released(claim(going, used), used.reservedFor), undefined);
  });
});

for (const [what, of, expected] of [
  ["running", makePod("p"), false],
  ["succeeded", makePod("p", { phase: "Succeeded" }), true],
  ["failed", makePod("p", { phase: "Failed" }), true],
  ["deleted on a node", makePod("p", { nodeName: "n", deletionTimestamp: "2026-01-01T00:00:00Z" }), false],
  ["deleted before it had one", makePod("p", { phase: "Pending", deletionTimestamp: "2026-01-01T00:00:00Z" }), true],
] as const)
  it(`a pod that is ${what} is ${expected ? "" : "not "}done`, () => assert.equal(isDone(of), expected));
