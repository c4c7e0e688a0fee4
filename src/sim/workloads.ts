// One seed of "StatefulSets, Jobs and owned objects live while things break": what is asked of them, what breaks, and what must hold.
// See docs/guides/simulation.md.
import {
  type ConfigMap,
  configMaps,
  type Job,
  jobs,
  type Pod,
  pods,
  type StatefulSet,
  statefulSets,
} from "../api/index.ts";
import { type Rng, seededRng } from "../base/index.ts";
import { ignoreAlreadyExists, ignoreNotFound, type NewObject } from "../machinery/index.ts";
import {
  ask,
  type Driven,
  pass,
  pick,
  type RunOptions,
  type RunResult,
  runningContainers,
  storming,
  until,
  Violation,
} from "./driver.ts";
import { createStorm, type FaultKind, faultKinds } from "./faults.ts";
import type { Commit } from "./history.ts";
import type { Weather } from "./network.ts";
import {
  type Checker,
  createJobChecker,
  createOwnershipChecker,
  createStatefulSetChecker,
  type OwnershipChecker,
  orphansOf,
} from "./workload-checkers.ts";
import { createWorld, type World } from "./world.ts";

const namespace = "default";
const setName = { namespace, name: "db" } as const;
const jobName = { namespace, name: "work" } as const;
const controllerNames = [
  "statefulset-controller",
  "job-controller",
  "garbage-collector-controller",
  "pod-garbage-collector-controller",
  "node-lifecycle-controller",
  "taint-eviction-controller",
  "serviceaccount-controller",
];

interface Plan {
  readonly theme: "statefulset" | "job" | "ownership";
  readonly nodes: number;
  readonly skewMs: number;
  readonly weather: Partial<Weather>;
  readonly faults: readonly FaultKind[];
  readonly faultGapMs: number;
  readonly operations: number;
  readonly operationGapMs: number;
  readonly propagation: "Background" | "Foreground";
}

interface Run extends Driven {
  readonly plan: Plan;
  readonly ownership: OwnershipChecker;
}

function planOf(rng: Rng): Plan {
  const calm = rng.next() < 0.15;
  const chosen = faultKinds.filter(() => rng.next() < 0.5);
  return {
    theme: pick(rng, ["statefulset", "job", "ownership"]),
    nodes: 1 + rng.below(3),
    skewMs: pick(rng, [0, 2_000, 600_000]),
    weather: pick(rng, [{}, { requestDelayMs: 5, watchDelayMs: 10 }, { requestDelayMs: 40, watchDelayMs: 200 }]),
    faults: calm ? [] : chosen,
    faultGapMs: pick(rng, [2_000, 5_000, 15_000]),
    operations: 1 + rng.below(4),
    operationGapMs: pick(rng, [500, 5_000, 20_000]),
    propagation: pick(rng, ["Background", "Foreground"]),
  };
}

export async function runWorkloads(options: RunOptions): Promise<RunResult> {
  const rng = seededRng(options.seed);
  const plan = planOf(rng);
  const ownership = createOwnershipChecker({ namespace });
  const checkers: readonly Checker[] = [createStatefulSetChecker(setName), createJobChecker(jobName), ownership];
  const checker = {
    get violation() {
      return checkers.find((each) => each.violation !== undefined)?.violation;
    },
  };
  let commits = 0;
  const world = await createWorld({
    ...{ seed: rng.uint32(), nodes: plan.nodes, skewMs: plan.skewMs, controllers: controllerNames },
    weather: plan.weather,
    heard(commit: Commit) {
      commits++;
      for (const each of checkers) each.heard(commit);
    },
    ...(options.print ? { print: options.print } : {}),
  });
  options.print?.(`plan ${JSON.stringify(plan)}`);
  const storm = createStorm({ world, rng, kinds: plan.faults, weather: plan.weather, hit: () => {} });
  let violation: string | undefined;
  try {
    const run = { world, checker, storm, plan, rng, ownership };
    await pass(run, 1_000);
    await themes[plan.theme](run);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error.message;
    world.history.note(`VIOLATION ${violation}`);
  }
  const result = { seed: options.seed, violation, hash: world.history.hash(), commits };
  const virtualMs = world.clock.monotonic();
  await world[Symbol.asyncDispose]();
  return { ...result, virtualMs };
}

const themes: Readonly<Record<Plan["theme"], (run: Run) => Promise<void>>> = {
  statefulset: liveStatefulSet,
  job: liveJob,
  ownership: liveOwnership,
};

/** Creates once, whatever became of the tries before. */
async function createOnce(act: () => Promise<unknown>): Promise<void> {
  await act().catch(ignoreAlreadyExists);
}

async function gone(act: () => Promise<unknown>): Promise<void> {
  await act().catch(ignoreNotFound);
}

/** Time goes by in steps; after each, no pod's name runs twice. */
async function live(run: Run, ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= 1_000) {
    await storming(run, Math.min(leftMs, 1_000));
    await checkIdentities(run.world);
  }
}

