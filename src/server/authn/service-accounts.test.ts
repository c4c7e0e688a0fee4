import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { nodes, pods, secrets, serviceAccounts } from "../../api/index.ts";
import { StatusError } from "../../machinery/index.ts";
import type { memoryObjects } from "../authz/reader.fixture.ts";
import { p256Key, rsaKey } from "../node/keys.fixture.ts";
import { createTokenIssuer } from "../node/token-issuer.ts";
import { bearer, issuerName, object, world } from "./world.fixture.ts";

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
