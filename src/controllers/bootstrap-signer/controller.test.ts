import assert from "node:assert/strict";
import { test } from "node:test";
import type { Secret } from "../../api/index.ts";
import { detachedSignature, signingToken } from "./controller.ts";

// The values that upstream's own test has.
const content = "Hello from the other side. I must have called a thousand times.";
for (const [text, signature] of [
  [content, "VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8"],
  ["", "7Ui1ALizW4jXphVUB7xUqC9vLYLL9RZeOFfVLoB7Tgk"],
] as const)
  test(`the signature of ${JSON.stringify(text.slice(0, 10))}`, async () => {
    const whole = `eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..${signature}`;
    assert.equal(await detachedSignature(text, "joshua", "my voice is my passcode"), whole);
  });

const nowMs = Date.UTC(2026, 0, 1);
const token = (name: string, fields: Readonly<Record<string, string>>): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: "kube-system", uid: "u", resourceVersion: "1" } as Secret["metadata"],
  type: "bootstrap.kubernetes.io/token",
  data: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, btoa(value)])),
});
const good = { "token-id": "abcdef", "token-secret": "s", "usage-bootstrap-signing": "true" };
const table: readonly [string, Secret, boolean][] = [
  ["a good one", token("bootstrap-token-abcdef", good), true],
  ["another name", token("bootstrap-token-ghijkl", good), false],
  ["no secret", token("bootstrap-token-abcdef", { ...good, "token-secret": "" }), false],
  ["not for signing", token("bootstrap-token-abcdef", { ...good, "usage-bootstrap-signing": "false" }), false],
  ["expired", token("bootstrap-token-abcdef", { ...good, expiration: "2025-12-31T00:00:00Z" }), false],
  ["an end that cannot be read", token("bootstrap-token-abcdef", { ...good, expiration: "soon" }), false],
  ["not yet expired", token("bootstrap-token-abcdef", { ...good, expiration: "2026-01-02T00:00:00Z" }), true],
];
for (const [what, secret, may] of table)
  test(`who signs: ${what}`, () => assert.equal(signingToken(secret, nowMs) !== undefined, may));
