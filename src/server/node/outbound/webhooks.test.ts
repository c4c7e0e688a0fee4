// Admission webhooks as they are called: a real HTTPS server, asked by a whole API server.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRng } from "../../../base/index.ts";
import { testAuthority } from "../certificates.fixture.ts";
import { base64, type Json } from "./json-service.fixture.ts";
import { authority, fieldOf, patchOf, serving, webhookTests } from "./webhook-tests.fixture.ts";

const stranger = testAuthority(seededRng(12));
const label = (key: string, value = "yes"): Json => ({ op: "add", path: `/metadata/labels/${key}`, value });

describe("admission webhooks", () => {
  const { hooks, service, send, hook, configure, create } = webhookTests();

  it("refuse with their own status and words", async () => {
    await configure("Validating", "v", hook("check"));
    hooks.behaviour = () => ({
      allowed: false,
      status: { code: 403, reason: "Forbidden", message: "not on a Sunday" },
    });
    const refused = await create("a");
    assert.equal(refused.code, 403);
    assert.equal(refused.body.message, 'admission webhook "check.example.com" denied the request: not on a Sunday');
    hooks.behaviour = () => ({ allowed: false });
    const silent = await create("a");
    assert.equal(silent.code, 400);
    assert.equal(silent.body.message, 'admission webhook "check.example.com" denied the request without explanation');
  });

  it("change the object one after another, and warn", async () => {
    await configure("Mutating", "b", hook("second"));
    await configure("Mutating", "a", hook("first"));
    hooks.behaviour = ({ request }, path) => ({
      ...patchOf([
        label(path.slice(1), String(Object.keys(fieldOf(request.object, "metadata", "labels") as Json).length)),
      ]),
      warnings: [`from ${path}`],
    });
    const created = await create("a");
    assert.deepEqual(created.body.metadata?.["labels"], { app: "x", first: "1", second: "2" });
    assert.deepEqual(created.warnings, ['299 - "from /first"', '299 - "from /second"']);
  });

  it("are asked again when they want to and somebody changed the object after them", async () => {
    await configure("Mutating", "a", hook("first", { reinvocationPolicy: "IfNeeded" }), hook("second"));
    hooks.behaviour = (_review, path) => (path === "/second" ? patchOf([label("second")]) : {});
    assert.equal((await create("a")).code, 201);
    assert.deepEqual(
      hooks.seen.map(({ path }) => path.split("?")[0]),
      ["/first", "/second", "/first"],
    );
  });

  it("that fail close the door, or leave it open", async () => {
    hooks.behaviour = () => "on fire";
    await configure("Validating", "v", hook("check"));
    const failed = await create("a");
    assert.equal(failed.code, 500);
    assert.equal(
      failed.body.message,
      'Internal error occurred: failed calling webhook "check.example.com": failed to call webhook: an error on the server ("on fire") has prevented the request from succeeding',
    );
    await send("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v");
    await configure("Validating", "v", hook("check", { failurePolicy: "Ignore" }));
    assert.equal((await create("a")).code, 201);
  });

  it("that do not answer in time have failed", async () => {
    let release = (): void => {};
    hooks.behaviour = () => new Promise((resolve) => (release = () => resolve({})));
    await configure("Validating", "v", hook("slow", { timeoutSeconds: 1 }));
    const failed = await create("a");
    release();
    assert.equal(
      failed.body.message,
      `Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post "https://127.0.0.1:${service().port}/slow?timeout=1s": context deadline exceeded`,
    );
  });

  const unreachable: readonly (readonly [string, () => Json, (message: string) => boolean])[] = [
    [
      "nobody listens",
      () => ({ url: "https://127.0.0.1:1/x", caBundle: base64(authority.cert) }),
      (message) =>
        message.endsWith('Post "https://127.0.0.1:1/x?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused'),
    ],
    [
      "another authority",
      () => ({ url: `https://127.0.0.1:${service().port}/x`, caBundle: base64(stranger.cert) }),
      (message) => message.endsWith("tls: failed to verify certificate: x509: certificate signed by unknown authority"),
    ],
    [
      "another name",
      () => ({ url: `https://localhost:${service().port}/x`, caBundle: base64(authority.cert) }),
      (message) =>
        message.endsWith(
          "tls: failed to verify certificate: x509: certificate is valid for hook.default.svc, not localhost",
        ),
    ],
    [
      "no such service",
      () => ({ service: { namespace: "default", name: "gone", path: "/x" }, caBundle: base64(authority.cert) }),
      (message) => message.endsWith('Post "https://gone.default.svc:443/x?timeout=10s": service "gone" not found'),
    ],
  ];
  for (const [name, clientConfig, expected] of unreachable)
    it(`that can not be reached say why: ${name}`, async () => {
      await configure("Validating", "v", hook("x", { clientConfig: clientConfig() }));
      const { body } = await create("a");
      assert.ok(expected(body.message ?? ""), body.message ?? "");
    });

  it("are trusted by their own certificate, too", async () => {
    await configure(
      "Validating",
      "v",
      hook("x", {
        clientConfig: { url: `https://127.0.0.1:${service().port}/x`, caBundle: base64(serving.cert) },
      }),
    );
    assert.equal((await create("a")).code, 201);
  });

  it("must answer the review that was sent", async () => {
    await configure("Mutating", "v", hook("check"));
    const answers: readonly (readonly [Json, string])[] = [
      [{ uid: "other" }, "expected response.uid="],
      [{ patch: base64("[]") }, "webhook returned response.patch but not response.patchType"],
      [{ patchType: "JSONPatch" }, "webhook returned response.patchType but not response.patch"],
      [{ patchType: "JSONPatch", patch: base64("{") }, "received undecodable patch in webhook response"],
      [{ patchType: "Merge", patch: base64('[{"op":"remove","path":"/data"}]') }, 'unsupported patch type "Merge"'],
    ];
    for (const [answer, text] of answers) {
      hooks.behaviour = () => answer;
      const { code, body } = await create("a");
      assert.equal(code, 500);
      assert.ok(body.message?.includes(text), body.message ?? "");
    }
  });

  it("are called over connections that are kept", async () => {
    await configure("Validating", "v", hook("check"));
    const before = service().connections;
    for (let index = 0; index < 5; index++) await create(`a${index}`);
    assert.equal(hooks.seen.length, 5);
    assert.ok(service().connections - before <= 1, `${service().connections - before} connections were made`);
  });

  it("stand behind services", async () => {
    const made = await send("POST", "/api/v1/namespaces/default/services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "hook" },
      spec: { type: "ExternalName", externalName: "127.0.0.1" },
    });
    assert.equal(made.code, 201, made.body.message ?? "");
    const clientConfig = {
      service: { namespace: "default", name: "hook", port: service().port, path: "/served" },
      caBundle: base64(authority.cert),
    };
    await configure("Validating", "v", hook("check", { clientConfig }));
    const answer = await create("a");
    assert.equal(answer.code, 201, answer.body.message ?? "");
    assert.deepEqual(
      hooks.seen.map(({ path }) => path),
      ["/served?timeout=10s"],
    );
  });
});
