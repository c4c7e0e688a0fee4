// The kubelet's own certificate: asked for, approved by hand, served without a restart, and kept for the next start.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { type CertificateSigningRequest, certificateSigningRequests } from "../../api/index.ts";
import { MetricRegistry, seededRng, silentLogger, VirtualClock } from "../../base/index.ts";
import { createClient } from "../../client/index.ts";
import { newAuthority } from "../../cluster/pki/index.ts";
import { createKubelet, createSimulatedHost } from "../../kubelet/index.ts";
import { serveKubelet } from "../../kubelet/node/index.ts";
import { createFakeRuntime } from "../../runtime/fake/index.ts";
import { testServer } from "../../server/index.ts";
import { runControllerManager } from "../components.ts";
import { rotateServing } from "./serving.ts";

const dayMs = 86_400_000;
const [nodeName, address] = ["n1", "127.0.0.1"];

async function world(test: TestContext) {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const server = await testServer({ clock, rng });
  const stop = new AbortController();
  const metrics = new MetricRegistry();
  const admin = createClient(server.transport(), { userAgent: "test" });
  const base = { clock, rng: { ...rng, next: () => 0.5 }, log: silentLogger, metrics, signal: stop.signal };
  const user = { username: `system:node:${nodeName}`, groups: ["system:nodes", "system:authenticated"] };
  const node = { ...base, client: createClient(server.transport(user), { userAgent: "kubelet" }) };
  const authority = newAuthority("ca", { fromMs: clock.now() - dayMs, toMs: clock.now() + 3650 * dayMs }, rng);
  const signing = runControllerManager(
    { ...base, metrics: new MetricRegistry(), client: admin },
    {
      names: ["certificatesigningrequest-signing-controller", "certificatesigningrequest-approving-controller"],
      signing: { authorityOf: () => authority, longestMs: 10 * dayMs },
    },
  );
  const kubelet = createKubelet({
    ...node,
    metrics: new MetricRegistry(),
    nodeName,
    runtime: createFakeRuntime({ clock, podCidr: "10.244.0.0/24" }),
    host: createSimulatedHost({ clock, machine: { hostname: nodeName, addresses: [address] } }),
  });
  const api = await serveKubelet({ ...node, kubelet, tls: {}, bindAddress: address, port: 0 });
  const certDir = mkdtempSync(join(tmpdir(), "t8s-serving-"));
  const running: Promise<unknown>[] = [signing];
  test.after(async () => {
    stop.abort(new Error("the test is over"));
    await clock.advance(0);
    await Promise.all(running);
    await api.close();
    await server.close();
    rmSync(certDir, { recursive: true });
  });
  const requests = async (): Promise<readonly CertificateSigningRequest[]> =>
    (await admin.of(certificateSigningRequests).list({})).items;
  /** Cryptography runs beside the virtual clock: time goes in small steps until it is through. After a jump of days clients wait for half a minute first. */
  const until = async (check: () => Promise<boolean> | boolean): Promise<void> => {
    for (let step = 0; step < 50_000; step++) {
      await clock.advance(5);
      if (step % 20 === 19 && (await check())) return;
    }
    throw new Error("it did not come about");
  };
  return {
    ...{ clock, metrics, certDir, requests, until },
    rotate: () => {
      running.push(rotateServing(node, { nodeName, address, certDir, server: api, given: undefined }));
    },
    async approve({ metadata }: CertificateSigningRequest): Promise<void> {
      const current = await admin.of(certificateSigningRequests).get(metadata);
      const condition = { type: "Approved", status: "True", reason: "ByHand", message: "" };
      await admin.of(certificateSigningRequests).updateSubresource(metadata, "approval", {
        ...current,
        status: { ...current.status, conditions: [condition] },
      });
    },
    /** Serial number of what a new connection is shown; the world's time is not this machine's. */
    served: () =>
      new Promise<string>((resolve, reject) => {
        const socket = connectTls(
          { host: address, port: api.port, rejectUnauthorized: false, servername: nodeName },
          () => {
            resolve(socket.getPeerCertificate().serialNumber);
            socket.destroy();
          },
        );
        socket.on("error", reject);
      }),
  };
}

test("a serving certificate is asked for, served once it is approved, and renewed without a restart", async (test) => {
  const of = await world(test);
  await assert.rejects(of.served());
  of.rotate();
  await of.until(async () => (await of.requests()).length === 1);
  const [request] = await of.requests();
  assert.match(request!.metadata.name, /^csr-[a-z0-9]{5}$/);
  assert.deepEqual(
    [request!.spec.signerName, request!.spec.username, request!.spec.usages],
    ["kubernetes.io/kubelet-serving", `system:node:${nodeName}`, ["digital signature", "server auth"]],
  );
  await of.clock.advance(60_000);
  assert.equal((await of.requests())[0]!.status?.conditions, undefined, "nobody approves it but a person");
  assert.match(of.metrics.render(), /^kubelet_certificate_manager_server_ttl_seconds \+Inf$/m);
  await of.approve(request!);
  const current = join(of.certDir, "kubelet-server-current.pem");
  await of.until(() => readdirSync(of.certDir).includes("kubelet-server-current.pem"));
  const first = new X509Certificate(readFileSync(current));
  assert.equal(await of.served(), first.serialNumber);
  assert.equal(first.subjectAltName, `DNS:${nodeName}, IP Address:${address}`);
  assert.equal(first.subject, `O=system:nodes\nCN=system:node:${nodeName}`);
  await of.clock.advance(first.validFromDate.getTime() + 8 * dayMs - of.clock.now());
  await of.until(async () => (await of.requests()).length === 2);
  assert.equal(await of.served(), first.serialNumber, "the old one is served until the next is there");
  await of.approve((await of.requests()).find(({ metadata }) => metadata.name !== request!.metadata.name)!);
  await of.until(() => new X509Certificate(readFileSync(current)).serialNumber !== first.serialNumber);
  assert.equal(await of.served(), new X509Certificate(readFileSync(current)).serialNumber);
  assert.match(of.metrics.render(), /^kubelet_certificate_manager_server_rotation_seconds_count 1$/m);
});

test("a certificate that has ended is not served any more, one that comes after its end is", async (test) => {
  const of = await world(test);
  of.rotate();
  await of.until(async () => (await of.requests()).length === 1);
  const [request] = await of.requests();
  await of.approve(request!);
  const current = join(of.certDir, "kubelet-server-current.pem");
  await of.until(() => readdirSync(of.certDir).includes("kubelet-server-current.pem"));
  const first = new X509Certificate(readFileSync(current));
  await of.clock.advance(first.validToDate.getTime() - 1000 - of.clock.now());
  assert.equal(await of.served(), first.serialNumber);
  await of.clock.advance(2000);
  await assert.rejects(of.served());
  assert.match(of.metrics.render(), /^kubelet_certificate_manager_server_ttl_seconds \+Inf$/m);
  const serial = () => new X509Certificate(readFileSync(current)).serialNumber;
  await of.until(async () => {
    for (const each of await of.requests()) if (each.status?.conditions === undefined) await of.approve(each);
    return serial() !== first.serialNumber;
  });
  assert.equal(await of.served(), serial(), "the next one is served as soon as it is there");
  assert.match(of.metrics.render(), /^kubelet_certificate_manager_server_ttl_seconds \d+$/m);
});
