// API server and controllers on a virtual clock: what a controller does is watched without waiting.
import { MetricRegistry, seededRng, silentLogger, VirtualClock } from "../../src/base/index.ts";
import { type Client, createClient } from "../../src/client/index.ts";
import { runControllers } from "../../src/controllers/index.ts";
import { testServer } from "../../src/server/index.ts";

export interface World extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly client: Client;
  /** Lets virtual time pass until the check holds (at most two virtual minutes). */
  until(check: () => Promise<boolean>): Promise<void>;
  pass(ms: number): Promise<void>;
}

export async function createWorld(controllers: readonly string[]): Promise<World> {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const server = await testServer({ clock, rng });
  const client = createClient(server.transport(), { userAgent: "test" });
  const stop = new AbortController();
  const running = runControllers({
    client: createClient(server.transport(), { userAgent: "controllers" }),
    clock,
    rng,
    log: silentLogger,
    metrics: new MetricRegistry(),
    signal: stop.signal,
    names: controllers,
    options: { rootCa: "CERTIFICATE" },
  });
  return {
    clock,
    client,
    pass: (ms) => clock.advance(ms),
    async until(check) {
      for (let passedMs = 0; passedMs < 120_000; passedMs += 100) {
        await clock.advance(100);
        if (await check()) return;
      }
      throw new Error("it did not come about in two virtual minutes");
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the test is over"));
      await clock.advance(0);
      await running;
      await server.close();
    },
  };
}
