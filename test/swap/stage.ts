// What a scenario holds: a client of the cluster, a namespace of its own, and waits that are watches. Nothing here knows whose
// components the cluster is made of.
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import process from "node:process";
import { namespaces, type Pod, type PodSpec, pods, serviceAccounts } from "../../src/api/index.ts";
import { type Clock, onAbort, sleep } from "../../src/base/index.ts";
import type { Client, ListOptions, ResourceClient } from "../../src/client/index.ts";
import { isConflict, type KubeObject, type NewObject } from "../../src/machinery/index.ts";

export interface Scenario {
  readonly name: string;
  /** One line for the table. */
  readonly about: string;
  readonly run: (stage: Stage) => Promise<void>;
}

export interface StageOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly kubeconfig: string;
  readonly kubectlProgram: string;
  readonly nodeName: string;
  readonly nodeAddress: string;
  readonly namespace: string;
  /** Ends the scenario's waits. */
  readonly signal: AbortSignal;
}

type Kind<T extends KubeObject> = ResourceClient<T>["kind"];

export interface Stage extends StageOptions {
  create<T extends KubeObject>(kind: Kind<T>, object: NewObject<T>): Promise<T>;
  /** Reads, changes, writes; again when somebody else was faster. */
  change<T extends KubeObject>(kind: Kind<T>, name: string, change: (found: T) => T): Promise<T>;
  /** Resolves with the objects of the selection as soon as `holds` is true of them. */
  until<T extends KubeObject>(kind: Kind<T>, wait: Wait<T>): Promise<readonly T[]>;
  /** The same for one object of the namespace. */
  untilOne<T extends KubeObject>(kind: Kind<T>, name: string, wait: WaitOne<T>): Promise<T>;
  /** Resolves when there is no such object any more. */
  untilGone<T extends KubeObject>(kind: Kind<T>, name: string): Promise<void>;
  /** Upstream's kubectl in the scenario's namespace; fails with what it said. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Resolves with what the pod printed, once `holds` is true of it. */
  untilLog(pod: string, holds: (text: string) => boolean): Promise<string>;
}

export interface Wait<T extends KubeObject> {
  readonly what: string;
  readonly holds: (objects: readonly T[]) => boolean;
  readonly select?: Pick<ListOptions, "labelSelector" | "fieldSelector">;
}

export interface WaitOne<T extends KubeObject> {
  readonly what: string;
  readonly holds: (object: T) => boolean;
}

const image = "t8s.local/busybox:1";

/** The taint of the eviction scenario: everybody else's pods stay. */
export const evictionTaint = "swap.t8s.local/leave";

export interface PodOptions {
  readonly command?: readonly string[];
  readonly container?: Partial<PodSpec["containers"][number]>;
  readonly spec?: Partial<PodSpec>;
}

export const podSpec = ({ command = ["sleep", "10000"], container, spec }: PodOptions = {}): PodSpec =>
  ({
    terminationGracePeriodSeconds: 1,
    tolerations: [{ key: evictionTaint, operator: "Exists" }],
    containers: [{ name: "main", image, command: [...command], ...container }],
    ...spec,
  }) as PodSpec;

export const podTemplate = (labels: Readonly<Record<string, string>>, options?: PodOptions) => ({
  metadata: { labels },
  spec: podSpec(options),
});

export const newPod = (
  { namespace }: Pick<Stage, "namespace">,
  name: string,
  options: PodOptions & { readonly labels?: Readonly<Record<string, string>> } = {},
): NewObject<Pod> => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels: options.labels ?? { app: name } },
  spec: podSpec(options),
});

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

/** The status of a condition, or "" when there is none. */
export const conditionOf = (
  object: { readonly status?: { readonly conditions?: readonly Condition[] } },
  type: string,
): string => object.status?.conditions?.find((each) => each.type === type)?.status ?? "";

export const isReady = (pod: Pod): boolean => conditionOf(pod, "Ready") === "True";

export const nameOf = (object: KubeObject): string => object.metadata.name;

