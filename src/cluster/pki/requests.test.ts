// Certificates for requests that somebody else made: openssl.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { seededRng, systemClock } from "../../base/index.ts";
import { newAuthority } from "./certificate.ts";
import { signRequest } from "./requests.ts";

const dayMs = 24 * 3600 * 1000;
const nowMs = systemClock.now();
const authority = newAuthority("ca", { fromMs: nowMs - dayMs, toMs: nowMs + 30 * dayMs }, seededRng(1));
const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null"];
const request = execFileSync("openssl", ["req", "-new", ...key, "-subj", "/O=dev/CN=testuser"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
});

const cases: readonly (readonly [usages: readonly string[], extended: readonly string[] | undefined])[] = [
  [["client auth"], ["1.3.6.1.5.5.7.3.2"]],
  [["digital signature"], undefined],
  [["digital signature", "key encipherment", "server auth"], ["1.3.6.1.5.5.7.3.1"]],
  [[], undefined],
];
for (const [usages, extended] of cases)
  test(`usages of a signed request: ${usages.join(", ") || "none"}`, async () => {
    const pem = await signRequest(authority, { request, usages, lifeMs: dayMs, nowMs, rng: seededRng(2) });
    const certificate = new X509Certificate(pem);
    assert.ok(certificate.verify(new X509Certificate(authority.cert).publicKey));
    assert.equal(certificate.subject, "O=dev\nCN=testuser");
    assert.deepEqual(certificate.keyUsage, extended);
  });
