// A year of a node's certificates in a moment: the real API server, the controllers that approve and sign, a virtual clock.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { certificateSigningRequests, clusterRoleBindings } from "../../api/index.ts";
import { MetricRegistry, seededRng, silentLogger, VirtualClock } from "../../base/index.ts";
import { createClient } from "../../client/index.ts";
import { issue, type KeyPair, newAuthority } from "../../cluster/pki/index.ts";
import { accessReviews, bootstrapRbac, createAuthorizer, testServer } from "../../server/index.ts";
import { runControllerManager } from "../components.ts";
import { rotateCertificates, rotationTime } from "./rotation.ts";

const dayMs = 86_400_000;
const nodeName = "n1";

test("a certificate is renewed after 70 to 90 % of its life", () => {
  const life = { validFromDate: new Date(1000), validToDate: new Date(1000 + dayMs) } as X509Certificate;
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const share = (rotationTime(life, seededRng(seed)) - 1000) / dayMs;
      return share >= 0.7 && share <= 0.9;
    }),
  );
});

async function world() {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  let bootstrap = async (): Promise<void> => {};
  const server = await testServer({
    clock,
    rng,
    virtualKinds: () => accessReviews,
    authorizer: (reader, writer) => {
      bootstrap = () => bootstrapRbac(writer, reader);
      return createAuthorizer(["RBAC"], reader);
    },
  });
  await bootstrap();
  const stop = new AbortController();
  const base = { clock, rng, log: silentLogger, metrics: new MetricRegistry(), signal: stop.signal };
  const admin = createClient(server.transport(), { userAgent: "test" });
  // What `t8s up` and kubeadm bind, so that nodes may renew by themselves.
  await admin.of(clusterRoleBindings).create({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "renewal" },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:nodes" }],
  });
  await admin.of(clusterRoleBindings).create({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "nodes" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:node" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:nodes" }],
  });
  const life = { fromMs: clock.now() - dayMs, toMs: clock.now() + 3650 * dayMs };
  const authority = newAuthority("ca", life, rng);
  const user = { username: `system:node:${nodeName}`, groups: ["system:nodes", "system:authenticated"] };
  // At 80 % of each life: the test jumps to just before it.
  const node = {
    ...base,
    rng: { ...rng, next: () => 0.5 },
    client: createClient(server.transport(user), { userAgent: "kubelet" }),
  };
  const [validFromMs, validToMs] = [clock.now(), clock.now() + 10 * dayMs];
  const subject = { commonName: user.username, organizations: ["system:nodes"] };
  const first: KeyPair = issue(authority, { subject, usage: ["client"], validFromMs, validToMs }, rng);
  const used: KeyPair[] = [first];
  const store = { current: () => used.at(-1)!, replace: (pair: KeyPair) => void used.push(pair) };
  return {
    ...{ clock, admin, used, stop, store },
    controllers: (names: readonly string[]) =>
      runControllerManager(
        { ...base, client: admin },
        { names, signing: { authorityOf: () => authority, longestMs: 10 * dayMs } },
      ),
    rotating: rotateCertificates(node, store, { wish: { commonName: user.username } }),
    async close(...running: Promise<unknown>[]) {
      stop.abort(new Error("the test is over"));
      await clock.advance(0);
      await Promise.all(running);
      await server.close();
    },
  };
}

type World = Awaited<ReturnType<typeof world>>;

const requestsIn = async ({ admin }: World) => (await admin.of(certificateSigningRequests).list({})).items;

/** Cryptography runs beside the virtual clock: time goes in small steps until it is through. */
async function until(of: World, check: () => Promise<boolean>): Promise<void> {
  for (let step = 0; step < 10_000; step++) {
    await of.clock.advance(5);
    if (step % 20 === 19 && (await check())) return;
  }
  throw new Error("it did not come about");
}

async function toRenewal({ clock, used }: World): Promise<void> {
  const { validFromDate, validToDate } = new X509Certificate(used.at(-1)!.cert);
  const [fromMs, toMs] = [validFromDate.getTime(), validToDate.getTime()];
  await clock.advance(fromMs + (toMs - fromMs) * 0.8 - 10 - clock.now());
}

test("a node renews its certificate again and again, always before it ends", async () => {
  const of = await world();
  const { clock, used, controllers, rotating, close } = of;
  const running = controllers([
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-signing-controller",
  ]);
  for (let count = 2; count <= 3; count++) {
    await toRenewal(of);
    await until(of, async () => used.length === count);
    const { subject, validToDate } = new X509Certificate(used.at(-1)!.cert);
    assert.ok(validToDate.getTime() > clock.now() + 9 * dayMs);
    assert.equal(subject, `O=system:nodes\nCN=system:node:${nodeName}`);
  }
  assert.equal(new Set(used.map(({ key }) => key)).size, used.length);
  await close(running, rotating);
});

test("a request that nobody answers is made anew after a quarter of an hour, with another key", async () => {
  const of = await world();
  const { clock, used, rotating, close } = of;
  await toRenewal(of);
  for (let count = 1; count <= 3; count++) {
    await until(of, async () => (await requestsIn(of)).length === count);
    if (count < 3) await clock.advance(15 * 60_000 - 10_000);
  }
  const items = await requestsIn(of);
  assert.equal(new Set(items.map(({ spec }) => spec.request)).size, 3);
  for (const { metadata, spec } of items) {
    assert.match(metadata.name, /^csr-[a-z0-9]{5}$/);
    assert.deepEqual(
      [spec.username, spec.signerName, spec.usages],
      [`system:node:${nodeName}`, "kubernetes.io/kube-apiserver-client-kubelet", ["digital signature", "client auth"]],
    );
  }
  assert.equal(used.length, 1);
  await close(rotating);
});

test("a certificate that cannot be kept is asked for again", async () => {
  const of = await world();
  const { clock, used, controllers, rotating, close, store } = of;
  const running = controllers([
    "certificatesigningrequest-approving-controller",
    "certificatesigningrequest-signing-controller",
  ]);
  const keep = store.replace;
  let refused = 0;
  store.replace = (pair) => {
    if (refused++ < 1) throw new Error("no space left on device");
    keep(pair);
  };
  await toRenewal(of);
  await until(of, async () => refused === 1);
  await until(of, async () => used.length === 2);
  assert.equal(refused, 2);
  assert.ok(new X509Certificate(used[1]!.cert).validToDate.getTime() > clock.now() + 9 * dayMs);
  await close(running, rotating);
});
