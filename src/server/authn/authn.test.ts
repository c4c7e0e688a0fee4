import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ApiRequest, PeerInfo } from "../../machinery/index.ts";
import { alwaysAllow } from "../authz/modes.ts";
import { p256Key } from "../node/keys.fixture.ts";
import { createTokenIssuer } from "../node/token-issuer.ts";
import { openIdDiscovery } from "./discovery.ts";
import { authenticationReviews } from "./reviews.ts";
import { bearer, issuerName, object, request, world } from "./world.fixture.ts";

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
