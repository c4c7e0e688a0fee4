// A real API server on a virtual clock, and controllers that begin when the test says so. All of it ends with the test.
import type { TestContext } from "node:test";
import { MetricRegistry, seededRng, silentLogger, VirtualClock } from "../base/index.ts";
import { type Client, createClient } from "../client/index.ts";
import { type TestServer, testServer } from "../server/testing.ts";
import { type RunControllersOptions, runControllers } from "./run.ts";

export interface ControllerWorld {
  readonly clock: VirtualClock;
  readonly server: TestServer;
  readonly client: Client;
  readonly metrics: MetricRegistry;
  run(names: readonly string[], options?: Partial<Pick<RunControllersOptions, "client" | "options">>): void;
}

export async function controllerWorld(
  test: TestContext,
  options: NonNullable<Parameters<typeof testServer>[0]> = {},
): Promise<ControllerWorld> {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const server = await testServer({ clock, rng, admission: { disable: ["ServiceAccount"] }, ...options });
  const client = createClient(server.transport(), { userAgent: "test" });
  const metrics = new MetricRegistry();
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  test.after(async () => {
    stop.abort();
    await clock.advance(0);
    await Promise.all(running);
    await server.close();
  });
  return {
    ...{ clock, server, client, metrics },
    run(names, more) {
      const base = { client, clock, rng, metrics, log: silentLogger, signal: stop.signal };
      running.push(runControllers({ ...base, names, ...more }));
    },
  };
}
