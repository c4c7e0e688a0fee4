// The authorizer that asks a service, and the file that names it. Texts are those of kube-apiserver 1.36.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VirtualClock } from "../../../base/index.ts";
import type { AccessAttributes } from "../../contract.ts";
import { readAuthorizationConfiguration } from "./configuration.ts";
import { type AuthorizerWebhookOptions, webhookAuthorizer } from "./webhook.ts";

const asked = (rest: Partial<AccessAttributes> = {}): AccessAttributes => ({
  user: { username: "bob", uid: "u", groups: ["g"] },
  verb: "list",
  resourceRequest: true,
  group: "",
  version: "v1",
  resource: "pods",
  subresource: "",
  namespace: "default",
  name: "",
  path: "",
  ...rest,
});

interface World {
  readonly reviews: { apiVersion: string; spec: Record<string, unknown> }[];
  answer: (review: Record<string, unknown>) => unknown;
}

function world(options: Partial<AuthorizerWebhookOptions> = {}) {
  const state: World = { reviews: [], answer: () => ({ allowed: false }) };
  const clock = new VirtualClock();
  const authorizer = webhookAuthorizer({
    service: {
      async call(body) {
        const review = JSON.parse(new TextDecoder().decode(body));
        state.reviews.push(review);
        const status = state.answer(review);
        const { apiVersion, kind } = review;
        return new TextEncoder().encode(
          typeof status === "string" ? status : JSON.stringify({ apiVersion, kind, status }),
        );
      },
    },
    clock,
    version: "v1",
    authorizedTtlMs: 10_000,
    unauthorizedTtlMs: 1000,
    failurePolicy: "NoOpinion",
    conditions: [],
    ...options,
  });
  return { state, clock, authorizer };
}

describe("authorization by a webhook", () => {
  const answers = [
    [
      { allowed: true, reason: "r" },
      { decision: "allow", reason: "r" },
    ],
    [
      { allowed: false, reason: "r" },
      { decision: "noOpinion", reason: "r" },
    ],
    [{ denied: true }, { decision: "deny", reason: "" }],
    [
      { allowed: true, denied: true },
      {
        decision: "deny",
        reason: "",
        error: "webhook subject access review returned both allow and deny response",
      },
    ],
  ] as const;
  for (const [status, decision] of answers)
    it(`${JSON.stringify(status)} is ${decision.decision}`, async () => {
      const { state, authorizer } = world();
      state.answer = () => status;
      assert.deepEqual(await authorizer.authorize(asked()), decision);
    });

  it("tells who asks for what, with selectors", async () => {
    const { state, authorizer } = world();
    await authorizer.authorize(
      asked({
        fieldSelector: [{ field: "metadata.name", operator: "=", value: "x" }],
        labelSelector: [{ key: "a", operator: "exists", values: [] }],
      }),
    );
    assert.deepEqual(state.reviews[0]?.spec, {
      resourceAttributes: {
        namespace: "default",
        verb: "list",
        version: "v1",
        resource: "pods",
        fieldSelector: { requirements: [{ key: "metadata.name", operator: "In", values: ["x"] }] },
        labelSelector: { requirements: [{ key: "a", operator: "Exists" }] },
      },
      user: "bob",
      groups: ["g"],
      uid: "u",
    });
  });

  it("says group in v1beta1", async () => {
    const { state, authorizer } = world({ version: "v1beta1" });
    await authorizer.authorize(asked({ resourceRequest: false, path: "/x", verb: "get" }));
    assert.equal(state.reviews[0]?.apiVersion, "authorization.k8s.io/v1beta1");
    assert.deepEqual(state.reviews[0]?.spec, {
      nonResourceAttributes: { path: "/x", verb: "get" },
      user: "bob",
      group: ["g"],
      uid: "u",
    });
  });

  it("keeps what allows longer than what does not", async () => {
    const { state, clock, authorizer } = world();
    state.answer = ({ spec }) => ({ allowed: JSON.stringify(spec).includes("allowed") });
    const both = async (): Promise<number> => {
      await authorizer.authorize(asked({ namespace: "allowed" }));
      await authorizer.authorize(asked({ namespace: "other" }));
      return state.reviews.length;
    };
    assert.equal(await both(), 2);
    assert.equal(await both(), 2);
    await clock.advance(1500);
    assert.equal(await both(), 3);
    await clock.advance(10_000);
    assert.equal(await both(), 5);
  });

  it("decides by its policy when there is no usable answer", async () => {
    const error =
      'couldn\'t get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    for (const [failurePolicy, decision] of [
      ["NoOpinion", "noOpinion"],
      ["Deny", "deny"],
    ] as const) {
      const { state, authorizer } = world({ failurePolicy });
      state.answer = () => "junk";
      assert.deepEqual(await authorizer.authorize(asked()), { decision, reason: "", error });
    }
  });
});

