// A node that joins: with the credentials of --bootstrap-kubeconfig it asks for a client certificate of its own and writes the
// kubeconfig that uses it. Upstream: pkg/kubelet/certificate/bootstrap.
import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { certificateSigningRequests } from "../../api/index.ts";
import { type Clock, childController, onAbort } from "../../base/index.ts";
import { createInformerFactory } from "../../client/index.ts";
import { loadKubeconfig } from "../../client/node/index.ts";
import { keyPem, makeRequest, newKey, writeKubeconfig } from "../../cluster/pki/index.ts";
import { isAlreadyExists } from "../../machinery/index.ts";
import type { ComponentBase } from "../components.ts";
import { connect } from "../remote.ts";

export interface BootstrapOptions {
  /** Where the node's own kubeconfig is, or will be. */
  readonly kubeconfig: string;
  readonly bootstrapKubeconfig: string;
  /** Directory of the key and the certificate. */
  readonly certDir: string;
  readonly nodeName: string;
  readonly v: number;
}

/** Resolves when the kubeconfig is there with a certificate that is still good. */
export async function bootstrapNode(options: BootstrapOptions, clock: Clock): Promise<void> {
  if (isStillGood(options.kubeconfig, clock)) return;
  const remote = connect("kubelet", { kubeconfig: options.bootstrapKubeconfig, v: options.v });
  try {
    mkdirSync(options.certDir, { recursive: true });
    const waiting = join(options.certDir, "kubelet-client.key.tmp");
    // The key stays when the request does not come through, so that the next start asks with the same one.
    if (!existsSync(waiting)) writeFileSync(waiting, keyPem(newKey()), { mode: 0o600 });
    const key = readFileSync(waiting, "utf8");
    const commonName = `system:node:${options.nodeName}`;
    const name = requestName(key, commonName);
    const certificate = await requestCertificate(remote, { key, commonName, metadata: { name } });
    const file = keepCertificate(options.certDir, { certificate, key, clock });
    const { server, ca } = loadKubeconfig(options.bootstrapKubeconfig).transport;
    const text = typeof ca === "string" ? ca : new TextDecoder().decode(ca);
    writeKubeconfig(options.kubeconfig, {
      ...{ clusterName: "default-cluster", userName: "default-auth", server, ca: text, namespace: "default" },
      clientFile: file,
    });
    rmSync(waiting);
    remote.log.info("this node has its certificate", { kubeconfig: options.kubeconfig });
  } finally {
    remote.close();
  }
}

function isStillGood(path: string, clock: Clock): boolean {
  if (!existsSync(path)) return false;
  const { cert } = loadKubeconfig(path).transport;
  return cert !== undefined && new X509Certificate(cert).validToDate.getTime() > clock.now();
}

/** Who signs, and what the certificate is for. */
export interface CertificateUse {
  readonly signerName: string;
  readonly usages: ("digital signature" | "client auth" | "server auth")[];
  /** Its files begin with this. */
  readonly fileName: string;
}

export const clientUse: CertificateUse = {
  signerName: "kubernetes.io/kube-apiserver-client-kubelet",
  usages: ["digital signature", "client auth"],
  fileName: "kubelet-client",
};

/** Equal for equal keys and subjects: a kubelet that starts anew finds the request it made before. */
function requestName(key: string, commonName: string): string {
  const hash = createHash("sha512-256");
  const parts = [
    createPublicKey(key).export({ type: "spki", format: "der" }),
    commonName,
    "system:nodes",
    ...clientUse.usages,
  ];
  for (const part of parts) hash.update(`${Buffer.from(part as string).toString("base64url")}|`);
  return `node-csr-${hash.digest("base64url")}`;
}

export interface CertificateWish {
  /** PEM. */
  readonly key: string;
  readonly commonName: string;
  /** For serving. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** A client certificate's when not given. */
  readonly use?: CertificateUse;
  /** A name, which may be taken by the same request of before, or a generateName. */
  readonly metadata: { readonly name: string } | { readonly generateName: string };
}

/** A certificate of a node, PEM, once it is issued. Throws when it is denied, or when the signal aborts first. */
export async function requestCertificate(base: ComponentBase, wish: CertificateWish): Promise<string> {
  const { client, log } = base;
  const { key, metadata, use = clientUse, ...names } = wish;
  const request = btoa(await makeRequest(key, { ...names, organization: "system:nodes" }));
  let name = "name" in metadata ? metadata.name : "";
  try {
    const made = await client.of(certificateSigningRequests).create({
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name, ...metadata },
      spec: { request, signerName: use.signerName, usages: use.usages },
    });
    name = made.metadata.name;
  } catch (error) {
    if (!isAlreadyExists(error) || name === "") throw error;
  }
  log.info("waiting for the certificate to be issued", { csr: name });
  return issued(base, name);
}

function issued(base: ComponentBase, name: string): Promise<string> {
  const life = childController(base.signal);
  const informers = createInformerFactory({ ...base, signal: life.signal });
  const found = new Promise<string>((done, fail) => {
    const look = (csr: { metadata: { name: string }; status?: CsrStatus }): void => {
      if (csr.metadata.name !== name) return;
      const refused = csr.status?.conditions?.find(({ type }) => type === "Denied" || type === "Failed");
      if (refused !== undefined)
        fail(new Error(`certificate signing request ${name} is ${refused.type}: ${refused.reason} ${refused.message}`));
      else if (csr.status?.certificate) done(atob(csr.status.certificate));
    };
    informers
      .informer(certificateSigningRequests, { fieldSelector: `metadata.name=${name}` })
      .addHandler({ add: look, update: (_, csr) => look(csr) });
    onAbort(life.signal, () => fail(life.signal.reason)); // it may have come before this
    informers.start();
  });
  return found.finally(() => {
    life.abort();
    life.detach();
  });
}

interface CsrStatus {
  readonly certificate?: string;
  readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[];
}

export const currentCertificate = (directory: string, { fileName }: CertificateUse = clientUse): string =>
  resolve(directory, `${fileName}-current.pem`);

/** Certificate and key in one file with its date, and a link to the current one, as upstream's store has them. */
export function keepCertificate(
  directory: string,
  of: { readonly certificate: string; readonly key: string; readonly clock: Clock; readonly use?: CertificateUse },
): string {
  const date = new Date(of.clock.now()).toISOString().slice(0, 19).replace("T", "-").replace(/:/g, "-");
  const name = `${(of.use ?? clientUse).fileName}-${date}.pem`;
  writeFileSync(join(directory, name), of.certificate + of.key, { mode: 0o600 });
  const current = currentCertificate(directory, of.use);
  rmSync(`${current}.new`, { force: true });
  symlinkSync(name, `${current}.new`);
  renameSync(`${current}.new`, current);
  return current;
}
