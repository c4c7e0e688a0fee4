import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { secrets } from "../../api/index.ts";
import { parseTokenFile } from "./static-tokens.ts";
import { bearer, object, world } from "./world.fixture.ts";

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
      /^Error: token file 'f\.csv' must have at least 3 columns \(token, user name, user uid\), found 2$/,
    );
    const cases = [
      ['a,"b,c,d\n', 'parse error on line 1, column 10: extraneous or missing " in quoted-field'],
      ['a,b,c\na,b"x,c\n', 'parse error on line 2, column 4: bare " in non-quoted-field'],
      ['a,"b"x,c\n', 'parse error on line 1, column 5: extraneous or missing " in quoted-field'],
      ['a,"b\nc"x,c\n', 'record on line 1; parse error on line 2, column 2: extraneous or missing " in quoted-field'],
    ] as const;
    for (const [text, message] of cases) assert.throws(() => parseTokenFile(text, "f"), { message });
  });
  it("tells of tokens that are empty or there twice", () => {
    const told: string[] = [];
    const tokens = parseTokenFile("a,one,1\n,b,2\na,two,3\n", "f", (text) => told.push(text));
    assert.equal(tokens.get("a")?.username, "two");
    assert.deepEqual(told, [
      "empty token has been found in token file 'f', record number '2'",
      "duplicate token has been found in token file 'f', record number '3'",
    ]);
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
