import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Container, Pod } from "../../api/index.ts";
import type { ObservedContainer, ObservedPod } from "../observed.ts";
import { observedPod, observedContainer as seen, testPod } from "../testing.ts";
import { computePodActions, type PodActions, type ProbeResults } from "./actions.ts";

const noProbeResults: ProbeResults = { liveness: () => undefined, startup: () => undefined };

const c: Container = { name: "c", image: "x" };
const i1: Container = { name: "i1", image: "x" };
const i2: Container = { name: "i2", image: "x" };
const side: Container = { name: "side", image: "x", restartPolicy: "Always" };

interface Case {
  readonly name: string;
  readonly pod: Pod;
  readonly observed: ObservedPod;
  readonly probes?: Partial<ProbeResults>;
  readonly expect: Partial<PodActions>;
}

const nothing = {
  killPod: false,
  createSandbox: false,
  initContainersToStart: [],
  containersToStart: [],
  containersToKill: [],
};

const cases: readonly Case[] = [
  {
    name: "a new pod: a sandbox, then its containers",
    pod: testPod({}),
    observed: observedPod([], { none: true }),
    expect: { killPod: true, createSandbox: true, attempt: 0, containersToStart: [0] },
  },
  {
    name: "a new pod with init containers: the first of them alone",
    pod: testPod({ initContainers: [i1, i2] }),
    observed: observedPod([], { none: true }),
    expect: { createSandbox: true, initContainersToStart: [0], containersToStart: [] },
  },
  { name: "everything runs", pod: testPod({}), observed: observedPod([seen(c, "running")]), expect: nothing },
  {
    name: "a container ended and always restarts",
    pod: testPod({}),
    observed: observedPod([seen(c, "exited")]),
    expect: { ...nothing, containersToStart: [0] },
  },
  {
    name: "a container ended well and restarts only on failure: the pod is done",
    pod: testPod({ restartPolicy: "OnFailure" }),
    observed: observedPod([seen(c, "exited")]),
    expect: { ...nothing, killPod: true },
  },
  {
    name: "a container failed and restarts on failure",
    pod: testPod({ restartPolicy: "OnFailure" }),
    observed: observedPod([seen(c, "exited", { exitCode: 1 })]),
    expect: { ...nothing, containersToStart: [0] },
  },
  {
    name: "a container ended and never restarts: the pod is done",
    pod: testPod({ restartPolicy: "Never" }),
    observed: observedPod([seen(c, "exited", { exitCode: 1 })]),
    expect: { ...nothing, killPod: true },
  },
  {
    name: "a container's own restart rule wins over the pod's policy",
    pod: testPod({
      restartPolicy: "Never",
      containers: [
        {
          ...c,
          restartPolicy: "Never",
          restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
        },
      ],
    }),
    observed: observedPod([seen(c, "exited", { exitCode: 42 })]),
    expect: { ...nothing, containersToStart: [0] },
  },
  {
    name: "the sandbox died: all anew",
    pod: testPod({}),
    observed: observedPod([seen(c, "exited", { exitCode: 137 })], { state: "notReady" }),
    expect: { killPod: true, createSandbox: true, attempt: 1, containersToStart: [0] },
  },
  {
    name: "the sandbox died and nothing restarts: only the end",
    pod: testPod({ restartPolicy: "Never" }),
    observed: { ...observedPod([seen(c, "exited", { exitCode: 137 })], { state: "notReady" }) },
    expect: { killPod: true, createSandbox: false, containersToStart: [] },
  },
  {
    name: "the first init container is done: the next one",
    pod: testPod({ initContainers: [i1, i2] }),
    observed: observedPod([seen(i1, "exited")]),
    expect: { ...nothing, initContainersToStart: [1] },
  },
  {
    name: "an init container runs: wait",
    pod: testPod({ initContainers: [i1, i2] }),
    observed: observedPod([seen(i1, "running")]),
    expect: nothing,
  },
  {
    name: "all init containers are done: the containers",
    pod: testPod({ initContainers: [i1] }),
    observed: observedPod([seen(i1, "exited")]),
    expect: { ...nothing, containersToStart: [0] },
  },
  {
    name: "an init container failed and may again",
    pod: testPod({ initContainers: [i1] }),
    observed: observedPod([seen(i1, "exited", { exitCode: 1 })]),
    expect: { ...nothing, initContainersToStart: [0] },
  },
  {
    name: "an init container failed and may not: the pod is done",
    pod: testPod({ restartPolicy: "Never", initContainers: [i1] }),
    observed: observedPod([seen(i1, "exited", { exitCode: 1 })]),
    expect: { ...nothing, killPod: true },
  },
  {
    name: "init containers that were removed do not run again once containers run",
    pod: testPod({ initContainers: [i1] }),
    observed: observedPod([seen(c, "running")]),
    expect: nothing,
  },
  {
    name: "a sidecar runs: the containers",
    pod: testPod({ initContainers: [side] }),
    observed: observedPod([seen(side, "running")]),
    expect: { ...nothing, containersToStart: [0] },
  },
  {
    name: "a sidecar's startup probe is open: wait",
    pod: testPod({ initContainers: [{ ...side, startupProbe: { exec: { command: ["x"] } } }] }),
    observed: observedPod([seen(side, "running")]),
    expect: nothing,
  },
  {
    name: "a sidecar ended while containers run: again",
    pod: testPod({ initContainers: [side] }),
    observed: observedPod([seen(side, "exited"), seen(c, "running")]),
    expect: { ...nothing, initContainersToStart: [0] },
  },
  {
    name: "sidecars do not keep a finished pod alive",
    pod: testPod({ restartPolicy: "Never", initContainers: [side] }),
    observed: observedPod([seen(side, "running"), seen(c, "exited")]),
    expect: { ...nothing, killPod: true },
  },
  {
    name: "liveness failed: kill and start",
    pod: testPod({}),
    observed: observedPod([seen(c, "running")]),
    probes: { liveness: () => false },
    expect: {
      ...nothing,
      containersToStart: [0],
      containersToKill: [
        {
          id: "c-1",
          name: "c",
          message: "Container c failed liveness probe, will be restarted",
          reason: "livenessProbe",
        },
      ],
    },
  },
  {
    name: "startup failed and nothing restarts: kill",
    pod: testPod({ restartPolicy: "Never" }),
    observed: observedPod([seen(c, "running")]),
    probes: { startup: () => false },
    expect: {
      ...nothing,
      killPod: true,
      containersToKill: [{ id: "c-1", name: "c", message: "Container c failed startup probe", reason: "startupProbe" }],
    },
  },
  {
    name: "another image: kill and start",
    pod: testPod({ containers: [{ ...c, image: "y" }] }),
    observed: observedPod([seen(c, "running")]),
    expect: {
      ...nothing,
      containersToStart: [0],
      containersToKill: [
        {
          id: "c-1",
          name: "c",
          message: "Container c definition changed, will be restarted",
          reason: "definitionChanged",
        },
      ],
    },
  },
  {
    name: "an ephemeral container: once",
    pod: testPod({ ephemeralContainers: [{ name: "e", image: "x" }] }),
    observed: observedPod([seen(c, "running")]),
    expect: { ...nothing, ephemeralContainersToStart: [0] },
  },
  {
    name: "a deleted pod restarts nothing",
    pod: testPod({}, { deletionTimestamp: "2026-01-01T00:00:01Z" }),
    observed: observedPod([seen(c, "exited")]),
    expect: { ...nothing, killPod: true },
  },
];

