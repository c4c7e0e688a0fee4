// The kubelet's own notes on a pod: the first time stays over updates, a pod of the same name that came later has its own.
import assert from "node:assert/strict";
import { it } from "node:test";
import type { Pod } from "../../api/index.ts";
import { VirtualClock } from "../../base/index.ts";
import { isStaticPod } from "../pod.ts";
import { createLocalAnnotations } from "./local-annotations.ts";

const pod = (uid: string, annotations?: Record<string, string>): Pod =>
  ({ metadata: { name: "p", namespace: "default", uid, ...(annotations && { annotations }) } }) as Pod;

it("keeps where a pod came from and when it was first seen", async () => {
  const clock = new VirtualClock();
  const local = createLocalAnnotations(clock);
  const begin = new Date(clock.now()).toISOString().replace("Z", "000000Z");
  const notes = (of: Pod) => local.annotate(of).metadata.annotations;

  const expected = { "kubernetes.io/config.seen": begin, "kubernetes.io/config.source": "api" };
  assert.deepEqual(notes(pod("u1")), expected);
  assert.equal(isStaticPod(local.annotate(pod("u1"))), false);

  await clock.advance(1500);
  assert.deepEqual(notes(pod("u1", { a: "1" })), { a: "1", ...expected });
  const later = new Date(clock.now()).toISOString().replace("Z", "000000Z");
  assert.equal(notes(pod("u2"))!["kubernetes.io/config.seen"], later);

  local.forget("u1");
  assert.equal(notes(pod("u1"))!["kubernetes.io/config.seen"], later);
});
