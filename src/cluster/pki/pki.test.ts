import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { seededRng, systemClock, VirtualClock } from "../../base/index.ts";
import { issue, newAuthority } from "./certificate.ts";
import { type ClusterPkiOptions, loadOrCreatePki } from "./cluster-pki.ts";
import { kubeconfig } from "./kubeconfig.ts";

const dayMs = 24 * 3600 * 1000;

describe("cluster PKI", () => {
  let directory: string;
  // The real time of day, since openssl checks validity against it.
  const clock = new VirtualClock({ startMs: systemClock.now() });
  const options = (): ClusterPkiOptions => ({
    directory,
    clock,
    rng: seededRng(1),
    serviceIP: "10.96.0.1",
    apiServerHosts: ["node-1", "192.0.2.7", "2001:db8::7"],
    nodes: [{ name: "node-1", addresses: ["192.0.2.7"] }],
  });
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "pki-"));
  });
  after(() => rmSync(directory, { recursive: true }));

  it("openssl accepts every certificate for its purpose", () => {
    loadOrCreatePki(options());
    for (const [file, purpose, ca] of [
      ["apiserver", "sslserver", "ca"],
      ["nodes/node-1-serving", "sslserver", "ca"],
      ["nodes/node-1-client", "sslclient", "ca"],
      ["admin", "sslclient", "ca"],
      ["controller-manager", "sslclient", "ca"],
      ["scheduler", "sslclient", "ca"],
      ["kube-proxy", "sslclient", "ca"],
      ["apiserver-kubelet-client", "sslclient", "ca"],
      ["front-proxy-client", "sslclient", "front-proxy-ca"],
    ] as const) {
      const crt = (name: string): string => join(directory, `${name}.crt`);
      const said = execFileSync(
        "openssl",
        ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", crt(ca), crt(file)],
        { encoding: "utf8" },
      );
      assert.match(said, /: OK\n$/, file);
    }
  });

  it("names the API server as clients reach it", () => {
    const certificate = new X509Certificate(loadOrCreatePki(options()).apiServer.cert);
    for (const host of ["kubernetes", "kubernetes.default.svc.cluster.local", "localhost", "node-1"])
      assert.equal(certificate.checkHost(host), host);
    for (const ip of ["10.96.0.1", "127.0.0.1", "::1", "192.0.2.7", "2001:db8::7"])
      assert.ok(certificate.checkIP(ip), ip);
  });

  it("puts user and groups into the subject", () => {
    const { nodes, admin } = loadOrCreatePki(options());
    assert.equal(
      new X509Certificate(nodes.get("node-1")!.client.cert).subject,
      "O=system:nodes\nCN=system:node:node-1",
    );
    assert.equal(new X509Certificate(admin.cert).subject, "O=system:masters\nCN=kubernetes-admin");
  });

  it("keeps what is good and makes anew what is not", () => {
    const first = loadOrCreatePki(options());
    assert.deepEqual(loadOrCreatePki(options()), first);
    const moved = loadOrCreatePki({ ...options(), apiServerHosts: ["node-2"] });
    assert.notEqual(moved.apiServer.cert, first.apiServer.cert);
    assert.equal(moved.admin.cert, first.admin.cert);
    clock.jump(340 * dayMs);
    const renewed = loadOrCreatePki(options());
    clock.jump(-340 * dayMs);
    assert.equal(renewed.ca.cert, first.ca.cert);
    assert.notEqual(renewed.admin.cert, first.admin.cert);
    assert.equal(renewed.serviceAccount.privateKey, first.serviceAccount.privateKey);
  });

  it("keeps private keys private", () => {
    loadOrCreatePki(options());
    for (const file of ["ca.key", "sa.key", "apiserver.key", "nodes/node-1-client.key"])
      assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file);
  });

  it("says which key is missing", () => {
    loadOrCreatePki(options());
    const path = join(directory, "admin.key");
    const text = readFileSync(path);
    unlinkSync(path);
    assert.throws(() => loadOrCreatePki(options()), /admin\.crt is there but its key .*admin\.key is not/);
    writeFileSync(path, text, { mode: 0o600 });
  });
});

describe("certificates", () => {
  const rng = seededRng(7);
  const fromMs = Date.UTC(2026, 0, 1);
  it("do not outlive their authority, also behind 2050", () => {
    const ca = newAuthority("short", { fromMs, toMs: Date.UTC(2051, 5, 1) }, rng);
    const leaf = issue(
      ca,
      { subject: { commonName: "x" }, usage: ["client"], validFromMs: fromMs, validToMs: Date.UTC(2070, 0, 1) },
      rng,
    );
    assert.equal(new X509Certificate(leaf.cert).validToDate.getTime(), Date.UTC(2051, 5, 1));
  });
  it("carry several organizations", () => {
    const ca = newAuthority("ca", { fromMs, toMs: fromMs + dayMs }, rng);
    const subject = { commonName: "ann", organizations: ["zoo", "readers", "a"] };
    const leaf = issue(ca, { subject, usage: ["client"], validFromMs: fromMs, validToMs: fromMs + dayMs }, rng);
    const lines = new X509Certificate(leaf.cert).subject.split(/[\n+]/).map((each) => each.trim());
    assert.deepEqual(lines.sort(), ["CN=ann", "O=a", "O=readers", "O=zoo"]);
  });
});

describe("kubeconfig", () => {
  it("is kubectl's YAML", () => {
    const text = kubeconfig({
      userName: "admin",
      server: "https://127.0.0.1:6443",
      ca: "CA",
      client: { cert: "C", key: "K" },
    });
    assert.equal(
      text,
      `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://127.0.0.1:6443
  name: "kubernetes"
contexts:
- context:
    cluster: "kubernetes"
    user: "admin"
  name: "admin@kubernetes"
current-context: "admin@kubernetes"
kind: Config
users:
- name: "admin"
  user:
    client-certificate-data: Qw==
    client-key-data: Sw==
`,
    );
  });
});
