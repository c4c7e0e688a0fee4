import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, VirtualClock } from "../../base/index.ts";
import type { KubeletContext } from "../context.ts";
import { createOrphanKiller } from "./orphans.ts";
import type { Pleg, RuntimePod } from "./pleg.ts";

test("what a pod leaves that was deleted while the kubelet was away goes soon after its containers", async () => {
  const clock = new VirtualClock();
  const pod: RuntimePod = { uid: "u", name: "web", namespace: "default", running: true };
  const inRuntime = new Map([["u", pod]]);
  const directories = new Set(["u"]);
  const context = {
    clock,
    log: silentLogger,
    config: { rootDirectory: "/k", materializePods: true, cgroupsPerQos: false },
    runtime: {
      listContainers: async () => [],
      listPodSandboxes: async () => [{ id: "s" }],
      stopPodSandbox: async () => {},
      removePodSandbox: async () => void inRuntime.delete("u"),
    },
    host: {
      files: {
        stat: async () => ({}),
        list: async () => [...directories],
        remove: async (path: string) => void directories.delete(path.slice("/k/pods/".length)),
      },
      mounts: { below: async () => [], unmount: async () => {} },
    },
  } as unknown as KubeletContext;
  const ending = new AbortController();
  const pleg = { pods: () => inRuntime } as unknown as Pleg;
  const running = createOrphanKiller(context, { pleg, knows: () => false }).run(ending.signal);
  await clock.advance(3000);
  assert.deepEqual([inRuntime.size, directories.size], [0, 1], "the runtime still had it when it was swept first");
  await clock.advance(6000);
  assert.equal(directories.size, 0);
  ending.abort();
  await running;
});

test("where nothing is to be swept, a pod that nobody knows is ended after the list that shows it", async () => {
  const clock = new VirtualClock();
  const inRuntime = new Map<string, RuntimePod>();
  let relisted: (() => void)[] = [];
  let asked = 0;
  const context = {
    clock,
    log: silentLogger,
    config: { materializePods: false },
    runtime: {
      listContainers: async () => [],
      listPodSandboxes: async () => [{ id: "s" }],
      stopPodSandbox: async () => {},
      removePodSandbox: async () => void inRuntime.delete("u"),
    },
  } as unknown as KubeletContext;
  const ending = new AbortController();
  const pleg = {
    pods: () => inRuntime,
    relisted: (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        asked++;
        relisted.push(resolve);
        signal.addEventListener("abort", () => resolve());
      }),
  } as unknown as Pleg;
  const running = createOrphanKiller(context, { pleg, knows: () => false }).run(ending.signal);
  await clock.advance(60_000);
  assert.equal(asked, 1, "it does not look again before the next list");
  inRuntime.set("u", { uid: "u", name: "web", namespace: "default", running: true });
  const woken = relisted;
  relisted = [];
  for (const wake of woken) wake();
  await clock.advance(1000);
  assert.equal(inRuntime.size, 1, "its object may just be on its way");
  await clock.advance(2000);
  assert.equal(inRuntime.size, 0);
  await clock.advance(10_000);
  assert.equal(asked, 2);
  ending.abort();
  await running;
});

test("a directory that cannot be removed keeps no other", async () => {
  const clock = new VirtualClock();
  const directories = new Set(["busy", "free"]);
  const context = {
    clock,
    log: silentLogger,
    config: { rootDirectory: "/k", materializePods: true, cgroupsPerQos: false },
    host: {
      files: {
        stat: async () => ({}),
        list: async () => [...directories],
        remove: async (path: string) => {
          if (path.endsWith("busy")) throw new Error("it is a mount point");
          directories.delete(path.slice("/k/pods/".length));
        },
      },
      mounts: { below: async () => [], unmount: async () => {} },
    },
  } as unknown as KubeletContext;
  const ending = new AbortController();
  const pleg = { pods: () => new Map() } as unknown as Pleg;
  const running = createOrphanKiller(context, { pleg, knows: () => false }).run(ending.signal);
  await clock.advance(6000);
  assert.deepEqual([...directories], ["busy"]);
  ending.abort();
  await running;
});
