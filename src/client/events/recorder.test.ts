import assert from "node:assert/strict";
import { test } from "node:test";
import { type Logger, seededRng, silentLogger, VirtualClock } from "../../base/index.ts";
import { type ApiRequest, type ApiResponse, alreadyExists, type KubeObject, notFound } from "../../machinery/index.ts";
import { createClient } from "../client.ts";
import { createEventRecorder, type EventRecorderOptions } from "./recorder.ts";

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
}

function start(
  options: Partial<EventRecorderOptions> & { answer?: (request: ApiRequest) => ApiResponse | undefined } = {},
) {
  const clock = new VirtualClock();
  const sent: Sent[] = [];
  const client = createClient(
    {
      async request(request) {
        const answer = options.answer?.(request);
        if (answer !== undefined) return answer;
        sent.push({ method: request.method, path: request.path, body: request.body as Record<string, unknown> });
        return { status: 200, headers: {}, object: request.body };
      },
      close: () => {},
    },
    { userAgent: "test" },
  );
  const log: Logger = options.log ?? silentLogger;
  const recorder = createEventRecorder({
    client,
    clock,
    rng: seededRng(1),
    log,
    component: "c",
    api: "core",
    ...options,
  });
  return { clock, sent, recorder };
}

const pod: KubeObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns", uid: "u", resourceVersion: "7", creationTimestamp: "2026-01-01T00:00:00Z" },
};
const told = (message: string) => ({ type: "Normal", reason: "R", message }) as const;

test("a repeated event is counted in one object", async () => {
  const { clock, sent, recorder } = start({ host: "h" });
  recorder.event(pod, { ...told("m"), fieldPath: "spec.containers{a}" });
  await clock.advance(61_000);
  recorder.event(pod, { ...told("m"), fieldPath: "spec.containers{a}" });
  await recorder.flush();
  const name = (sent[0]!.body["metadata"] as { name: string }).name;
  assert.match(name, /^p\.[0-9a-f]{16}$/);
  assert.deepEqual(sent[0], {
    method: "POST",
    path: "/api/v1/namespaces/ns/events",
    body: {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace: "ns" },
      involvedObject: {
        kind: "Pod",
        namespace: "ns",
        name: "p",
        uid: "u",
        apiVersion: "v1",
        resourceVersion: "7",
        fieldPath: "spec.containers{a}",
      },
      reason: "R",
      message: "m",
      source: { component: "c", host: "h" },
      firstTimestamp: "2026-01-01T00:00:00Z",
      lastTimestamp: "2026-01-01T00:00:00Z",
      count: 1,
      type: "Normal",
      reportingComponent: "c",
      reportingInstance: "h",
    },
  });
  assert.deepEqual(sent[1], {
    method: "PATCH",
    path: `/api/v1/namespaces/ns/events/${name}`,
    body: { count: 2, lastTimestamp: "2026-01-01T00:01:01Z", message: "m" },
  });
});

test("ten different messages of one reason are combined", async () => {
  const { sent, recorder } = start();
  for (let index = 1; index <= 12; index++) recorder.event(pod, told(`m${index}`));
  await recorder.flush();
  assert.deepEqual(
    sent.map(({ method, body }) => `${method} ${body["message"]} ${body["count"]}`),
    [
      ...Array.from({ length: 9 }, (_, index) => `POST m${index + 1} 1`),
      "POST (combined from similar events): m10 1",
      "PATCH (combined from similar events): m11 2",
      "PATCH (combined from similar events): m12 3",
    ],
  );
});

test("one source may tell 25 events of an object, then one in five minutes", async () => {
  const { clock, sent, recorder } = start();
  for (let index = 0; index < 40; index++) recorder.event(pod, told("m"));
  await recorder.flush();
  assert.equal(sent.length, 25);
  await clock.advance(300_000);
  for (let index = 0; index < 3; index++) recorder.event(pod, told("m"));
  await recorder.flush();
  assert.equal(sent.length, 26);
  assert.equal(sent.at(-1)!.body["count"], 41);
});

test("an event of a cluster-scoped object goes to default; one that expired is made anew", async () => {
  const gone = notFound({ group: "", resource: "events" }, "x");
  const { sent, recorder } = start({
    answer: (request) => (request.method === "PATCH" ? { status: 404, headers: {}, object: gone.status } : undefined),
  });
  const node = { ...pod, kind: "Node", metadata: { ...pod.metadata, namespace: "" } } as KubeObject;
  recorder.event(node, told("m"));
  recorder.event(node, told("m"));
  await recorder.flush();
  assert.deepEqual(
    sent.map(({ method, path, body }) => [method, path, body["count"]]),
    [
      ["POST", "/api/v1/namespaces/default/events", 1],
      ["POST", "/api/v1/namespaces/default/events", 2],
    ],
  );
});

