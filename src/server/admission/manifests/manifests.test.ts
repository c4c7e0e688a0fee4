// Policies and webhooks that are files of the server, with texts as kube-apiserver 1.36.3 gives them.
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { MetricRegistry } from "../../../base/index.ts";
import { StatusError } from "../../../machinery/index.ts";
import type { WebhookCall } from "../../contract.ts";
import { type TestServer, testServer } from "../../testing.ts";

const group = "admissionregistration.k8s.io";
const directory = "/manifests";
const encoder = new TextEncoder();

const policy = (name: string, resource: string, more = ""): string => `
apiVersion: ${group}/v1
kind: ValidatingAdmissionPolicy
metadata: {name: ${name}}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE], resources: [${resource}]}
  validations: [{expression: "!object.metadata.name.startsWith('bad')", message: bad name}]
${more}
---
apiVersion: ${group}/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: ${name}}
spec: {policyName: ${name}, validationActions: [Deny]}
`;

const webhook = (kind: string, more = ""): string => `
apiVersion: ${group}/v1
kind: ${kind}WebhookConfiguration
metadata: {name: w.static.k8s.io}
webhooks:
- name: w.example.com
  clientConfig: {url: "https://192.0.2.7/ask"}
  sideEffects: None
  admissionReviewVersions: [v1]
  rules:
  - {apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE], resources: [secrets, validatingadmissionpolicybindings]}
${more}`;

interface World {
  readonly files: Record<string, string>;
  readonly server: TestServer;
  readonly metrics: MetricRegistry;
  readonly calls: WebhookCall[];
  changed(): void;
  create(kind: string, name: string, apiVersion?: string, more?: object): Promise<{ code: number; message: string }>;
}

async function world(test: TestContext, plugin: string, files: Record<string, string>): Promise<World> {
  const metrics = new MetricRegistry();
  const calls: WebhookCall[] = [];
  const of = { changed: () => {} };
  const kind = plugin.endsWith("Webhook") ? "WebhookAdmissionConfiguration" : `${plugin}Configuration`;
  const server = await testServer({
    metrics,
    featureGates: { ManifestBasedAdmissionControlConfig: true },
    admission: {
      disable: ["ServiceAccount"],
      configuration: {
        [plugin]: { apiVersion: "apiserver.config.k8s.io/v1", kind, staticManifestsDir: directory },
      },
    },
    manifestDirectory: (path) => ({
      read: () =>
        Object.keys(files)
          .sort()
          .map((name) => ({ path: `${path}/${name}`, bytes: encoder.encode(files[name]) })),
      watch(changed) {
        of.changed = changed;
        return () => {};
      },
    }),
    webhooks: {
      async post(call) {
        calls.push(call);
        throw new Error("dial tcp 192.0.2.7:443: connect: connection refused");
      },
      close() {},
    },
  });
  test.after(() => server.close());
  const transport = server.transport();
  return {
    ...{ files, server, metrics, calls },
    changed: () => of.changed(),
    async create(kind, name, apiVersion = "v1", more = {}) {
      const plural = kind.toLowerCase().replace(/y$/, "ie");
      const path = apiVersion === "v1" ? "/api/v1/namespaces/default" : `/apis/${apiVersion}`;
      const body = { apiVersion, kind, metadata: { name }, ...more };
      try {
        const answer = await transport.request({ method: "POST", path: `${path}/${plural}s`, headers: {}, body });
        return { code: answer.status, message: (answer.object as { message?: string }).message ?? "" };
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        return { code: error.code, message: error.message };
      }
    },
  };
}

const bindingOf = (policyName: string) => ({ spec: { policyName, validationActions: ["Deny"] } });
const admissionV1 = `${group}/v1`;

