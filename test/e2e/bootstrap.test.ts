// A node joins with a bootstrap token, as kubeadm join has it: cluster-info is signed, the token lets the kubelet ask for a certificate,
// controllers approve and sign it, and the node is there under its own name.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runProgram, t8s } from "./harness.ts";
import { eventually, freePort, Workshop } from "./workshop.ts";

const shop = new Workshop();
before(async () => assert.equal((await runProgram(t8s, ["version"])).status, 0));
after(() => shop.clear());

const [id, secret] = ["abcdef", "0123456789abcdef"];
const tokenSecret = (tokenId: string, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: `bootstrap-token-${tokenId}`, namespace: "kube-system" },
  type: "bootstrap.kubernetes.io/token",
  stringData: {
    "token-id": tokenId,
    "token-secret": secret,
    "usage-bootstrap-authentication": "true",
    "usage-bootstrap-signing": "true",
    "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    ...more,
  },
});
const binding = (name: string, role: string): object => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
  subjects: [
    { apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:bootstrappers:kubeadm:default-node-token" },
  ],
});

test("a bootstrap token is enough to join", async () => {
  const port = await freePort();
  shop.apiServer(port, "--store=memory", "--enable-bootstrap-token-auth");
  const admin = shop.kubeconfig("admin", port, { client: shop.pki.admin });
  const kubectl = async (args: readonly string[], input?: object[]): Promise<string> => {
    const output = await runProgram("kubectl", ["--kubeconfig", admin, ...args], {
      ...(input === undefined ? {} : { input: input.map((each) => JSON.stringify(each)).join("\n") }),
    });
    if (output.status !== 0) throw new Error(output.stderr);
    return output.stdout;
  };
  await eventually("the API server", () => kubectl(["get", "namespace", "kube-system", "kube-public"]));
  const manager = shop.start(
    "controller-manager",
    `--kubeconfig=${shop.kubeconfig("controller-manager", port, { client: shop.pki.controllerManager })}`,
    `--secure-port=${await freePort()}`,
    "--controllers=*,bootstrap-signer-controller,token-cleaner-controller",
    `--cluster-signing-cert-file=${shop.file("ca.crt")}`,
    `--cluster-signing-key-file=${shop.file("ca.key")}`,
    "--cluster-signing-duration=24h",
    "--use-service-account-credentials",
    "--leader-elect=false",
  );
  const info = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "cluster-info", namespace: "kube-public" },
    data: { kubeconfig: "apiVersion: v1\nkind: Config\n" },
  };
  await kubectl(
    ["apply", "-f", "-"],
    [
      tokenSecret(id),
      tokenSecret("expire", { expiration: "2020-01-01T00:00:00Z" }),
      info,
      binding("kubeadm:kubelet-bootstrap", "system:node-bootstrapper"),
      binding("kubeadm:node-autoapprove-bootstrap", "system:certificates.k8s.io:certificatesigningrequests:nodeclient"),
    ],
  );
  const own = join(shop.directory, "joined.kubeconfig");
  const kubelet = shop.start(
    "kubelet",
    "--simulated",
    `--kubeconfig=${own}`,
    `--bootstrap-kubeconfig=${shop.kubeconfig("bootstrap", port, { token: `${id}.${secret}` })}`,
    `--cert-dir=${join(shop.directory, "kubelet-pki")}`,
    "--hostname-override=joined",
    "--node-ip=192.0.2.7",
    "--healthz-port=0",
  );
  await eventually(`the node; ${kubelet.log()} ${manager.log()}`, async () => {
    const nodes = await kubectl(["get", "nodes"]);
    return /joined +Ready/.test(nodes) ? nodes : undefined;
  });
  const requests = await kubectl(["get", "csr"]);
  assert.match(
    requests,
    /node-csr-\S+ +\S+ +kubernetes.io\/kube-apiserver-client-kubelet +system:bootstrap:abcdef +\S+ +Approved,Issued/,
  );
  const certificate = new X509Certificate(readFileSync(join(shop.directory, "kubelet-pki/kubelet-client-current.pem")));
  assert.equal(certificate.subject, "O=system:nodes\nCN=system:node:joined");
  assert.deepEqual(certificate.keyUsage, ["1.3.6.1.5.5.7.3.2"]);
  assert.equal(certificate.verify(new X509Certificate(shop.pki.ca.cert).publicKey), true);
  assert.equal(certificate.validToDate.getTime() - certificate.validFromDate.getTime(), 24 * 3_600_000);
  const signed = await eventually("the signature", async () => {
    const text = await kubectl([
      "get",
      "cm",
      "-n",
      "kube-public",
      "cluster-info",
      "-o",
      "jsonpath={.data.jws-kubeconfig-abcdef}",
    ]);
    return text === "" ? undefined : text;
  });
  assert.match(signed, /^[\w-]+\.\.[\w-]+$/);
  assert.deepEqual(JSON.parse(atob(signed.split(".")[0]!)), { alg: "HS256", kid: "abcdef" });
  await eventually("the expired token's end", async () => {
    const left = await kubectl(["get", "secrets", "-n", "kube-system", "-o", "name"]);
    return left.includes("expire") ? undefined : left;
  });
  assert.equal(await kubelet.end("SIGTERM"), 0, kubelet.log());
});