const webhook = {
  timeout: "3s",
  subjectAccessReviewVersion: "v1",
  matchConditionSubjectAccessReviewVersion: "v1",
  failurePolicy: "NoOpinion",
  connectionInfo: { type: "KubeConfigFile", kubeConfigFile: "/k" },
};
const file = (...authorizers: readonly object[]): string =>
  JSON.stringify({ apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthorizationConfiguration", authorizers });
const files: Readonly<Record<string, "not regular">> = { "/directory": "not regular" };
const read = (text: string) =>
  readAuthorizationConfiguration(text, {
    fileProblem: (path) => (path === "/missing" ? { error: "stat /missing: no such file or directory" } : files[path]),
  });
const hook = (rest: object = {}, name = "h"): object => ({ type: "Webhook", name, webhook: { ...webhook, ...rest } });

describe("the file of authorizers", () => {
  it("has upstream's defaults", async () => {
    const [rbac, hooked] = await read(file({ type: "RBAC", name: "rbac" }, hook({ cacheUnauthorizedRequests: false })));
    assert.deepEqual(rbac, { type: "RBAC", name: "rbac" });
    assert.ok(hooked?.type === "Webhook");
    const { authorizedTtlMs, unauthorizedTtlMs, timeoutMs } = hooked.webhook;
    assert.deepEqual([authorizedTtlMs, unauthorizedTtlMs, timeoutMs], [300_000, 0, 3000]);
  });

  it("asks the service only about what its conditions match", async () => {
    const conditions = ["has(request.resourceAttributes)", "request.resourceAttributes.namespace == 'a'"];
    const [found] = await read(file(hook({ matchConditions: conditions.map((expression) => ({ expression })) })));
    assert.ok(found?.type === "Webhook");
    const { state, authorizer } = world({ conditions: found.webhook.conditions });
    await authorizer.authorize(asked({ namespace: "b" }));
    assert.equal(state.reviews.length, 0);
    await authorizer.authorize(asked({ namespace: "a" }));
    assert.equal(state.reviews.length, 1);
    assert.deepEqual(await authorizer.authorize(asked({ resourceRequest: false, path: "/x" })), {
      decision: "noOpinion",
      reason: "",
    });
  });

  it("hands on what a condition fails with", async () => {
    const [found] = await read(
      file(hook({ matchConditions: [{ expression: "request.resourceAttributes.namespace == 'deny'" }] })),
    );
    assert.ok(found?.type === "Webhook");
    const { authorizer } = world({ conditions: found.webhook.conditions, failurePolicy: "Deny" });
    assert.deepEqual(await authorizer.authorize(asked({ resourceRequest: false, path: "/x" })), {
      decision: "deny",
      reason: "",
      error:
        "cel evaluation error: expression 'request.resourceAttributes.namespace == 'deny'' resulted in error: no such key: resourceAttributes",
    });
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["nothing", file(), /authorizers: Required value: at least one authorization mode must be defined/],
    [
      "a mode twice",
      file({ type: "RBAC", name: "a" }, { type: "RBAC", name: "b" }),
      /authorizers\[1\]\.type: Duplicate value: "RBAC"/,
    ],
    ["a name twice", file(hook(), hook()), /authorizers\[1\]\.name: Duplicate value: "h"/],
    ["a strange field", file(hook({ x: 1 })), /strict decoding error: unknown field "authorizers\[0\]\.webhook\.x"/],
    [
      "too long",
      file(hook({ timeout: "31s" })),
      /authorizers\[0\]\.timeout: Invalid value: "31s": must be > 0s and <= 30s/,
    ],
    ["no version", file(hook({ subjectAccessReviewVersion: "" })), /subjectAccessReviewVersion: Required value/],
    [
      "a bad policy",
      file(hook({ failurePolicy: "Fail" })),
      /failurePolicy: Unsupported value: "Fail": supported values: "NoOpinion", "Deny"/,
    ],
    [
      "a bad condition",
      file(hook({ matchConditions: [{ expression: "request.user" }] })),
      /matchConditions\[0\]\.expression: Invalid value: "request\.user": must evaluate to bool but got string/,
    ],
    [
      "a relative path",
      file(hook({ connectionInfo: { type: "KubeConfigFile", kubeConfigFile: "k" } })),
      /must be an absolute path/,
    ],
  ];
  for (const [what, text, why] of refused) it(`is refused with ${what}`, () => assert.rejects(read(text), why));
});
