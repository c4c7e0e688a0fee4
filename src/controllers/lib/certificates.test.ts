import assert from "node:assert/strict";
import { test } from "node:test";
import { signerRules, signers } from "./certificates.ts";

const request = {
  commonName: "system:node:n",
  organizations: ["system:nodes"],
  dnsNames: [] as string[],
  ipAddresses: [] as string[],
  emailAddresses: [] as string[],
  uris: [] as string[],
};
const client = ["digital signature", "client auth"];
const serving = ["digital signature", "key encipherment", "server auth"];
const table: readonly [string, Partial<typeof request>, readonly string[], string | undefined][] = [
  [signers.kubeletClient, {}, client, undefined],
  [signers.kubeletClient, {}, [...client, "key encipherment"], undefined],
  [signers.kubeletClient, { organizations: ["a", "system:nodes"] }, client, "subject organization is not system:nodes"],
  [signers.kubeletClient, { dnsNames: ["n"] }, client, "DNS subjectAltNames are not allowed"],
  [signers.kubeletClient, { ipAddresses: ["192.0.2.1"] }, client, "IP subjectAltNames are not allowed"],
  [signers.kubeletClient, { commonName: "n" }, client, "subject common name does not begin with system:node:"],
  [signers.kubeletClient, {}, serving, "usages did not match [client auth digital signature key encipherment]"],
  [signers.kubeletServing, {}, serving, "DNS or IP subjectAltName is required"],
  [signers.kubeletServing, { dnsNames: ["n"] }, serving, undefined],
  [signers.kubeletServing, { dnsNames: ["n"], uris: ["a:b"] }, serving, "URI subjectAltNames are not allowed"],
  [
    signers.kubeletServing,
    { dnsNames: ["n"] },
    client,
    "usages did not match [digital signature key encipherment server auth]",
  ],
  [signers.apiServerClient, {}, ["client auth"], undefined],
  [signers.apiServerClient, {}, serving, "invalid usage for client certificate: server auth"],
  [signers.apiServerClient, {}, ["digital signature"], "missing required usage for client certificate: client auth"],
  [signers.legacyUnknown, {}, ["cert sign"], undefined],
];
for (const [signer, over, usages, problem] of table)
  test(`${signer}: ${problem ?? "good"} (${usages.join(", ")})`, () =>
    assert.equal(signerRules.get(signer)!({ ...request, ...over }, usages), problem));