async function checkIdentities(world: World): Promise<void> {
  const uids = new Map<string, string>();
  for (const node of world.nodes)
    for (const { labels } of await node.runtime.listContainers({ state: "running" })) {
      const name = labels["io.kubernetes.pod.name"] ?? "";
      const uid = labels["io.kubernetes.pod.uid"] ?? "";
      if (uids.has(name) && uids.get(name) !== uid) throw new Violation(`two pods called ${name} run at the same time`);
      uids.set(name, uid);
    }
}

function newStatefulSet(rng: Rng): NewObject<StatefulSet> {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: setName,
    spec: {
      serviceName: "db",
      replicas: 1 + rng.below(4),
      podManagementPolicy: rng.next() < 0.75 ? "OrderedReady" : "Parallel",
      selector: { matchLabels: { app: "db" } },
      template: {
        metadata: { labels: { app: "db" } },
        spec: {
          // Never 0: such a pod is gone from the API before its kubelet knows, and its name is free while it runs.
          terminationGracePeriodSeconds: pick(rng, [1, 5, 30]),
          containers: [{ name: "db", image: "db:1" }],
        },
      },
    },
  } as NewObject<StatefulSet>;
}

async function liveStatefulSet(run: Run): Promise<void> {
  const { world, plan, rng, storm } = run;
  const client = world.client.of(statefulSets);
  const wanted = newStatefulSet(rng);
  await ask(run, "create the StatefulSet", () => createOnce(() => client.create(wanted)));
  for (let count = 0; count < plan.operations; count++) {
    await live(run, rng.next() * plan.operationGapMs);
    const replicas = rng.below(5);
    const image = `db:${1 + rng.below(3)}`;
    if (rng.next() < 0.5)
      await ask(run, `scale to ${replicas}`, async () => {
        const set = await client.get(setName);
        await client.update({ ...set, spec: { ...set.spec, replicas } });
      });
    else await ask(run, `image ${image}`, async () => client.update(withImage(await client.get(setName), image)));
  }
  await live(run, plan.operationGapMs);
  await storm.calm();
  await until(run, "the StatefulSet is as asked for", () => statefulSetAtRest(world));
  await checkIdentities(world);
  await ask(run, `delete (${plan.propagation})`, () =>
    gone(() => client.delete(setName, { propagationPolicy: plan.propagation })),
  );
  await live(run, 3_000);
  await storm.calm();
  await until(run, "everything the StatefulSet owned is gone", () => podsLeft(world));
}

function withImage(set: StatefulSet, image: string): StatefulSet {
  const { template } = set.spec;
  const containers = template.spec!.containers.map((container) => ({ ...container, image }));
  return { ...set, spec: { ...set.spec, template: { ...template, spec: { ...template.spec!, containers } } } };
}

async function statefulSetAtRest(world: World): Promise<string | undefined> {
  if (!world.running("apiserver")) return "the API server is down";
  const set = await world.client.of(statefulSets).get(setName);
  const { items } = await world.client.of(pods).list({ namespace });
  const names = items.map((pod) => pod.metadata.name).sort();
  const expected = Array.from({ length: set.spec.replicas ?? 1 }, (_, ordinal) => `db-${ordinal}`);
  if (names.join() !== expected.join()) return `pods ${names.join(", ")} instead of ${expected.join(", ")}`;
  const image = set.spec.template.spec!.containers[0]!.image;
  const wrong = items.find((pod) => !isReadyOf(pod, image));
  if (wrong !== undefined) return `${wrong.metadata.name} is not ready, or of an old template`;
  const { readyReplicas = 0, observedGeneration } = set.status ?? {};
  if (readyReplicas !== expected.length || observedGeneration !== set.metadata.generation)
    return JSON.stringify(set.status);
  return runningContainers(world, new Set(items.map((pod) => pod.metadata.uid)));
}

const isReadyOf = (pod: Pod, image: string | undefined): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.spec?.containers[0]?.image === image &&
  pod.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") === true;

async function podsLeft(world: World): Promise<string | undefined> {
  if (!world.running("apiserver")) return "the API server is down";
  const left = (await world.client.of(pods).list({ namespace })).items.map((pod) => pod.metadata.name);
  return left.length > 0 ? `left: ${left.join(", ")}` : runningContainers(world, new Set());
}

function newJob(rng: Rng): NewObject<Job> {
  const fails = rng.next() < 0.25;
  const command = `sleep ${rng.below(8)}; exit ${fails ? 1 : 0}`;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: jobName,
    spec: {
      completions: 1 + rng.below(5),
      parallelism: 1 + rng.below(3),
      backoffLimit: rng.below(4),
      completionMode: pick(rng, ["NonIndexed", "Indexed"]),
      podReplacementPolicy: pick(rng, ["TerminatingOrFailed", "Failed"]),
      template: {
        spec: {
          restartPolicy: rng.next() < 0.8 ? "Never" : "OnFailure",
          terminationGracePeriodSeconds: pick(rng, [0, 1, 30]),
          containers: [{ name: "work", image: "work", command: ["sh", "-c", command] }],
        },
      },
    },
  } as NewObject<Job>;
}

