import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseFlags } from "../../cli/index.ts";
import { flags } from "./apiserver.ts";
import { ofFlag, openAuthorities, openFile, openPublicKeys, openSigningKey } from "./flag-files.ts";
import { endpointOf } from "./remote-endpoint.ts";
import { validateFlags } from "./validate-flags.ts";

const problem = (...words: string[]): string | undefined => {
  try {
    const { values, given } = parseFlags(flags, words);
    validateFlags(values, given);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

test("a command line without flags, and usual ones, are fine", () => {
  assert.equal(problem(), undefined);
  const usual = ["--emulated-version=1.36", "--cors-allowed-origins=//a\\.b(:|$)", "--event-ttl=30m"];
  assert.equal(problem(...usual, "--strict-transport-security-directives=max-age=1,preload"), undefined);
});

test("one problem stands alone, several are a list, in upstream's order", () => {
  assert.equal(problem("--livez-grace-period=-1s"), "--livez-grace-period can not be a negative value");
  assert.equal(
    problem(
      "--kubernetes-service-node-port=70000",
      "--max-requests-inflight=-1",
      "--service-account-jwks-uri=http://x",
    ),
    "[--max-requests-inflight can not be negative value, service-account-jwks-uri requires https scheme, parsed as: http://x, --kubernetes-service-node-port 70000 must be between 0 and 65535, inclusive. If 0, the Kubernetes master service will be of type ClusterIP, kubernetes service node port range 30000-32767 doesn't contain 70000]",
  );
});

test("each rule has its text", () => {
  const cases: readonly [string[], RegExp][] = [
    [["--service-account-max-token-expiration=5m"], /^the service-account-max-token-expiration must be between 1 hour/],
    [["--cors-allowed-origins=foo"], /regular expression does not pin to start\/end of host in the origin header/],
    [["--cors-allowed-origins=//("], /--cors-allowed-origins has an invalid regular expression: error parsing regexp/],
    [["--strict-transport-security-directives=foo"], /allowed values: max-age=expireTime/],
    [["--secure-port=0"], /^--secure-port 0 must be between 1 and 65535, inclusive\. It cannot be turned off with 0$/],
    [["--runtime-config=api/all=false"], /conflicts with --enable-priority-and-fairness=true/],
    [["--admission-control=NodeRestriction", "--enable-admission-plugins=Priority"], /mutually exclusive$/],
    [["--disabled-metrics=a b"], /must be fully qualified metric names/],
    [["--service-cluster-ip-range=10.0.0.0/24,10.1.0.0/24"], /must be of different IP family$/],
    [["--apiserver-count=0"], /should be a positive number, but value '0' provided/],
    [["--goaway-chance=0.5"], /^--goaway-chance can not be less than 0 or greater than 0\.02$/],
  ];
  for (const [words, message] of cases) assert.match(problem(...words) ?? "", message);
});

test("ways to log in and to decide have upstream's texts", () => {
  const together = "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set";
  const fileAlone =
    "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined";
  const cases: readonly [string[], string | undefined][] = [
    [["--oidc-client-id=a"], together],
    [["--oidc-username-claim=x"], together],
    [
      ["--authentication-config=/x", "--oidc-client-id=x"],
      "authentication-config file and oidc-* flags are mutually exclusive",
    ],
    [["--authorization-mode=ABAC"], "authorization-mode ABAC's authorization policy file not passed"],
    [["--authorization-policy-file=/x"], "cannot specify --authorization-policy-file without mode ABAC"],
    [["--authorization-mode=Webhook"], "authorization-mode Webhook's authorization config file not passed"],
    [
      ["--authorization-webhook-config-file=/x"],
      "cannot specify --authorization-webhook-config-file without mode Webhook",
    ],
    [["--authorization-mode=Foo"], 'authorization-mode "Foo" is not a valid mode'],
    [
      ["--authorization-mode=RBAC,RBAC,Foo"],
      '[authorization-mode "Foo" is not a valid mode, authorization-mode ["RBAC" "RBAC" "Foo"] has mode specified more than once]',
    ],
    [["--authorization-mode="], undefined],
    [["--authorization-config=/x", "--authorization-mode=RBAC"], fileAlone],
    [["--authorization-config=/x", "--authorization-webhook-cache-authorized-ttl=1s"], fileAlone],
    [["--authorization-config=/x", "--authorization-policy-file=/y"], undefined],
    [["--requestheader-username-headers= "], 'empty value in "requestheader-username-headers"'],
    [
      ["--requestheader-group-headers= ", "--requestheader-allowed-names= ", "--requestheader-uid-headers= "],
      '[empty value in "requestheader-group-headers", empty value in "requestheader-allowed-names", empty value in "requestheader-uid-headers", --requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - API aggregation will not work]',
    ],
    [["--service-account-issuer="], "service-account-issuer should not be an empty string"],
    [["--service-account-issuer=a", "--service-account-issuer=a"], 'service-account-issuer "a" is already specified'],
  ];
  for (const [words, message] of cases) assert.equal(problem(...words), message);
});

test("files of flags that can not be read have Go's texts", () => {
  const missing = { message: "open /missing/file: no such file or directory" };
  assert.throws(() => openFile("/missing/file"), missing);
  assert.throws(() => ofFlag("x-file", () => openFile("/missing/file")), { message: `--x-file: ${missing.message}` });
  assert.throws(() => openAuthorities("/missing/file", "request-header"), missing);
  assert.throws(() => openPublicKeys("/missing/file"), missing);
  assert.throws(() => openSigningKey("/missing/file"), {
    message: `failed to parse service-account-issuer-key-file: ${missing.message}`,
  });
  const here = fileURLToPath(import.meta.url);
  assert.throws(() => openAuthorities(here, "client-ca-bundle"), {
    message: `error loading CA bundle for "client-ca-bundle::${here}": data does not contain any valid RSA or ECDSA certificates`,
  });
  assert.throws(() => openPublicKeys(here), {
    message: `error reading public key file ${here}: data does not contain any valid RSA or ECDSA public keys`,
  });
  assert.throws(() => openSigningKey(here), {
    message: `failed to parse service-account-issuer-key-file: error reading private key file ${here}: data does not contain a valid RSA or ECDSA private key`,
  });
  assert.throws(() => endpointOf("/missing/file"), { message: "stat /missing/file: no such file or directory" });
});
