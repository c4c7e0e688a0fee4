// A cluster's certificates and keys in one folder, in kubeadm's layout. What is there and good is kept; what is missing,
// about to expire or made for other hosts is made anew; files an operator brought (an authority without its key) are used as
// they are. Private keys are readable by their owner alone.

import { createPublicKey, X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { dirname, join } from "node:path";
import type { Clock, Rng } from "../../base/index.ts";
import { type CertificateRequest, issue, type KeyPair, keyPem, newAuthority, newKey } from "./certificate.ts";

const dayMs = 24 * 3600 * 1000;
/** kubeadm's periods. */
const authorityMs = 3650 * dayMs;
const leafMs = 365 * dayMs;
const renewBeforeMs = 30 * dayMs;
/** Clocks of other machines may be behind. */
const backdateMs = 3600 * 1000;

export interface ClusterPkiOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly rng: Rng;
  /** First address of the service range: the `kubernetes` Service. */
  readonly serviceIP: string;
  /** `cluster.local`. */
  readonly clusterDomain?: string;
  /** Further names and addresses under which the API server is reached: node name, node addresses, a load balancer. */
  readonly apiServerHosts?: readonly string[];
  /** Nodes whose kubelets run in this process's care. */
  readonly nodes?: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

export interface NodePki {
  /** Client certificate `system:node:<name>` in `system:nodes`. */
  readonly client: KeyPair;
  readonly serving: KeyPair;
}

export interface ClusterPki {
  readonly ca: KeyPair;
  readonly frontProxyCA: KeyPair;
  readonly frontProxyClient: KeyPair;
  readonly apiServer: KeyPair;
  readonly apiServerKubeletClient: KeyPair;
  readonly admin: KeyPair;
  readonly controllerManager: KeyPair;
  readonly scheduler: KeyPair;
  readonly kubeProxy: KeyPair;
  readonly nodes: ReadonlyMap<string, NodePki>;
  /** PEM keys of ServiceAccount tokens: EC P-256, which tokens name ES256. */
  readonly serviceAccount: { readonly publicKey: string; readonly privateKey: string };
}

/** The names of the API server's serving certificate, without `apiServerHosts`. */
const apiServerNames = (serviceIP: string, clusterDomain: string): string[] => [
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  `kubernetes.default.svc.${clusterDomain}`,
  "localhost",
  serviceIP,
  "127.0.0.1",
  "::1",
];

/** Loads the folder and completes it. Throws when a certificate there has lost its key or is no PEM. */
export function loadOrCreatePki(options: ClusterPkiOptions): ClusterPki {
  const folder = new PkiFolder(options);
  const ca = folder.authority("ca", "kubernetes");
  const frontProxyCA = folder.authority("front-proxy-ca", "front-proxy-ca");
  const client = (file: string, commonName: string, organizations: readonly string[] = []): KeyPair =>
    folder.leaf(file, ca, { subject: { commonName, organizations }, usage: ["client"] });
  const names = apiServerNames(options.serviceIP, options.clusterDomain ?? "cluster.local");
  const nodes = new Map<string, NodePki>();
  for (const { name, addresses } of options.nodes ?? [])
    nodes.set(name, {
      client: client(`nodes/${name}-client`, `system:node:${name}`, ["system:nodes"]),
      serving: folder.leaf(`nodes/${name}-serving`, ca, {
        subject: { commonName: `system:node:${name}`, organizations: ["system:nodes"] },
        hosts: unique([name, "localhost", "127.0.0.1", ...addresses]),
        usage: ["server"],
      }),
    });
  return {
    ca,
    frontProxyCA,
    frontProxyClient: folder.leaf("front-proxy-client", frontProxyCA, {
      subject: { commonName: "front-proxy-client" },
      usage: ["client"],
    }),
    apiServer: folder.leaf("apiserver", ca, {
      subject: { commonName: "kube-apiserver" },
      hosts: unique([...names, ...(options.apiServerHosts ?? [])]),
      usage: ["server"],
    }),
    apiServerKubeletClient: client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", ["system:masters"]),
    admin: client("admin", "kubernetes-admin", ["system:masters"]),
    controllerManager: client("controller-manager", "system:kube-controller-manager"),
    scheduler: client("scheduler", "system:kube-scheduler"),
    kubeProxy: client("kube-proxy", "system:kube-proxy"),
    nodes,
    serviceAccount: folder.signingKey("sa"),
  };
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];

class PkiFolder {
  readonly #options: ClusterPkiOptions;
  readonly #nowMs: number;
  /** Authorities made in this run: everything they should have signed is made anew too. */
  readonly #fresh = new Set<KeyPair>();

  constructor(options: ClusterPkiOptions) {
    this.#options = options;
    this.#nowMs = options.clock.now();
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  }

  authority(file: string, commonName: string): KeyPair {
    const found = this.#read(file);
    // An authority is never replaced behind the operator's back: everything that trusts it would break.
    if (found !== undefined) return found;
    const validity = { fromMs: this.#nowMs - backdateMs, toMs: this.#nowMs + authorityMs };
    const made = newAuthority(commonName, validity, this.#options.rng);
    this.#write(file, made);
    this.#fresh.add(made);
    return made;
  }

  leaf(file: string, authority: KeyPair, wanted: Pick<CertificateRequest, "subject" | "hosts" | "usage">): KeyPair {
    const found = this.#fresh.has(authority) ? undefined : this.#read(file);
    if (found !== undefined && isGood(found.cert, { authority, wanted, nowMs: this.#nowMs })) return found;
    if (authority.key === "")
      throw new Error(
        `${join(this.#options.directory, `${file}.crt`)} is missing or no longer good, and the authority's key to sign a new one is not there; ` +
          "put a certificate and key there, or the authority's key",
      );
    const made = issue(
      authority,
      { ...wanted, validFromMs: this.#nowMs - backdateMs, validToMs: this.#nowMs + leafMs },
      this.#options.rng,
    );
    this.#write(file, made);
    return made;
  }

  signingKey(file: string): ClusterPki["serviceAccount"] {
    const keyFile = join(this.#options.directory, `${file}.key`);
    if (!existsSync(keyFile)) {
      const key = newKey();
      writePrivate(keyFile, keyPem(key));
      writeFileSync(
        join(this.#options.directory, `${file}.pub`),
        createPublicKey(key).export({ type: "spki", format: "pem" }),
      );
    }
    const privateKey = readFileSync(keyFile, "utf8");
    return { privateKey, publicKey: createPublicKey(privateKey).export({ type: "spki", format: "pem" }) as string };
  }

  #read(file: string): KeyPair | undefined {
    const base = join(this.#options.directory, file);
    if (!existsSync(`${base}.crt`)) return undefined;
    const cert = readFileSync(`${base}.crt`, "utf8");
    const key = existsSync(`${base}.key`) ? readFileSync(`${base}.key`, "utf8") : "";
    if (key === "" && !file.endsWith("ca"))
      throw new Error(`${base}.crt is there but its key ${base}.key is not; remove the one or bring the other back`);
    return { cert, key };
  }

  #write(file: string, pair: KeyPair): void {
    const base = join(this.#options.directory, file);
    mkdirSync(dirname(base), { recursive: true, mode: 0o700 });
    writePrivate(`${base}.key`, pair.key);
    writeFileSync(`${base}.crt`, pair.cert);
  }
}

/** Whole or not at all: a crash must not leave half a key. */
function writePrivate(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  chmodSync(`${path}.new`, 0o600);
  renameSync(`${path}.new`, path);
}

interface Expectation {
  readonly authority: KeyPair;
  readonly wanted: Pick<CertificateRequest, "subject" | "hosts" | "usage">;
  readonly nowMs: number;
}

/** Signed by the authority, valid for 30 more days (or a third of what is left of its authority's life), and for every wanted host. */
function isGood(cert: string, { authority, wanted, nowMs }: Expectation): boolean {
  const certificate = new X509Certificate(cert);
  const issuer = new X509Certificate(authority.cert);
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return false;
  const mustLastMs = Math.min(nowMs + renewBeforeMs, issuer.validToDate.getTime());
  if (certificate.validFromDate.getTime() > nowMs || certificate.validToDate.getTime() < mustLastMs) return false;
  return (wanted.hosts ?? []).every(
    (host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined,
  );
}
