import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, formatRecord, type LogRecord, silentLogger } from "./log.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("records carry component, level, time and merged fields", () => {
  const records: LogRecord[] = [];
  const clock = new VirtualClock({ startMs: 0 });
  const log = createLogger({
    clock,
    component: "",
    level: "info",
    write: (record) => records.push(record),
    fields: { a: 1 },
  });
  log.debug("hidden");
  log
    .child("kubelet", { b: "x y" })
    .child("pods")
    .warn("pod is gone", { name: "p/1", error: new Error("no") });
  assert.equal(records.length, 1);
  assert.equal(
    formatRecord(records[0]!),
    '1970-01-01T00:00:00.000Z warn  kubelet/pods: pod is gone a=1 b="x y" name=p/1 error="no"',
  );
  silentLogger.child("x").error("nothing happens");
});
