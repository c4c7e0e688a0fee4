import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { nodes, pods, secrets, serviceAccounts, type TokenRequest } from "../../api/index.ts";
import { seededRng, silentLogger, VirtualClock } from "../../base/index.ts";
import { type ApiRequest, type KubeObject, type PeerInfo, StatusError } from "../../machinery/index.ts";
import { alwaysAllow } from "../authz/modes.ts";
import { memoryObjects } from "../authz/reader.fixture.ts";
import { p256Key, rsaKey } from "../node/keys.fixture.ts";
import { createTokenIssuer } from "../node/token-issuer.ts";
import { bootstrapTokens } from "./bootstrap-tokens.ts";
import { createAuthenticator } from "./create.ts";
import { InvalidCredentials } from "./credentials.ts";
import { openIdDiscovery } from "./discovery.ts";
import { defaultRequestHeaders } from "./request-header.ts";
import { authenticationReviews } from "./reviews.ts";
import { serviceAccountTokens } from "./service-accounts.ts";
import { parseTokenFile, staticTokens } from "./static-tokens.ts";
import { tokenRequests } from "./token-request.ts";

const issuerName = "https://kubernetes.default.svc";
const request = (headers: Record<string, string> = {}): ApiRequest => ({ method: "GET", path: "/", headers });
const bearer = (token: string): ApiRequest => request({ authorization: `Bearer ${token}` });
const object = (kind: string, name: string, rest: object = {}, metadata: object = {}): KubeObject =>
  ({
    apiVersion: "v1",
    kind,
    metadata: { name, namespace: kind === "Node" ? undefined : "ns", uid: `${kind}-${name}`, ...metadata },
    ...rest,
  }) as unknown as KubeObject;

function world(options: { maxExpirationSeconds?: number } = {}) {
  const objects = memoryObjects();
  const clock = new VirtualClock();
  const issuer = createTokenIssuer({ issuers: [issuerName], signingKey: p256Key });
  objects.set(serviceAccounts, object("ServiceAccount", "bot"));
  objects.set(pods, object("Pod", "p", { spec: { serviceAccountName: "bot", nodeName: "n" } }));
  objects.set(secrets, object("Secret", "s"));
  objects.set(nodes, object("Node", "n"));
  const { reader } = objects;
  const create = tokenRequests({ issuer, reader, clock, rng: seededRng(1), ...options });
  const authenticator = createAuthenticator({
    tokens: [
      staticTokens(parseTokenFile('admin-token,admin,1,"system:masters"\n', "tokens.csv")),
      serviceAccountTokens({ issuer, reader, clock }),
      bootstrapTokens({ reader, clock, log: silentLogger }),
    ],
    audiences: issuer.audiences,
    requestHeader: defaultRequestHeaders,
  });
  const warnings: string[] = [];
  const ask = (spec: object, metadata: object = {}, name = "bot") =>
    create({
      namespace: "ns",
      name,
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", metadata, spec } as unknown as TokenRequest,
      validate: async () => {},
      warn: (text) => warnings.push(text),
      annotate: () => {},
    });
  const tokenFor = async (spec: object): Promise<string> => (await ask(spec)).status!.token!;
  const why = async (token: string): Promise<string> => {
    try {
      await authenticator.authenticate(bearer(token), {});
    } catch (error) {
      assert.ok(error instanceof InvalidCredentials);
      assert.equal(error.code, 401);
      return error.why;
    }
    return "accepted";
  };
  return { objects, clock, issuer, authenticator, ask, tokenFor, why, warnings };
}

