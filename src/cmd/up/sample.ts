// Deploys the sample application and waits until it answers.
import { configMaps, deployments, type KindDefinition, pods, services } from "../../api/index.ts";
import { onAbort, systemClock } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import { type ClusterLayout, containerdReady, provideImages, sampleName, sampleObjects } from "../../cluster/index.ts";
import { isAlreadyExists, type KubeObject, type NewObject } from "../../machinery/index.ts";
import { type ControlPlane, componentUsers } from "../apiserver/control-plane.ts";

export interface SampleOptions {
  readonly plane: ControlPlane;
  readonly layout: ClusterLayout;
  readonly mode: "containers" | "simulated";
  /** The node's. */
  readonly address: string;
  readonly onStage: (name: string, detail: string) => void;
  readonly signal: AbortSignal;
}

/** The URLs under which the sample's page is reached from this machine; none on simulated nodes. */
export async function deploySample(options: SampleOptions): Promise<string[]> {
  const { plane, layout, mode } = options;
  const client = plane.client(componentUsers.admin, "t8s");
  const objects = sampleObjects();
  if (mode === "containers") await provideSampleImage(layout);
  await ensure(client, configMaps, objects.configMap);
  await ensure(client, deployments, objects.deployment);
  const service = await ensure(client, services, objects.service);
  await rollout(options);
  if (mode === "simulated") return [];
  return [`http://${service.spec.clusterIP}`, `http://${options.address}:${service.spec.ports?.[0]?.nodePort}`];
}

/** The image needs the runtime, which may still be on its way up. */
async function provideSampleImage(layout: ClusterLayout): Promise<void> {
  await containerdReady(layout, systemClock);
  await provideImages(layout, ["busybox"]);
}

async function ensure<T extends KubeObject>(client: Client, kind: KindDefinition<T>, object: NewObject<T>): Promise<T> {
  try {
    return await client.of(kind).create(object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return client.of(kind).get({ namespace: "default", name: sampleName });
  }
}

/** Resolves when all of the sample's pods are ready. */
function rollout({ plane, onStage, signal }: SampleOptions): Promise<void> {
  return new Promise((resolve) => {
    const watching = new AbortController();
    let first = true;
    const unsubscribePods = plane.reader.subscribe(pods, {
      upsert: (pod) => {
        if (!first || pod.metadata.labels?.["app"] !== sampleName || pod.status?.phase !== "Running") return;
        first = false;
        onStage("first pod", pod.metadata.name);
      },
      remove: () => {},
    });
    const unsubscribe = plane.reader.subscribe(deployments, {
      upsert: (deployment) => {
        if (deployment.metadata.name !== sampleName || deployment.metadata.namespace !== "default") return;
        const { availableReplicas = 0, observedGeneration } = deployment.status ?? {};
        if (
          watching.signal.aborted ||
          availableReplicas < (deployment.spec?.replicas ?? 1) ||
          observedGeneration !== deployment.metadata.generation
        )
          return;
        onStage("sample ready", `${availableReplicas} pods`);
        watching.abort();
      },
      remove: () => {},
    });
    onAbort(watching.signal, () => {
      unsubscribe();
      unsubscribePods();
      resolve();
    });
    onAbort(signal, () => watching.abort());
  });
}
