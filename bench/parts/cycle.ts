// Scheduling decisions without an API server: 5,000 nodes, 10,000 pods, one thread.
import type { Pod } from "../../src/api/index.ts";
import { systemClock } from "../../src/base/index.ts";
import { scheduleOne } from "../../src/scheduler/cycle.ts";
import { nodeHandler, podHandler } from "../../src/scheduler/handlers.ts";
import { makeNode, makePod, makeWorld, onNode, type PodShape, readerOf } from "../../src/scheduler/testing.ts";
import type { Part, Row } from "../lib/part.ts";

const nodeCount = 5_000;
const podCount = 10_000;
/** Of the scheduler through the API: what it decides must be faster. */
const budgetPodsPerSecond = 1_500;

interface Workload {
  readonly name: string;
  readonly shape: (index: number) => PodShape;
  /** Pods of this many per node that are there from the start. */
  readonly filledWith?: { readonly perNode: number; readonly shape: PodShape };
  readonly count?: number;
  readonly service?: boolean;
  /** Pods that fit nowhere are tried once. */
  readonly gaveUp?: boolean;
}

const small = { cpu: "100m", memory: "200Mi" };
const group = (index: number): Record<string, string> => ({ app: `app-${index % 50}` });
const term = (index: number, topologyKey: string) => ({ topologyKey, labelSelector: { matchLabels: group(index) } });

const workloads: readonly Workload[] = [
  { name: "basic", shape: () => ({ requests: small }) },
  { name: "service (default spreading)", service: true, shape: (i) => ({ requests: small, labels: group(i) }) },
  {
    name: "node affinity",
    shape: () => ({ requests: small, spec: { nodeSelector: { "topology.kubernetes.io/zone": "zone-1" } } }),
  },
  {
    name: "hard spreading over zones",
    shape: (i) => ({
      requests: small,
      labels: group(i),
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "topology.kubernetes.io/zone",
            whenUnsatisfiable: "DoNotSchedule",
            labelSelector: { matchLabels: group(i) },
          },
        ],
      },
    }),
  },
  {
    name: "pod affinity in zones",
    shape: (i) => ({
      requests: small,
      labels: group(i),
      spec: {
        affinity: {
          podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(i, "topology.kubernetes.io/zone")] },
        },
      },
    }),
  },
  {
    name: "pod anti-affinity on hosts",
    shape: (i) => ({
      requests: small,
      labels: group(i),
      spec: {
        affinity: {
          podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(i, "kubernetes.io/hostname")] },
        },
      },
    }),
  },
  {
    name: "preferred pod anti-affinity",
    shape: (i) => ({
      requests: small,
      labels: group(i),
      spec: {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 100, podAffinityTerm: term(i, "kubernetes.io/hostname") },
            ],
          },
        },
      },
    }),
  },
  {
    name: "preemption",
    count: 2_000,
    filledWith: { perNode: 4, shape: { requests: { cpu: "1", memory: "500Mi" }, spec: { priority: 0 } } },
    shape: () => ({ requests: { cpu: "2", memory: "500Mi" }, spec: { priority: 1_000 } }),
  },
  { name: "unschedulable", count: 2_000, gaveUp: true, shape: () => ({ requests: { cpu: "64" } }) },
];

async function run(workload: Workload, scale: number): Promise<readonly Row[]> {
  const nodes = Math.ceil(nodeCount * scale);
  const services = Array.from({ length: 50 }, (_, index) => ({
    apiVersion: "v1" as const,
    kind: "Service" as const,
    metadata: {
      name: `s-${index}`,
      namespace: "default",
      uid: `s-${index}`,
      resourceVersion: "1",
      creationTimestamp: "",
    },
    spec: { selector: group(index) },
  }));
  const placed = new Map<string, Pod>();
  const world = makeWorld({
    clock: systemClock,
    onDelete: (pod) => {
      onPods.delete!(placed.get(pod.metadata.name)!);
    },
    onPatch: (pod, { nominatedNodeName }) => {
      if (nominatedNodeName !== undefined) nominate(pod, nominatedNodeName);
    },
    listers: workload.service ? { services: { ...readerOf(() => services), list: () => services } } : {},
  });
  const onNodes = nodeHandler(world.world);
  const onPods = podHandler(world.world);
  for (let index = 0; index < nodes; index++)
    onNodes.add!(makeNode(`node-${index}`, { labels: { "topology.kubernetes.io/zone": `zone-${index % 3}` } }), true);
  for (let index = 0; workload.filledWith !== undefined && index < nodes * workload.filledWith.perNode; index++)
    place(onNode(makePod(`old-${index}`, workload.filledWith.shape), `node-${index % nodes}`));
  function place(pod: Pod): void {
    placed.set(pod.metadata.name, pod);
    onPods.add!(pod, true);
  }
  /** As the API server and the informer would tell of it. */
  function nominate({ metadata: { namespace, name } }: Pod, nominatedNodeName: string): void {
    const before = world.pods.get(`${namespace}/${name}`)!;
    const metadata = { ...before.metadata, resourceVersion: String(Number(before.metadata.resourceVersion) + 1) };
    const after = { ...before, metadata, status: { ...before.status, nominatedNodeName } };
    world.pods.set(`${namespace}/${name}`, after);
    onPods.update!(before, after);
  }
  const count = Math.ceil((workload.count ?? podCount) * scale);
  const waiting: Pod[] = Array.from({ length: count }, (_, index) => makePod(`pod-${index}`, workload.shape(index)));
  const signal = new AbortController().signal;
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (const pod of waiting) {
    world.pods.set(`default/${pod.metadata.name}`, pod);
    onPods.add!(pod, false);
  }
  for (let next = world.world.queue.pop(); next !== undefined; next = world.world.queue.pop()) {
    const { pod } = next.info;
    const binding = scheduleOne({ ...world.context, signal }, next);
    if (binding === undefined) {
      if (workload.gaveUp) world.world.queue.delete(pod.metadata.uid);
      await Promise.resolve();
      continue;
    }
    await binding;
    const nodeName = world.bound.at(-1)!.nodeName;
    onPods.update!(pod, onNode(pod, nodeName));
    if (world.bound.length === count) break;
  }
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  world.world.queue.close();
  return [
    { what: workload.name, unit: "pods/s", better: "more", budget: budgetPodsPerSecond, ours: count / seconds },
    { what: workload.name, unit: "CPU µs a pod", better: "less", ours: (used.user + used.system) / count },
  ];
}

export const part: Part = {
  about: "the scheduler's decisions alone, in process",
  limitSeconds: 120,
  async *run(setup) {
    for (const workload of workloads) yield* await run(workload, setup.scale);
  },
};