async function liveJob(run: Run): Promise<void> {
  const { world, plan, rng, storm } = run;
  const client = world.client.of(jobs);
  const wanted = newJob(rng);
  await ask(run, "create the Job", () => createOnce(() => client.create(wanted)));
  for (let count = 0; count < plan.operations; count++) {
    await live(run, rng.next() * plan.operationGapMs);
    if (rng.next() < 0.6) continue;
    const change = pick(rng, [{ suspend: true }, { suspend: false }, { parallelism: 1 + rng.below(4) }]);
    await ask(run, JSON.stringify(change), async () => {
      const job = await client.get(jobName);
      await client.update({ ...job, spec: { ...job.spec!, ...change } });
    });
  }
  await ask(run, "resume", async () => {
    const job = await client.get(jobName);
    if (job.spec?.suspend) await client.update({ ...job, spec: { ...job.spec, suspend: false } });
  });
  await live(run, plan.operationGapMs);
  await storm.calm();
  await until(run, "the Job is finished", () => jobAtRest(world));
  await ask(run, `delete (${plan.propagation})`, () =>
    gone(() => client.delete(jobName, { propagationPolicy: plan.propagation })),
  );
  await live(run, 3_000);
  await storm.calm();
  await until(run, "everything the Job owned is gone", () => podsLeft(world));
}

async function jobAtRest(world: World): Promise<string | undefined> {
  if (!world.running("apiserver")) return "the API server is down";
  const { status = {}, spec } = await world.client.of(jobs).get(jobName);
  const end = status.conditions?.find(({ type, status: is }) => is === "True" && /^(Complete|Failed)$/.test(type));
  if (end === undefined || (status.active ?? 0) > 0 || (status.terminating ?? 0) > 0) return JSON.stringify(status);
  if (Object.values(status.uncountedTerminatedPods ?? {}).flat().length > 0) return JSON.stringify(status);
  if (
    end.type === "Failed" &&
    (status.failed ?? 0) <= (spec?.backoffLimit ?? 6) &&
    end.reason !== "BackoffLimitExceeded"
  )
    throw new Violation(`the Job failed for no reason: ${JSON.stringify(status)}`);
  const { items } = await world.client.of(pods).list({ namespace });
  const held = items.find((pod) => pod.metadata.finalizers?.includes("batch.kubernetes.io/job-tracking"));
  if (held !== undefined) return `${held.metadata.name} is still tracked`;
  const going = items.find((pod) => pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed");
  return going === undefined ? runningContainers(world, new Set()) : `${going.metadata.name} has not ended`;
}

/** ConfigMaps that own each other, deleted here and there in all three ways. */
async function liveOwnership(run: Run): Promise<void> {
  const { world, plan, rng, storm, ownership } = run;
  const client = world.client.of(configMaps);
  const size = 4 + rng.below(12);
  const made: ConfigMap[] = [];
  for (let index = 0; index < size; index++) {
    const owners = made.filter(() => rng.next() < 1.6 / (made.length + 1)).slice(0, 3);
    const name = `thing-${index}`;
    const blocks = rng.next() < 0.5;
    await ask(run, `create ${name} of ${owners.map((each) => each.metadata.name).join(", ") || "nobody"}`, () =>
      createOnce(() => client.create(ownedBy(name, owners, blocks))),
    );
    const found = ownership.all.get(name);
    if (found !== undefined) made.push(found);
    if (rng.next() < 0.3) await storming(run, rng.next() * 2_000);
  }
  for (let count = 0; count < plan.operations * 2; count++) {
    await storming(run, (rng.next() * plan.operationGapMs) / 2);
    const { name } = pick(rng, made).metadata;
    const propagationPolicy = pick(rng, ["Background", "Foreground", "Orphan"] as const);
    ownership.asked(name);
    await ask(run, `delete ${name} (${propagationPolicy})`, () =>
      gone(() => client.delete({ namespace, name }, { propagationPolicy })),
    );
  }
  await storming(run, plan.operationGapMs);
  await storm.calm();
  await until(run, "nothing is left whose owners are all gone", async () => {
    const orphans = orphansOf(ownership.all);
    const going = [...ownership.all.values()].filter((each) => each.metadata.deletionTimestamp !== undefined);
    if (orphans.length > 0) return `owners are gone: ${orphans.join(", ")}`;
    return going.length > 0 ? `being deleted: ${going.map((each) => each.metadata.name).join(", ")}` : undefined;
  });
}

const ownedBy = (name: string, owners: readonly ConfigMap[], blocks: boolean): NewObject<ConfigMap> => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name,
    namespace,
    ownerReferences: owners.map((owner) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      name: owner.metadata.name,
      uid: owner.metadata.uid,
      ...(blocks ? { blockOwnerDeletion: true } : {}),
    })),
  },
});
