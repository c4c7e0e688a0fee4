import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "../../api/index.ts";
import { seededRng, silentLogger, VirtualClock } from "../../base/index.ts";
import { type KubeObject, StatusError } from "../../machinery/index.ts";
import type { ControllerContext } from "../lib/index.ts";
import { runNodeIpam } from "./controller.ts";

interface Patch {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly podCIDRs: readonly string[] };
}

const node = (name: string, podCIDRs?: readonly string[], labels?: Readonly<Record<string, string>>): Node =>
  ({
    metadata: { name, uid: `uid-${name}`, ...(labels === undefined ? {} : { labels }) },
    spec: podCIDRs === undefined ? {} : { podCIDRs },
  }) as Node;

/** A cache that shows what it is told to, and an API server that takes patches. */
function world(answers: (patch: Patch) => Error | undefined = () => undefined) {
  const clock = new VirtualClock();
  const cache = new Map<string, Node>();
  const ended = new AbortController();
  const given: string[] = [];
  interface Handlers {
    add(object: Node): void;
    update(old: Node, object: Node): void;
    delete(object: Node): void;
  }
  let handlers: Handlers | undefined;
  const informer = {
    addHandler: (handler: Handlers) => {
      handlers = handler;
      return () => {};
    },
    whenSynced: async () => {},
    list: () => [...cache.values()],
    get: (_: string, name: string) => cache.get(name),
  };
  const context = {
    options: { clusterCidr: "10.0.0.0/22", nodeCidrMaskSizeIpv4: 24 },
    clock,
    rng: seededRng(1),
    log: silentLogger,
    signal: ended.signal,
    informers: { informer: () => informer },
    recorder: () => ({ event: () => {} }),
    client: {
      of: () => ({
        patch: async ({ name }: { name: string }, patch: Patch): Promise<KubeObject> => {
          const refused = answers(patch);
          given.push(`${name} ${patch.spec.podCIDRs.join()}${refused === undefined ? "" : " refused"}`);
          if (refused !== undefined) throw refused;
          return {} as KubeObject;
        },
      }),
    },
  } as unknown as ControllerContext;
  const running = runNodeIpam(context);
  return {
    given,
    async show(object: Node) {
      await clock.advance(1);
      const old = cache.get(object.metadata.name);
      cache.set(object.metadata.name, object);
      if (old === undefined) handlers?.add(object);
      else handlers?.update(old, object);
      await clock.advance(1);
    },
    async hide(object: Node) {
      cache.delete(object.metadata.name);
      handlers?.delete(object);
      await clock.advance(1);
    },
    wait: (ms: number) => clock.advance(ms),
    async stop() {
      ended.abort();
      await running;
    },
  };
}

test("a node that changes before its block is seen is given no second one", async () => {
  const { given, show, stop } = world();
  await show(node("a"));
  await show(node("a", undefined, { beat: "1" }));
  await show(node("a", ["10.0.0.0/24"]));
  await show(node("b"));
  assert.deepEqual(given, ["a 10.0.0.0/24", "b 10.0.1.0/24"]);
  await stop();
});

test("a node that goes before its block is seen gives it back", async () => {
  const { given, show, hide, stop } = world();
  for (const name of ["a", "b", "c", "d"]) await show(node(name));
  await hide(node("b"));
  await show(node("e"));
  assert.deepEqual(given.slice(3), ["d 10.0.3.0/24", "e 10.0.1.0/24"]);
  await stop();
});

for (const [reason, next] of [
  ["Invalid", "10.0.0.0/24"],
  ["ServerTimeout", "none"],
] as const)
  test(`four refusals with ${reason}: the range has ${next} left`, async () => {
    const refused = new StatusError({ reason, message: "no", code: 500 });
    let refusals = 0;
    const { given, show, wait, stop } = world(() => (++refusals <= 4 ? refused : undefined));
    await show(node("a"));
    await wait(60_000);
    assert.equal(given.length, reason === "Invalid" ? 5 : 4);
    if (reason === "Invalid") assert.deepEqual(given.at(-1), `a ${next}`);
    await stop();
  });
