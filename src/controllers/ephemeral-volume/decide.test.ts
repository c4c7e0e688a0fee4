import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolumeClaim, Pod } from "../../api/index.ts";
import { makePod, meta, ownedBy } from "../lib/testing.ts";
import { claimFor, ephemeralClaimNames, ephemeralVolumesOf, notFor } from "./decide.ts";

const template = {
  metadata: { labels: { app: "db" }, annotations: { note: "scratch" } },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};
const plain = makePod("p", {});
const pod = {
  ...plain,
  spec: {
    ...plain.spec,
    volumes: [
      { name: "cache", emptyDir: {} },
      { name: "scratch", ephemeral: { volumeClaimTemplate: template } },
    ],
  },
} as Pod;

test("only ephemeral volumes get claims, named after pod and volume", () => {
  assert.deepEqual(ephemeralClaimNames(pod), ["p-scratch"]);
  assert.deepEqual(ephemeralClaimNames(plain), []);
});

test("the claim follows the template and belongs to the pod", () => {
  const { metadata, spec } = claimFor(pod, ephemeralVolumesOf(pod)[0]!);
  assert.deepEqual(spec, template.spec);
  assert.deepEqual([metadata.name, metadata.namespace], ["p-scratch", pod.metadata.namespace]);
  assert.deepEqual([metadata.labels, metadata.annotations], [template.metadata.labels, template.metadata.annotations]);
  assert.deepEqual(metadata.ownerReferences, [
    {
      ...{ apiVersion: "v1", kind: "Pod", name: "p", uid: pod.metadata.uid },
      ...{ controller: true, blockOwnerDeletion: true },
    },
  ]);
});

test("a claim of that name that somebody else made is not taken", () => {
  const claim = (over: object): PersistentVolumeClaim =>
    ({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: meta("p-scratch", over) }) as PersistentVolumeClaim;
  assert.equal(notFor(pod, claim(ownedBy("Pod", "p"))), undefined);
  const { namespace } = pod.metadata;
  assert.equal(
    notFor(pod, claim({})),
    `PVC ${namespace}/p-scratch was not created for pod ${namespace}/p (pod is not owner)`,
  );
});
