// Trust bundles and certificates of pods in volumes, against the real API server.
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { after, before, test } from "node:test";
import "reflect-metadata";
import { BasicConstraintsExtension, Pkcs10CertificateRequest, X509CertificateGenerator } from "@peculiar/x509";
import {
  type ClusterTrustBundle,
  clusterTrustBundles,
  nodes,
  type Pod,
  type PodCertificateRequest,
  podCertificateRequests,
  pods,
  serviceAccounts,
} from "../../api/index.ts";
import { type Clock, seededRng, silentLogger, systemClock } from "../../base/index.ts";
import { type Client, createClient, createInformerFactory } from "../../client/index.ts";
import { type TestServer, testServer } from "../../server/testing.ts";
import type { KubeletContext } from "../context.ts";
import { testPod } from "../testing.ts";
import { keyAndRequest } from "./certificate-request.ts";
import { type PayloadInput, payloadOf } from "./payloads.ts";
import { createPodCertificates, type PodCertificates } from "./pod-certificates.ts";
import { createTrustBundles, type TrustBundles } from "./trust-bundles.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const minuteMs = 60_000;
const text = (payload: { readonly data: Uint8Array } | undefined): string => new TextDecoder().decode(payload?.data);

/** Shows another time when told to; its timers fire when told to. */
class Hand implements Clock {
  laterMs = 0;
  readonly #timers = new Set<() => void>();
  now = (): number => systemClock.now() + this.laterMs;
  monotonic = (): number => systemClock.monotonic() + this.laterMs;
  setTimeout(callback: () => void): { cancel(): void } {
    this.#timers.add(callback);
    return { cancel: () => void this.#timers.delete(callback) };
  }
  fire(): void {
    const all = [...this.#timers];
    this.#timers.clear();
    for (const each of all) each();
  }
}

const gates = { ClusterTrustBundle: true, ClusterTrustBundleProjection: true, PodCertificateRequest: true };
const stop = new AbortController();
const clock = new Hand();
const told: string[] = [];
let server: TestServer;
let client: Client;
let bundles: TrustBundles;
let certificates: PodCertificates;
let signing: CryptoKeyPair;
let changes = 0;
let waiting: (() => void) | undefined;

before(async () => {
  server = await testServer({
    runtimeConfig: { "certificates.k8s.io/v1beta1": "true" },
    featureGates: gates,
    admission: { disable: ["ServiceAccount"] },
  });
  client = createClient(server.transport(), { userAgent: "kubelet" });
  signing = (await globalThis.crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const node = await client.of(nodes).create({ apiVersion: "v1", kind: "Node", metadata: { name: "n1" } } as never);
  await client
    .of(serviceAccounts)
    .create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "sa", namespace: "default" } });
  const rng = seededRng(1);
  const context = {
    ...{ client, clock, rng, nodeName: "n1", log: silentLogger, node: () => node },
    events: {
      event: (_: unknown, event: { type: string; reason: string; message: string }) =>
        told.push(`${event.type} ${event.reason} ${event.message}`),
    },
  } as unknown as KubeletContext;
  const informers = createInformerFactory({ client, clock: systemClock, rng, log: silentLogger, signal: stop.signal });
  informers.start();
  const changed = (): void => {
    changes++;
    waiting?.();
  };
  bundles = createTrustBundles(context, { informers, changed, signal: stop.signal });
  certificates = createPodCertificates(context, { informers, changed, signal: stop.signal });
});
after(async () => {
  stop.abort(new DOMException("end", "AbortError"));
  await server.close();
});

/** Resolves when volumes are told to be other ones than at `count`. */
const changedSince = async (count: number): Promise<void> => {
  while (changes === count) await new Promise<void>((resolve) => (waiting = resolve));
};

async function podWith(name: string, sources: readonly object[]): Promise<Pod> {
  const { spec } = testPod({ volumes: [{ name: "v", projected: { sources: [...sources] } }] });
  return client.of(pods).create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: { ...spec, nodeName: "n1", serviceAccountName: "sa" },
  });
}

