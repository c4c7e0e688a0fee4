// A node asks for its next certificate when 70 to 90 % of the life of the one in use are over, with the rights of its client
// certificate: for being a client, and for serving when it is told to.
// Upstream: client-go util/certificate/certificate_manager.go, pkg/kubelet/certificate (KEP-266).
import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { type Clock, childController, isAbort, type Rng, sleep } from "../../base/index.ts";
import { loadKubeconfig } from "../../client/node/index.ts";
import { type KeyPair, keyPem, newKey } from "../../cluster/pki/index.ts";
import type { ComponentBase } from "../components.ts";
import type { Remote } from "../remote.ts";
import {
  type CertificateUse,
  type CertificateWish,
  clientUse,
  currentCertificate,
  keepCertificate,
  requestCertificate,
} from "./bootstrap.ts";

/** How long a request may stay unanswered; a new one is made then. */
const patienceMs = 15 * 60_000;
/** The wall clock may be set meanwhile, and timers count no further than weeks. */
export const longestSleepMs = 3_600_000;
const firstRetryMs = 2000;
const longestRetryMs = 32_000;

/** The moment to renew, by the life of a certificate; milliseconds. */
export function rotationTime({ validFromDate, validToDate }: X509Certificate, rng: Rng): number {
  const fromMs = validFromDate.getTime();
  return fromMs + (validToDate.getTime() - fromMs) * (0.7 + 0.2 * rng.next());
}

export interface CertificateStore {
  /** What is in use; undefined when there is none yet. */
  current(): KeyPair | undefined;
  /** From now on this is. */
  replace(pair: KeyPair): void;
}

export type RotationWish = Pick<CertificateWish, "commonName" | "dnsNames" | "ipAddresses" | "use">;

export interface RotationOptions {
  readonly wish: RotationWish;
  /** A request was not answered, or refused. */
  readonly failed?: () => void;
}

/** Renews the certificate again and again, until the signal aborts. One that is not for the wanted names is renewed at once. */
export async function rotateCertificates(base: ComponentBase, store: CertificateStore, options: RotationOptions) {
  const { clock, rng, log, signal } = base;
  const { wish } = options;
  const signer = (wish.use ?? clientUse).signerName;
  try {
    for (;;) {
      const inUse = store.current();
      const dueMs = inUse !== undefined && isFor(inUse, wish) ? rotationTime(new X509Certificate(inUse.cert), rng) : 0;
      log.debug("the certificate will be renewed", {
        signer,
        at: new Date(Math.max(dueMs, clock.now())).toISOString(),
      });
      while (dueMs > clock.now()) await sleep(clock, Math.min(dueMs - clock.now(), longestSleepMs), signal);
      await renew(base, store, options);
      log.info("the certificate is renewed", { signer });
    }
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}

function isFor({ cert }: KeyPair, { commonName, dnsNames = [], ipAddresses = [] }: RotationWish): boolean {
  const certificate = new X509Certificate(cert);
  return (
    certificate.subject.split("\n").includes(`CN=${commonName}`) &&
    dnsNames.every((name) => certificate.checkHost(name) !== undefined) &&
    ipAddresses.every((address) => certificate.checkIP(address) !== undefined)
  );
}

/** Tries until it comes through: also a certificate that cannot be kept, on a full disk say, is asked for again. */
async function renew(base: ComponentBase, store: CertificateStore, { wish, failed }: RotationOptions): Promise<void> {
  const { clock, log, signal } = base;
  for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, longestRetryMs)) {
    const key = keyPem(newKey());
    try {
      store.replace({ key, cert: await patiently(base, { ...wish, key }) });
      return;
    } catch (error) {
      signal.throwIfAborted();
      failed?.();
      log.warn("the certificate could not be renewed, will retry", { error, afterMs: retryMs });
      await sleep(clock, retryMs, signal);
    }
  }
}

async function patiently(base: ComponentBase, wish: RotationWish & { readonly key: string }): Promise<string> {
  const life = childController(base.signal);
  const timer = base.clock.setTimeout(
    () => life.abort(new Error("the request for a certificate was not answered in 15 minutes")),
    patienceMs,
  );
  try {
    return await requestCertificate({ ...base, signal: life.signal }, { ...wish, metadata: { generateName: "csr-" } });
  } finally {
    timer.cancel();
    life.detach();
  }
}

export interface Rotation {
  /** For every new connection: the certificate of now. */
  readonly certificate: () => KeyPair;
  /** Until the remote's signal aborts. */
  run(remote: Remote): Promise<void>;
}

/**
 * Rotation over a node's files: what is in the directory wins while it is good, else the kubeconfig's is in use. Undefined when
 * the node does not identify itself by a certificate.
 */
export function certificateRotation(
  of: { readonly kubeconfig: string; readonly certDir: string; readonly nodeName: string },
  clock: Clock,
): Rotation | undefined {
  const { cert, key } = loadKubeconfig(of.kubeconfig).transport;
  if (cert === undefined || key === undefined) return undefined;
  let pair = keptPair(of.certDir, clock) ?? { cert: textOf(cert), key: textOf(key) };
  return {
    certificate: () => pair,
    run: (remote) => {
      mkdirSync(of.certDir, { recursive: true });
      const store = {
        current: () => pair,
        replace(next: KeyPair) {
          keepCertificate(of.certDir, { certificate: next.cert, key: next.key, clock: remote.clock });
          pair = next;
          remote.reconnect();
        },
      };
      return rotateCertificates(remote, store, { wish: { commonName: `system:node:${of.nodeName}` } });
    },
  };
}

/** What is kept in the directory, while it is good. */
export function keptPair(directory: string, clock: Clock, use?: CertificateUse): KeyPair | undefined {
  const file = currentCertificate(directory, use);
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  const { validToDate } = new X509Certificate(text);
  return validToDate.getTime() > clock.now() ? { cert: text, key: text } : undefined;
}

const textOf = (pem: string | Uint8Array): string => (typeof pem === "string" ? pem : new TextDecoder().decode(pem));
