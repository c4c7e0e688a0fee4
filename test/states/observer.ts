// Follows every object that a scenario can touch, by watch: what is there now, what was there, and when it last changed.
import { type Clock, type Rng, silentLogger } from "../../src/base/index.ts";
import { type Client, createInformerFactory, type DynamicResource, kindOfResource } from "../../src/client/index.ts";
import type { KubeObject } from "../../src/machinery/index.ts";

/** Resources of which snapshots tell, and events; in the groups whose objects are stored. */
const namespaced = [
  "apps/v1 controllerrevisions ControllerRevision",
  "apps/v1 daemonsets DaemonSet",
  "apps/v1 deployments Deployment",
  "apps/v1 replicasets ReplicaSet",
  "apps/v1 statefulsets StatefulSet",
  "autoscaling/v2 horizontalpodautoscalers HorizontalPodAutoscaler",
  "batch/v1 cronjobs CronJob",
  "batch/v1 jobs Job",
  "discovery.k8s.io/v1 endpointslices EndpointSlice",
  "policy/v1 poddisruptionbudgets PodDisruptionBudget",
  "v1 configmaps ConfigMap",
  "v1 endpoints Endpoints",
  "v1 events Event",
  "v1 limitranges LimitRange",
  "v1 persistentvolumeclaims PersistentVolumeClaim",
  "v1 pods Pod",
  "v1 replicationcontrollers ReplicationController",
  "v1 resourcequotas ResourceQuota",
  "v1 secrets Secret",
  "v1 serviceaccounts ServiceAccount",
  "v1 services Service",
];
const clusterScoped = [
  "certificates.k8s.io/v1 certificatesigningrequests CertificateSigningRequest",
  "scheduling.k8s.io/v1 priorityclasses PriorityClass",
  "storage.k8s.io/v1 storageclasses StorageClass",
  "v1 namespaces Namespace",
  "v1 nodes Node",
  "v1 persistentvolumes PersistentVolume",
];

export interface Observer {
  /** Objects of a namespace by resource. */
  objects(namespace: string): ReadonlyMap<string, readonly KubeObject[]>;
  /** Events of the namespace, and those of cluster-scoped objects that are named after it. */
  events(namespace: string): readonly KubeObject[];
  /** Every object that ever was in the namespace, in the order in which they came. */
  history(namespace: string): readonly KubeObject[];
  /** Monotonic milliseconds of the last change in the namespace or of a cluster-scoped object named after it. */
  changedAtMs(namespace: string): number;
  /** Calls back after each change of anything. Returns how to stop that. */
  onChange(callback: () => void): () => void;
  /** Cluster-scoped objects named after a namespace, as resource and name. */
  named(namespace: string): readonly { readonly path: string; readonly name: string }[];
}

const resourceOf = (text: string, isNamespaced: boolean): DynamicResource => {
  const [apiVersion = "", resource = "", kind = ""] = text.split(" ");
  const [version = "", group = ""] = apiVersion.split("/").reverse();
  return { group, version, resource, kind, namespaced: isNamespaced, verbs: ["get", "list", "watch"] };
};

const isOf = (name: string, namespace: string): boolean => name === namespace || name.startsWith(`${namespace}-`);
const versionOf = (object: KubeObject): number => Number(object.metadata.resourceVersion ?? 0);

/** Starts watching; resolves when everything that exists is known. Ends with the signal. */
export async function createObserver(
  client: Client,
  options: { readonly clock: Clock; readonly rng: Rng; readonly signal: AbortSignal },
): Promise<Observer> {
  const { clock } = options;
  const factory = createInformerFactory({ client, log: silentLogger, ...options });
  const listeners = new Set<() => void>();
  const changed = new Map<string, number>();
  const seen = new Map<string, Map<string, KubeObject>>();
  const touch = (object: KubeObject): void => {
    const { namespace = "", name = "", uid = "" } = object.metadata;
    // Cluster-scoped objects are named `<ns>` or `<ns>-…`, and namespaces here hold no further hyphen than one.
    const owner = namespace === "" ? name.split("-").slice(0, 2).join("-") : namespace;
    changed.set(owner, clock.monotonic());
    if (!seen.has(owner)) seen.set(owner, new Map());
    if (!seen.get(owner)!.has(uid)) seen.get(owner)!.set(uid, object);
    for (const listener of listeners) listener();
  };
  const follow = (text: string, isNamespaced: boolean) => {
    const resource = resourceOf(text, isNamespaced);
    const informer = factory.informer(kindOfResource(resource));
    informer.addHandler({ add: touch, update: (_, after) => touch(after), delete: touch });
    return { resource, informer };
  };
  const spaces = namespaced.map((text) => follow(text, true));
  const cluster = clusterScoped.map((text) => follow(text, false));
  const eventInformer = spaces.find((each) => each.resource.resource === "events")!.informer;
  factory.start();
  await factory.whenSynced();
  return {
    objects: (namespace) =>
      new Map(
        spaces
          .filter((each) => each.informer !== eventInformer)
          .map((each) => [each.resource.resource, each.informer.list(namespace)]),
      ),
    events: (namespace) => [
      ...eventInformer.list(namespace),
      ...eventInformer.list("default").filter((event) => {
        const { involvedObject } = event as KubeObject & { involvedObject?: { name?: string } };
        return isOf(involvedObject?.name ?? "", namespace);
      }),
    ],
    history: (namespace) => [...(seen.get(namespace)?.values() ?? [])].sort((a, b) => versionOf(a) - versionOf(b)),
    changedAtMs: (namespace) => changed.get(namespace) ?? 0,
    onChange(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    named: (namespace) =>
      cluster.flatMap(({ resource, informer }) =>
        informer
          .list()
          .map(({ metadata }) => metadata.name ?? "")
          .filter((name) => isOf(name, namespace))
          .map((name) => ({
            path: `/${resource.group === "" ? "api" : `apis/${resource.group}`}/${resource.version}/${resource.resource}`,
            name,
          })),
      ),
  };
}
