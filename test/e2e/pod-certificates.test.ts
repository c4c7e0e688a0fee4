// Trust bundles and certificates of pods as files of real containers (KEP-3257, KEP-4317): the test is the signer that upstream leaves to
// others, and reads what a container reads.
import assert from "node:assert/strict";
import { createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import { after, before, test } from "node:test";
import "reflect-metadata";
import { BasicConstraintsExtension, Pkcs10CertificateRequest, X509CertificateGenerator } from "@peculiar/x509";
import { busyboxPod, called, startTestCluster, type TestCluster } from "./harness.ts";

const signerName = "example.com/pods";
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const hourMs = 3_600_000;

interface CertificateRequest {
  readonly metadata: { readonly name: string; readonly ownerReferences: readonly { readonly name: string }[] };
  readonly spec: Readonly<Record<string, unknown>> & { readonly stubPKCS10Request: string };
}

interface Authority {
  readonly name: string;
  readonly keys: CryptoKeyPair;
  readonly pem: string;
}

let cluster: TestCluster;
before(async () => {
  cluster = await startTestCluster({
    name: called("podcerts"),
    flags: [
      "--feature-gates=ClusterTrustBundle=true,ClusterTrustBundleProjection=true,PodCertificateRequest=true",
      "--runtime-config=certificates.k8s.io/v1beta1=true",
    ],
  });
});
after(async () => {
  await cluster?.remove();
});

/** Signed by itself, or by another. */
async function authority(name: string, by?: Authority): Promise<Authority> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const made = await X509CertificateGenerator.create({
    ...{ subject: `CN=${name}`, issuer: `CN=${by?.name ?? name}`, publicKey: keys.publicKey, serialNumber: "01" },
    ...{ signingKey: (by?.keys ?? keys).privateKey, signingAlgorithm: algorithm },
    ...{ notBefore: new Date(0), notAfter: new Date(4e12), extensions: [new BasicConstraintsExtension(true)] },
  });
  return { name, keys, pem: `${made.toString("pem")}\n` };
}

const seconds = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, "Z");

async function issue({ metadata, spec }: CertificateRequest, intermediate: Authority): Promise<string> {
  const proof = new Pkcs10CertificateRequest(spec.stubPKCS10Request);
  assert.equal(await proof.verify(), true);
  const fromMs = Math.floor(Date.now() / 1000) * 1000;
  const [notBefore, beginRefreshAt, notAfter] = [0, 12, 24].map((hours) => new Date(fromMs + hours * hourMs)) as [
    Date,
    Date,
    Date,
  ];
  const leaf = await X509CertificateGenerator.create({
    ...{ publicKey: proof.publicKey, signingKey: intermediate.keys.privateKey, signingAlgorithm: algorithm },
    ...{ issuer: `CN=${intermediate.name}`, subject: "CN=pod", serialNumber: "02", notBefore, notAfter },
  });
  const status = {
    certificateChain: `${leaf.toString("pem")}\n${intermediate.pem}`,
    ...{ notBefore: seconds(notBefore), notAfter: seconds(notAfter), beginRefreshAt: seconds(beginRefreshAt) },
    conditions: [
      { type: "Issued", status: "True", reason: "Signed", message: "", lastTransitionTime: seconds(notBefore) },
    ],
  };
  const patch = JSON.stringify({ status });
  await cluster.kubectl(
    ...["patch", "podcertificaterequest", metadata.name, "--subresource=status", "--type=merge", "-p", patch],
  );
  return status.certificateChain;
}

/** The leaf is of the key, and every certificate of the chain of the next, up to an anchor. */
function assertTrusted(chain: string, key: string, anchors: string): void {
  const certificates = pemBlocks(`${chain}${anchors}`).map((each) => new X509Certificate(each));
  assert.ok(certificates[0]?.checkPrivateKey(createPrivateKey(key)));
  for (const [index, issuer] of certificates.slice(1).entries()) {
    assert.ok(certificates[index]?.checkIssued(issuer));
    assert.ok(certificates[index]?.verify(issuer.publicKey));
  }
}

