// Several authorizers in order, a list of them that changes, and what is counted.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MetricRegistry, VirtualClock } from "../../base/index.ts";
import type { AccessAttributes, AccessDecision } from "../contract.ts";
import { type AuthorizerEntry, createAuthorizer, type NamedAuthorizer } from "./create.ts";
import { decisionMetrics } from "./decision-metrics.ts";
import { memoryObjects } from "./reader.fixture.ts";
import { authorizerWebhookMetrics } from "./webhook/metrics.ts";
import { webhookAuthorizer } from "./webhook/webhook.ts";

const asked: AccessAttributes = {
  user: { username: "ann", groups: [] },
  verb: "get",
  resourceRequest: true,
  group: "",
  version: "v1",
  resource: "pods",
  subresource: "",
  namespace: "",
  name: "",
  path: "",
};
const saying = (name: string, answer: AccessDecision): NamedAuthorizer => ({
  type: "Webhook",
  name,
  authorize: async () => answer,
  rulesFor: async () => ({ resourceRules: [], nonResourceRules: [], incomplete: false }),
});
const yes = saying("yes", { decision: "allow", reason: "yes" });
const no = saying("no", { decision: "deny", reason: "no" });

const linesOf = (registry: MetricRegistry): string[] =>
  registry
    .render()
    .split("\n")
    .filter((line) => line.startsWith("apiserver_") && !/_(bucket|sum)\{/.test(line));

describe("authorizers", () => {
  const { reader } = memoryObjects();

  it("decide by the list that there is now", async () => {
    let list: readonly AuthorizerEntry[] = ["AlwaysDeny", yes];
    const authorizer = createAuthorizer(() => list, reader);
    assert.equal((await authorizer.authorize(asked)).decision, "allow");
    list = [no, yes];
    assert.equal((await authorizer.authorize(asked)).decision, "deny");
    const master = { ...asked, user: { username: "root", groups: ["system:masters"] } };
    assert.equal((await authorizer.authorize(master)).decision, "allow");
  });

  it("are counted when they decide", async () => {
    const registry = new MetricRegistry();
    let list: readonly AuthorizerEntry[] = ["AlwaysDeny", yes];
    const authorizer = createAuthorizer(() => list, reader, { instrument: decisionMetrics(registry) });
    await authorizer.authorize(asked);
    await authorizer.authorize(asked);
    list = [no, "AlwaysAllow"];
    await authorizer.authorize(asked);
    list = ["AlwaysAllow"];
    await authorizer.authorize(asked);
    assert.deepEqual(linesOf(registry), [
      'apiserver_authorization_decisions_total{decision="allowed",name="yes",type="Webhook"} 2',
      'apiserver_authorization_decisions_total{decision="denied",name="no",type="Webhook"} 1',
      'apiserver_authorization_decisions_total{decision="allowed",name="alwaysallow",type="AlwaysAllow"} 1',
    ]);
  });
});

describe("a webhook", () => {
  it("is counted with its result, its retries and what its conditions leave out", async () => {
    const registry = new MetricRegistry();
    const failure = new Error("boom");
    let matches: () => boolean = () => true;
    let body = '{"status":{"allowed":true}}';
    const authorizer = webhookAuthorizer({
      service: {
        async call(_review, { attempted } = {}) {
          attempted?.({ seconds: 0.1, error: failure });
          attempted?.({ seconds: 0.2 });
          return new TextEncoder().encode(body);
        },
      },
      clock: new VirtualClock(),
      version: "v1",
      authorizedTtlMs: 0,
      unauthorizedTtlMs: 0,
      failurePolicy: "NoOpinion",
      conditions: [() => matches()],
      metrics: authorizerWebhookMetrics(registry)("w"),
    });
    await authorizer.authorize(asked);
    body = "junk";
    await authorizer.authorize(asked);
    matches = () => false;
    await authorizer.authorize(asked);
    matches = () => {
      throw new Error("no such key");
    };
    await authorizer.authorize(asked);
    assert.deepEqual(linesOf(registry), [
      'apiserver_authorization_webhook_evaluations_total{name="w",result="error"} 3',
      'apiserver_authorization_webhook_evaluations_total{name="w",result="success"} 1',
      'apiserver_authorization_webhook_duration_seconds_count{name="w",result="error"} 3',
      'apiserver_authorization_webhook_duration_seconds_count{name="w",result="success"} 1',
      'apiserver_authorization_webhook_evaluations_fail_open_total{name="w",result="error"} 1',
      'apiserver_authorization_match_condition_evaluation_errors_total{name="w",type="Webhook"} 1',
      'apiserver_authorization_match_condition_exclusions_total{name="w",type="Webhook"} 1',
      'apiserver_authorization_match_condition_evaluation_seconds_count{name="w",type="Webhook"} 4',
    ]);
  });
});
