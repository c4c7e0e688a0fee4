// Deploys the sample application and waits until it answers.
import { get } from "node:http";
import {
  configMaps,
  type Deployment,
  deployments,
  type KindDefinition,
  type Pod,
  pods,
  services,
} from "../../api/index.ts";
import { childController, onAbort, sleep, systemClock } from "../../base/index.ts";
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
  /** Resolves when all nodes are ready. */
  readonly nodesReady: Promise<void>;
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
  const url = `http://${service.spec.clusterIP}`;
  await rollout(options, url);
  if (mode === "simulated") return [];
  return [url, `http://${options.address}:${service.spec.ports?.[0]?.nodePort}`];
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

/** The sample as the API tells it; `changed` resolves with the next word of it. */
interface Sample {
  readonly available: number;
  /** Its running pods, and whether their containers were started by this process. */
  readonly running: ReadonlyMap<string, boolean>;
  readonly changed: Promise<void>;
}

/** Times in objects are whole seconds. */
const startedSince = (pod: Pod, sinceMs: number): boolean =>
  pod.status?.containerStatuses?.some(
    ({ state }) => Date.parse(state?.running?.startedAt ?? "") >= Math.floor(sinceMs / 1000) * 1000,
  ) ?? false;

function watchSample(plane: ControlPlane, sinceMs: number, signal: AbortSignal): () => Sample {
  const running = new Map<string, boolean>();
  let available = 0;
  let { promise: changed, resolve: change } = Promise.withResolvers<void>();
  const tell = (): void => {
    change();
    ({ promise: changed, resolve: change } = Promise.withResolvers<void>());
  };
  onAbort(signal, () => change());
  const isPod = ({ metadata }: Pod): boolean =>
    metadata.namespace === "default" && metadata.labels?.["app"] === sampleName;
  const isDeployment = ({ metadata }: Deployment): boolean =>
    metadata.namespace === "default" && metadata.name === sampleName;
  const forget = (pod: Pod): void => {
    if (isPod(pod) && running.delete(pod.metadata.name)) tell();
  };
  const unsubscribes = [
    plane.reader.subscribe(pods, {
      upsert: (pod) => {
        if (!isPod(pod)) return;
        if (pod.status?.phase !== "Running") return forget(pod);
        running.set(pod.metadata.name, startedSince(pod, sinceMs));
        tell();
      },
      remove: forget,
    }),
    plane.reader.subscribe(deployments, {
      upsert: (deployment) => {
        if (!isDeployment(deployment)) return;
        const { availableReplicas = 0, observedGeneration } = deployment.status ?? {};
        const complete =
          availableReplicas >= (deployment.spec?.replicas ?? 1) &&
          observedGeneration === deployment.metadata.generation;
        available = complete ? availableReplicas : 0;
        tell();
      },
      remove: () => {},
    }),
  ];
  onAbort(signal, () => {
    for (const unsubscribe of unsubscribes) unsubscribe();
  });
  return () => ({ available, running, changed });
}

/** How soon the page is asked for again when nothing is heard: rules of the network have no event. */
const againMs = 100;

function ask(url: string, signal: AbortSignal): Promise<true | undefined> {
  return new Promise((resolve, reject) => {
    const request = get(url, { signal, agent: false }, (answer) => {
      answer.on("error", reject).resume();
      resolve(answer.statusCode === 200 ? true : undefined);
    });
    request.on("error", reject);
  });
}

/** Whether the page is there, unless what is known of the sample changes before it is. */
async function showsPage(url: string, { changed }: Sample, signal: AbortSignal): Promise<boolean> {
  const asking = childController(signal);
  const otherwise = changed.then(() => false);
  try {
    // Nobody listens there yet: that is an error of the connection.
    const shown = await Promise.race([ask(url, asking.signal).catch(() => undefined), otherwise]);
    return shown ?? (await Promise.race([sleep(systemClock, againMs, asking.signal).then(() => false), otherwise]));
  } finally {
    asking.abort();
    asking.detach();
  }
}

/**
 * Resolves when the sample is there. A resumed cluster's API tells what was true before it ended: pods may be ready there whose
 * containers are gone. So the page is asked for. Simulated pods have none: what the API tells is all there is.
 */
async function rollout({ plane, mode, nodesReady, onStage, signal }: SampleOptions, url: string): Promise<void> {
  const sinceMs = systemClock.now();
  const watching = childController(signal);
  const look = watchSample(plane, sinceMs, watching.signal);
  let toldFirst = false;
  const tellFirst = (pods: readonly (readonly [string, boolean])[]): void => {
    const first = pods[0];
    if (toldFirst || first === undefined) return;
    toldFirst = true;
    onStage("first pod", first[0]);
  };
  try {
    await Promise.race([nodesReady, new Promise<void>((resolve) => onAbort(watching.signal, resolve))]);
    while (!signal.aborted) {
      const sample = look();
      tellFirst([...sample.running].filter(([, since]) => since));
      if (sample.available === 0) await sample.changed;
      else if (mode === "simulated" || (await showsPage(url, sample, signal))) {
        tellFirst([...sample.running]);
        onStage("sample ready", `${sample.available} pods`);
        return;
      }
    }
  } finally {
    watching.abort();
    watching.detach();
  }
}
