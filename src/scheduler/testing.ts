// Builders and a small world for this room's tests and benchmarks: readers over plain maps, effects that are recorded.
import type { Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod } from "../api/index.ts";
import { type Clock, MetricRegistry, type Rng, seededRng, silentLogger, VirtualClock } from "../base/index.ts";
import type { KubeObject } from "../machinery/index.ts";
import type { Effects, Listers, Reader, SchedulerEvent, StatusChange } from "./handle.ts";
import { plugins } from "./list.ts";
import { createMetrics } from "./metrics.ts";
import { type Core, createCore } from "./scheduler.ts";

const emptyReader = <T>(): Reader<T> => ({ get: () => undefined, list: () => [] });

let serial = 0;

const meta = (name: string, namespace?: string) => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  uid: `uid-${++serial}`,
  resourceVersion: String(serial),
  creationTimestamp: "2026-01-01T00:00:00Z",
  generation: 1,
});

export interface NodeShape {
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Partial<NonNullable<Node["spec"]>>;
  readonly allocatable?: Readonly<Record<string, string>>;
  readonly status?: Partial<NonNullable<Node["status"]>>;
}

/** 4 CPUs, 32Gi, 110 pods, and its name as hostname label, unless told otherwise. */
export const makeNode = (name: string, shape: NodeShape = {}): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { ...meta(name), labels: { "kubernetes.io/hostname": name, ...shape.labels } },
  spec: { ...shape.spec },
  status: { allocatable: { cpu: "4", memory: "32Gi", pods: "110", ...shape.allocatable }, ...shape.status },
});

export interface PodShape {
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  /** Of the one container. */
  readonly requests?: Record<string, string>;
  readonly spec?: Partial<NonNullable<Pod["spec"]>>;
  readonly status?: Pod["status"];
  readonly metadata?: Partial<Pod["metadata"]>;
}

export const makePod = (name: string, shape: PodShape = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    ...meta(name, shape.namespace ?? "default"),
    ...(shape.labels === undefined ? {} : { labels: shape.labels }),
    ...shape.metadata,
  },
  spec: {
    schedulerName: "default-scheduler",
    containers: [
      { name: "c", image: "app", ...(shape.requests === undefined ? {} : { resources: { requests: shape.requests } }) },
    ],
    ...shape.spec,
  },
  ...(shape.status === undefined ? {} : { status: shape.status }),
});

export const onNode = (pod: Pod, nodeName: string): Pod => ({ ...pod, spec: { ...pod.spec!, nodeName } });

export const makeNamespace = (name: string, labels: Record<string, string> = {}): Namespace => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { ...meta(name), labels: { "kubernetes.io/metadata.name": name, ...labels } },
  spec: {},
});

export const readerOf = <T extends KubeObject>(objects: () => Iterable<T>): Reader<T> => ({
  get: (namespace, name) => {
    for (const each of objects())
      if (each.metadata.name === name && (each.metadata.namespace ?? "") === namespace) return each;
    return undefined;
  },
  list: (namespace) =>
    [...objects()].filter((each) => namespace === undefined || each.metadata.namespace === namespace),
});

export interface TestWorld extends Core {
  readonly clock: Clock;
  /** What the informer of pods has, by namespace/name. */
  readonly pods: Map<string, Pod>;
  readonly bound: { readonly key: string; readonly nodeName: string }[];
  readonly deleted: string[];
  readonly events: ({ readonly about: string } & SchedulerEvent)[];
  readonly patches: { readonly key: string; readonly change: StatusChange }[];
  /** Volumes and claims as they were written. */
  readonly written: (PersistentVolume | PersistentVolumeClaim)[];
  /** Tells the plugins that a claim in the listers changed. */
  claimChanged(): void;
}

export interface WorldOptions {
  readonly clock?: Clock;
  readonly rng?: Rng;
  readonly listers?: Partial<Listers>;
  /** Throws to make a binding fail. */
  readonly onBind?: (pod: Pod, nodeName: string) => void | Promise<void>;
  readonly onDelete?: (pod: Pod) => void | Promise<void>;
  readonly onPatch?: (pod: Pod, change: StatusChange) => void;
}

/** As the API server answers: the next version. */
const rewritten = <T extends KubeObject>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: String(Number(object.metadata.resourceVersion) + 1) },
});

const keyOf = (pod: Pod): string => `${pod.metadata.namespace}/${pod.metadata.name}`;

export function makeWorld(options: WorldOptions = {}): TestWorld {
  const clock = options.clock ?? new VirtualClock();
  const rng = options.rng ?? seededRng(1);
  const known = new Map<string, Pod>();
  const record: Pick<TestWorld, "bound" | "deleted" | "events" | "patches" | "written"> = {
    bound: [],
    deleted: [],
    events: [],
    patches: [],
    written: [],
  };
  const listeners = new Set<() => void>();
  const effects: Effects = {
    bind: async (pod, nodeName) => {
      await options.onBind?.(pod, nodeName);
      record.bound.push({ key: keyOf(pod), nodeName });
    },
    patchStatus: async (pod, change) => {
      record.patches.push({ key: keyOf(pod), change });
      options.onPatch?.(pod, change);
    },
    deletePod: async (pod) => {
      await options.onDelete?.(pod);
      record.deleted.push(keyOf(pod));
    },
    event: (about, event) => record.events.push({ about: keyOf(about), ...event }),
    replaceVolume: async (volume) => {
      record.written.push(volume);
      return rewritten(volume);
    },
    replaceClaim: async (claim) => {
      record.written.push(claim);
      return rewritten(claim);
    },
    onClaimChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const listers: Listers = {
    pods: {
      get: (namespace, name) => known.get(`${namespace}/${name}`),
      list: (namespace) =>
        [...known.values()].filter((pod) => namespace === undefined || pod.metadata.namespace === namespace),
    },
    nodes: emptyReader(),
    namespaces: emptyReader(),
    services: emptyReader(),
    replicationControllers: emptyReader(),
    replicaSets: emptyReader(),
    statefulSets: emptyReader(),
    podDisruptionBudgets: emptyReader(),
    persistentVolumes: emptyReader(),
    persistentVolumeClaims: emptyReader(),
    storageClasses: emptyReader(),
    ...options.listers,
  };
  const core = createCore({
    listers,
    effects,
    clock,
    rng,
    log: silentLogger,
    metrics: createMetrics(new MetricRegistry()),
    schedulerName: "default-scheduler",
    entries: plugins,
    percentageOfNodesToScore: 0,
  });
  const claimChanged = (): void => {
    for (const listener of listeners) listener();
  };
  return { ...core, ...record, clock, pods: known, claimChanged };
}
