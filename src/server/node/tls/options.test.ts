import assert from "node:assert/strict";
import { test } from "node:test";
import { cipherList, parseNamedCertificate, tlsVersion } from "./options.ts";

test("cipher suites by Go's names are OpenSSL's, behind those of TLS 1.3", () => {
  const ofTls13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
  const cases: readonly [string, string][] = [
    ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
    ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"],
    ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"],
    ["TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"],
    ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
  ];
  for (const [name, cipher] of cases) assert.equal(cipherList([name]), `${ofTls13}:${cipher}`);
  assert.equal(cipherList(["TLS_AES_128_GCM_SHA256"]), ofTls13);
  assert.throws(() => cipherList(["foo"]), { message: "Cipher suite foo not supported or doesn't exist" });
});

test("versions", () => {
  assert.equal(tlsVersion("VersionTLS13"), "TLSv1.3");
  assert.throws(() => tlsVersion("foo"), { message: 'unknown tls version "foo"' });
});

test("a certificate with its names", () => {
  assert.deepEqual(parseNamedCertificate("a.crt,a.key"), { cert: "a.crt", key: "a.key", names: [] });
  assert.deepEqual(parseNamedCertificate("a.crt,a.key:*.x,y").names, ["*.x", "y"]);
  assert.throws(() => parseNamedCertificate("a.crt"), {
    message: "expected comma separated certificate and key file paths",
  });
});
