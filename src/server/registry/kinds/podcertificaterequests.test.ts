// A kubelet asks for a pod's certificate, a signer answers: admission, validation and the signer's right, through a whole server.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { after, before, test } from "node:test";
import "reflect-metadata";
import { Pkcs10CertificateRequestGenerator, X509CertificateGenerator } from "@peculiar/x509";
import { createAuthorizer } from "../../authz/create.ts";
import { bootstrapRbac } from "../../bootstrap/rbac.ts";
import { ask, type Json } from "../../request.fixture.ts";
import { type TestServer, testServer } from "../../testing.ts";

const group = "/apis/certificates.k8s.io/v1beta1";
const requests = `${group}/namespaces/default/podcertificaterequests`;
const kubelet = { username: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };
const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const base64 = (bytes: ArrayBuffer | Uint8Array): string => Buffer.from(bytes as Uint8Array).toString("base64");

const gates = { PodCertificateRequest: true };
let server: TestServer;
let spec: Record<string, unknown>;
let keys: webcrypto.CryptoKeyPair;
before(async () => {
  server = await testServer({
    runtimeConfig: { "certificates.k8s.io/v1beta1": "true" },
    featureGates: gates,
    authorizer: (reader) => createAuthorizer(["Node", "RBAC"], reader, { gates }),
    bootstrap: bootstrapRbac,
    admission: { enable: ["NodeRestriction"], disable: ["ServiceAccount"] },
  });
  const make = async (line: string, body: object): Promise<Json> => {
    const answer = await ask(server, line, { body });
    assert.equal(answer.code, 201, answer.text);
    return answer.body["metadata"]!;
  };
  const node = await make("POST /api/v1/nodes", { metadata: { name: "n1" } });
  const account = await make("POST /api/v1/namespaces/default/serviceaccounts", { metadata: { name: "sa" } });
  const pod = await make("POST /api/v1/namespaces/default/pods", {
    metadata: { name: "p" },
    spec: { nodeName: "n1", serviceAccountName: "sa", containers: [{ name: "c", image: "i" }] },
  });
  keys = await webcrypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const stub = await Pkcs10CertificateRequestGenerator.create({ keys: keys as CryptoKeyPair, signingAlgorithm: curve });
  spec = {
    signerName: "example.com/pods",
    podName: "p",
    podUID: pod["uid"],
    serviceAccountName: "sa",
    serviceAccountUID: account["uid"],
    nodeName: "n1",
    nodeUID: node["uid"],
    stubPKCS10Request: base64(stub.rawData),
  };
});
after(() => server.close());

const create = (name: string, changes: object = {}, user?: typeof kubelet) =>
  ask(server, `POST ${requests}`, {
    body: {
      apiVersion: "certificates.k8s.io/v1beta1",
      kind: "PodCertificateRequest",
      metadata: { name },
      spec: { ...spec, ...changes },
    },
    ...(user ? { user } : {}),
  });

const refused: readonly (readonly [string, object, RegExp])[] = [
  [
    "another node",
    { nodeName: "n2" },
    /403 .*PodCertificateRequest\.Spec\.NodeName="n2", which is not the requesting node "n1"/,
  ],
  ["another node's uid", { nodeUID: "x" }, /500 .*names node UID "x", inconsistent with the running node/],
  [
    "no such pod",
    { podName: "q" },
    /500 .*while retrieving pod "default\/q" named in the PodCertificateRequest: pod "q" not found/,
  ],
  ["another pod's uid", { podUID: "x" }, /500 .*contains pod UID \("x"\) which differs from running pod/],
  [
    "another account",
    { serviceAccountName: "default" },
    /403 .*contains serviceAccountName \("default"\) that differs from running pod \("sa"\)/,
  ],
];
for (const [what, changes, text] of refused)
  test(`a kubelet may not ask: ${what}`, async () => {
    const { code, body } = await create("refused", changes, kubelet);
    assert.match(`${code} ${body["message"]}`, text);
  });

const invalid: readonly (readonly [string, object, RegExp])[] = [
  [
    "short",
    { maxExpirationSeconds: 60 },
    /spec\.maxExpirationSeconds: Invalid value: 60: must be in the range \[3600, 7862400\]$/,
  ],
  [
    "long for an own signer",
    { signerName: "kubernetes.io/x", maxExpirationSeconds: 86401 },
    /spec\.maxExpirationSeconds: Invalid value: 86401: must be in the range \[3600, 86400\]$/,
  ],
  ["no request", { stubPKCS10Request: "" }, /spec: Invalid value: exactly one of \(stubPKCS10Request\) or/],
  [
    "no PKCS#10",
    { stubPKCS10Request: base64(new Uint8Array(9)) },
    /spec\.stubPKCS10Request: Invalid value: must be a valid PKCS#10 CSR$/,
  ],
  [
    "no domain",
    { unverifiedUserAnnotations: { a: "b" } },
    /spec\.unverifiedUserAnnotations: Invalid value: "a": must be a domain-prefixed key/,
  ],
  ["no node", { nodeUID: "" }, /spec\.nodeUID: Invalid value: "": must not be empty$/],
];
for (const [what, changes, text] of invalid)
  test(`not taken: ${what}`, async () => {
    const { code, body } = await create("invalid", changes);
    assert.equal(code, 422);
    assert.match(String(body["message"]), text);
  });

