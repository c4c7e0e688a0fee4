// Every namespace has a ConfigMap with the certificate by which pods trust the API server.
// Upstream: pkg/controller/certificates/rootcacertpublisher. Reads `options.rootCa`: PEM text.
import { configMaps, namespaces } from "../../api/index.ts";
import { hasReason, isAlreadyExists, isNotFound } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";

const mapName = "kube-root-ca.crt";
const descriptionAnnotation = "kubernetes.io/description";
const description =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. " +
  "No other usage is guaranteed across distributions of Kubernetes clusters.";

export async function runRootCaPublisher(context: ControllerContext): Promise<void> {
  const rootCa = context.options["rootCa"];
  if (typeof rootCa !== "string" || rootCa === "") return; // nothing to publish: upstream without --root-ca-file
  const queue = newQueue(context, "root_ca_cert_publisher");
  const live = watch(context, namespaces, {
    add: (namespace) => queue.add(namespace.metadata.name),
    update: (_, namespace) => queue.add(namespace.metadata.name),
  });
  const isOurs = (map: { metadata: { name: string } }): boolean => map.metadata.name === mapName;
  const enqueue = (map: { metadata: { name: string; namespace?: string } }): void => {
    if (isOurs(map)) queue.add(map.metadata.namespace ?? "");
  };
  const maps = watch(context, configMaps, { update: (_, map) => enqueue(map), delete: enqueue });
  await runLoop(context, {
    queue,
    informers: [live, maps],
    reconcile: async (namespace) => {
      if (live.get("", namespace)?.status?.phase !== "Active") return;
      const data = { "ca.crt": rootCa };
      const current = maps.get(namespace, mapName);
      const client = context.client.of(configMaps);
      try {
        if (current === undefined) {
          const metadata = { name: mapName, namespace, annotations: { [descriptionAnnotation]: description } };
          await client.create({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
        } else if (
          current.data?.["ca.crt"] !== rootCa ||
          Object.keys(current.data).length !== 1 ||
          current.metadata.annotations?.[descriptionAnnotation] === undefined
        ) {
          const annotations = { ...current.metadata.annotations, [descriptionAnnotation]: description };
          await client.update({ ...current, metadata: { ...current.metadata, annotations }, data });
        }
      } catch (error) {
        // A namespace that ends takes nothing in and needs nothing.
        if (!isAlreadyExists(error) && !isNotFound(error) && !hasReason(error, "Forbidden")) throw error;
      }
    },
  });
}
