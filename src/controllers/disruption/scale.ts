// How many pods the controllers of some pods should have: the number a budget's percentages are of.
// Upstream: pkg/controller/disruption finders (Deployment, ReplicaSet, ReplicationController, StatefulSet, anything with a scale).
import { deployments, type Pod, replicaSets, replicationControllers, statefulSets } from "../../api/index.ts";
import type { Informer } from "../../client/index.ts";
import {
  controllerOf,
  formatApiVersion,
  formatGroupResource,
  isNotFound,
  type KubeObject,
  type OwnerReference,
  parseApiVersion,
} from "../../machinery/index.ts";
import type { ControllerContext } from "../lib/index.ts";

export interface ExpectedScale {
  readonly scale: number;
  /** Names of pods without a controller. */
  readonly unmanaged: readonly string[];
}

interface Found {
  readonly uid: string;
  readonly replicas: number;
}

type Scaled = KubeObject & { readonly spec?: { readonly replicas?: number } };

export interface ScaleFinder {
  readonly informers: readonly Pick<Informer<KubeObject>, "whenSynced">[];
  /** Throws Error when a pod's controller cannot be found or asked for its scale. */
  expected(pods: readonly Pod[]): Promise<ExpectedScale>;
}

export function createScaleFinder(context: ControllerContext): ScaleFinder {
  const { informers } = context;
  const byDeployment = informers.informer(deployments);
  const byReplicaSet = informers.informer(replicaSets);
  const byStatefulSet = informers.informer(statefulSets);
  const byController = informers.informer(replicationControllers);

  function cached(reference: OwnerReference, namespace: string): Found | undefined {
    const { group } = parseApiVersion(reference.apiVersion);
    const isApps = group === "apps" || group === "extensions";
    if (reference.kind === "ReplicationController" && group === "")
      return same(byController.get(namespace, reference.name), reference);
    if (reference.kind === "StatefulSet" && group === "apps")
      return same(byStatefulSet.get(namespace, reference.name), reference);
    if (reference.kind !== "ReplicaSet" || !isApps) return undefined;
    const set = byReplicaSet.get(namespace, reference.name);
    const owner = set?.metadata.uid === reference.uid ? controllerOf(set) : undefined;
    // While a Deployment rolls, its old and new sets are one number.
    if (owner?.kind === "Deployment") return same(byDeployment.get(namespace, owner.name), owner);
    return same(set, reference);
  }

  async function find(reference: OwnerReference, namespace: string): Promise<Found | undefined> {
    return cached(reference, namespace) ?? scaleOf(context, reference, namespace);
  }

  return {
    informers: [byDeployment, byReplicaSet, byStatefulSet, byController] as ScaleFinder["informers"],
    async expected(pods) {
      const scales = new Map<string, number>();
      const unmanaged: string[] = [];
      for (const pod of pods) {
        const reference = controllerOf(pod);
        if (reference === undefined) {
          unmanaged.push(pod.metadata.name);
          continue;
        }
        if (scales.has(reference.uid)) continue;
        const found = await find(reference, pod.metadata.namespace ?? "");
        if (found === undefined) throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`);
        scales.set(found.uid, found.replicas);
      }
      return { scale: [...scales.values()].reduce((sum, each) => sum + each, 0), unmanaged };
    },
  };
}

const same = (object: Scaled | undefined, reference: OwnerReference): Found | undefined =>
  object === undefined || object.metadata.uid !== reference.uid
    ? undefined
    : { uid: reference.uid, replicas: object.spec?.replicas ?? 1 };

/** The scale subresource of any other kind. */
async function scaleOf(
  context: ControllerContext,
  reference: OwnerReference,
  namespace: string,
): Promise<Found | undefined> {
  const { group, version } = parseApiVersion(reference.apiVersion);
  const all = await context.client.discover();
  const resource =
    all.find((each) => each.group === group && each.kind === reference.kind && each.version === version) ??
    all.find((each) => each.group === group && each.kind === reference.kind);
  if (resource === undefined)
    throw new Error(
      `no matches for kind ${JSON.stringify(reference.kind)} in version ${JSON.stringify(reference.apiVersion)}`,
    );
  try {
    const scale = await context.client
      .dynamic(resource)
      .getSubresource<Scaled>({ namespace, name: reference.name }, "scale");
    return same({ ...scale, spec: { replicas: scale.spec?.replicas ?? 0 } }, reference);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (!(await hasScale(context, resource)))
      throw new Error(`${formatGroupResource(resource)} does not implement the scale subresource`, { cause: error });
    return undefined;
  }
}

async function hasScale(
  context: ControllerContext,
  resource: { readonly group: string; readonly version: string; readonly resource: string },
): Promise<boolean> {
  const root = resource.group === "" ? "/api" : "/apis";
  const answer = await context.client.raw(`${root}/${formatApiVersion(resource)}`);
  if (answer.status !== 200)
    throw new Error(`could not ask which resources ${formatApiVersion(resource)} has: status ${answer.status}`);
  const list = JSON.parse(answer.text) as { resources?: readonly { name: string; kind: string }[] };
  return list.resources?.some((each) => each.name === `${resource.resource}/scale` && each.kind === "Scale") ?? false;
}
