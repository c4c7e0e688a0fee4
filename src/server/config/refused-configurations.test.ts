// What kube-apiserver 1.36.3 says of configuration files that it refuses, recorded from it (testdata/refused-configurations.json).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { decodeAuthenticationConfiguration } from "../authn/jwt/configuration.ts";
import { validateAuthenticationConfiguration } from "../authn/jwt/validate.ts";
import { aggregate } from "../authz/modes.ts";
import { readAuthorizationConfiguration } from "../authz/webhook/configuration.ts";

interface Recorded {
  readonly name: string;
  readonly text: string;
  readonly error: string;
}

const recorded: Readonly<Record<"authentication" | "authorization", readonly Recorded[]>> = JSON.parse(
  readFileSync(new URL("./testdata/refused-configurations.json", import.meta.url), "utf8"),
);

describe("AuthenticationConfiguration", () => {
  const refuse = (text: string): void => {
    const { errors } = validateAuthenticationConfiguration(decodeAuthenticationConfiguration(text), []);
    const texts = errors.map((each) => `${each.field}: ${each.message}`);
    if (texts.length > 0) throw new Error(`invalid authentication configuration: ${aggregate(texts)}`);
  };
  for (const { name, text, error } of recorded.authentication)
    it(`is refused as upstream refuses it: ${name}`, () => assert.throws(() => refuse(text), { message: error }));
});

describe("AuthorizationConfiguration", () => {
  const problems: Readonly<Record<string, "not regular" | { readonly error: string }>> = {
    "/directory": "not regular",
    "/missing": { error: "stat /missing: no such file or directory" },
  };
  const read = (text: string) => readAuthorizationConfiguration(text, { fileProblem: (path) => problems[path] });
  for (const { name, text, error } of recorded.authorization)
    it(`is refused as upstream refuses it: ${name}`, () => assert.rejects(read(text), { message: error }));
  it("keeps the modes of the start", async () => {
    const text = JSON.stringify({
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AuthorizationConfiguration",
      authorizers: [{ type: "RBAC", name: "rbac" }],
    });
    await assert.rejects(
      readAuthorizationConfiguration(text, { fileProblem: () => undefined, required: new Set(["RBAC", "Node"]) }),
      { message: "missing required types: [Node]" },
    );
  });
});
