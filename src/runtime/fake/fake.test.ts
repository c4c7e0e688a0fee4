import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { type ConformanceWorld, conformanceCases } from "../conformance.ts";
import { createAddressPool } from "./addresses.ts";
import { createFakeRuntime } from "./fake.ts";
import { runScript } from "./script.ts";

function fakeWorld(): ConformanceWorld {
  const clock = new VirtualClock();
  const logs = new Map<string, string>();
  const runtime = createFakeRuntime({
    clock,
    appendLog: (path, line) => logs.set(path, (logs.get(path) ?? "") + line),
    image: (image) => (image.includes("invalid") ? { error: "not to be had" } : "present"),
  });
  return {
    ...{ runtime, image: "busybox:1", logDirectory: "/logs", cgroupParent: "" },
    readLog: async (path) => logs.get(path) ?? "",
    async until(check, text) {
      for (let step = 0; step < 100; step++) {
        if (await check()) return;
        await clock.advance(1000);
      }
      throw new Error(text);
    },
  };
}

describe("the simulated runtime keeps the contract", () => {
  for (const { name, run } of conformanceCases) it(name, () => run(fakeWorld()));
});

describe("commands of simulated containers", () => {
  const table: [string[], { runForMs: number | undefined; exitCode: number; output: string }][] = [
    [["sh", "-c", "exit 3"], { runForMs: 0, exitCode: 3, output: "" }],
    [["sh", "-c", "sleep 2; echo 'a b'; false"], { runForMs: 2000, exitCode: 1, output: "a b\n" }],
    [["sh", "-c", "false && echo no || echo yes"], { runForMs: 0, exitCode: 0, output: "yes\n" }],
    [["sleep", "0.5"], { runForMs: 500, exitCode: 0, output: "" }],
    [["nginx", "-g", "daemon off;"], { runForMs: undefined, exitCode: 0, output: "" }],
    [[], { runForMs: undefined, exitCode: 0, output: "" }],
  ];
  for (const [words, expected] of table) it(JSON.stringify(words), () => assert.deepEqual(runScript(words), expected));
});

describe("addresses of pods", () => {
  it("are handed out once, and again when they are free", () => {
    const pool = createAddressPool("10.1.0.0/29");
    const taken = [pool.take(), pool.take(), pool.take(), pool.take(), pool.take()];
    assert.deepEqual(taken, ["10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"]);
    assert.throws(() => pool.take(), /no free address/);
    pool.free("10.1.0.4");
    assert.equal(pool.take(), "10.1.0.4");
  });
});
