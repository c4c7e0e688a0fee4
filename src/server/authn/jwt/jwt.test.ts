// Tokens of issuers. What is refused, and how, is what kube-apiserver 1.36.3 said of the same tokens.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MetricRegistry, silentLogger, VirtualClock } from "../../../base/index.ts";
import { InvalidCredentials } from "../credentials.ts";
import { type JwtAuthenticators, jwtAuthenticators } from "./authenticators.ts";
import { decodeAuthenticationConfiguration } from "./configuration.ts";
import { type Signing, signed, testIssuer } from "./issuer.fixture.ts";
import { jwtMetrics } from "./metrics.ts";
import { signingAlgorithms } from "./token.ts";
import { type CompiledJwt, validateAuthenticationConfiguration } from "./validate.ts";

const url = "https://issuer.example";
const nowSeconds = Date.UTC(2026, 0, 1) / 1000;

const plain = `{username: {claim: sub, prefix: "u:"}, groups: {claim: groups, prefix: "g:"}, uid: {claim: uid}}`;
const configured = (mappings = plain, rest = "", issuer = ""): readonly CompiledJwt[] => {
  const text = `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt: [{issuer: {url: "${url}", audiences: [a]${issuer}}, claimMappings: ${mappings}${rest}}]`;
  const { jwt, errors } = validateAuthenticationConfiguration(decodeAuthenticationConfiguration(text), []);
  assert.deepEqual(errors, []);
  return jwt;
};

function world(jwt = configured(), algorithms: readonly string[] = signingAlgorithms) {
  const issuer = testIssuer(url);
  const clock = new VirtualClock({ startMs: nowSeconds * 1000 });
  const registry = new MetricRegistry();
  const stop = new AbortController();
  const authenticators: JwtAuthenticators = jwtAuthenticators(jwt, {
    connections: issuer,
    clock,
    log: silentLogger,
    metrics: jwtMetrics(registry, clock),
    apiAudiences: ["api"],
    algorithms,
    signal: stop.signal,
  });
  const check = async (token: string, audiences = ["api"]) => {
    await settled();
    return authenticators.check(token, audiences);
  };
  const why = async (token: string): Promise<string> => {
    try {
      return `let in: ${JSON.stringify((await check(token))?.user)}`;
    } catch (error) {
      assert.ok(error instanceof InvalidCredentials);
      return error.why;
    }
  };
  return { issuer, clock, registry, authenticators, check, why, stop };
}

