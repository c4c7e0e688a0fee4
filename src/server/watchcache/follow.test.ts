import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Identity, WatchFrame } from "../../machinery/index.ts";
import { ask } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

const admin: Identity = { kind: "user", user: { username: "admin", groups: ["system:masters"] } };
const list = "/api/v1/namespaces/default/configmaps";
const decoder = new TextDecoder();

async function withServer(work: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await testServer();
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

interface Following {
  readonly seen: string[];
  readonly ends: unknown[];
  readonly gone: AbortController;
  goOn(): void;
}

/** Follows a watch of the list. `takes` is asked behind each frame. */
async function follow(server: TestServer, query: string, takes: (frame: WatchFrame) => boolean): Promise<Following> {
  const gone = new AbortController();
  const request = { method: "GET", path: list, query: new URLSearchParams(`watch=1&${query}`), headers: {} } as const;
  const { watch } = await server.handle({ ...request, signal: gone.signal }, admin);
  const seen: string[] = [];
  const ends: unknown[] = [];
  const goOn = watch!.follow!({
    take: (frame) => {
      assert.equal(ends.length, 0, "a frame behind the end");
      const { type, object } = JSON.parse(decoder.decode(frame.bytes));
      seen.push(type === "BOOKMARK" ? type : `${type} ${object.metadata.name} ${object.data?.n ?? ""}`);
      return takes(frame);
    },
    ended: (error) => ends.push(error),
  });
  return { seen, ends, gone, goOn };
}

const create = (server: TestServer, name: string, n = ""): Promise<unknown> =>
  ask(server, `POST ${list}`, { body: { metadata: { name }, data: { n } } });
const put = (server: TestServer, name: string, n: number): Promise<unknown> =>
  ask(server, `PUT ${list}/${name}`, { body: { metadata: { name }, data: { n: String(n) } } });

const initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=0";

test("a follower is given everything once and in order, however often it has to wait", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 40 }), fc.array(fc.boolean()), async (refusals, resumes) => {
      await withServer(async (server) => {
        for (const name of ["a", "b"]) await create(server, name, "0");
        let open = true;
        let asked = 0;
        const following = await follow(server, initial, () => {
          assert.ok(open, "a frame that nobody asked for");
          open = refusals[asked++] !== true;
          return open;
        });
        const goOn = (): void => {
          while (!open) {
            open = true;
            following.goOn();
          }
        };
        for (let n = 1; n <= 10; n++) {
          await put(server, "a", n);
          if (resumes[n] === true) goOn();
        }
        goOn();
        const changes = Array.from({ length: 10 }, (_, index) => `MODIFIED a ${index + 1}`);
        assert.deepEqual(following.seen, ["ADDED a 0", "ADDED b 0", "BOOKMARK", ...changes]);
        following.gone.abort();
        assert.deepEqual(following.ends, [undefined]);
      });
    }),
    { numRuns: 30 },
  );
});

test("a follower that takes nothing is ended, and told so behind what it can still have", () =>
  withServer(async (server) => {
    await create(server, "a");
    const following = await follow(server, "resourceVersion=0", () => false);
    const large = "x".repeat(1_000_000);
    for (let index = 0; index < 80; index++)
      await ask(server, `PUT ${list}/a`, { body: { metadata: { name: "a" }, data: { large: large + index } } });
    assert.deepEqual([following.seen.length, following.ends], [1, []]);
    for (let index = 0; index < 100; index++) following.goOn();
    assert.ok(following.seen.length > 40 && following.seen.length < 70, `${following.seen.length} events`);
    assert.deepEqual(following.ends, [undefined]);
  }));

test("a follower that fails ends its own watch alone", () =>
  withServer(async (server) => {
    const broken = await follow(server, "resourceVersion=0", () => {
      throw new Error("no room");
    });
    const whole = await follow(server, "resourceVersion=0", () => true);
    await create(server, "a", "1");
    await put(server, "a", 2);
    assert.deepEqual([broken.seen, broken.ends.map(String)], [["ADDED a 1"], ["Error: no room"]]);
    assert.deepEqual([whole.seen, whole.ends], [["ADDED a 1", "MODIFIED a 2"], []]);
    whole.gone.abort();
    assert.deepEqual(whole.ends, [undefined]);
  }));
