import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Answered, type Asked, ask } from "../../../request.fixture.ts";
import { type TestServer, testServer } from "../../../testing.ts";
import { readConfiguration } from "./configuration.ts";

let server: TestServer;
const at = (line: string, asked?: Asked): Promise<Answered> => ask(server, line, asked);
const merge = { "content-type": "application/merge-patch+json" };

before(async () => {
  server = await testServer({ admission: { disable: ["ServiceAccount"] } });
});
after(() => server.close());

/** Without the code and quotes of the header. */
const warnings = (answer: Answered): string[] =>
  answer.warnings.map((each) => JSON.parse(each.replace(/^299 - /, "")) as string);

async function namespace(name: string, labels: Record<string, string>): Promise<string> {
  const prefixed = Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]),
  );
  const { code } = await at("POST /api/v1/namespaces", { body: { metadata: { name, labels: prefixed } } });
  assert.equal(code, 201);
  return `/api/v1/namespaces/${name}`;
}

const spec = { containers: [{ name: "a", image: "i" }] };
const host = { ...spec, hostPID: true };
const pod = (name: string, of: object): object => ({ metadata: { name }, spec: of });

test("pods that violate the level are refused, also by a changed image", async () => {
  const path = await namespace("ps-enforce", { enforce: "baseline" });
  const refused = await at(`POST ${path}/pods`, { body: pod("p", host) });
  assert.deepEqual(
    [refused.code, refused.body["message"]],
    [403, 'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)'],
  );
  assert.equal((await at(`POST ${path}/pods`, { body: pod("p", spec) })).code, 201);
});

test("workloads are let in with a warning", async () => {
  await namespace("ps-warn", { enforce: "baseline" });
  const labels = { app: "x" };
  const deployment = {
    metadata: { name: "d" },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: host } },
  };
  const answer = await at("POST /apis/apps/v1/namespaces/ps-warn/deployments", { body: deployment });
  assert.equal(answer.code, 201);
  assert.deepEqual(warnings(answer), ['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)']);
});

test("labels must name levels and versions", async () => {
  const labels = {
    "pod-security.kubernetes.io/enforce": "strict",
    "pod-security.kubernetes.io/warn-version": "1.0",
  };
  const { code, body } = await at("POST /api/v1/namespaces", { body: { metadata: { name: "ps-bad", labels } } });
  assert.deepEqual(
    [code, body["message"]],
    [
      422,
      'Namespace "ps-bad" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.0": must be "latest" or "v1.x"]',
    ],
  );
});

test("a stricter label warns about pods that are there", async () => {
  const path = await namespace("ps-later", {});
  for (const [name, of] of [
    ["p1", host],
    ["p2", host],
    ["p3", spec],
  ] as const)
    assert.equal((await at(`POST ${path}/pods`, { body: pod(name, of) })).code, 201);
  const answer = await at(`PATCH ${path}`, {
    body: { metadata: { labels: { "pod-security.kubernetes.io/enforce": "baseline" } } },
    headers: merge,
  });
  assert.equal(answer.code, 200);
  assert.deepEqual(warnings(answer), [
    'existing pods in namespace "ps-later" violate the new PodSecurity enforce level "baseline:latest"',
    "p1 (and 1 other pod): host namespaces",
  ]);
});

test("the configuration gives defaults and exempts", async () => {
  const configuration = {
    apiVersion: "pod-security.admission.config.k8s.io/v1",
    kind: "PodSecurityConfiguration",
    defaults: { enforce: "baseline", "enforce-version": "v1.30" },
    exemptions: { namespaces: ["ps-exempt"], runtimeClasses: [], usernames: ["robot"] },
  };
  const other = await testServer({
    admission: { disable: ["ServiceAccount"], configuration: { PodSecurity: configuration } },
  });
  try {
    const post = async (name: string): Promise<Answered> => {
      await ask(other, "POST /api/v1/namespaces", { body: { metadata: { name } } });
      return ask(other, `POST /api/v1/namespaces/${name}/pods`, { body: pod("p", host) });
    };
    assert.equal(
      (await post("ps-default")).body["message"],
      'pods "p" is forbidden: violates PodSecurity "baseline:v1.30": host namespaces (hostPID=true)',
    );
    assert.equal((await post("ps-exempt")).code, 201);
  } finally {
    await other.close();
  }
});

test("a wrong configuration is told field by field", () => {
  const document = {
    apiVersion: "pod-security.admission.config.k8s.io/v1",
    kind: "PodSecurityConfiguration",
    defaults: { enforce: "strict" },
    exemptions: { usernames: ["", "a", "a"] },
  };
  assert.throws(
    () => readConfiguration(document),
    /defaults.enforce: Invalid value: "strict": must be one of privileged, baseline, restricted, exemptions.usernames\[0\]: Invalid value: "": username must not be empty, exemptions.usernames\[2\]: Duplicate value: "a"/,
  );
  assert.throws(() => readConfiguration({ kind: "Other" }), /must be a PodSecurityConfiguration/);
});