/** What has begun in the background goes on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const full = { sub: "ann", uid: "7" };

describe("tokens of an issuer", () => {
  it("stand for who their claims say", async () => {
    const { issuer, check } = world();
    const token = issuer.token({ ...full, groups: ["x", "y"], jti: "j" });
    assert.deepEqual(await check(token), {
      user: {
        username: "u:ann",
        groups: ["g:x", "g:y"],
        uid: "7",
        extra: { "authentication.kubernetes.io/credential-id": ["JTI=j"] },
      },
    });
    assert.deepEqual((await check(issuer.token({ ...full, groups: "solo" })))?.user.groups, ["g:solo"]);
  });

  it("are none of this server's when they are another's, or when nobody asks for its audiences", async () => {
    const { issuer, check } = world();
    assert.equal(await check(signed({ iss: "https://else.example", aud: "a", exp: 4e9 })), undefined);
    assert.equal(await check("not-a-token"), undefined);
    assert.equal(await check("a.b.c"), undefined);
    assert.equal(await check(issuer.token(full), ["other"]), undefined);
  });

  for (const [alg, key] of [
    ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map((each) => [each, "rsa"] as const),
    ["ES256", "p256"] as const,
    ["ES384", "p384"] as const,
    ["ES512", "p521"] as const,
  ])
    it(`may be signed with ${alg}`, async () => {
      const { issuer, check } = world();
      assert.equal((await check(issuer.token(full, { alg, key })))?.user.username, "u:ann");
    });

  const unverified = "oidc: verify token: failed to verify signature: failed to verify id token signature";
  const allowed = '["ES256" "ES384" "ES512" "PS256" "PS384" "PS512" "RS256" "RS384" "RS512"]';
  const unmarshal = "oidc: verify token: oidc: failed to unmarshal claims: json: cannot unmarshal";
  const cases: readonly (readonly [string, object, string, Signing?])[] = [
    ["no name", { sub: undefined }, 'oidc: parse username claims "sub": claim not present'],
    ["a numeric name", { sub: 5 }, `${unmarshal} number into Go struct field idToken.sub of type string`],
    ["no uid", { uid: undefined }, 'oidc: parse uid claim "uid": claim not present'],
    [
      "groups that are no texts",
      { groups: 5 },
      'oidc: parse groups claim "groups": json: cannot unmarshal number into Go value of type string',
    ],
    ["another audience", { aud: ["z"] }, 'oidc: verify token: oidc: expected audience "a" got ["z"]'],
    ["no audience", { aud: undefined }, 'oidc: verify token: oidc: expected audience "a" got []'],
    ["a numeric audience", { aud: 5 }, `${unmarshal} number into Go struct field idToken.aud of type []string`],
    [
      "its end behind it",
      { exp: nowSeconds - 1 },
      "oidc: verify token: oidc: token is expired (Token Expiry: 2025-12-31 23:59:59 +0000 UTC)",
    ],
    [
      "no end",
      { exp: undefined },
      "oidc: verify token: oidc: token is expired (Token Expiry: 0001-01-01 00:00:00 +0000 UTC)",
    ],
    [
      "its begin before it",
      { nbf: nowSeconds + 61 },
      "oidc: verify token: oidc: current time 2026-01-01 00:00:00 +0000 UTC before the nbf (not before) time: 2026-01-01 00:01:01 +0000 UTC",
    ],
    [
      "no signature",
      {},
      `oidc: verify token: oidc: id token signed with unsupported algorithm, expected ${allowed} got "none"`,
      { alg: "none" },
    ],
    [
      "a shared secret",
      {},
      `oidc: verify token: oidc: id token signed with unsupported algorithm, expected ${allowed} got "HS256"`,
      { alg: "HS256" },
    ],
    ["another's key", {}, unverified, { key: "other", kid: "rsa" }],
    ["an unknown key", {}, unverified, { kid: "zz" }],
    ["the wrong curve", {}, unverified, { alg: "ES256", key: "p384" }],
    ["a critical header", {}, unverified, { head: { crit: ["x"], x: 1 } }],
    ["no source of a claim", { _claim_names: { groups: "s" } }, "oidc: verify token: oidc: source does not exist"],
  ];
  for (const [what, claims, message, how] of cases)
    it(`are refused with ${what}`, async () => {
      const { issuer, why } = world();
      assert.equal(await why(issuer.token({ ...full, ...claims }, how)), message);
    });

  it("are signed with the algorithms of the flag alone", async () => {
    const { issuer, why } = world(configured(), ["RS256"]);
    assert.match(await why(issuer.token(full, { alg: "RS384" })), /expected \["RS256"\] got "RS384"$/);
  });

  it("with an e-mail for a name have a verified one", async () => {
    const { issuer, why, check } = world(configured('{username: {claim: email, prefix: ""}}'));
    assert.equal((await check(issuer.token({ email: "e@x" })))?.user.username, "e@x");
    assert.equal(await why(issuer.token({ email: "e@x", email_verified: false })), "oidc: email not verified");
    assert.match(
      await why(issuer.token({ email: "e@x", email_verified: "true" })),
      /parse 'email_verified' claim: json/,
    );
  });
});

describe("expressions", () => {
  const mapped = configured(
    `{username: {expression: "claims.sub + claims.?email.orValue('')"}, groups: {expression: "claims.?roles.orValue([])"}, uid: {expression: "claims.?uid.orValue('')"}, extra: [{key: "x.io/t", valueExpression: "claims.?t.orValue('')"}]}`,
    `, claimValidationRules: [{claim: hd, requiredValue: here}, {expression: "claims.?email_verified.orValue(true) == true", message: unverified}], userValidationRules: [{expression: "!user.username.startsWith('system:')", message: reserved}]`,
  );
  it("make the user", async () => {
    const { issuer, check } = world(mapped);
    assert.deepEqual(
      (await check(issuer.token({ sub: "v", roles: ["r", ""], uid: "1", t: ["a", ""], hd: "here" })))?.user,
      {
        username: "v",
        groups: ["r"],
        uid: "1",
        extra: { "x.io/t": ["a"] },
      },
    );
  });
  const cases = [
    [{ hd: undefined }, "oidc: required claim hd not present in ID token"],
    [{ hd: "x" }, "oidc: required claim hd value does not match. Got = x, want = here"],
    [
      { email_verified: false },
      "oidc: error evaluating claim validation expression: validation expression 'claims.?email_verified.orValue(true) == true' failed: unverified",
    ],
    [
      { sub: "system:x" },
      "oidc: error evaluating user info validation rule: validation expression '!user.username.startsWith('system:')' failed: reserved",
    ],
    [{ sub: "" }, "oidc: empty username via CEL expression is not allowed"],
    [
      { roles: [1] },
      "oidc: error evaluating group claim expression: expression must return a string or a list of strings",
    ],
    [{ uid: 5 }, "oidc: error evaluating uid claim expression: uid claim expression must return a string"],
    [
      { t: 5 },
      "oidc: error evaluating extra claim expression: claims.?t.orValue(''): expression must return a string or a list of strings",
    ],
  ] as const;
  for (const [claims, message] of cases)
    it(`refuse ${JSON.stringify(claims)}`, async () => {
      const { issuer, why } = world(mapped);
      assert.equal(await why(issuer.token({ sub: "v", hd: "here", ...claims })), message);
    });
});

describe("an issuer", () => {
  it("is asked until it answers", async () => {
    const issuer = testIssuer(url);
    issuer.up = false;
    const { authenticators, clock, registry } = world();
    assert.ok(authenticators);
    const late = jwtAuthenticators(configured(), {
      connections: issuer,
      clock,
      log: silentLogger,
      metrics: jwtMetrics(new MetricRegistry(), clock),
      apiAudiences: [],
      algorithms: ["RS256"],
      signal: new AbortController().signal,
    });
    await settled();
    await assert.rejects(late.check(issuer.token(full), []), { why: "oidc: authenticator not initialized" });
    issuer.up = true;
    await clock.advance(10_000);
    await settled();
    assert.equal((await late.check(issuer.token(full), []))?.user.username, "u:ann");
    assert.ok(registry.render().includes("jwt_authenticator_latency_seconds"));
  });

  it("is asked for its keys again when none fits, once for all, unless they are fresh", async () => {
    const { issuer, clock, check, why } = world();
    issuer.publish("p256");
    await check(issuer.token(full, { alg: "ES256", key: "p256" }));
    const keysAsked = (): number => issuer.asked.filter((path) => path === "/keys").length;
    assert.equal(keysAsked(), 1);
    issuer.publish("rsa");
    issuer.cacheControl = "public, max-age=3600";
    await Promise.all([check(issuer.token(full)), check(issuer.token(full)), check(issuer.token(full))]);
    assert.equal(keysAsked(), 2);
    assert.match(await why(issuer.token(full, { kid: "zz" })), /failed to verify id token signature$/);
    assert.equal(keysAsked(), 2);
    await clock.advance(3_590_000);
    await why(issuer.token(full, { kid: "zz" }));
    assert.equal(keysAsked(), 3);
  });

  it("tells groups elsewhere", async () => {
    const { issuer, check, why } = world();
    const far = { _claim_names: { groups: "s" }, _claim_sources: { s: { endpoint: `${url}/groups` } } };
    assert.equal(
      await why(issuer.token({ ...full, ...far })),
      'oidc: could not expand distributed claims: while getting distributed claim "groups": error while getting distributed claim JWT: 404 Not Found',
    );
    issuer.documents.set("/groups", issuer.token({ groups: ["far"] }));
    // Its verifier is asked for with the first token that needs it.
    await why(issuer.token({ ...full, ...far }));
    assert.deepEqual((await check(issuer.token({ ...full, ...far })))?.user.groups, ["g:far"]);
  });

  it("is found at another address when there is one", async () => {
    const { issuer, check } = world(configured(plain, "", `, discoveryURL: "${url}/elsewhere"`));
    issuer.documents.set("/elsewhere", issuer.documents.get("/.well-known/openid-configuration")!);
    await check(issuer.token(full)).catch(() => {});
    assert.equal(issuer.asked[0], "/elsewhere");
  });
});

describe("another configuration", () => {
  it("takes effect when its issuers have answered", async () => {
    const { issuer, check, authenticators } = world();
    await check(issuer.token(full));
    await authenticators.update(configured('{username: {claim: sub, prefix: "new:"}}'), new AbortController().signal);
    assert.equal((await check(issuer.token(full)))?.user.username, "new:ann");
    await authenticators.update([], new AbortController().signal);
    assert.equal(await check(issuer.token(full)), undefined);
  });

  it("is not taken when they do not", async () => {
    const { issuer, check, authenticators } = world();
    await check(issuer.token(full));
    issuer.up = false;
    const patience = new AbortController();
    const update = authenticators.update(configured('{username: {claim: sub, prefix: "new:"}}'), patience.signal);
    await settled();
    patience.abort();
    await assert.rejects(update, {
      message: `[oidc: authenticator for issuer "${url}" is not healthy: Get "${url}/.well-known/openid-configuration": dial tcp 127.0.0.1:1: connect: connection refused, context deadline exceeded]`,
    });
    issuer.up = true;
    assert.equal((await check(issuer.token(full)))?.user.username, "u:ann");
  });
});
