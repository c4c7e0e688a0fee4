import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricRegistry, silentLogger, systemClock } from "../../base/index.ts";
import { ask } from "../request.fixture.ts";
import { requestInfoOf } from "../request-info.ts";
import { testServer } from "../testing.ts";
import { createAuditor } from "./auditor.ts";
import { logBackend, lostEvents } from "./backend.ts";
import { auditEvaluator, parseAuditPolicy } from "./policy.ts";

const policyOf = (rules: string, more = "") =>
  parseAuditPolicy(`apiVersion: audit.k8s.io/v1\nkind: Policy\n${more}rules:\n${rules}`);

const jane = { username: "jane", groups: ["dev", "system:authenticated"] };

const cases: readonly (readonly [string, string, string])[] = [
  ["- {level: Metadata}", "GET /api/v1/pods", "Metadata"],
  ["- {level: Metadata, users: [joe]}", "GET /api/v1/pods", "None"],
  ["- {level: Request, userGroups: [dev]}", "GET /api/v1/pods", "Request"],
  ["- {level: Request, verbs: [create]}", "GET /api/v1/pods", "None"],
  ["- {level: Request, nonResourceURLs: ['/healthz*']}", "GET /healthz/ping", "Request"],
  ["- {level: Request, nonResourceURLs: ['*']}", "GET /api/v1/pods", "None"],
  ["- {level: Request, resources: [{group: ''}]}", "GET /api/v1/pods", "Request"],
  ["- {level: Request, resources: [{group: '', resources: [pods]}]}", "GET /api/v1/namespaces/a/pods/b/log", "None"],
  ["- {level: Request, resources: [{resources: ['pods/*']}]}", "GET /api/v1/namespaces/a/pods/b/log", "Request"],
  ["- {level: Request, resources: [{resources: ['*/log']}]}", "GET /api/v1/namespaces/a/pods/b/log", "Request"],
  [
    "- {level: Request, resources: [{resources: [pods], resourceNames: [c]}]}",
    "GET /api/v1/namespaces/a/pods/b",
    "None",
  ],
  ["- {level: Request, namespaces: ['']}", "GET /api/v1/nodes", "Request"],
  ["- {level: Request, namespaces: [a]}", "GET /api/v1/namespaces/b/pods", "None"],
];

for (const [rule, line, level] of cases)
  test(`${rule} for ${line}: ${level}`, () => {
    const [method, path] = line.split(" ") as ["GET", string];
    const decide = auditEvaluator(policyOf(rule));
    assert.equal(decide(requestInfoOf({ method, path, headers: {} }), jane).level, level);
  });

test("a policy that says nothing usable is refused with the rule's name", () => {
  assert.throws(() => policyOf("- {level: All}"), /rules\[0\]\.level: Unsupported value: "All"/);
  assert.throws(() => policyOf("- {level: Request, nonResourceURLs: ['a']}"), /must begin with a '\/' character/);
  assert.throws(() => parseAuditPolicy("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: []"), /0 rules/);
  assert.throws(() => parseAuditPolicy("apiVersion: v1\nkind: Pod"), /unknown group version/);
});

async function written(policy: ReturnType<typeof policyOf>, lines: readonly (readonly [string, unknown?])[]) {
  const events: Record<string, unknown>[] = [];
  const sink = { write: (line: string) => void events.push(JSON.parse(line)), close: async () => {} };
  const metrics = new MetricRegistry();
  const backend = logBackend(sink, { format: "json", lost: lostEvents(metrics, silentLogger) });
  const auditor = createAuditor({ policy, backend, clock: systemClock, metrics });
  const server = await testServer({ auditor });
  try {
    for (const [line, body] of lines) await ask(server, line, { user: jane, ...(body === undefined ? {} : { body }) });
  } finally {
    await server.close();
  }
  return events.filter(({ user }) => (user as { username: string }).username === "jane");
}

test("stages, objects and statuses as the level says", async () => {
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { key: "value" } };
  const events = await written(policyOf("- {level: RequestResponse, omitManagedFields: true}"), [
    ["POST /api/v1/namespaces/default/configmaps", body],
    ["GET /api/v1/namespaces/default/configmaps/none"],
  ]);
  assert.deepEqual(
    events.map(({ stage, verb }) => `${verb} ${stage}`),
    ["create RequestReceived", "create ResponseComplete", "get RequestReceived", "get ResponseComplete"],
  );
  const [received, created, , missed] = events;
  assert.equal(received?.["requestObject"], undefined);
  assert.deepEqual(created?.["objectRef"], {
    resource: "configmaps",
    namespace: "default",
    name: "a",
    apiVersion: "v1",
  });
  assert.deepEqual((created!["requestObject"] as typeof body).data, body.data);
  const answered = created!["responseObject"] as { metadata: Record<string, unknown> };
  assert.equal(answered.metadata["name"], "a");
  assert.equal("managedFields" in answered.metadata, false);
  assert.deepEqual(created?.["responseStatus"], { metadata: {}, code: 201 });
  assert.deepEqual(Object.keys(created?.["annotations"] as object), [
    "authorization.k8s.io/decision",
    "authorization.k8s.io/reason",
  ]);
  assert.equal((missed!["responseStatus"] as { reason: string }).reason, "NotFound");
});

test("stages that are left out are not written, and Metadata holds no objects", async () => {
  const events = await written(policyOf("- level: Metadata", "omitStages: [RequestReceived]\n"), [
    ["GET /api/v1/namespaces/default"],
  ]);
  assert.equal(events.length, 1);
  assert.equal(events[0]?.["stage"], "ResponseComplete");
  assert.equal("responseObject" in events[0]!, false);
});