/** Fails a scenario with what was seen in place of what should be. */
export function expect(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const { client, clock, namespace, signal } = options;
  await client.of(namespaces).create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace }, spec: {} });
  const until: Stage["until"] = (kind, wait) => untilHolds(options, client.of(kind), wait);
  const stage: Stage = {
    ...options,
    create: (kind, object) => client.of(kind).create(object),
    async change(kind, name, change) {
      for (;;) {
        const found = await client.of(kind).get({ namespace, name });
        try {
          return await client.of(kind).update(change(found));
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
    },
    until,
    async untilOne(kind, name, { what, holds }) {
      const found = await until(kind, {
        what: `${kind.kind} ${name}: ${what}`,
        select: { fieldSelector: `metadata.name=${name}` },
        holds: ([object]) => object !== undefined && holds(object),
      });
      return found[0]!;
    },
    async untilGone(kind, name) {
      await until(kind, {
        what: `the end of ${kind.kind} ${name}`,
        select: { fieldSelector: `metadata.name=${name}` },
        holds: (objects) => objects.length === 0,
      });
    },
    kubectl: (...args) => kubectl(options, args),
    async untilLog(pod, holds) {
      // Logs have no watch.
      for (;;) {
        const answer = await client.raw(`/api/v1/namespaces/${namespace}/pods/${pod}/log`);
        if (answer.status === 200 && holds(answer.text)) return answer.text;
        if (signal.aborted) throw new Error(`the log of ${pod} never showed what was awaited; last: ${answer.text}`);
        await sleep(clock, 300);
      }
    },
  };
  // Pods are refused until the namespace has its ServiceAccount.
  await stage.untilOne(serviceAccounts, "default", { what: "there", holds: () => true });
  return stage;
}

function kubectl(options: StageOptions, args: readonly string[]): Promise<string> {
  const { kubectlProgram, kubeconfig, namespace, signal } = options;
  // What it keeps of discovery goes with the cluster's directory.
  const words = ["--kubeconfig", kubeconfig, "--namespace", namespace, ...args];
  return new Promise((resolve, reject) => {
    const env = { ...process.env, HOME: dirname(kubeconfig) };
    execFile(kubectlProgram, words, { signal, env }, (error, stdout, stderr) =>
      error === null
        ? resolve(stdout)
        : reject(new Error(`kubectl ${args.join(" ")}: ${stderr.trim() || error.message}`)),
    );
  });
}

/** Long enough for a watch that ends at once not to become a busy loop. */
const listAgainAfterMs = 250;

async function untilHolds<T extends KubeObject>(
  { clock, namespace, signal }: StageOptions,
  resource: ResourceClient<T>,
  { what, holds, select = {} }: Wait<T>,
): Promise<readonly T[]> {
  const scope = { ...(resource.kind.namespaced ? { namespace } : {}), ...select };
  let last: readonly T[] = [];
  while (!signal.aborted) {
    const list = await resource.list(scope);
    const known = new Map(list.items.map((item) => [item.metadata.uid, item]));
    last = [...known.values()];
    if (holds(last)) return last;
    using end = linkedAbort(signal);
    try {
      const resourceVersion = list.metadata.resourceVersion ?? "";
      for await (const event of resource.watch({ ...scope, resourceVersion, signal: end.signal })) {
        if (event.type === "BOOKMARK") continue;
        if (event.type === "DELETED") known.delete(event.object.metadata.uid);
        else known.set(event.object.metadata.uid, event.object);
        last = [...known.values()];
        if (holds(last)) return last;
      }
    } catch (error) {
      if (!signal.aborted) console.error(`waiting for ${what}: ${error}`); // a broken watch: list again
    }
    if (!signal.aborted) await sleep(clock, listAgainAfterMs);
  }
  throw new Error(`${what} never came; last: ${brief(last)}`);
}

function linkedAbort(signal: AbortSignal): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const unlink = onAbort(signal, () => controller.abort(signal.reason));
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      unlink();
      controller.abort(new Error("no longer waited for"));
    },
  };
}

const brief = (objects: readonly KubeObject[]): string => {
  const text = JSON.stringify(
    objects.map((each) => ({ name: each.metadata.name, status: (each as { status?: unknown }).status })),
  );
  return text.length > 700 ? `${text.slice(0, 700)}…` : text;
};

/** Ready pods of a label, as a wait. */
export const readyPods = (stage: Stage, app: string, count: number): Promise<readonly Pod[]> =>
  stage.until(pods, {
    what: `${count} ready pods of ${app}`,
    select: { labelSelector: `app=${app}` },
    holds: (found) => found.length === count && found.every((pod) => isReady(pod) && !pod.metadata.deletionTimestamp),
  });
