// One ClusterTrustBundle holds the certificates by which the API server is trusted; others of its signer go.
// Upstream: pkg/controller/certificates/clustertrustbundlepublisher. Reads `options.rootCa`: PEM text. Runs with feature
// ClusterTrustBundle.
import { type ClusterTrustBundle, clusterTrustBundles } from "../../api/index.ts";
import type { ResourceClient } from "../../client/index.ts";
import { ignoreAlreadyExists, ignoreNotFound } from "../../machinery/index.ts";
import { type ControllerContext, featureEnabled, newQueue, runLoop } from "../lib/index.ts";

const signerName = "kubernetes.io/kube-apiserver-serving";
const hashBytes = 12;

/** Twelve bytes of the bundle's SHA-256 follow the signer's name. */
export async function bundleName(trustBundle: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(trustBundle));
  const hash = [...new Uint8Array(digest, 0, hashBytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${signerName.replaceAll("/", ":")}:${hash}`;
}

export async function runTrustBundlePublisher(context: ControllerContext): Promise<void> {
  const rootCa = context.options["rootCa"];
  if (!featureEnabled(context, "ClusterTrustBundle") || typeof rootCa !== "string" || rootCa === "") return;
  const { client, signal } = context;
  const queue = newQueue(context, "ca_cert_publisher_cluster_trust_bundles");
  const bundles = context.informers.informer(clusterTrustBundles, { fieldSelector: `spec.signerName=${signerName}` });
  const wake = (): void => queue.add("bundle");
  signal.addEventListener("abort", bundles.addHandler({ add: wake, update: wake, delete: wake }), { once: true });
  const name = await bundleName(rootCa);
  wake();
  await runLoop(context, {
    queue,
    informers: [bundles],
    workers: 1,
    reconcile: async () => {
      const current = bundles.get("", name);
      const of = client.of(clusterTrustBundles);
      if (current === undefined) await create(of, name, rootCa);
      else if (current.spec.trustBundle !== rootCa)
        await of.update({ ...current, spec: { ...current.spec, trustBundle: rootCa } });
      for (const { metadata } of bundles.list())
        if (metadata.name !== name) await of.delete(metadata).catch(ignoreNotFound);
    },
  });
}

async function create(bundles: ResourceClient<ClusterTrustBundle>, name: string, trustBundle: string): Promise<void> {
  await bundles
    .create({
      apiVersion: "certificates.k8s.io/v1beta1",
      kind: "ClusterTrustBundle",
      metadata: { name },
      spec: { signerName, trustBundle },
    })
    .catch(ignoreAlreadyExists);
}
