// Policies from a file. What is allowed is what kube-apiserver 1.36.3 allows with the same file.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AccessAttributes } from "../contract.ts";
import { abacAuthorizer, parseAbacPolicies } from "./abac.ts";

const policy = (spec: object): string =>
  JSON.stringify({ apiVersion: "abac.authorization.kubernetes.io/v1beta1", kind: "Policy", spec });
const text = [
  "# who may do what",
  "",
  policy({ user: "ann", namespace: "a", resource: "pods", apiGroup: "*", readonly: true }),
  policy({ group: "g", nonResourcePath: "/version*" }),
  policy({ user: "*", nonResourcePath: "/api" }),
  policy({ user: "zed", group: "g", namespace: "*", resource: "*", apiGroup: "apps" }),
  '{"user":"bob","namespace":"old"}',
  'user: "eve"',
].join("\n");

const { policies, unversioned } = parseAbacPolicies(text, "/p");
const authorizer = abacAuthorizer(policies);
const asked = (username: string, groups: string[], rest: Partial<AccessAttributes>): AccessAttributes => ({
  user: { username, groups: [...groups, "system:authenticated"] },
  verb: "get",
  resourceRequest: rest.path === undefined,
  group: "",
  version: "v1",
  resource: "pods",
  subresource: "",
  namespace: "a",
  name: "",
  path: "",
  ...rest,
});

describe("policies", () => {
  it("are counted when they name no version", () => assert.equal(unversioned, 2));
  const cases: readonly (readonly [string, string[], Partial<AccessAttributes>, boolean])[] = [
    ["ann", [], {}, true],
    ["ann", [], { verb: "watch" }, true],
    ["ann", [], { verb: "delete" }, false],
    ["ann", [], { namespace: "b" }, false],
    ["ann", [], { resource: "nodes" }, false],
    ["ann", [], { group: "apps" }, true],
    ["x", ["g"], { path: "/version" }, true],
    ["x", ["g"], { path: "/version/x", verb: "post" }, true],
    ["x", [], { path: "/version" }, false],
    ["x", [], { path: "/api" }, true],
    ["x", [], { path: "/api/v1" }, false],
    ["zed", ["g"], { group: "apps", verb: "delete" }, true],
    ["zed", [], { group: "apps" }, false],
    ["x", ["g"], { group: "apps" }, false],
    ["bob", [], { namespace: "old", resource: "nodes", verb: "delete", group: "x" }, true],
    ["bob", [], {}, false],
    ["bob", [], { path: "/x" }, false],
    ["eve", [], { path: "/x", verb: "post" }, true],
    ["eve", [], { verb: "delete" }, true],
  ];
  for (const [user, groups, rest, allowed] of cases)
    it(`${allowed ? "let" : "do not let"} ${user} ${groups} ${JSON.stringify(rest)}`, async () =>
      assert.deepEqual(
        await authorizer.authorize(asked(user, groups, rest)),
        allowed ? { decision: "allow", reason: "" } : { decision: "noOpinion", reason: "No policy matched." },
      ));
  it("are told as rules", async () =>
    assert.deepEqual(await authorizer.rulesFor({ username: "ann", groups: ["g"] }, "a"), {
      resourceRules: [{ verbs: ["get", "list", "watch"], apiGroups: ["*"], resources: ["pods"] }],
      nonResourceRules: [],
      incomplete: false,
    }));
});

describe("a line that is no policy", () => {
  const spec = '{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":[]}';
  const cases = [
    ['{"user":5}', "json: cannot unmarshal number into Go struct field Policy.user of type string"],
    [spec, "json: cannot unmarshal array into Go struct field Policy.spec of type v1beta1.PolicySpec"],
    [
      '{"apiVersion":"v1","kind":"Pod","user":"x"}',
      'no kind "Pod" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
    ],
  ] as const;
  for (const [line, why] of cases)
    it(line, () =>
      assert.throws(() => parseAbacPolicies(`\n${line}\n`, "/p"), {
        message: `error reading policy file /p, line 2: ${line}: ${why}`,
      }),
    );
});
