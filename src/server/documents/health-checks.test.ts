import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import type { ServerCore } from "../context.ts";
import { run } from "../health.ts";
import { healthChecks } from "./health-checks.ts";

test("/livez takes what has not begun for beginning while its grace lasts; /readyz does not", async () => {
  const clock = new VirtualClock();
  const core = { clock, store: { revision: () => 1 } } as unknown as ServerCore;
  const { livez, readyz } = healthChecks(core, { started: false, stopping: false }, { livezGraceMs: 5000 });
  const failed = async (list: typeof livez) => (await run(list, new Set())).some(({ error }) => error !== undefined);
  assert.equal(await failed(livez), false);
  assert.equal(await failed(readyz), true);
  await clock.advance(5001);
  assert.equal(await failed(livez), true);
});