test("a server that does not answer is tried again, one that refuses is not", async () => {
  let tries = 0;
  const { clock, sent, recorder } = start({
    answer: () => {
      tries++;
      if (tries < 3) throw new Error("connection refused");
      return undefined;
    },
  });
  recorder.event(pod, told("m"));
  await clock.advance(25_000);
  await recorder.flush();
  assert.deepEqual([tries, sent.length], [3, 1]);

  let refused = 0;
  const second = start({
    answer: () => {
      refused++;
      return { status: 409, headers: {}, object: alreadyExists({ group: "", resource: "events" }, "x").status };
    },
  });
  second.recorder.event(pod, told("m"));
  await second.recorder.flush();
  assert.equal(refused, 1);
});

test("events.k8s.io: the second makes a series, later ones are counted and written at its end", async () => {
  const { clock, sent, recorder } = start({ api: "events", component: "default-scheduler", host: "h" });
  const event = { type: "Warning", reason: "FailedScheduling", message: "0/1 nodes", action: "Scheduling" } as const;
  for (let index = 0; index < 4; index++) {
    recorder.event(pod, event);
    await clock.advance(1000);
  }
  await recorder.flush();
  assert.deepEqual(
    sent.map(({ method, body }) => [method, body["series"]]),
    [
      ["POST", undefined],
      ["PATCH", { count: 2, lastObservedTime: "2026-01-01T00:00:01.000000Z" }],
    ],
  );
  const { body } = sent[0]!;
  assert.deepEqual(
    [body["reportingController"], body["reportingInstance"], body["action"], body["note"], body["eventTime"]],
    ["default-scheduler", "default-scheduler-h", "Scheduling", "0/1 nodes", "2026-01-01T00:00:00.000000Z"],
  );
  await clock.advance(13 * 60_000);
  await recorder.flush();
  assert.deepEqual(sent[2]!.body["series"], { count: 4, lastObservedTime: "2026-01-01T00:00:03.000000Z" });
  recorder.event(pod, event);
  await recorder.flush();
  assert.equal(sent[3]!.method, "POST");
});

test("events of events.k8s.io are written side by side, those of one series in order; none of a thousand is dropped", async () => {
  const waiting: (() => void)[] = [];
  const answered: string[] = [];
  let atOnce = 0;
  let most = 0;
  const client = createClient(
    {
      async request(request) {
        atOnce++;
        most = Math.max(most, atOnce);
        await new Promise<void>((resolve) => waiting.push(resolve));
        atOnce--;
        answered.push(request.method);
        return { status: 200, headers: {}, object: request.body };
      },
      close: () => {},
    },
    { userAgent: "test" },
  );
  const log = { ...silentLogger, error: (message: string) => assert.fail(message) };
  const options = { client, clock: new VirtualClock(), rng: seededRng(1), log, component: "s", api: "events" } as const;
  const recorder = createEventRecorder(options);
  recorder.event(pod, told("first"));
  recorder.event(pod, told("again"));
  for (let index = 0; index < 2_000; index++)
    recorder.event({ ...pod, metadata: { ...pod.metadata, name: `p${index}` } }, told("m"));
  let flushed = false;
  const flushing = recorder.flush().then(() => {
    flushed = true;
  });
  while (!flushed) {
    await new Promise(setImmediate);
    for (const answer of waiting.splice(0)) answer();
  }
  await flushing;
  assert.equal(most, 16);
  assert.equal(answered.length, 2_002);
  assert.equal(answered.filter((method) => method === "PATCH").length, 1, "the second of a series, after the first");
});

test("a burst that is too much is told with counts: at once, and when all is written", async () => {
  const lines: unknown[] = [];
  const log: Logger = { ...silentLogger, error: (message, fields) => lines.push([message, fields?.["dropped"]]) };
  const { recorder } = start({ log });
  for (let index = 0; index < 1_500; index++)
    recorder.event({ ...pod, metadata: { ...pod.metadata, name: `p${index}` } }, told("m"));
  const message = "dropped events: too many were waiting to be written";
  assert.deepEqual(lines, [[message, 1]]);
  await recorder.flush();
  assert.deepEqual(lines, [
    [message, 1],
    [message, 499],
  ]);
});
