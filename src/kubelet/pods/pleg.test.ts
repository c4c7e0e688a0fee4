import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, VirtualClock } from "../../base/index.ts";
import type { KubeletContext } from "../context.ts";
import { podUidLabel } from "../labels.ts";
import { createPleg } from "./pleg.ts";

/** Of a runtime that has no more than what is asked of it here. `told`: the pods that changed, in order. */
function start({ clock, runtime }: { clock: VirtualClock; runtime: object }, signal: AbortSignal) {
  const config = { relistPeriodSeconds: 1 };
  const context = { clock, runtime, log: silentLogger, config } as unknown as KubeletContext;
  const told: string[] = [];
  return { told, running: createPleg(context, (uid) => told.push(uid)).run(signal) };
}

test("what ended while the runtime was away is told as soon as it is back", async () => {
  const clock = new VirtualClock();
  const ending = new AbortController();
  let down = false;
  let state = "running";
  let breakOff = (_: Error): void => {};
  const runtime = {
    listPodSandboxes: async () => [],
    listContainers: async () => {
      if (down) throw new Error("connection refused");
      return [{ id: "c", state, labels: { [podUidLabel]: "u" } }];
    },
    async *events() {
      if (down) throw new Error("connection refused");
      await new Promise((_, reject) => {
        breakOff = reject;
      });
    },
  };
  const { told, running } = start({ clock, runtime }, ending.signal);
  await clock.advance(2000);
  assert.deepEqual(told, ["u"]);
  down = true;
  breakOff(new Error("reset"));
  await clock.advance(1500);
  [down, state] = [false, "exited"];
  await clock.advance(2500);
  assert.deepEqual(told, ["u", "u"]);
  ending.abort();
  breakOff(new DOMException("ended", "AbortError"));
  await running;
});

test("an end told while a list is under way is not taken for the start that this list shows", async () => {
  const clock = new VirtualClock();
  const ending = new AbortController();
  let state = "created";
  const events: { containerId: string; sandboxId: string; podUid: string; now: "started" | "ended" }[] = [];
  let wake = (): void => {};
  const tell = (now: "started" | "ended"): void => {
    events.push({ containerId: "c", sandboxId: "", podUid: "", now });
    wake();
  };
  const runtime = {
    listPodSandboxes: async () => [],
    async listContainers() {
      const listed = [{ id: "c", state, labels: { [podUidLabel]: "u" } }];
      if (state === "running") {
        // It ends once the list has been made and before its answer is there.
        state = "exited";
        tell("ended");
        await new Promise((resolve) => clock.setTimeout(() => resolve(undefined), 10));
      }
      return listed;
    },
    async *events() {
      while (!ending.signal.aborted) {
        yield* events.splice(0);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
  const { told, running } = start({ clock, runtime }, ending.signal);
  await clock.advance(100);
  state = "running";
  tell("started");
  await clock.advance(3000);
  assert.deepEqual(told, ["u", "u", "u"]);
  ending.abort();
  wake();
  await clock.advance(1000);
  await running;
});