describe("ServiceAccount tokens", () => {
  it("name account, pod and node", async () => {
    const { authenticator, tokenFor } = world();
    const token = await tokenFor({ boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "p" } });
    const found = await authenticator.authenticate(bearer(token), {});
    const { extra, ...user } = found!.user;
    assert.deepEqual(user, {
      username: "system:serviceaccount:ns:bot",
      uid: "ServiceAccount-bot",
      groups: ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
    });
    const { "authentication.kubernetes.io/credential-id": id, ...bound } = extra!;
    assert.match(id![0]!, /^JTI=[0-9a-f-]{36}$/);
    assert.deepEqual(bound, {
      "authentication.kubernetes.io/pod-name": ["p"],
      "authentication.kubernetes.io/pod-uid": ["Pod-p"],
      "authentication.kubernetes.io/node-name": ["n"],
      "authentication.kubernetes.io/node-uid": ["Node-n"],
    });
    assert.deepEqual(found!.audiences, [issuerName]);
  });

  it("end when their time is over, a minute late", async () => {
    const { clock, tokenFor, why } = world();
    const token = await tokenFor({ expirationSeconds: 600 });
    await clock.advance(659_000);
    assert.equal(await why(token), "accepted");
    await clock.advance(2_000);
    assert.equal(await why(token), "[invalid bearer token, service account token has expired]");
    clock.jump(-4_000_000);
    assert.equal(await why(token), "[invalid bearer token, service account token is not valid yet]");
  });

  it("end with what they are bound to", async () => {
    const cases: [object, (objects: ReturnType<typeof memoryObjects>) => void, string][] = [
      [{}, (objects) => objects.remove(serviceAccounts, "ns", "bot"), 'serviceaccounts "bot" not found'],
      [
        {},
        (objects) => objects.set(serviceAccounts, object("ServiceAccount", "bot", {}, { uid: "new" })),
        "service account UID (new) does not match claim (ServiceAccount-bot)",
      ],
      [
        { kind: "Pod", name: "p" },
        (objects) => objects.remove(pods, "ns", "p"),
        "service account token has been invalidated",
      ],
      [
        { kind: "Pod", name: "p" },
        (objects) => objects.set(pods, object("Pod", "p", { spec: {} }, { uid: "new" })),
        "pod UID (new) does not match service account pod ref claim (Pod-p)",
      ],
      [
        { kind: "Pod", name: "p" },
        (objects) => objects.set(pods, object("Pod", "p", { spec: {} }, { deletionTimestamp: "2025-12-31T23:58:00Z" })),
        "service account token has been invalidated",
      ],
      [
        { kind: "Secret", name: "s" },
        (objects) => objects.remove(secrets, "ns", "s"),
        "service account token has been invalidated",
      ],
      [
        { kind: "Node", name: "n" },
        (objects) => objects.remove(nodes, "", "n"),
        "service account token has been invalidated",
      ],
    ];
    for (const [ref, act, wanted] of cases) {
      const { objects, tokenFor, why } = world();
      const token = await tokenFor("kind" in ref ? { boundObjectRef: { apiVersion: "v1", ...ref } } : {});
      assert.equal(await why(token), "accepted");
      act(objects);
      assert.equal(await why(token), `[invalid bearer token, ${wanted}]`);
    }
  });

  it("are good for their audiences alone", async () => {
    const { authenticator, tokenFor, why } = world();
    const token = await tokenFor({ audiences: ["vault"] });
    assert.equal(
      await why(token),
      `[invalid bearer token, token audiences ["vault"] is invalid for the target audiences ["${issuerName}"]]`,
    );
    assert.deepEqual((await authenticator.authenticateToken(token, ["vault", "x"]))?.audiences, ["vault"]);
  });

  it("are refused when changed or made by others", async () => {
    const { tokenFor, why } = world();
    const [head, payload, signature] = (await tokenFor({})).split(".") as [string, string, string];
    const forged = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(payload, "base64url").toString()), sub: "x" }),
    ).toString("base64url");
    const stranger = createTokenIssuer({ issuers: [issuerName], signingKey: rsaKey });
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    for (const token of [
      `${head}.${forged}.${signature}`,
      `${none}.${payload}.`,
      await stranger.sign(claims),
      "a.b.c",
      "bad",
    ])
      assert.equal(await why(token), "invalid bearer token");
  });

  it("may live on for a year where a kubelet asked for an hour and seven seconds", async () => {
    const { clock, ask, why } = world();
    const answer = await ask({ expirationSeconds: 3607, boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "p" } });
    assert.equal(answer.status!.expirationTimestamp, "2026-01-01T01:00:07Z");
    await clock.advance(300 * 24 * 3_600_000);
    assert.equal(await why(answer.status!.token!), "accepted");
  });

  it("are shortened to the server's limit, with a warning", async () => {
    const { ask, warnings } = world({ maxExpirationSeconds: 3600 });
    const answer = await ask({ expirationSeconds: 7200 });
    assert.equal(answer.spec.expirationSeconds, 3600);
    assert.deepEqual(warnings, ["requested expiration of 7200 seconds shortened to 3600 seconds"]);
  });

  it("take RSA keys and keys of the past", async () => {
    const rsa = createTokenIssuer({ issuers: ["new", "old"], signingKey: rsaKey, verifyingKeys: [rsaKey, p256Key] });
    const old = createTokenIssuer({ issuers: ["old"], signingKey: p256Key });
    assert.deepEqual(await rsa.verify(await old.sign({ iss: "old" })), { iss: "old" });
    assert.deepEqual(await rsa.verify(await rsa.sign({ iss: "new" })), { iss: "new" });
    assert.equal(await rsa.verify(await rsa.sign({ iss: "other" })), undefined);
    const { keys } = (await rsa.jwks()) as { keys: Record<string, string>[] };
    assert.deepEqual(
      keys.map(({ alg, kty, use }) => [alg, kty, use]),
      [
        ["RS256", "RSA", "sig"],
        ["ES256", "EC", "sig"],
      ],
    );
    assert.throws(
      () => createTokenIssuer({ issuers: ["x"], signingKey: "no key" }),
      /--service-account-signing-key-file can not be read/,
    );
  });
});

