// Who may act as whom: what kube-apiserver 1.36.3 said with the same rules.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ApiRequest, StatusError, type UserInfo } from "../../machinery/index.ts";
import type { AccessAttributes, Authorizer } from "../contract.ts";
import { createImpersonation } from "./impersonate.ts";

const agent: UserInfo = {
  username: "system:serviceaccount:default:agent",
  groups: ["system:authenticated"],
  extra: { "authentication.kubernetes.io/node-name": ["n1"], "authentication.kubernetes.io/pod-name": ["p"] },
};
const listPods: AccessAttributes = {
  ...{ user: agent, verb: "list", resourceRequest: true, group: "", version: "v1", resource: "pods" },
  ...{ subresource: "", namespace: "default", name: "", path: "/api/v1/namespaces/default/pods" },
};

/** `VERB RESOURCE[/SUBRESOURCE] [NAME]`, as the authorizer saw it. */
const lineOf = ({ verb, resource, subresource, name }: AccessAttributes): string =>
  [verb, subresource === "" ? resource : `${resource}/${subresource}`, name].filter((each) => each !== "").join(" ");

function allowing(allowed: readonly string[]): { authorizer: Authorizer; asked: string[]; users: UserInfo[] } {
  const asked: string[] = [];
  const users: UserInfo[] = [];
  const authorizer: Authorizer = {
    authorize: async (attributes) => {
      const line = lineOf(attributes);
      asked.push(line);
      users.push(attributes.user);
      return { decision: allowed.includes(line) ? "allow" : "noOpinion", reason: "" };
    },
    rulesFor: () => Promise.reject(new Error("not asked")),
  };
  return { authorizer, asked, users };
}

const request = (headers: Readonly<Record<string, string>>): ApiRequest => ({ method: "GET", path: "/", headers });
const as = (user: string, more: Readonly<Record<string, string>> = {}): ApiRequest =>
  request({ "impersonate-user": user, ...more });

const allowedOnes: readonly (readonly [
  what: string,
  request: ApiRequest,
  rules: readonly string[],
  groups: readonly string[],
  constraint: string | undefined,
])[] = [
  [
    "a user, for requests of one kind",
    as("alice"),
    ["impersonate-on:user-info:list pods", "impersonate:user-info users alice"],
    ["system:authenticated"],
    "impersonate:user-info",
  ],
  [
    "many groups at once",
    as("alice", { "impersonate-group": "a, b, c, d" }),
    ["impersonate-on:user-info:list pods", "impersonate:user-info users alice", "impersonate:user-info groups *"],
    ["a", "b", "c", "d", "system:authenticated"],
    "impersonate:user-info",
  ],
  [
    "the node it runs on",
    as("system:node:n1"),
    ["impersonate-on:associated-node:list pods", "impersonate:associated-node nodes *"],
    ["system:nodes", "system:authenticated"],
    "impersonate:associated-node",
  ],
  [
    "any node",
    as("system:node:n2"),
    ["impersonate-on:arbitrary-node:list pods", "impersonate:arbitrary-node nodes n2"],
    ["system:nodes", "system:authenticated"],
    "impersonate:arbitrary-node",
  ],
  [
    "a service account",
    as("system:serviceaccount:ns:x"),
    ["impersonate-on:serviceaccount:list pods", "impersonate:serviceaccount serviceaccounts x"],
    ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
    "impersonate:serviceaccount",
  ],
  [
    "the old way, which knows every group",
    as("alice", { "impersonate-group": "system:masters" }),
    ["impersonate users alice", "impersonate groups system:masters"],
    ["system:masters", "system:authenticated"],
    undefined,
  ],
  [
    "nobody, who is not authenticated",
    as("system:anonymous"),
    ["impersonate users system:anonymous"],
    ["system:unauthenticated"],
    undefined,
  ],
];
for (const [what, asked, rules, groups, constraint] of allowedOnes)
  test(`may be ${what}`, async () => {
    const impersonate = createImpersonation(allowing(rules).authorizer, { constrained: true });
    const found = await impersonate(asked, listPods);
    assert.deepEqual([found?.user.groups, found?.constraint], [groups, constraint]);
  });

const may = ["impersonate-on:user-info:list pods", "impersonate:user-info users alice"];
const who = 'User "system:serviceaccount:default:agent" cannot';
const scope = "at the cluster scope";
const refusedOnes: readonly (readonly [ask: ApiRequest, rules: readonly string[], message: string])[] = [
  [
    as("alice"),
    [],
    `pods is forbidden: ${who} impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"`,
  ],
  [
    as("bob"),
    may,
    `users.authentication.k8s.io "bob" is forbidden: ${who} impersonate:user-info resource "users" in API group "authentication.k8s.io" ${scope}`,
  ],
  [
    as("alice", { "impersonate-group": "system:masters" }),
    may,
    `groups.authentication.k8s.io "system:masters" is forbidden: ${who} impersonate:user-info resource "groups" in API group "authentication.k8s.io" ${scope}: impersonating the system:masters group is not allowed`,
  ],
  [
    as("alice", { "impersonate-extra-foo": "x" }),
    may,
    `userextras.authentication.k8s.io is forbidden: ${who} impersonate:user-info resource "userextras" in API group "authentication.k8s.io" ${scope}: impersonating an invalid key in extra is not allowed: extra.key: Invalid value: "foo": must be a domain-prefixed path (such as "acme.io/foo")`,
  ],
  [
    as("system:node:n1", { "impersonate-group": "system:nodes" }),
    [],
    `users "system:node:n1" is forbidden: ${who} impersonate resource "users" in API group "" ${scope}`,
  ],
];
for (const [ask, rules, message] of refusedOnes)
  test(`refused: ${JSON.stringify(ask.headers)}`, async () => {
    const impersonate = createImpersonation(allowing(rules).authorizer, { constrained: true });
    await assert.rejects(impersonate(ask, listPods), { message });
  });

test("without a user nothing is asked for, and nothing may be", async () => {
  const impersonate = createImpersonation(allowing([]).authorizer, { constrained: true });
  assert.equal(await impersonate(request({}), listPods), undefined);
  await assert.rejects(impersonate(request({ "impersonate-group": "g" }), listPods), (error) => {
    assert.ok(error instanceof StatusError);
    return error.code === 400;
  });
});

test("what worked is tried first the next time; with the gate off there is one way", async () => {
  const { authorizer, asked } = allowing(["impersonate users alice"]);
  const impersonate = createImpersonation(authorizer, { constrained: true });
  await impersonate(as("alice"), listPods);
  assert.deepEqual(asked.splice(0), ["impersonate-on:user-info:list pods", "impersonate users alice"]);
  await impersonate(as("alice"), listPods);
  assert.deepEqual(asked.splice(0), ["impersonate users alice"]);
  await createImpersonation(authorizer, { constrained: false })(as("alice"), listPods);
  assert.deepEqual(asked, ["impersonate users alice"]);
});

test("who acts as its own node is shown without what is said of its pod", async () => {
  const { authorizer, users } = allowing(allowedOnes[2]![2]);
  await createImpersonation(authorizer, { constrained: true })(as("system:node:n1"), listPods);
  const keys = ["authentication.kubernetes.io/node-name", "authentication.kubernetes.io/pod-name"];
  assert.deepEqual(users[0]?.extra, { "authentication.kubernetes.io/associated-node-keys": keys });
});