describe("what a sync of a pod has to do", () => {
  for (const { name, pod, observed, probes, expect } of cases)
    it(name, () => {
      const actions = computePodActions({ pod, observed, probes: { ...noProbeResults, ...probes } });
      for (const [key, value] of Object.entries(expect)) assert.deepEqual(actions[key as keyof PodActions], value, key);
    });

  it("a rule that asks for all anew takes the others away first, the one that asked last", () => {
    const asks: Container = {
      ...c,
      restartPolicy: "Never",
      restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [9] } }],
    };
    const actions = computePodActions({
      pod: testPod({ containers: [asks, { name: "d", image: "x" }] }),
      observed: observedPod([seen(asks, "exited", { exitCode: 9 }), seen({ name: "d", image: "x" }, "running")]),
      probes: noProbeResults,
    });
    assert.deepEqual(actions.containersToReset, [
      { id: "d-1", name: "d", kill: true },
      { id: "c-1", name: "c", kill: false },
    ]);
  });

  it("for every history: containers never start before their init containers are through, nor together with the pod's end", () => {
    const state = fc.constantFrom("none", "created", "running", "exited", "failed", "unknown");
    const restartPolicy = fc.constantFrom("Always" as const, "OnFailure" as const, "Never" as const);
    fc.assert(
      fc.property(restartPolicy, state, state, state, (policy, first, second, main) => {
        const parts: [Container, string][] = [
          [i1, first],
          [i2, second],
          [c, main],
        ];
        const containers = parts.flatMap(([container, now]): ObservedContainer[] =>
          now === "none"
            ? []
            : [
                seen(container, now === "failed" ? "exited" : (now as ObservedContainer["state"]), {
                  exitCode: now === "failed" ? 1 : 0,
                }),
              ],
        );
        const actions = computePodActions({
          pod: testPod({ restartPolicy: policy, initContainers: [i1, i2] }),
          observed: observedPod(containers),
          probes: noProbeResults,
        });
        const through = second === "exited" || main === "running" || main === "created";
        if (actions.containersToStart.length > 0) assert.ok(through, "init containers are not through");
        if (actions.killPod) assert.deepEqual([actions.containersToStart, actions.initContainersToStart], [[], []]);
        assert.ok(actions.initContainersToStart.length <= 1, "plain init containers run one at a time");
      }),
    );
  });
});