const filesOf = async (pod: Pod) =>
  (await payloadOf(pod.spec.volumes![0]!, {
    pod,
    user: 1000,
    anchors: (wish: never) => bundles.anchors(pod, wish),
    credentials: (source: never) => certificates.credentials(pod, source),
  } as PayloadInput))!;

async function anchor(name: string): Promise<string> {
  const made = await X509CertificateGenerator.createSelfSigned({
    ...{ name: `CN=${name}`, keys: signing, signingAlgorithm: algorithm, serialNumber: "01" },
    ...{ notBefore: new Date(0), notAfter: new Date(4e12), extensions: [new BasicConstraintsExtension(true)] },
  });
  return `${made.toString("pem")}\n`;
}

const bundle = (name: string, trustBundle: string, signerName?: string): Promise<ClusterTrustBundle> =>
  client.of(clusterTrustBundles).create({
    apiVersion: "certificates.k8s.io/v1beta1",
    kind: "ClusterTrustBundle",
    metadata: { name, labels: { live: "yes" } },
    spec: { trustBundle, ...(signerName === undefined ? {} : { signerName }) },
  });

test("anchors of one bundle, and of all that a signer's selector finds; every one once", async () => {
  const [a, b] = [await anchor("a"), await anchor("b")];
  await bundle("plain", `# said about it\n${a}`);
  await bundle("ex.com:s:one", a, "ex.com/s");
  const selected = { signerName: "ex.com/s", labelSelector: { matchLabels: { live: "yes" } }, path: "signed" };
  const pod = await podWith("anchored", [
    { clusterTrustBundle: { name: "plain", path: "named" } },
    { clusterTrustBundle: selected },
    { clusterTrustBundle: { signerName: "ex.com/s", path: "none", optional: true } },
    { clusterTrustBundle: { name: "absent", path: "absent", optional: true } },
  ]);
  const files = await filesOf(pod);
  assert.deepEqual([text(files.get("named")), text(files.get("signed"))], [a, a]);
  assert.deepEqual([text(files.get("none")), text(files.get("absent"))], ["", ""]);
  assert.deepEqual([files.get("named")?.mode, files.get("named")?.uid], [0o600, 1000]);
  const before = changes;
  await bundle("ex.com:s:two", a + b, "ex.com/s");
  await changedSince(before);
  const after = text((await filesOf(pod)).get("signed"));
  assert.deepEqual(after.split("-----BEGIN").slice(1).sort(), (a + b).split("-----BEGIN").slice(1).sort());
});

test("what is not there and not optional keeps the pod waiting", async () => {
  const absent = await podWith("absent", [{ clusterTrustBundle: { name: "absent", path: "p" } }]);
  await assert.rejects(filesOf(absent), {
    message: 'while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io "absent" not found',
  });
  const unsigned = await podWith("unsigned", [
    { clusterTrustBundle: { signerName: "ex.com/other", labelSelector: {}, path: "p" } },
  ]);
  await assert.rejects(filesOf(unsigned), {
    message: "combination of signerName and labelSelector matched zero ClusterTrustBundles",
  });
});

