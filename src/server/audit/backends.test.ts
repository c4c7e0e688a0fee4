import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricRegistry, silentLogger, VirtualClock } from "../../base/index.ts";
import { type AuditBackend, ignoringErrors, logBackend, lostEvents, unionOf } from "./backend.ts";
import { buffered } from "./buffered.ts";
import type { AuditEvent } from "./event.ts";
import { truncating } from "./truncating.ts";

const event = (id: number, more: Partial<AuditEvent> = {}): AuditEvent =>
  ({
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "RequestResponse",
    auditID: String(id),
    stage: "ResponseComplete",
    requestURI: '/api/v1/pods?a="b"',
    verb: "list",
    user: { username: "jane", groups: ["a", "b"] },
    requestReceivedTimestamp: "2026-01-02T03:04:05.600000Z",
    stageTimestamp: "2026-01-02T03:04:05.700000Z",
    ...more,
  }) as AuditEvent;

function recording(kept = true) {
  const batches: string[] = [];
  const backend: AuditBackend = {
    process(events) {
      batches.push(events.map(({ auditID }) => auditID).join(" "));
      return kept;
    },
    close: async () => void batches.push("closed"),
  };
  return { batches, backend };
}

const lost: string[] = [];
const note = (plugin: string, error: unknown, events: readonly AuditEvent[]): void =>
  void lost.push(`${plugin} ${events.length} ${(error as Error).message}`);

test("a batch goes when it is full, or when its first event has waited", async () => {
  const clock = new VirtualClock();
  const { backend, batches } = recording();
  const options = { bufferSize: 10, maxBatchSize: 3, maxBatchWaitMs: 30_000, concurrent: true };
  const buffer = buffered(backend, options, { clock, lost: note });
  for (let id = 1; id <= 4; id++) buffer.process([event(id)]);
  await clock.advance(1);
  assert.deepEqual(batches, ["1 2 3"]);
  await clock.advance(29_000);
  assert.deepEqual(batches, ["1 2 3"]);
  await clock.advance(1_000);
  assert.deepEqual(batches, ["1 2 3", "4"]);
  buffer.process([event(5)]);
  await buffer.close();
  assert.deepEqual([...batches].sort(), ["1 2 3", "4", "5", "closed"]);
});

test("what finds no room is lost; what comes too late as well", async () => {
  lost.length = 0;
  const clock = new VirtualClock();
  const { backend, batches } = recording();
  const options = { bufferSize: 2, maxBatchSize: 1, maxBatchWaitMs: 0, concurrent: false };
  const buffer = buffered(backend, options, { clock, lost: note });
  assert.equal(buffer.process([1, 2, 3, 4, 5].map((id) => event(id))), true);
  assert.deepEqual(lost, ["buffered 2 audit buffer queue blocked"]);
  await buffer.close();
  assert.deepEqual(batches, ["1", "2", "3", "closed"]);
  buffer.process([event(6)]);
  assert.equal(lost[1], "buffered 1 audit backend shut down");
});

test("batches are throttled: a burst at once, the rest as time goes by", async () => {
  const clock = new VirtualClock();
  const { backend, batches } = recording();
  const throttle = { qps: 1, burst: 2 };
  const options = { bufferSize: 100, maxBatchSize: 1, maxBatchWaitMs: 0, concurrent: true, throttle };
  const buffer = buffered(backend, options, { clock, lost: note });
  buffer.process([1, 2, 3, 4].map((id) => event(id)));
  await clock.advance(0);
  assert.deepEqual(batches, ["1", "2"]);
  await clock.advance(1_000);
  assert.deepEqual(batches, ["1", "2", "3"]);
  await clock.advance(1_000);
  assert.deepEqual(batches, ["1", "2", "3", "4"]);
  await buffer.close();
});

const big = "x".repeat(2000);
const sizes: readonly (readonly [string, AuditEvent[], string[], string[]])[] = [
  ["small ones stay as they are", [event(1), event(2)], ["1 2"], []],
  ["objects go", [event(1, { responseObject: { big } })], ["1"], []],
  [
    "more than that can not go",
    [event(1, { requestURI: big })],
    [],
    ["truncate 1 event is too large even after truncating"],
  ],
  [
    "large batches are divided",
    [event(1), event(2), event(3)].map((each) => ({ ...each, userAgent: "y".repeat(400) })),
    ["1", "2", "3"],
    [],
  ],
];
for (const [what, events, expected, losses] of sizes)
  test(`sizes: ${what}`, () => {
    lost.length = 0;
    const { backend, batches } = recording();
    const limited = truncating(backend, { maxEventSize: 1000, maxBatchSize: 1000 }, note);
    assert.equal(limited.process(events), true);
    assert.deepEqual(batches, expected);
    assert.deepEqual(lost, losses);
  });

test("an event without its objects says so", () => {
  let seen: AuditEvent | undefined;
  const backend: AuditBackend = {
    process([first]) {
      seen = first;
      return true;
    },
    close: async () => {},
  };
  truncating(backend, { maxEventSize: 1000, maxBatchSize: 1000 }, note).process([
    event(1, { requestObject: { big }, annotations: { a: "b" } }),
  ]);
  assert.deepEqual(seen?.annotations, { a: "b", "audit.k8s.io/truncated": "true" });
  assert.equal(JSON.stringify(seen).includes("requestObject"), false);
});

test("a log in one line of text for each event", () => {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line), close: async () => {} };
  const log = logBackend(sink, { format: "legacy", lost: note });
  log.process([
    event(1, { responseStatus: { code: 200 }, sourceIPs: ["192.0.2.7"], userAgent: "k" }),
    event(2, { user: {} }),
  ]);
  assert.deepEqual(lines, [
    '2026-01-02T03:04:05.6Z AUDIT: id="1" stage="ResponseComplete" ip="192.0.2.7" method="list" user="jane" groups="\\"a\\",\\"b\\"" as="<self>" asgroups="<lookup>" user-agent="k" namespace="<none>" uri="/api/v1/pods?a=\\"b\\"" response="200"\n',
    '2026-01-02T03:04:05.6Z AUDIT: id="2" stage="ResponseComplete" ip="<unknown>" method="list" user="<none>" groups="<none>" as="<self>" asgroups="<lookup>" user-agent="" namespace="<none>" uri="/api/v1/pods?a=\\"b\\"" response="<deferred>"\n',
  ]);
});

test("a log that can not be written counts, and stops requests in strict mode only", () => {
  const metrics = new MetricRegistry();
  const sink = {
    write() {
      throw new Error("no space left on device");
    },
    close: async () => {},
  };
  const strict = logBackend(sink, { format: "json", lost: lostEvents(metrics, silentLogger) });
  assert.equal(strict.process([event(1)]), false);
  assert.equal(ignoringErrors(strict).process([event(2)]), true);
  assert.equal(unionOf([ignoringErrors(strict), recording().backend]).process([event(3)]), true);
  assert.ok(metrics.render().includes('apiserver_audit_error_total{plugin="log"} 3\n'));
});
