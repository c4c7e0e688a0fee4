// Trust bundles and pod certificates as volumes: what kube-apiserver 1.36.3 said to the same pods, and what their gates do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { systemClock } from "../../../base/index.ts";
import { createMemoryStore } from "../../../store/index.ts";
import { ask } from "../../request.fixture.ts";
import { type TestServer, testServer } from "../../testing.ts";

const gates = {
  ClusterTrustBundle: true,
  ClusterTrustBundleProjection: true,
  PodCertificateRequest: true,
  GenericWorkload: true,
  ContainerStopSignals: true,
};
const store = createMemoryStore({ clock: systemClock });
const options = { store, admission: { disable: ["ServiceAccount"] } };
let server: TestServer;
before(async () => {
  server = await testServer({ ...options, featureGates: gates });
});
after(async () => {
  await server.close();
  await store.close();
});

const pod = (name: string, sources: readonly object[], more: object = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { containers: [{ name: "c", image: "i" }], volumes: [{ name: "v", projected: { sources } }], ...more },
});
const bundle = (clusterTrustBundle: object): object => ({ clusterTrustBundle });
const certificate = (podCertificate: object): object => ({ podCertificate });
const pods = "/api/v1/namespaces/default/pods";

const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const good = { signerName: "ex.com/s", keyType: "RSA3072" };

/** Findings below `spec.volumes[0].projected`. */
const refused: readonly (readonly [sources: readonly object[], findings: readonly string[]])[] = [
  [
    [bundle({ name: "", path: "p" })],
    [
      ".sources[0].clusterTrustBundle.name: Required value: must be a valid object name",
      `.sources[0].clusterTrustBundle.name: Invalid value: "": not a valid clustertrustbundlename: ${subdomain}`,
    ],
  ],
  [
    [bundle({ name: ":b", path: "p" })],
    [
      '.sources[0].clusterTrustBundle.name: Invalid value: ":b": not a valid clustertrustbundlename: ClusterTrustBundle without signer name must not have ":" in its name',
    ],
  ],
  [
    [bundle({ name: "a", signerName: "b", path: "p", labelSelector: { matchLabels: { a: "b" } } })],
    [
      '.sources[0].clusterTrustBundle: Invalid value: {"Name":"a","SignerName":"b","LabelSelector":{"matchLabels":{"a":"b"}},"Optional":null,"Path":"p"}: only one of name and signerName may be used',
    ],
  ],
  [
    [bundle({ name: "a", path: "p", labelSelector: {} })],
    [
      ".sources[0].clusterTrustBundle.labelSelector: Invalid value: {}: labelSelector must be unset if name is specified",
    ],
  ],
  [
    [bundle({ signerName: "", path: "p" })],
    [
      ".sources[0].clusterTrustBundle.signerName: Required value: must be a valid signer name",
      ".sources[0].clusterTrustBundle.signerName: Required value",
    ],
  ],
  [
    [bundle({}), bundle({})],
    [
      ".sources[0].clusterTrustBundle: Required value: either name or signerName must be specified",
      ".sources[0].clusterTrustBundle.path: Required value",
      ".sources[1].clusterTrustBundle: Required value: either name or signerName must be specified",
      ".sources[1].clusterTrustBundle.path: Required value",
      ': Invalid value: "": conflicting duplicate paths',
    ],
  ],
  [
    [certificate({})],
    [
      ".sources[0].podCertificate.signerName: Required value",
      '.sources[0].podCertificate.keyType: Unsupported value: "": supported values: "RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"',
      ".sources[0].podCertificate: Required value: specify at least one of credentialBundlePath, keyPath, and certificateChainPath",
    ],
  ],
  [
    [certificate({ ...good, credentialBundlePath: "p", maxExpirationSeconds: 3599 })],
    [
      ".sources[0].podCertificate.maxExpirationSeconds: Invalid value: 3599: if provided, maxExpirationSeconds must be >= 3600",
    ],
  ],
  [
    [certificate({ ...good, signerName: "kubernetes.io/s", keyPath: "p", maxExpirationSeconds: 86_401 })],
    [
      ".sources[0].podCertificate.maxExpirationSeconds: Invalid value: 86401: if provided, maxExpirationSeconds must be <= 86400",
    ],
  ],
  [
    [certificate({ ...good, keyPath: "/k", certificateChainPath: "/k" })],
    [
      '.sources[0].podCertificate.keyPath: Invalid value: "/k": must be a relative path',
      '.sources[0].podCertificate.certificateChainPath: Invalid value: "/k": must be a relative path',
      ': Invalid value: "/k": conflicting duplicate paths',
    ],
  ],
  [
    [certificate({ ...good, keyPath: "p", userAnnotations: { foo: "b", "EX.com/a": "c" } })],
    [
      '.sources[0].podCertificate.userAnnotations: Invalid value: "foo": must be a domain-prefixed key (such as "acme.io/foo")',
    ],
  ],
];
for (const [index, [sources, findings]] of refused.entries())
  test(`refused: ${JSON.stringify(sources)}`, async () => {
    const { code, body } = await ask(server, `POST ${pods}`, { body: pod(`refused-${index}`, sources) });
    const texts = findings.map((each) => `spec.volumes[0].projected${each}`).join(", ");
    const shown = findings.length === 1 ? texts : `[${texts}]`;
    assert.deepEqual([code, body["message"]], [422, `Pod "refused-${index}" is invalid: ${shown}`]);
  });

