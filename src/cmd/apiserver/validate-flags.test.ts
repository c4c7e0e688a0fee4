import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFlags } from "../../cli/index.ts";
import { flags } from "./apiserver.ts";
import { validateFlags } from "./validate-flags.ts";

const problem = (...words: string[]): string | undefined => {
  try {
    validateFlags(parseFlags(flags, words).values);
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
