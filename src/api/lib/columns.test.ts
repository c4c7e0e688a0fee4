import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerStatus, Pod } from "../../../facts/types/core.v1.ts";
import { age, humanDuration, tableColumns } from "./columns.ts";
import { podSummary } from "./workloads/pod-summary.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const durations: readonly (readonly [number, string])[] = [
  [-2 * second, "<invalid>"],
  [-1 * second, "0s"],
  [0, "0s"],
  [119 * second, "119s"],
  [2 * minute, "2m"],
  [9 * minute + 59 * second, "9m59s"],
  [10 * minute + 1 * second, "10m"],
  [179 * minute, "179m"],
  [3 * hour, "3h"],
  [7 * hour + 59 * minute, "7h59m"],
  [47 * hour + 59 * minute, "47h"],
  [2 * day, "2d"],
  [7 * day + 23 * hour, "7d23h"],
  [8 * day + 5 * hour, "8d"],
  [729 * day, "729d"],
  [730 * day, "2y"],
  [2 * 365 * day + 45 * day, "2y45d"],
  [8 * 365 * day, "8y"],
];

test("spans of time are printed as kubectl prints ages", () => {
  for (const [span, text] of durations) assert.equal(humanDuration(span), text);
  assert.equal(age(undefined, 0), "<unknown>");
});

const status = (name: string, rest: Partial<ContainerStatus>): ContainerStatus =>
  ({ name, ready: false, restartCount: 0, image: "i", imageID: "", ...rest }) as ContainerStatus;
const running = (name: string, restartCount = 0): ContainerStatus =>
  status(name, { ready: true, started: true, restartCount, state: { running: {} } } as Partial<ContainerStatus>);
const ended = (name: string, terminated: object): ContainerStatus =>
  status(name, { state: { terminated } } as Partial<ContainerStatus>);
const waiting = (name: string, reason: string, restartCount = 0): ContainerStatus =>
  status(name, { restartCount, state: { waiting: { reason } } } as Partial<ContainerStatus>);

interface Sketch {
  readonly init?: readonly (readonly [string, string?])[];
  readonly containers?: readonly string[];
  readonly initStatuses?: readonly ContainerStatus[];
  readonly statuses?: readonly ContainerStatus[];
  readonly phase?: string;
  readonly reason?: string;
  readonly conditions?: readonly object[];
  readonly deleted?: true;
}

const pod = (sketch: Sketch): Pod =>
  ({
    metadata: { name: "p", ...(sketch.deleted ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) },
    spec: {
      initContainers: (sketch.init ?? []).map(([name, restartPolicy]) => ({ name, restartPolicy })),
      containers: (sketch.containers ?? ["a"]).map((name) => ({ name })),
    },
    status: {
      phase: sketch.phase ?? "Running",
      reason: sketch.reason,
      conditions: sketch.conditions ?? [],
      initContainerStatuses: sketch.initStatuses ?? [],
      containerStatuses: sketch.statuses ?? [],
    },
  }) as Pod;

const ready = [{ type: "Ready", status: "True" }];
const initialized = [{ type: "Initialized", status: "True" }];

const summaries: readonly (readonly [string, Sketch, string, string, number])[] = [
  ["nothing reported", { phase: "Pending" }, "Pending", "0/1", 0],
  ["running", { statuses: [running("a", 3)], conditions: ready }, "Running", "1/1", 3],
  ["crash loop", { statuses: [waiting("a", "CrashLoopBackOff", 5)] }, "CrashLoopBackOff", "0/1", 5],
  [
    "init waits",
    { init: [["i"]], phase: "Pending", initStatuses: [waiting("i", "PodInitializing")] },
    "Init:0/1",
    "0/1",
    0,
  ],
  [
    "init pulls",
    { init: [["i"]], initStatuses: [waiting("i", "ImagePullBackOff")] },
    "Init:ImagePullBackOff",
    "0/1",
    0,
  ],
  ["init failed", { init: [["i"]], initStatuses: [ended("i", { exitCode: 3 })] }, "Init:ExitCode:3", "0/1", 0],
  ["init killed", { init: [["i"]], initStatuses: [ended("i", { exitCode: 1, signal: 9 })] }, "Init:Signal:9", "0/1", 0],
  [
    "completed",
    { phase: "Succeeded", statuses: [ended("a", { exitCode: 0, reason: "Completed" })] },
    "Completed",
    "0/1",
    0,
  ],
  ["failed", { phase: "Failed", statuses: [ended("a", { exitCode: 1, reason: "Error" })] }, "Error", "0/1", 0],
  [
    "one done, one runs",
    {
      containers: ["a", "b"],
      statuses: [ended("a", { exitCode: 0, reason: "Completed" }), running("b")],
      conditions: ready,
    },
    "Running",
    "1/2",
    0,
  ],
  [
    "one done, one runs, not ready",
    { containers: ["a", "b"], statuses: [ended("a", { exitCode: 0, reason: "Completed" }), running("b")] },
    "NotReady",
    "1/2",
    0,
  ],
  [
    "sidecar counts",
    { init: [["s", "Always"]], initStatuses: [running("s", 1)], statuses: [running("a")], conditions: initialized },
    "Running",
    "2/2",
    1,
  ],
  ["terminating", { statuses: [running("a")], deleted: true }, "Terminating", "1/1", 0],
  ["lost with its node", { statuses: [running("a")], deleted: true, reason: "NodeLost" }, "Unknown", "1/1", 0],
  ["evicted", { phase: "Failed", reason: "Evicted" }, "Evicted", "0/1", 0],
  [
    "gated",
    { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] },
    "SchedulingGated",
    "0/1",
    0,
  ],
];

for (const [name, sketch, text, readiness, restarts] of summaries)
  test(`a pod is summed up: ${name}`, () => {
    const summary = podSummary(pod(sketch));
    assert.deepEqual([summary.status, summary.ready, summary.restarts], [text, readiness, restarts]);
  });

test("columns that are not recorded, or have no cell, are no columns", () => {
  assert.throws(() => tableColumns("example.com/v1/Widget", {}), /no columns of example.com\/v1\/Widget: record/);
  assert.throws(() => tableColumns("v1/ConfigMap", {}), /v1\/ConfigMap needs a cell for its column Data/);
  assert.throws(
    () => tableColumns("v1/ConfigMap", { Data: () => 0, Date: () => "" }),
    /v1\/ConfigMap has no column Date/,
  );
});
