import assert from "node:assert/strict";
import { test } from "node:test";
import { kinds, type ValidatingAdmissionPolicy } from "../../api/index.ts";
import { createClient } from "../../client/index.ts";
import { expressionWarnings, typesOf } from "./check.ts";
import { schemaOf } from "./schemas.ts";

const policy = (spec: Partial<ValidatingAdmissionPolicy["spec"]>): ValidatingAdmissionPolicy =>
  ({ metadata: { name: "p" }, spec }) as ValidatingAdmissionPolicy;
const rule = (group: string, version: string, ...resources: string[]) => ({
  apiGroups: [group],
  apiVersions: [version],
  operations: ["*" as const],
  resources,
});
/** Built-in kinds need no server. */
const client = createClient(
  { request: () => Promise.reject(new Error("no server")), close: () => {} },
  { userAgent: "test" },
);
const types = { resources: kinds, schemaOf: (kind: Parameters<typeof schemaOf>[1]) => schemaOf(client, kind) };

test("types are those that rules name without wildcards, sorted", () => {
  const constraints = {
    resourceRules: [
      rule("batch", "v1", "jobs"),
      rule("apps", "v1", "deployments", "daemonsets/status"),
      rule("*", "v1", "pods"),
    ],
  };
  assert.deepEqual(
    typesOf(policy({ matchConstraints: constraints }), kinds).map(({ kind }) => kind),
    ["Deployment", "Job"],
  );
});

const cases: readonly (readonly [string, string, string | undefined])[] = [
  ["a field that is there", "object.spec.replicas > 1", undefined],
  [
    "a field that is not there",
    "object.replicas > 1",
    "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n",
  ],
  [
    "the wrong type",
    'object.spec.replicas > "1"',
    "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > \"1\"\n | .....................^\n",
  ],
  ["a variable", "variables.size > 1", undefined],
];
for (const [name, expression, warning] of cases)
  test(`type checking finds ${name}`, async () => {
    const found = await expressionWarnings(
      policy({
        matchConstraints: { resourceRules: [rule("apps", "v1", "deployments")] },
        variables: [{ name: "size", expression: "object.spec.replicas" }],
        validations: [{ expression }],
      }),
      types,
    );
    assert.deepEqual(found, warning === undefined ? [] : [{ fieldRef: "spec.validations[0].expression", warning }]);
  });