/** The newest request of the pod that nobody has answered. */
async function unanswered(pod: Pod): Promise<PodCertificateRequest> {
  for (;;) {
    const list = await client.of(podCertificateRequests).list({ namespace: "default" });
    const found = list.items.find(
      ({ spec, status }) => spec.podUID === pod.metadata.uid && status?.conditions === undefined,
    );
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const answer = (request: PodCertificateRequest, status: object): Promise<PodCertificateRequest> =>
  client.of(podCertificateRequests).updateStatus({ ...request, status } as PodCertificateRequest);

const condition = (type: string): object => ({
  ...{ type, status: "True", reason: "Because", message: "so" },
  lastTransitionTime: "2026-01-01T00:00:00Z",
});

async function issue(request: PodCertificateRequest): Promise<void> {
  const csr = new Pkcs10CertificateRequest(request.spec.stubPKCS10Request!);
  assert.equal(await csr.verify(), true);
  const fromMs = Math.floor(systemClock.now() / 1000) * 1000;
  const times = [fromMs, fromMs + 60 * minuteMs, fromMs + 30 * minuteMs].map((each) => new Date(each));
  const [notBefore, notAfter, beginRefreshAt] = times as [Date, Date, Date];
  const leaf = await X509CertificateGenerator.create({
    ...{ publicKey: await csr.publicKey.export(), signingKey: signing.privateKey, signingAlgorithm: algorithm },
    ...{ issuer: "CN=ca", subject: "CN=p", serialNumber: "02", notBefore, notAfter },
  });
  await answer(request, {
    certificateChain: `${leaf.toString("pem")}\n`,
    ...{ notBefore: seconds(notBefore), notAfter: seconds(notAfter), beginRefreshAt: seconds(beginRefreshAt) },
    conditions: [condition("Issued")],
  });
}
const seconds = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, "Z");

test("a certificate is asked for, waited for, shown, and renewed in time", async () => {
  const wish = { signerName: "ex.com/s", keyType: "ECDSAP256", userAnnotations: { "ex.com/a": "b" } };
  const paths = { credentialBundlePath: "bundle", keyPath: "key", certificateChainPath: "chain" };
  const pod = await podWith("certified", [{ podCertificate: { ...wish, ...paths } }]);
  await assert.rejects(filesOf(pod), { message: "credential bundle is not issued yet" });
  const request = await unanswered(pod);
  assert.match(request.metadata.name, /^req-/);
  assert.deepEqual(request.metadata.ownerReferences, [
    { apiVersion: "v1", kind: "Pod", name: "certified", uid: pod.metadata.uid },
  ]);
  const { signerName, podName, nodeName, serviceAccountName, unverifiedUserAnnotations } = request.spec;
  assert.deepEqual(
    [signerName, podName, nodeName, serviceAccountName, unverifiedUserAnnotations],
    ["ex.com/s", "certified", "n1", "sa", { "ex.com/a": "b" }],
  );
  let count = changes;
  await issue(request);
  await changedSince(count);
  const files = await filesOf(pod);
  const [key, chain] = [text(files.get("key")), text(files.get("chain"))];
  assert.equal(text(files.get("bundle")), key + chain);
  assert.equal(files.get("key")?.mode, 0o600);
  assert.ok(new X509Certificate(chain).checkPrivateKey(createPrivateKey(key)));

  clock.laterMs = 61 * minuteMs;
  clock.fire();
  const renewal = await unanswered(pod);
  assert.equal(text((await filesOf(pod)).get("key")), key);
  assert.deepEqual(told.splice(0), [
    "Warning CertificateOverdueForRefresh PodCertificate refresh overdue",
    "Warning CertificateExpired PodCertificate expired",
  ]);
  clock.laterMs = 0;
  count = changes;
  await issue(renewal);
  await changedSince(count);
  assert.notEqual(text((await filesOf(pod)).get("key")), key);
  certificates.forget(pod.metadata.uid);
});

for (const [type, verb] of [
  ["Denied", "was denied"],
  ["Failed", "failed"],
] as const)
  test(`a request that ${verb} ends it`, async () => {
    const pod = await podWith(verb.replace(" ", "-"), [
      { podCertificate: { signerName: "ex.com/s", keyType: "ED25519", keyPath: "key" } },
    ]);
    await assert.rejects(filesOf(pod));
    const request = await unanswered(pod);
    const count = changes;
    await answer(request, { conditions: [condition(type)] });
    await changedSince(count);
    await assert.rejects(filesOf(pod), {
      message: `PodCertificateRequest was permanently ${type.toLowerCase()}: reason="Because" message="so"`,
    });
    const said = `PodCertificateRequest default/${request.metadata.name} ${verb}, reason="Because", message="so"`;
    assert.deepEqual(told.splice(0), [`Warning ${type} Because%!(EXTRA string=${said})`]);
  });

for (const keyType of ["RSA3072", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"])
  test(`a key of ${keyType} proves itself`, async () => {
    const { request } = await keyAndRequest(keyType);
    assert.equal(await new Pkcs10CertificateRequest(request).verify(), true);
  });

test("there are no other kinds of keys", async () => {
  await assert.rejects(keyAndRequest("RSA1024"), { message: 'unknown key type "RSA1024"' });
});
