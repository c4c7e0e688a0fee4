import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { VirtualClock } from "../../base/index.ts";
import { type Answered, ask, type Json, nextEvents } from "../request.fixture.ts";
import { type TestServer, testServer } from "../testing.ts";

const list = "/api/v1/namespaces/default/configmaps";

async function withServer(
  work: (server: TestServer) => Promise<void>,
  options: Parameters<typeof testServer>[0] = {},
): Promise<void> {
  const server = await testServer(options);
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

async function watch(
  server: TestServer,
  query: string,
): Promise<AsyncIterator<readonly { bytes?: Uint8Array; type: string }[]>> {
  const { response } = await ask(server, `GET ${list}?watch=1&${query}`);
  assert.equal(response.status, 200);
  return response.watch![Symbol.asyncIterator]();
}

const names = (events: readonly { type: string; object: Json }[]): string[] =>
  events.map(({ type, object }) => `${type} ${object["metadata"]!["name"] ?? object["metadata"]!["resourceVersion"]}`);

test("initial events end with an annotated bookmark", () =>
  withServer(async (server) => {
    await ask(server, `POST ${list}`, { body: { metadata: { name: "a" } } });
    const frames = await watch(
      server,
      "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
    );
    const [added, bookmark] = await nextEvents(frames as never, 2);
    assert.equal(added!.type, "ADDED");
    assert.deepEqual(bookmark!.object["metadata"]!["annotations"], { "k8s.io/initial-events-end": "true" });
    await frames.return!();
  }));

test("a bookmark says what an object of its kind says when nothing is set", () =>
  withServer(async (server) => {
    const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    for (const [resource, blank] of [
      ["deployments", { replicas: 0 }],
      ["statefulsets", { replicas: 0 }],
      ["daemonsets", { "deprecated.daemonset.template.generation": "0" }],
    ] as const) {
      const { response } = await ask(server, `GET /apis/apps/v1/${resource}?${query}`);
      const frames = response.watch![Symbol.asyncIterator]();
      const [bookmark] = await nextEvents(frames, 1);
      const { metadata, spec } = bookmark!.object;
      const said: Record<string, unknown> = { ...metadata!["annotations"], ...spec };
      for (const [name, value] of Object.entries(blank)) assert.equal(said[name], value, resource);
      await frames.return!();
    }
  }));

test("what is wrong with the options of a watch is told before the form it cannot have", () =>
  withServer(async (server) => {
    const headers = { accept: "application/yaml" };
    const wrong = await ask(server, `GET ${list}?watch=1&labelSelector=-`, { headers });
    assert.deepEqual([wrong.code, wrong.response.headers["content-type"]], [400, "application/yaml"]);
    const right = await ask(server, `GET ${list}?watch=1`, { headers });
    assert.equal(right.code, 406);
  }));

test("an object that leaves the selection is deleted for the watcher, at the revision of the change", () =>
  withServer(async (server) => {
    const created = await ask(server, `POST ${list}`, { body: { metadata: { name: "a", labels: { l: "1" } } } });
    const frames = await watch(
      server,
      `labelSelector=l%3D1&resourceVersion=${created.body["metadata"]!["resourceVersion"]}`,
    );
    const changed = await ask(server, `PUT ${list}/a`, { body: { metadata: { name: "a", labels: { l: "2" } } } });
    const [event] = await nextEvents(frames as never, 1);
    assert.equal(event!.type, "DELETED");
    assert.deepEqual(event!.object["metadata"]!["labels"], { l: "1" });
    assert.equal(event!.object["metadata"]!["resourceVersion"], changed.body["metadata"]!["resourceVersion"]);
    await frames.return!();
  }));

test("a watch from before the kept history is told to start anew", () =>
  withServer(async (first) => {
    await ask(first, `POST ${list}`, { body: { metadata: { name: "a" } } });
    // A server that starts later knows the history from its start on.
    await withServer(
      async (second) => {
        const frames = await watch(second, "resourceVersion=1");
        const [event] = await nextEvents(frames as never, 1);
        assert.deepEqual([event!.type, event!.object["code"], event!.object["reason"]], ["ERROR", 410, "Expired"]);
        assert.match(String(event!.object["message"]), /^too old resource version: 1 \(\d+\)$/);
      },
      { store: first.store },
    );
  }));

test("bookmarks and the end of a watch come by the clock", async () => {
  const clock = new VirtualClock();
  await withServer(
    async (server) => {
      const frames = await watch(server, "allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=0");
      const next = nextEvents(frames as never, 1);
      await clock.advance(70_000);
      assert.equal((await next)[0]!.type, "BOOKMARK");
      const rest = nextEvents(frames as never, 1000);
      await clock.advance(300_000);
      assert.ok((await rest).every((event) => event.type === "BOOKMARK"));
    },
    { clock },
  );
});

test("a watcher that does not read is ended and nobody waits for it", () =>
  withServer(async (server) => {
    const frames = await watch(server, "resourceVersion=0");
    await ask(server, `POST ${list}`, { body: { metadata: { name: "a" } } });
    for (let index = 0; index < 8300; index++)
      await ask(server, `PUT ${list}/a`, { body: { metadata: { name: "a" }, data: { k: String(index) } } });
    const events = await nextEvents(frames as never, 10_000);
    assert.ok(events.length <= 8193, `${events.length} events`);
    assert.equal((await frames.next()).done, true);
  }));

test("large events that nobody reads end the watch long before their number does", () =>
  withServer(async (server) => {
    const frames = await watch(server, "resourceVersion=0");
    await ask(server, `POST ${list}`, { body: { metadata: { name: "a" } } });
    const large = "x".repeat(1_000_000);
    for (let index = 0; index < 80; index++)
      await ask(server, `PUT ${list}/a`, { body: { metadata: { name: "a" }, data: { k: large + index } } });
    const events = await nextEvents(frames as never, 100);
    assert.ok(events.length > 40 && events.length < 70, `${events.length} events`);
    assert.equal((await frames.next()).done, true);
  }));

// Random writes, then watchers with and without selectors that start and resume anywhere: each must see exactly the history
// that a model of it predicts.
interface Write {
  readonly kind: "put" | "delete";
  readonly name: string;
  readonly label: string;
}

const writes = fc.array(
  fc.record({
    kind: fc.constantFrom<"put" | "delete">("put", "put", "delete"),
    name: fc.constantFrom("a", "b", "c"),
    label: fc.constantFrom("0", "1"),
  }),
  { minLength: 1, maxLength: 25 },
);

interface Step {
  readonly revision: number;
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

async function play(server: TestServer, steps: readonly Write[]): Promise<Step[]> {
  const labels = new Map<string, string>();
  const history: Step[] = [];
  let serial = 0;
  for (const { kind, name, label } of steps) {
    const before = labels.get(name);
    let answer: Answered;
    if (kind === "delete") {
      if (before === undefined) continue;
      answer = await ask(server, `DELETE ${list}/${name}`);
      labels.delete(name);
    } else {
      const body = { metadata: { name, labels: { l: label } }, data: { serial: String(serial++) } };
      answer = await ask(server, before === undefined ? `POST ${list}` : `PUT ${list}/${name}`, { body });
      labels.set(name, label);
    }
    assert.ok(answer.code < 300, answer.text);
    history.push({ revision: server.store.revision(), name, before, after: labels.get(name) });
  }
  return history;
}

function expected(history: readonly Step[], from: number, label: string | undefined): string[] {
  const sees = (value: string | undefined): boolean => value !== undefined && (label === undefined || value === label);
  return history
    .filter((step) => step.revision > from)
    .flatMap(({ name, before, after, revision }) => {
      if (sees(after)) return [`${sees(before) ? "MODIFIED" : "ADDED"} ${name} ${revision}`];
      return sees(before) ? [`DELETED ${name} ${revision}`] : [];
    });
}

test("watchers see exactly the history, wherever they start or resume", async () => {
  await fc.assert(
    fc.asyncProperty(writes, fc.nat(30), fc.constantFrom(undefined, "0", "1"), async (steps, cut, label) => {
      await withServer(async (server) => {
        const start = server.store.revision();
        const query = label === undefined ? "" : `&labelSelector=l%3D${label}`;
        const early = await watch(server, `resourceVersion=${start}${query}`);
        const history = await play(server, steps);
        const shown = (events: readonly { type: string; object: Json }[]): string[] =>
          events.map(
            ({ type, object }) => `${type} ${object["metadata"]!["name"]} ${object["metadata"]!["resourceVersion"]}`,
          );
        const all = expected(history, start, label);
        assert.deepEqual(shown(await nextEvents(early as never, all.length)), all);
        const from = history[Math.min(cut, history.length - 1)]?.revision ?? start;
        const resumed = await watch(server, `resourceVersion=${from}${query}`);
        const rest = expected(history, from, label);
        assert.deepEqual(shown(await nextEvents(resumed as never, rest.length)), rest);
        await early.return!();
        await resumed.return!();
      });
    }),
    { numRuns: 40 },
  );
});

test("a watch of one name is not asked about others", () =>
  withServer(async (server) => {
    const frames = await watch(server, "resourceVersion=0&fieldSelector=metadata.name%3Db");
    for (const name of ["a", "b", "c"]) await ask(server, `POST ${list}`, { body: { metadata: { name } } });
    assert.deepEqual(names(await nextEvents(frames as never, 1)), ["ADDED b"]);
    await frames.return!();
  }));
