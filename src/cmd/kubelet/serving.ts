// A node asks for the certificate that it serves with, and for the next one before it ends. Somebody has to approve the requests:
// nobody can know which addresses a node may speak for. Upstream: pkg/kubelet/certificate/kubelet.go (serverTLSBootstrap).
import { X509Certificate } from "node:crypto";
import { mkdirSync } from "node:fs";
import { isIP } from "node:net";
import { Counter, Histogram, type Metric, type Timer } from "../../base/index.ts";
import type { KeyPair } from "../../cluster/pki/index.ts";
import type { KubeletServer } from "../../kubelet/node/index.ts";
import type { ComponentBase } from "../components.ts";
import { type CertificateUse, keepCertificate } from "./bootstrap.ts";
import { keptPair, longestSleepMs, type RotationWish, rotateCertificates } from "./rotation.ts";

const use: CertificateUse = {
  signerName: "kubernetes.io/kubelet-serving",
  usages: ["digital signature", "server auth"],
  fileName: "kubelet-server",
};

export interface ServingOptions {
  readonly nodeName: string;
  readonly address: string;
  /** Where certificates are kept. */
  readonly certDir: string;
  readonly server: Pick<KubeletServer, "useCertificate">;
  /** What is in use as long as none was issued. */
  readonly given: KeyPair | undefined;
}

/** Until the signal aborts. Before the first certificate, and after the end of the last, nobody can connect to the server. */
export async function rotateServing(base: ComponentBase, options: ServingOptions): Promise<void> {
  const { clock, signal } = base;
  const { certDir, server } = options;
  mkdirSync(certDir, { recursive: true });
  let pair = keptPair(certDir, clock, use) ?? options.given;
  let end: Timer | undefined;
  signal.addEventListener("abort", () => end?.cancel(), { once: true });
  const serve = (): void => {
    end?.cancel();
    if (pair === undefined) return;
    const leftMs = endOf(pair) - clock.now();
    server.useCertificate(leftMs > 0 ? pair : undefined);
    if (leftMs > 0) end = clock.setTimeout(serve, Math.min(leftMs, longestSleepMs), { background: true });
  };
  serve();
  const metrics = servingMetrics(base, () => pair);
  const store = {
    current: () => pair,
    replace(next: KeyPair) {
      if (pair !== undefined) metrics.rotated(new X509Certificate(pair.cert));
      keepCertificate(certDir, { certificate: next.cert, key: next.key, clock, use });
      pair = next;
      serve();
    },
  };
  await rotateCertificates(base, store, { wish: wishOf(options), failed: metrics.failed });
}

function wishOf({ nodeName, address }: ServingOptions): RotationWish {
  const isAddress = isIP(nodeName) !== 0;
  return {
    use,
    commonName: `system:node:${nodeName}`,
    dnsNames: isAddress ? [] : [nodeName],
    ipAddresses: [...new Set([address, ...(isAddress ? [nodeName] : [])])].sort(),
  };
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const ages = [minute, hour, 4 * hour, day, 7 * day, 30 * day, 90 * day, 180 * day, 360 * day, 1440 * day];

function servingMetrics(
  { metrics, clock }: Pick<ComponentBase, "metrics" | "clock">,
  current: () => KeyPair | undefined,
) {
  const failures = metrics.register(
    new Counter({
      name: "kubelet_server_expiration_renew_errors",
      help: "Counter of certificate renewal errors.",
      stability: "ALPHA",
    }),
  );
  failures.inc({}, 0);
  const lived = metrics.register(
    new Histogram(
      {
        name: "kubelet_certificate_manager_server_rotation_seconds",
        help: "Histogram of the number of seconds the previous certificate lived before being rotated.",
        stability: "ALPHA",
      },
      ages,
    ),
  );
  metrics.register(leftOf(() => secondsLeft(current(), clock.now())));
  return {
    failed: () => failures.inc(),
    rotated: ({ validFromDate }: X509Certificate) => lived.observe((clock.now() - validFromDate.getTime()) / 1000),
  };
}

const endOf = ({ cert }: KeyPair): number => new X509Certificate(cert).validToDate.getTime();

/** One that has ended is not in use. */
const secondsLeft = (pair: KeyPair | undefined, nowMs: number): string =>
  pair === undefined || endOf(pair) <= nowMs ? "+Inf" : String(Math.trunc((endOf(pair) - nowMs) / 1000));

/** Worked out when it is asked for. */
function leftOf(seconds: () => string): Metric {
  const name = "kubelet_certificate_manager_server_ttl_seconds";
  const help =
    "[ALPHA] Gauge of the shortest TTL (time-to-live) of the Kubelet's serving certificate. The value is in seconds until certificate expiry (negative if already expired). If serving certificate is invalid or unused, the value will be +INF.";
  return {
    name,
    type: "gauge",
    labelNames: [],
    stability: "ALPHA",
    render: () => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${seconds()}\n`,
  };
}