describe("admission from manifest files", () => {
  it("policies are in force before the first request, also over policies of the cluster", async (test) => {
    const of = await world(test, "ValidatingAdmissionPolicy", {
      "a.yaml": policy("p.static.k8s.io", "configmaps, validatingadmissionpolicybindings"),
    });
    assert.equal((await of.create("ConfigMap", "good")).code, 201);
    const denied = (what: string) =>
      `${what} "bad" is forbidden: ValidatingAdmissionPolicy 'p.static.k8s.io' with binding 'p.static.k8s.io' denied request: bad name`;
    assert.deepEqual(await of.create("ConfigMap", "bad"), { code: 422, message: denied("configmaps") });
    assert.deepEqual(await of.create("ValidatingAdmissionPolicyBinding", "bad", admissionV1, bindingOf("x")), {
      code: 422,
      message: denied(`validatingadmissionpolicybindings.${group}`),
    });
    const { code, message } = await of.create(
      "ValidatingAdmissionPolicyBinding",
      "q.static.k8s.io",
      admissionV1,
      bindingOf("x"),
    );
    assert.equal(code, 422);
    assert.ok(message.includes('names ending with ".static.k8s.io" are reserved for static manifest-based'), message);
  });

  it("files that change are read again; what cannot be used leaves what was there, and is counted", async (test) => {
    const of = await world(test, "ValidatingAdmissionPolicy", { "a.yaml": policy("p.static.k8s.io", "configmaps") });
    const counted = (status: string): string =>
      new RegExp(`automatic_reloads_total\\{.*status="${status}"\\} (\\d+)`).exec(of.metrics.render())?.[1] ?? "0";
    const until = async (check: () => boolean): Promise<void> => {
      for (let turn = 0; turn < 10_000 && !check(); turn++) await new Promise((resolve) => setImmediate(resolve));
      assert.ok(check());
    };
    assert.equal(counted("success"), "1");
    of.files["b.yaml"] = "a: [";
    of.changed();
    await until(() => counted("failure") === "1");
    assert.equal((await of.create("ConfigMap", "bad")).code, 422);
    of.files["b.yaml"] = policy("r.static.k8s.io", "secrets");
    of.changed();
    await until(() => counted("success") === "2");
    assert.equal((await of.create("Secret", "bad")).code, 422);
    for (const name of Object.keys(of.files)) delete of.files[name];
    of.changed();
    await until(() => counted("success") === "3");
    assert.equal((await of.create("ConfigMap", "bad")).code, 201);
    const infos = of.metrics.render().match(/^apiserver_manifest_admission_config_controller_last_config_info\{.*$/gm);
    assert.deepEqual(infos, [
      'apiserver_manifest_admission_config_controller_last_config_info{apiserver_id_hash="",hash="",plugin="ValidatingAdmissionPolicy"} 1',
    ]);
  });

  for (const type of ["Validating", "Mutating"])
    it(`${type} webhooks are called, about configurations of admission too`, async (test) => {
      const of = await world(test, `${type}AdmissionWebhook`, { "w.yml": webhook(type) });
      const message =
        'Internal error occurred: failed calling webhook "w.example.com": failed to call webhook: Post "https://192.0.2.7/ask?timeout=10s": dial tcp 192.0.2.7:443: connect: connection refused';
      assert.deepEqual(await of.create("Secret", "a"), { code: 500, message });
      const made = await of.create("ValidatingAdmissionPolicyBinding", "a", admissionV1, bindingOf("x"));
      assert.deepEqual(made, { code: 500, message });
      assert.equal(of.calls.length, 2);
    });

  const refused: readonly (readonly [plugin: string, file: string, why: string])[] = [
    [
      "ValidatingAdmissionWebhook",
      "apiVersion: v1\nkind: ConfigMap\n",
      'error loading /manifests/a.yaml: no kind "ConfigMap" is registered for version "v1"',
    ],
    [
      "ValidatingAdmissionWebhook",
      webhook("Mutating"),
      "error loading /manifests/a.yaml: unsupported resource type *v1.MutatingWebhookConfiguration",
    ],
    [
      "ValidatingAdmissionWebhook",
      webhook("Validating", "strange: 1\n"),
      'error loading /manifests/a.yaml: strict decoding error: unknown field "strange"',
    ],
    [
      "ValidatingAdmissionWebhook",
      webhook("Validating").replace('url: "https://192.0.2.7/ask"', "service: {name: a, namespace: b}"),
      'error loading /manifests/a.yaml: webhook "w.example.com" in "w.static.k8s.io" (file "/manifests/a.yaml"): clientConfig.service is not supported for static manifests; use clientConfig.url instead',
    ],
    [
      "ValidatingAdmissionWebhook",
      `${webhook("Validating")}---${webhook("Validating")}`,
      'error loading /manifests/a.yaml: duplicate name "w.static.k8s.io" found in file "/manifests/a.yaml" (previously seen in "/manifests/a.yaml")',
    ],
    [
      "ValidatingAdmissionPolicy",
      policy("p", "configmaps"),
      'error loading /manifests/a.yaml: "p" in file "/manifests/a.yaml" must have a name ending with ".static.k8s.io"',
    ],
    [
      "ValidatingAdmissionPolicy",
      policy("p.static.k8s.io", "configmaps", "  paramKind: {apiVersion: v1, kind: ConfigMap}"),
      'error loading /manifests/a.yaml: ValidatingAdmissionPolicy "p.static.k8s.io": spec.paramKind is not supported for static manifests',
    ],
    [
      "ValidatingAdmissionPolicy",
      policy("p.static.k8s.io", "configmaps").replace("policyName: p.", "policyName: q."),
      'binding "p.static.k8s.io" references policy "q.static.k8s.io" which does not exist in the manifest directory',
    ],
    [
      "ValidatingAdmissionPolicy",
      "a: [b",
      "error loading /manifests/a.yaml: yaml: line 1: did not find expected ',' or ']'",
    ],
  ];
  for (const [plugin, file, why] of refused)
    it(`the server does not start: ${why}`, async (test) => {
      const what = plugin.endsWith("Webhook") ? "webhook" : "policy";
      await assert.rejects(world(test, plugin, { "a.yaml": file }), {
        message: `failed to initialize admission plugin "${plugin}": failed to load static ${what} manifests from "/manifests": ${why}`,
      });
    });

  it("lists are taken apart, of anything and of one kind", async (test) => {
    const items = policy("p.static.k8s.io", "configmaps")
      .split("---")
      .map((each) => `- ${each.trim().replaceAll("\n", "\n  ")}`);
    const of = await world(test, "ValidatingAdmissionPolicy", {
      "a.json": `apiVersion: v1\nkind: List\nitems:\n${items[0]}\n`,
      "b.yaml": `apiVersion: ${admissionV1}\nkind: ValidatingAdmissionPolicyBindingList\nitems:\n${items[1]}\n`,
    });
    assert.equal((await of.create("ConfigMap", "bad")).code, 422);
  });
});