const pemBlocks = (text: string): string[] => text.match(/-----BEGIN .*?-----END .*?\n/gs) ?? [];

test("a container reads its certificates, their keys and what they are trusted by", async () => {
  const root = await authority("root");
  const intermediate = await authority("intermediate", root);
  const bundle = { signerName, trustBundle: `who reads this is told nothing\n${root.pem}` };
  const labels = { live: "yes" };
  const sources = [
    { clusterTrustBundle: { signerName, labelSelector: { matchLabels: labels }, path: "anchors.pem" } },
    { clusterTrustBundle: { name: "example.com:pods:absent", path: "absent.pem", optional: true } },
    { podCertificate: { signerName, keyType: "ECDSAP384", credentialBundlePath: "bundle.pem" } },
    { podCertificate: { signerName, keyType: "ED25519", keyPath: "key.pem", certificateChainPath: "chain.pem" } },
  ];
  await cluster.apply([
    {
      apiVersion: "certificates.k8s.io/v1beta1",
      kind: "ClusterTrustBundle",
      metadata: { name: "example.com:pods:root", labels },
      spec: bundle,
    },
    busyboxPod("certified", ["sleep", "10000"], {
      containers: [
        {
          ...{ name: "main", image: "t8s.local/busybox:1", command: ["sleep", "10000"] },
          volumeMounts: [{ name: "identity", mountPath: "/identity" }],
        },
      ],
      volumes: [{ name: "identity", projected: { sources } }],
    }),
  ]);

  const waiting = await cluster.eventually(
    ["get", "podcertificaterequests", "-o", "json"],
    (text) => JSON.parse(text).items.length === 2,
  );
  const uid = await cluster.kubectl("get", "pod", "certified", "-o", "jsonpath={.metadata.uid}");
  const nodeName = await cluster.kubectl("get", "pod", "certified", "-o", "jsonpath={.spec.nodeName}");
  const issued: string[] = [];
  for (const request of JSON.parse(waiting).items as CertificateRequest[]) {
    const { podName, podUID, serviceAccountName, maxExpirationSeconds, ...spec } = request.spec;
    assert.deepEqual(
      [spec["signerName"], podName, podUID, spec["nodeName"], serviceAccountName, maxExpirationSeconds],
      [signerName, "certified", uid, nodeName, "default", 86_400],
    );
    assert.equal(request.metadata.ownerReferences[0]?.name, "certified");
    issued.push(await issue(request, intermediate));
  }

  await cluster.kubectl("wait", "pod/certified", "--for=condition=Ready", "--timeout=60s");
  const read = (file: string): Promise<string> =>
    cluster.kubectl("exec", "certified", "--", "cat", `/identity/${file}`);
  const anchors = await read("anchors.pem");
  assert.equal(anchors, root.pem);
  assert.equal(await read("absent.pem"), "");
  const [key = "", ...chain] = pemBlocks(await read("bundle.pem"));
  assert.ok(issued.includes(chain.join("")));
  assertTrusted(chain.join(""), key, anchors);
  assert.deepEqual(createPrivateKey(key).asymmetricKeyDetails, { namedCurve: "secp384r1" });

  const [plainKey, plainChain] = [await read("key.pem"), await read("chain.pem")];
  assert.ok(issued.includes(plainChain));
  assertTrusted(plainChain, plainKey, anchors);
  assert.equal(createPrivateKey(plainKey).asymmetricKeyType, "ed25519");
  assert.equal(
    await cluster.kubectl(
      "exec",
      "certified",
      "--",
      "stat",
      "-L",
      "-c",
      "%a",
      "/identity/key.pem",
      "/identity/bundle.pem",
    ),
    "644\n644\n",
  );
});
