// What pods refer to, while the API server does not say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, VirtualClock } from "../base/index.ts";
import type { Client } from "../client/index.ts";
import { AbsentError } from "./env/environment.ts";
import { createObjectCache } from "./objects.ts";
import { testPod } from "./testing.ts";

test("an object that could not be listed is not taken for one that is not there", async () => {
  const stop = new AbortController();
  const clock = new VirtualClock();
  let down = true;
  const map = { metadata: { name: "m", namespace: "ns", resourceVersion: "1" } };
  const answer = async (found: unknown): Promise<unknown> => {
    if (down) throw new Error("connection refused");
    return found;
  };
  const resource = {
    list: () => answer({ items: [], metadata: { resourceVersion: "1" } }),
    find: () => answer(map),
    async *watch({ signal }: { signal: AbortSignal }) {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  };
  const cache = createObjectCache({
    ...{ client: { of: () => resource } as unknown as Client, clock, log: silentLogger },
    ...{ signal: stop.signal, changed: () => {} },
  });
  cache.hold(testPod({ volumes: [{ name: "v", configMap: { name: "m", optional: true } }] }));
  await assert.rejects(cache.configMap("ns", "m"), /^Error: connection refused$/);
  down = false;
  assert.equal(await cache.configMap("ns", "m"), map, "asked for by itself until it is listed");
  await clock.advance(1000);
  await assert.rejects(cache.configMap("ns", "m"), AbsentError);
  stop.abort(new DOMException("end", "AbortError"));
});
