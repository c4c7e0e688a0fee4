import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, VirtualClock } from "../../base/index.ts";
import type { KubeletContext } from "../context.ts";
import { podUidLabel } from "../labels.ts";
import { createPleg } from "./pleg.ts";

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
  const context = {
    clock,
    runtime,
    log: silentLogger,
    config: { relistPeriodSeconds: 1 },
  } as unknown as KubeletContext;
  const told: string[] = [];
  const running = createPleg(context, (uid) => told.push(uid)).run(ending.signal);
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
