import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod } from "../../api/index.ts";
import { makePod, meta } from "../lib/testing.ts";
import { isFinished, surplusTerminated, terminatingOutOfService, terminatingUnscheduled } from "./decide.ts";

const names = (pods: readonly Pod[]): string => pods.map((pod) => pod.metadata.name).join(",");
const ended = (name: string, day: number, over: { phase?: string; reason?: string } = {}): Pod => {
  const pod = makePod(name, { phase: over.phase ?? "Succeeded", creationTimestamp: `2026-01-0${day}T00:00:00Z` });
  return { ...pod, status: { ...pod.status, ...(over.reason ? { reason: over.reason } : {}) } } as Pod;
};

test("finished pods beyond the threshold: evicted first, then the oldest, then by name", () => {
  const pods = [
    ended("new", 3),
    ended("b", 1),
    ended("a", 1),
    ended("evicted", 4, { phase: "Failed", reason: "Evicted" }),
    makePod("running"),
  ].filter(isFinished);
  for (const [threshold, expected] of [
    [0, ""],
    [4, ""],
    [3, "evicted"],
    [2, "evicted,a"],
    [1, "evicted,a,b"],
  ] as const)
    assert.equal(names(surplusTerminated(pods, threshold)), expected);
});

const node = (name: string, ready: string, taints: readonly string[] = []): Node =>
  ({
    apiVersion: "v1",
    kind: "Node",
    metadata: meta(name),
    spec: { taints: taints.map((key) => ({ key, effect: "NoExecute" })) },
    status: { conditions: [{ type: "Ready", status: ready }] },
  }) as Node;
const ending = { deletionTimestamp: "2026-01-01T00:00:00Z" };

test("ending pods of nodes out of service", () => {
  const taint = "node.kubernetes.io/out-of-service";
  const nodes = [node("gone", "Unknown", [taint]), node("up", "True", [taint]), node("down", "False")];
  const pods = nodes.flatMap(({ metadata: { name } }) => [makePod(`${name}-ending`, { nodeName: name, ...ending })]);
  const nodeOf = (name: string): Node | undefined => nodes.find((each) => each.metadata.name === name);
  assert.equal(names(terminatingOutOfService(pods, nodeOf)), "gone-ending");
});

test("ending pods without a node", () => {
  assert.equal(names(terminatingUnscheduled([makePod("a", ending), makePod("b", { nodeName: "n1", ...ending })])), "a");
});