test("a pod group is named rightly, a stop signal needs an operating system", async () => {
  const group = await ask(server, `POST ${pods}`, { body: pod("grouped", [], { schedulingGroup: {} }) });
  assert.equal(
    group.body["message"],
    'Pod "grouped" is invalid: spec.schedulingGroup.podGroupName: Invalid value: null: must specify one of: `podGroupName`',
  );
  const containers = [{ name: "c", image: "i", lifecycle: { stopSignal: "SIGTERM" } }];
  const signal = await ask(server, `POST ${pods}`, { body: pod("signalled", [], { containers }) });
  assert.match(String(signal.body["message"]), /stopSignal: Forbidden: may not be set for containers with empty/);
});

test("the fields stay while their gates are on, and on objects that have them when they are off again", async () => {
  const sources = [
    bundle({ signerName: "ex.com/s", labelSelector: {}, optional: true, path: "anchors" }),
    certificate({ ...good, credentialBundlePath: "bundle" }),
  ];
  const template = { metadata: { labels: { a: "b" } }, spec: (pod("", sources) as { spec: object }).spec };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d" },
    spec: { selector: { matchLabels: { a: "b" } }, template },
  };
  const made = await ask(server, `POST ${pods}`, { body: pod("kept", sources) });
  assert.deepEqual(made.body["spec"]?.["volumes"]?.[0]?.["projected"]?.["sources"], sources);
  await ask(server, "POST /apis/apps/v1/namespaces/default/deployments", { body: deployment });

  const off = await testServer(options);
  try {
    const headers = { "content-type": "application/merge-patch+json" };
    const body = { metadata: { labels: { x: "y" } }, spec: { template: { metadata: { labels: { c: "d" } } } } };
    const patched = await ask(off, "PATCH /apis/apps/v1/namespaces/default/deployments/d", { body, headers });
    const volume = patched.body["spec"]?.["template"]?.["spec"]?.["volumes"]?.[0];
    assert.deepEqual(volume?.["projected"], { sources, defaultMode: 420 });
    const labelled = await ask(off, `PATCH ${pods}/kept`, { body: { metadata: body.metadata }, headers });
    assert.deepEqual(labelled.body["spec"]?.["volumes"]?.[0]?.["projected"]?.["sources"], sources);
    const fresh = await ask(off, `POST ${pods}`, { body: pod("dropped", sources, { schedulingGroup: {} }) });
    assert.deepEqual(fresh.body["spec"]?.["volumes"]?.[0]?.["projected"]?.["sources"], [{}, {}]);
    assert.equal(fresh.body["spec"]?.["schedulingGroup"], undefined);
  } finally {
    await off.close();
  }
});
