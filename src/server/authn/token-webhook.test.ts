// A service that is asked about tokens, and what is remembered. Answers are those of kube-apiserver 1.36.3 to the same service.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLogger, VirtualClock } from "../../base/index.ts";
import { cachedTokens } from "./cached-tokens.ts";
import { InvalidCredentials } from "./credentials.ts";
import { tokenWebhook } from "./token-webhook.ts";

type Answer = (review: { apiVersion: string; kind: string; spec: Record<string, unknown> }) => unknown;

function world(answer: Answer, version: "v1" | "v1beta1" = "v1") {
  const sent: string[] = [];
  const check = tokenWebhook({
    service: {
      async call(body) {
        const text = new TextDecoder().decode(body);
        sent.push(text);
        const review = JSON.parse(text);
        const status = answer(review);
        const { apiVersion, kind } = review;
        return new TextEncoder().encode(
          typeof status === "string" ? status : JSON.stringify({ apiVersion, kind, status }),
        );
      },
    },
    version,
    apiAudiences: ["api"],
    log: silentLogger,
  });
  return { check, sent };
}

const known = { authenticated: true, user: { username: "ann", uid: "7", groups: ["g"], extra: { "a/b": ["1"] } } };
const ann = { username: "ann", uid: "7", groups: ["g"], extra: { "a/b": ["1"] } };

describe("a token's review", () => {
  it("is sent as upstream sends it", async () => {
    for (const version of ["v1", "v1beta1"] as const) {
      const { check, sent } = world(() => known, version);
      await check("t", ["api", "b"]);
      assert.equal(
        sent[0],
        `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/${version}","metadata":{},"spec":{"token":"t","audiences":["api","b"]},"status":{"user":{}}}\n`,
      );
    }
  });

  const cases: readonly (readonly [string, unknown, readonly string[], unknown])[] = [
    ["without audiences is good for the server's", known, ["api", "b"], { user: ann, audiences: ["api"] }],
    [
      "with audiences is good for these",
      { ...known, audiences: ["b", "c"] },
      ["api", "b"],
      { user: ann, audiences: ["b"] },
    ],
    ["for other audiences is none", { ...known, audiences: ["c"] }, ["api"], undefined],
    ["is none of whom nobody asks for", known, ["b"], undefined],
    ["without anybody is none", { authenticated: false }, ["api"], undefined],
  ];
  for (const [what, status, audiences, expected] of cases)
    it(what, async () => assert.deepEqual(await world(() => status).check("t", audiences), expected));

  const refused = [
    ["by the service", { authenticated: false, error: "no" }, "no"],
    [
      "for an answer that is none",
      "junk",
      'couldn\'t get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    ],
    [
      "for an answer of another kind",
      '{"apiVersion":"v1","kind":"Pod"}',
      "converting (v1.Pod) to (v1.TokenReview): unknown conversion",
    ],
  ] as const;
  for (const [what, status, why] of refused)
    it(`is refused ${what}`, () =>
      assert.rejects(world(() => status).check("t", ["api"]), (error) => {
        assert.ok(error instanceof InvalidCredentials);
        assert.equal(error.why, why);
        return true;
      }));
});

describe("what is remembered", () => {
  function counted(found: (token: string) => unknown, times: { goodMs: number; unknownMs: number }) {
    const clock = new VirtualClock();
    const asked: string[] = [];
    const check = cachedTokens(
      async (token, audiences) => {
        asked.push(`${token} ${audiences}`);
        const answer = found(token);
        if (answer instanceof Error) throw answer;
        return answer as undefined;
      },
      { clock, ...times },
    );
    return { clock, asked, check };
  }

  it("is good tokens and unknown ones, each for their time and audiences", async () => {
    const { clock, asked, check } = counted((token) => (token === "good" ? { user: ann } : undefined), {
      goodMs: 10_000,
      unknownMs: 2000,
    });
    for (let round = 0; round < 2; round++) for (const token of ["good", "bad"]) await check(token, ["a"]);
    assert.deepEqual(asked, ["good a", "bad a"]);
    await check("good", ["b"]);
    await clock.advance(2500);
    for (const token of ["good", "bad"]) await check(token, ["a"]);
    assert.deepEqual(asked.slice(2), ["good b", "bad a"]);
    await clock.advance(10_000);
    await check("good", ["a"]);
    assert.equal(asked.at(-1), "good a");
  });

  it("is never an error, and nothing for no time", async () => {
    const { asked, check } = counted(() => new InvalidCredentials("no"), { goodMs: 1000, unknownMs: 1000 });
    for (let round = 0; round < 2; round++) await assert.rejects(check("t", []));
    assert.equal(asked.length, 2);
    const never = counted(() => undefined, { goodMs: 1000, unknownMs: 0 });
    for (let round = 0; round < 2; round++) await never.check("t", []);
    assert.equal(never.asked.length, 2);
  });

  it("is asked for once by all who wait", async () => {
    const { asked, check } = counted(() => ({ user: ann }), { goodMs: 0, unknownMs: 0 });
    await Promise.all([check("t", []), check("t", []), check("t", [])]);
    assert.equal(asked.length, 1);
  });
});
