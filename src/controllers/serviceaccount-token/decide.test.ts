import assert from "node:assert/strict";
import { test } from "node:test";
import type { Secret, ServiceAccount } from "../../api/index.ts";
import { meta } from "../lib/testing.ts";
import { completed, isComplete, isTokenOf, lacks } from "./decide.ts";

const account: ServiceAccount = { apiVersion: "v1", kind: "ServiceAccount", metadata: meta("robot") };
const secretWith = (data?: Record<string, string>, annotations = {}): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: meta("tok", { annotations: { "kubernetes.io/service-account.name": "robot", ...annotations } }),
  type: "kubernetes.io/service-account-token",
  ...(data ? { data } : {}),
});
const whole = { "ca.crt": btoa("CA"), namespace: btoa("ns"), token: btoa("t") };

const table: readonly [string, Record<string, string> | undefined, string | undefined, boolean][] = [
  ["nothing in it", undefined, "CA", false],
  ["all in it", whole, "CA", true],
  ["another authority", whole, "NEW", false],
  ["no authority to publish", { namespace: btoa("ns"), token: btoa("t") }, undefined, true],
  ["no token", { "ca.crt": btoa("CA"), namespace: btoa("ns") }, "CA", false],
];
for (const [what, data, rootCa, expected] of table)
  test(`complete: ${what}`, () => assert.equal(isComplete(lacks(secretWith(data), { rootCa })), expected));

test("only what is missing is made", async () => {
  const signed: Readonly<Record<string, unknown>>[] = [];
  const sign = async (claims: Readonly<Record<string, unknown>>): Promise<string> => {
    signed.push(claims);
    return "header.claims.signature";
  };
  const made = await completed(secretWith(), account, { rootCa: "CA", sign });
  assert.deepEqual(made.data, { ...whole, token: btoa("header.claims.signature") });
  assert.equal(made.metadata.annotations?.["kubernetes.io/service-account.uid"], "uid-robot");
  assert.deepEqual(signed, [
    {
      iss: "kubernetes/serviceaccount",
      "kubernetes.io/serviceaccount/namespace": "ns",
      "kubernetes.io/serviceaccount/secret.name": "tok",
      "kubernetes.io/serviceaccount/service-account.name": "robot",
      "kubernetes.io/serviceaccount/service-account.uid": "uid-robot",
      sub: "system:serviceaccount:ns:robot",
    },
  ]);
  const again = await completed(made, account, { rootCa: "NEW", sign });
  assert.equal(again.data?.["token"], made.data?.["token"]);
  assert.equal(again.data?.["ca.crt"], btoa("NEW"));
  assert.equal(signed.length, 1);
});

test("a token of an account before, of the same name, is not this one's", () => {
  const uid = "kubernetes.io/service-account.uid";
  assert.ok(isTokenOf(secretWith(undefined, { [uid]: "uid-robot" }), account));
  assert.ok(!isTokenOf(secretWith(undefined, { [uid]: "uid-before" }), account));
  assert.ok(!isTokenOf(secretWith(), account));
});
