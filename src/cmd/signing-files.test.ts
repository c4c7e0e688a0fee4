import assert from "node:assert/strict";
import { test } from "node:test";
import { FlagError } from "../cli/index.ts";
import { type SigningValues, signingOf } from "./signing-files.ts";

const client = "kubernetes.io/kube-apiserver-client";
const kubelet = "kubernetes.io/kube-apiserver-client-kubelet";
const longest = { "cluster-signing-duration": 1000 };
const of = (values: Omit<SigningValues, "cluster-signing-duration">) =>
  signingOf({ ...longest, ...values }, (flag, path) => `${flag}=${path}`);

test("without files nothing is signed; one authority signs for all", () => {
  assert.equal(of({}), undefined);
  assert.equal(of({ "cluster-signing-cert-file": "c" }), undefined);
  const signing = of({ "cluster-signing-cert-file": "c", "cluster-signing-key-file": "k" });
  const pair = { cert: "cluster-signing-cert-file=c", key: "cluster-signing-key-file=k" };
  assert.deepEqual([signing?.longestMs, signing?.authorityOf(client)], [1000, pair]);
  assert.equal(signing?.authorityOf(kubelet), signing?.authorityOf(client));
});

test("named signers have their own authorities, and the others none", () => {
  const signing = of({
    "cluster-signing-kubelet-client-cert-file": "a",
    "cluster-signing-kubelet-client-key-file": "b",
  });
  assert.deepEqual(signing?.authorityOf(kubelet), {
    cert: "cluster-signing-kubelet-client-cert-file=a",
    key: "cluster-signing-kubelet-client-key-file=b",
  });
  assert.equal(signing?.authorityOf(client), undefined);
});

for (const [values, message] of [
  [
    { "cluster-signing-kubelet-serving-key-file": "k" },
    '"cluster-signing-kubelet-serving": cannot specify key without cert',
  ],
  [
    { "cluster-signing-kubelet-client-cert-file": "c" },
    '"cluster-signing-kube-apiserver-client": cannot specify cert without key',
  ],
  [
    {
      "cluster-signing-cert-file": "c",
      "cluster-signing-legacy-unknown-cert-file": "c",
      "cluster-signing-legacy-unknown-key-file": "k",
    },
    "cannot specify --cluster-signing-{cert,key}-file and other --cluster-signing-*-file flags at the same time",
  ],
] as const)
  test(`refused: ${message}`, () => assert.throws(() => of(values), new FlagError(message)));
