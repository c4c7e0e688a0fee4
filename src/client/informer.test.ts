import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { configMaps, type core_v1 } from "../api/index.ts";
import { seededRng, silentLogger, VirtualClock } from "../base/index.ts";
import { objectKey } from "../machinery/index.ts";
import { createClient } from "./client.ts";
import { createInformerFactory, type Informer } from "./informer.ts";
import { createTinyServer, type TinyServer, type TinyServerOptions } from "./testing.ts";

type ConfigMap = core_v1.ConfigMap;

type Step =
  | { readonly do: "put"; readonly name: string; readonly value: number }
  | { readonly do: "remove"; readonly name: string }
  | { readonly do: "compact" | "cut" | "end" | "cutCompacted" }
  | { readonly do: "wait"; readonly ms: number };

const names = ["a", "b", "cc", "dd", "eé", "ffé"];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("put" as const), name: fc.constantFrom(...names), value: fc.nat(9) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("remove" as const), name: fc.constantFrom(...names) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("compact" as const, "cut" as const, "end" as const, "cutCompacted" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(0, 10, 1500, 90_000) }) },
);

function start(server: TinyServer) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const factory = createInformerFactory({
    client: createClient(server.transport, { userAgent: "test" }),
    clock,
    rng: seededRng(7),
    log: silentLogger,
    signal: controller.signal,
  });
  return { clock, controller, factory };
}

async function play(server: TinyServer, steps: readonly Step[], clock: VirtualClock): Promise<void> {
  for (const each of steps) {
    switch (each.do) {
      case "put":
        server.put(each.name, each.value);
        break;
      case "remove":
        server.remove(each.name);
        break;
      case "wait":
        await clock.advance(each.ms);
        break;
      case "compact":
        server.compact();
        break;
      case "cut":
        server.cut("error");
        break;
      case "end":
        server.cut("end");
        break;
      case "cutCompacted":
        server.cut("error");
        server.compact();
        break;
    }
  }
}

/** Follows the handlers: each call must be possible after what came before. */
function follow(informer: Informer<ConfigMap>): Map<string, ConfigMap> {
  const seen = new Map<string, ConfigMap>();
  informer.addHandler({
    add(object) {
      assert.ok(!seen.has(objectKey(object)), "an object is added once");
      assert.equal(informer.byKey(objectKey(object)), object, "the cache is ahead of the handlers");
      seen.set(objectKey(object), object);
    },
    update(before, after) {
      assert.equal(seen.get(objectKey(after)), before, "an update starts from what was told last");
      assert.equal(before.metadata.uid, after.metadata.uid);
      assert.ok(Number(after.metadata.resourceVersion) > Number(before.metadata.resourceVersion), "versions grow");
      seen.set(objectKey(after), after);
    },
    delete(object) {
      assert.ok(seen.delete(objectKey(object)), "only what was there is deleted");
    },
  });
  return seen;
}

const value = (object: ConfigMap): string => object.data?.["value"] ?? "";

async function check(
  options: Omit<TinyServerOptions, "rng">,
  before: readonly Step[],
  during: readonly Step[],
): Promise<void> {
  const server = createTinyServer({ ...options, rng: seededRng(1) });
  const { clock, controller, factory } = start(server);
  const informer = factory.informer(configMaps);
  informer.addIndex("value", (object) => [value(object)]);
  const seen = follow(informer);
  await play(server, before, clock);
  factory.start();
  await play(server, during, clock);
  await clock.advance(200_000);
  assert.ok(informer.synced);
  const expected = [...server.objects.values()]
    .map((each) => `${objectKey(each)}@${each.metadata.resourceVersion}`)
    .sort();
  const state = (objects: Iterable<ConfigMap>): string[] =>
    [...objects].map((each) => `${objectKey(each)}@${each.metadata.resourceVersion}`).sort();
  assert.deepEqual(state(informer.list()), expected);
  assert.deepEqual(state(seen.values()), expected);
  for (const namespace of ["ns0", "ns1"])
    assert.deepEqual(
      state(informer.list(namespace)),
      expected.filter((each) => each.startsWith(namespace)),
    );
  for (let digit = 0; digit < 10; digit++)
    assert.deepEqual(
      state(informer.byIndex("value", String(digit))),
      state(informer.list().filter((object) => value(object) === String(digit))),
    );
  assert.ok(informer.list().every((object) => Object.isFrozen(object) && Object.isFrozen(object.metadata)));
  controller.abort();
  await clock.advance(0);
  assert.equal(server.openWatches, 0, "no watch is left open");
}

for (const options of [{}, { bytes: true }, { noInitialEvents: true }, { bytes: true, noInitialEvents: true }])
  test(`whatever happens to the watch, the cache ends as the server is ${JSON.stringify(options)}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.array(step, { maxLength: 40 }), (before, during) =>
        check(options, before, during),
      ),
      { numRuns: 60 },
    );
  });

test("a server without initial events is listed in pages", async () => {
  const server = createTinyServer({ rng: seededRng(1), noInitialEvents: true });
  for (let index = 0; index < 1201; index++) server.put(`object-${index}`, index % 10);
  const { clock, controller, factory } = start(server);
  const informer = factory.informer(configMaps);
  factory.start();
  await clock.advance(1);
  assert.equal(informer.list().length, 1201);
  const lists = server.requests.filter((request) => request.query?.get("watch") !== "true");
  assert.deepEqual(
    lists.map((request) => request.query?.get("continue") ?? null),
    [null, "1202/500", "1202/1000"],
  );
  controller.abort();
});

test("a watch resumes from the last version, and one informer serves all who ask", async () => {
  const server = createTinyServer({ rng: seededRng(1) });
  server.put("a", 1);
  const { clock, controller, factory } = start(server);
  factory.start();
  const informer = factory.informer(configMaps);
  assert.equal(factory.informer(configMaps), informer);
  await clock.advance(1);
  server.put("b", 2);
  await clock.advance(1);
  server.cut("error");
  server.put("b", 3);
  await clock.advance(5000);
  assert.deepEqual(
    server.requests.map((request) => [request.query?.get("sendInitialEvents"), request.query?.get("resourceVersion")]),
    [
      ["true", null],
      [null, "3"],
    ],
  );
  const late: string[] = [];
  informer.addHandler({ add: (object, initial) => late.push(`${object.metadata.name} ${initial}`) });
  server.put("c", 4);
  await clock.advance(1);
  assert.deepEqual(late, ["a true", "b true", "c false"]);
  controller.abort();
});

test("an unknown index and an abort before the first list are told", async () => {
  const server = createTinyServer({ rng: seededRng(1) });
  const { controller, factory } = start(server);
  const informer = factory.informer(configMaps);
  assert.throws(() => informer.byIndex("nothing", "x"), /has no index "nothing"/);
  const waiting = factory.whenSynced();
  controller.abort(new Error("stopped"));
  await assert.rejects(waiting, /stopped/);
});
