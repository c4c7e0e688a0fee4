import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type KindDefinition,
  mutatingAdmissionPolicyBindings,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from "../../api/index.ts";
import type { KubeObject } from "../../machinery/index.ts";
import { testServer } from "../testing.ts";
import { alwaysAllow } from "./modes.ts";

const eve = { username: "eve", uid: "7", groups: ["system:authenticated"] };
const shown = "&{eve 7 [system:authenticated] map[]}";
const paramKind = { apiVersion: "v1", kind: "ConfigMap" };

const cases: readonly (readonly [string, KindDefinition, object, string | undefined])[] = [
  ["a policy without parameters", validatingAdmissionPolicies, {}, undefined],
  [
    "a policy with parameters",
    validatingAdmissionPolicies,
    { paramKind },
    `spec.paramKind: Forbidden: user ${shown} must have "get" permission on all objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)`,
  ],
  [
    "a binding of a policy that is there",
    validatingAdmissionPolicyBindings,
    { policyName: "p", paramRef: { name: "x", parameterNotFoundAction: "Deny" } },
    `spec.paramRef: Forbidden: user ${shown} does not have "get" permission on the object referenced by paramRef`,
  ],
  [
    "a binding of a policy that is not",
    mutatingAdmissionPolicyBindings,
    { policyName: "p", paramRef: { selector: {}, parameterNotFoundAction: "Deny" } },
    `spec.paramRef: Forbidden: unable to get policy p to determine minimum required permissions and user ${shown} does not have "list" permission for all groups, versions and resources`,
  ],
];

for (const [name, kind, spec, expected] of cases)
  test(`who may not read parameters is held against ${name}`, async () => {
    await using stack = new AsyncDisposableStack();
    const server = await testServer({
      authorizer: () => ({
        ...alwaysAllow,
        authorize: async ({ user, resource }) => ({
          decision: user.username === "eve" && ["configmaps", "*"].includes(resource) ? "deny" : "allow",
          reason: "",
        }),
      }),
    });
    stack.defer(() => server.close());
    const rules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }];
    const valid = { matchConstraints: { resourceRules: rules }, validations: [{ expression: "true" }] };
    const apiVersion = "admissionregistration.k8s.io/v1";
    await server.writer.create(validatingAdmissionPolicies, {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: "p" },
      spec: { ...valid, paramKind },
    } as never);
    const isPolicy = (kind as unknown) === validatingAdmissionPolicies;
    const isValidating = kind.kind.startsWith("Validating");
    const body = {
      apiVersion,
      kind: kind.kind,
      metadata: { name: "n" },
      spec: { ...(isPolicy ? valid : isValidating ? { validationActions: ["Deny"] } : {}), ...spec },
    } as unknown as KubeObject;
    const answer = await server.transport(eve).request({
      method: "POST",
      path: `/apis/${apiVersion}/${kind.resource}`,
      headers: {},
      body: new TextEncoder().encode(JSON.stringify(body)),
    });
    const message = (answer.object as { message?: string }).message;
    assert.equal(
      message,
      expected === undefined ? undefined : `${kind.kind}.${kind.group} "n" is invalid: ${expected}`,
    );
    assert.equal(answer.status, expected === undefined ? 201 : 422);
  });
