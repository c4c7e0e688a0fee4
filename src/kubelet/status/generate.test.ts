import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Container, PodStatus } from "../../api/index.ts";
import { observedPod, observedContainer as seen, testPod } from "../testing.ts";
import { type GenerateInput, generatePodStatus } from "./generate.ts";

const c: Container = { name: "c", image: "x" };
const i: Container = { name: "i", image: "x" };
const d: Container = { name: "d", image: "x" };

function status(input: Partial<GenerateInput> & Pick<GenerateInput, "pod" | "observed">): PodStatus {
  return generatePodStatus({
    ...{
      old: undefined,
      failures: new Map(),
      terminal: false,
      startup: () => "none",
      readiness: () => "none",
      hostIps: ["192.0.2.1"],
    },
    ...{ runtimeName: "containerd", recursiveReadOnlySupported: true, nowMs: 0 },
    ...input,
  });
}

const condition = (from: PodStatus, type: string): string => {
  const found = from.conditions?.find((each) => each.type === type);
  return [found?.status, found?.reason, found?.message].filter((each) => each !== undefined).join(" | ");
};

describe("phase and conditions of a pod", () => {
  const table: [
    name: string,
    input: Parameters<typeof status>[0],
    phase: string,
    ready: string,
    initialized: string,
    sandbox: string,
  ][] = [
    [
      "nothing is there yet",
      { pod: testPod({}), observed: observedPod([], { none: true }) },
      "Pending",
      "False | ContainersNotReady | containers with unready status: [c]",
      "True",
      "False",
    ],
    ["it runs", { pod: testPod({}), observed: observedPod([seen(c, "running")]) }, "Running", "True", "True", "True"],
    [
      "it runs and is not ready",
      { pod: testPod({}), observed: observedPod([seen(c, "running")]), readiness: () => "failure" },
      "Running",
      "False | ContainersNotReady | containers with unready status: [c]",
      "True",
      "True",
    ],
    [
      "it has not started",
      { pod: testPod({}), observed: observedPod([seen(c, "running")]), startup: () => "pending" },
      "Running",
      "False | ContainersNotReady | containers with unready status: [c]",
      "True",
      "True",
    ],
    [
      "an init container runs",
      { pod: testPod({ initContainers: [i] }), observed: observedPod([seen(i, "running")]) },
      "Pending",
      "False | ContainersNotReady | containers with unready status: [c]",
      "False | ContainersNotInitialized | containers with incomplete status: [i]",
      "True",
    ],
    [
      "an init container failed for good",
      {
        pod: testPod({ restartPolicy: "Never", initContainers: [i] }),
        observed: observedPod([seen(i, "exited", { exitCode: 1 })]),
      },
      "Failed",
      "False | PodFailed",
      "False | ContainersNotInitialized | containers with incomplete status: [i]",
      "True",
    ],
    [
      "all ended well",
      { pod: testPod({ restartPolicy: "Never" }), observed: observedPod([seen(c, "exited")], { state: "notReady" }) },
      "Succeeded",
      "False | PodCompleted",
      "True | PodCompleted",
      "False",
    ],
    [
      "one of two failed",
      {
        pod: testPod({ restartPolicy: "Never", containers: [c, d] }),
        observed: observedPod([seen(c, "exited", { exitCode: 1 }), seen(d, "exited")]),
      },
      "Failed",
      "False | PodFailed",
      "True",
      "True",
    ],
    [
      "one ended, the other runs",
      {
        pod: testPod({ restartPolicy: "Never", containers: [c, d] }),
        observed: observedPod([seen(c, "exited"), seen(d, "running")]),
      },
      "Running",
      "False | ContainersNotReady | containers with unready status: [c]",
      "True",
      "True",
    ],
    [
      "it failed and starts again",
      { pod: testPod({}), observed: observedPod([seen(c, "exited", { exitCode: 1 })]) },
      "Running",
      "False | ContainersNotReady | containers with unready status: [c]",
      "True",
      "True",
    ],
    [
      "a readiness gate is missing",
      { pod: testPod({ readinessGates: [{ conditionType: "x/y" }] }), observed: observedPod([seen(c, "running")]) },
      ...([
        "Running",
        'False | ReadinessGatesNotReady | corresponding condition of pod readiness gate "x/y" does not exist.',
        "True",
        "True",
      ] as const),
    ],
  ];
  for (const [name, input, phase, ready, initialized, sandbox] of table)
    it(name, () => {
      const got = status(input);
      assert.deepEqual(
        [
          got.phase,
          condition(got, "Ready"),
          condition(got, "Initialized"),
          condition(got, "PodReadyToStartContainers"),
        ],
        [phase, ready, initialized, sandbox],
      );
    });

  it("a terminal phase stays", () => {
    const pod = { ...testPod({}), status: { phase: "Failed" as const, reason: "Evicted", message: "why" } };
    const got = status({ pod, observed: observedPod([seen(c, "running")]), old: pod.status });
    assert.deepEqual([got.phase, got.reason, got.message], ["Failed", "Evicted", "why"]);
  });
});

describe("statuses of containers", () => {
  it("what cannot start waits with its reason, and its last end is kept", () => {
    const got = status({
      pod: testPod({}),
      observed: observedPod([seen(c, "exited", { exitCode: 3, reason: "Error" })]),
      failures: new Map([
        ["c", { reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container=c pod=p_ns(u)" }],
      ]),
    }).containerStatuses?.[0];
    assert.deepEqual(got?.state, {
      waiting: { reason: "CrashLoopBackOff", message: "back-off 10s restarting failed container=c pod=p_ns(u)" },
    });
    assert.deepEqual(got?.lastState, {
      terminated: {
        exitCode: 3,
        reason: "Error",
        startedAt: "1970-01-01T00:00:02Z",
        finishedAt: "1970-01-01T00:00:03Z",
        containerID: "containerd://c-1",
      },
    });
  });

  it("the one before shows as the last state", () => {
    const got = status({
      pod: testPod({}),
      observed: observedPod([
        seen(c, "running", { id: "c-2", attempt: 1, createdAtMs: 5000 }),
        seen(c, "exited", { exitCode: 1, reason: "Error" }),
      ]),
    }).containerStatuses?.[0];
    assert.deepEqual(
      [got?.restartCount, got?.lastState?.terminated?.exitCode, got?.containerID],
      [1, 1, "containerd://c-2"],
    );
  });

  it("a container that ran and is gone counts as lost", () => {
    const running = status({ pod: testPod({}), observed: observedPod([seen(c, "running")]) });
    const got = status({ pod: testPod({}), observed: observedPod([]), old: running }).containerStatuses?.[0];
    assert.deepEqual(
      [got?.state?.waiting?.reason, got?.lastState?.terminated?.reason, got?.restartCount],
      ["ContainerCreating", "ContainerStatusUnknown", 1],
    );
  });

  it("are sorted by name, init containers by the spec", () => {
    const got = status({
      pod: testPod({ containers: [d, c], initContainers: [{ ...i, name: "z" }, i] }),
      observed: observedPod([]),
    });
    assert.deepEqual(
      [got.containerStatuses?.map((each) => each.name), got.initContainerStatuses?.map((each) => each.name)],
      [
        ["c", "d"],
        ["z", "i"],
      ],
    );
  });
});