describe("TokenRequest as recorded", () => {
  const recorded = gunzipSync(readFileSync(new URL("../../../test/corpus/auth.jsonl.gz", import.meta.url)))
    .toString("utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ id }) => id.startsWith("auth/token-request/"));
  for (const { id, steps, out } of recorded)
    it(id, async () => {
      const { objects, ask } = world();
      objects.set(secrets, object("Secret", "s-used"));
      for (const [index, step] of steps.entries()) {
        const wanted = out[index];
        const [, name] = /serviceaccounts\/([^/]+)\/token/.exec(step.path)!;
        if (step.method !== "POST" || step.as !== undefined || step.body?.kind === "Pod") continue;
        try {
          const got = await ask(step.body.spec ?? {}, step.body.metadata ?? {}, name!);
          assert.equal(wanted.code, 201);
          assert.deepEqual(JSON.parse(JSON.stringify(got.spec)), wanted.body.spec);
        } catch (error) {
          assert.ok(error instanceof StatusError, String(error));
          const { code, message, reason, details } = error.status;
          const { body } = wanted;
          assert.deepEqual(JSON.parse(JSON.stringify({ code, message, reason, details })), {
            code: wanted.code,
            message: body.message,
            reason: body.reason,
            details: body.details,
          });
        }
      }
    });
});

describe("reviews", () => {
  const review = async (spec: object) => {
    const { authenticator, objects, clock } = world();
    const [tokens] = authenticationReviews({ authenticator });
    const context = {
      user: { username: "x", groups: [] },
      namespace: "",
      authorizer: alwaysAllow,
      reader: objects.reader,
      clock,
    };
    const answer = await tokens!.create(object("TokenReview", "", { spec }), context);
    return JSON.parse(JSON.stringify((answer as unknown as { status: unknown }).status));
  };
  const user = { username: "admin", uid: "1", groups: ["system:masters", "system:authenticated"] };
  const bad = { user: {}, error: "invalid bearer token" };
  it("of tokens", async () => {
    assert.deepEqual(await review({ token: "bad" }), bad);
    assert.deepEqual(await review({ token: "admin-token" }), { authenticated: true, user, audiences: [issuerName] });
    assert.deepEqual(await review({ token: "admin-token", audiences: ["x"] }), bad);
    await assert.rejects(review({ token: "" }), /token is required for TokenReview in authentication/);
  });
  it("of oneself", async () => {
    const { authenticator, objects, clock } = world();
    const self = authenticationReviews({ authenticator })[1]!;
    const answer = await self.create(object("SelfSubjectReview", ""), {
      user,
      namespace: "",
      authorizer: alwaysAllow,
      reader: objects.reader,
      clock,
    });
    assert.deepEqual(JSON.parse(JSON.stringify(answer)), {
      kind: "SelfSubjectReview",
      apiVersion: "authentication.k8s.io/v1",
      metadata: { creationTimestamp: "2026-01-01T00:00:00Z" },
      status: { userInfo: user },
    });
  });
});

describe("who asks", () => {
  const certificate = (commonName: string, authorities?: ("client" | "requestHeader")[]): PeerInfo => ({
    certificate: {
      commonName,
      organizations: ["g"],
      raw: new Uint8Array([1, 2, 3]),
      ...(authorities ? { authorities } : {}),
    },
  });
  const users: [string, ApiRequest, PeerInfo, string | undefined][] = [
    ["nobody", request(), {}, undefined],
    ["basic credentials", request({ authorization: "Basic eDp5" }), {}, undefined],
    ["an empty token", request({ authorization: "Bearer " }), {}, undefined],
    ["a static token", bearer("admin-token"), {}, "admin"],
    ["a token, oddly spelled", request({ authorization: " bearer admin-token " }), {}, "admin"],
    [
      "a browser's token",
      request({
        upgrade: "websocket",
        "sec-websocket-protocol": `base64url.bearer.authorization.k8s.io.${btoa("admin-token").replace(/=+$/, "")}, v4.channel.k8s.io`,
      }),
      {},
      "admin",
    ],
    ["a certificate", request(), certificate("ann"), "ann"],
    ["a certificate before a token", bearer("admin-token"), certificate("ann"), "ann"],
    ["a bad certificate beside a good token", bearer("admin-token"), { certificateError: "x509: expired" }, "admin"],
    ["a front proxy", request({ "x-remote-user": "zed" }), certificate("front-proxy-client", ["requestHeader"]), "zed"],
    ["a front proxy that is no client", request(), certificate("front-proxy-client", ["requestHeader"]), undefined],
    ["another proxy", request({ "x-remote-user": "zed" }), certificate("stranger", ["requestHeader"]), undefined],
    ["a client that says it is a proxy", request({ "x-remote-user": "zed" }), certificate("ann", ["client"]), "ann"],
  ];
  for (const [name, asked, peer, wanted] of users)
    it(name, async () => {
      assert.equal((await world().authenticator.authenticate(asked, peer))?.user.username, wanted);
    });
  it("a bad certificate alone is refused", async () => {
    await assert.rejects(
      world().authenticator.authenticate(request(), { certificateError: "x509: expired" }),
      /Unauthorized/,
    );
  });
  it("a certificate's fingerprint is its credential id", async () => {
    const found = await world().authenticator.authenticate(request(), certificate("ann"));
    assert.deepEqual(found?.user, {
      username: "ann",
      groups: ["g", "system:authenticated"],
      extra: {
        "authentication.kubernetes.io/credential-id": [
          "X509SHA256=039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81",
        ],
      },
    });
  });
  it("a front proxy passes groups and extras", async () => {
    const headers = {
      "x-remote-user": "zed",
      "x-remote-group": "a, b",
      "x-remote-extra-acme.com%2fteam": "t",
      "x-remote-uid": "7",
    };
    const found = await world().authenticator.authenticate(
      request(headers),
      certificate("front-proxy-client", ["requestHeader"]),
    );
    assert.deepEqual(found?.user, {
      username: "zed",
      uid: "7",
      groups: ["a", "b", "system:authenticated"],
      extra: { "acme.com/team": ["t"] },
    });
  });
});

describe("bootstrap tokens", () => {
  const data = (overrides: Record<string, string> = {}) =>
    Object.fromEntries(
      Object.entries({
        "token-id": "abcdef",
        "token-secret": "0123456789abcdef",
        "usage-bootstrap-authentication": "true",
        "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
        ...overrides,
      }).map(([key, value]) => [key, btoa(value)]),
    );
  const check = async (values: Record<string, string>, token = "abcdef.0123456789abcdef") => {
    const { objects, authenticator } = world();
    objects.set(
      secrets,
      object(
        "Secret",
        "bootstrap-token-abcdef",
        { type: "bootstrap.kubernetes.io/token", data: values },
        { namespace: "kube-system" },
      ),
    );
    return authenticator.authenticate(bearer(token), {}).then(
      (found) => found?.user,
      () => "refused",
    );
  };
  it("name a bootstrapper", async () => {
    assert.deepEqual(await check(data()), {
      username: "system:bootstrap:abcdef",
      groups: ["system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token", "system:authenticated"],
    });
  });
  const refused: [string, Record<string, string>, string?][] = [
    ["a wrong secret", data(), "abcdef.0123456789abcdee"],
    ["an unknown id", data(), "abcdee.0123456789abcdef"],
    ["another usage", data({ "usage-bootstrap-authentication": "false" })],
    ["the past", data({ expiration: "2025-01-01T00:00:00Z" })],
    ["a group that is no bootstrapper's", data({ "auth-extra-groups": "system:masters" })],
  ];
  for (const [name, values, token] of refused)
    it(`refuse ${name}`, async () => assert.equal(await check(values, token), "refused"));
});

describe("static token file", () => {
  it("reads quotes, groups and short lines", () => {
    const tokens = parseTokenFile('t1,ann,1\n\nt2,"b, o ""b""",2,"a,b"\r\n,nobody,3\nt4,zed,4,one', "f");
    assert.deepEqual(
      [...tokens],
      [
        ["t1", { username: "ann", uid: "1", groups: [] }],
        ["t2", { username: 'b, o "b"', uid: "2", groups: ["a", "b"] }],
        ["t4", { username: "zed", uid: "4", groups: ["one"] }],
      ],
    );
  });
  it("says what is wrong", () => {
    assert.throws(
      () => parseTokenFile("t,u", "f.csv"),
      /token file 'f\.csv' must have at least 3 columns .* found 2 \(line 1\)/,
    );
    assert.throws(() => parseTokenFile('t,"u', "f.csv"), /a quote opened on line 1 is never closed/);
  });
});

describe("OpenID discovery", () => {
  it("names issuer, keys and algorithms", async () => {
    const { issuer } = world();
    const serve = openIdDiscovery({ issuer, externalAddress: "10.0.0.1:6443" })!;
    const read = async (path: string) => JSON.parse(Buffer.concat([...(await serve(path))!.bytes!]).toString());
    assert.deepEqual(await read("/.well-known/openid-configuration"), {
      issuer: issuerName,
      jwks_uri: "https://10.0.0.1:6443/openid/v1/jwks",
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
    });
    assert.deepEqual(Object.keys((await read("/openid/v1/jwks")).keys[0]), [
      "use",
      "kty",
      "kid",
      "crv",
      "alg",
      "x",
      "y",
    ]);
    assert.equal(await serve("/other"), undefined);
    assert.equal((await serve("/openid/v1/jwks", "text/html, application/*;q=0.5"))?.status, 200);
    await assert.rejects(serve("/openid/v1/jwks", "application/json"), /406: Not Acceptable/);
  });
  it("is off for an issuer that is no https URL", () => {
    const issuer = createTokenIssuer({ issuers: ["api"], signingKey: p256Key });
    assert.equal(openIdDiscovery({ issuer, externalAddress: "x" }), undefined);
  });
});

describe("tokens in Secrets", () => {
  const claims = (rest: object = {}) => ({
    iss: "kubernetes/serviceaccount",
    "kubernetes.io/serviceaccount/namespace": "ns",
    "kubernetes.io/serviceaccount/secret.name": "tok",
    "kubernetes.io/serviceaccount/service-account.name": "bot",
    "kubernetes.io/serviceaccount/service-account.uid": "ServiceAccount-bot",
    sub: "system:serviceaccount:ns:bot",
    ...rest,
  });
  const withToken = async (says = claims(), metadata: object = {}) => {
    const made = world();
    const token = await made.issuer.sign(says);
    made.objects.set(secrets, object("Secret", "tok", { data: { token: btoa(token) } }, metadata));
    return { ...made, token };
  };
  it("hold as long as their Secret has them", async () => {
    const { token, authenticator, objects, why } = await withToken();
    const who = await authenticator.authenticate(bearer(token), {});
    assert.equal(who?.user.username, "system:serviceaccount:ns:bot");
    objects.set(secrets, object("Secret", "tok", { data: { token: btoa("another") } }));
    assert.equal(await why(token), "[invalid bearer token, Token does not match server's copy]");
    objects.set(secrets, object("Secret", "tok", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }));
    assert.equal(await why(token), "[invalid bearer token, Token has been invalidated]");
  });
  const table: readonly [string, object, object, string][] = [
    [
      "another account",
      { "kubernetes.io/serviceaccount/service-account.uid": "x" },
      {},
      "ServiceAccount UID (ServiceAccount-bot) does not match claim (x)",
    ],
    ["another subject", { sub: "system:serviceaccount:ns:root" }, {}, "sub claim is invalid"],
    ["no Secret", { "kubernetes.io/serviceaccount/secret.name": "" }, {}, "secretName claim is missing"],
  ];
  for (const [what, rest, metadata, expected] of table)
    it(what, async () => {
      const { token, why } = await withToken(claims(rest), metadata);
      assert.equal(await why(token), `[invalid bearer token, ${expected}]`);
    });
  it("marked as invalid", async () => {
    const labels = { "kubernetes.io/legacy-token-invalid-since": "2026-01-01" };
    const { token, why } = await withToken(claims(), { labels });
    assert.match(
      await why(token),
      /the token in secret ns\/tok for service account ns\/bot has been marked invalid\. Use/,
    );
  });
});