test("a bare key needs a proof that it is the asker's", async () => {
  const key = base64(await webcrypto.subtle.exportKey("spki", keys.publicKey));
  const raw = new Uint8Array(
    await webcrypto.subtle.sign(curve, keys.privateKey, new TextEncoder().encode(String(spec["podUID"]))),
  );
  const number = (bytes: Uint8Array): number[] => {
    const trimmed = [
      ...bytes.subarray(
        Math.max(
          0,
          bytes.findIndex((byte) => byte !== 0),
        ),
      ),
    ];
    const positive = trimmed[0]! > 127 ? [0, ...trimmed] : trimmed;
    return [2, positive.length, ...positive];
  };
  const numbers = [...number(raw.subarray(0, 32)), ...number(raw.subarray(32))];
  const proof = base64(Uint8Array.from([48, numbers.length, ...numbers]));
  const bare = { stubPKCS10Request: null, pkixPublicKey: key };
  assert.equal((await create("proven", { ...bare, proofOfPossession: proof })).code, 201);
  const other = await create("unproven", { ...bare, proofOfPossession: base64(new Uint8Array(70)) });
  assert.match(
    String(other.body["message"]),
    /spec\.proofOfPossession: Invalid value: could not verify proof-of-possession signature$/,
  );
});

test("from the request to the certificate", async () => {
  const made = await create("whole", {}, kubelet);
  assert.equal(made.code, 201, made.text);
  assert.equal(made.body["spec"]!["maxExpirationSeconds"] as unknown, 86_400);
  const own = await ask(server, `GET ${requests}/whole`, { user: kubelet });
  assert.equal(own.code, 200, own.text);
  assert.equal((await ask(server, `GET ${requests}?fieldSelector=spec.nodeName%3Dn1`, { user: kubelet })).code, 200);
  assert.equal((await ask(server, `GET ${requests}`, { user: kubelet })).code, 403);

  const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000);
  const notAfter = new Date(notBefore.getTime() + 7_200_000);
  const leaf = await X509CertificateGenerator.createSelfSigned({
    keys: keys as CryptoKeyPair,
    signingAlgorithm: curve,
    notBefore,
    notAfter,
  });
  const time = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
  const condition = {
    type: "Issued",
    status: "True",
    reason: "Issued",
    message: "",
    lastTransitionTime: time(notBefore),
  };
  const status = {
    conditions: [condition],
    certificateChain: leaf.toString("pem"),
    notBefore: time(notBefore),
    notAfter: time(notAfter),
    beginRefreshAt: time(new Date(notBefore.getTime() + 3_600_000)),
  };
  const tell = (body: object, user?: typeof kubelet) =>
    ask(server, `PATCH ${requests}/whole/status`, {
      body: { status: body },
      headers: { "content-type": "application/merge-patch+json" },
      ...(user ? { user } : {}),
    });
  const texts: readonly (readonly [object, RegExp])[] = [
    [
      { ...status, conditions: [{ ...condition, type: "Odd" }] },
      /status\.conditions\.\[0\]\.type: Unsupported value: "Odd": supported values: "Issued", "Denied", "Failed"$/,
    ],
    [
      { ...status, conditions: [] },
      /status: Invalid value: status is immutable unless transitioning to "Issued", "Denied", or "Failed"$/,
    ],
    [
      { ...status, conditions: [{ ...condition, type: "Denied" }] },
      /status: Invalid value: non-condition status fields must be empty when denying/,
    ],
    [
      { ...status, notAfter: time(notBefore) },
      /status\.notAfter: Invalid value: .*must be set to the NotAfter time encoded in the leaf certificate$/,
    ],
    [
      { ...status, beginRefreshAt: status.notAfter },
      /status\.beginRefreshAt: .*must be at least 10 minutes before status\.notAfter$/,
    ],
    [{ ...status, certificateChain: "x" }, /issued certificate chain must contain at least one certificate$/],
  ];
  for (const [body, text] of texts) assert.match(String((await tell(body)).body["message"]), text);

  const role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "s" },
    rules: [
      { apiGroups: ["certificates.k8s.io"], resources: ["podcertificaterequests/status"], verbs: ["patch", "update"] },
    ],
  };
  await ask(server, "POST /apis/rbac.authorization.k8s.io/v1/clusterroles", { body: role });
  const binding = {
    ...role,
    kind: "ClusterRoleBinding",
    rules: undefined,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "s" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "eve" }],
  };
  await ask(server, "POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings", { body: binding });
  const stranger = await tell(status, { username: "eve", groups: ["system:authenticated"] });
  assert.match(
    String(stranger.body["message"]),
    /spec\.signerName: Forbidden: User "eve" is not permitted to "sign" for signer "example\.com\/pods"$/,
  );

  const signed = await tell(status);
  assert.equal(signed.code, 200, signed.text);
  assert.match(
    String((await tell({ beginRefreshAt: null })).body["message"]),
    /immutable after PodCertificateRequest is issued, denied, or failed/,
  );
  const table = await ask(server, `GET ${requests}/whole`, {
    headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
  });
  assert.deepEqual(table.body["rows"]![0]!["cells"], [
    "whole",
    "p",
    "sa",
    "n1",
    "example.com/pods",
    "Issued",
    "<none>",
  ]);
});

test("nodes and the cleaner have their roles with the feature", async () => {
  const at = "/apis/rbac.authorization.k8s.io/v1";
  const node = await ask(server, `GET ${at}/clusterroles/system:node`);
  assert.match(JSON.stringify(node.body["rules"]), /podcertificaterequests/);
  const name = "system:controller:podcertificaterequestcleaner";
  const cleaner = await ask(server, `GET ${at}/clusterroles/${name}`);
  assert.deepEqual(cleaner.body["rules"], [
    {
      verbs: ["delete", "get", "list", "watch"],
      apiGroups: ["certificates.k8s.io"],
      resources: ["podcertificaterequests"],
    },
  ]);
  assert.equal((await ask(server, `GET ${at}/clusterrolebindings/${name}`)).code, 200);
});
