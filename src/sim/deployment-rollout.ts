// One seed of "a Deployment is rolled out while things break": what is asked of it, what breaks, and what must hold.
// See docs/guides/simulation.md.
import { type Deployment, deployments, pods, replicaSets } from "../api/index.ts";
import { type Rng, seededRng } from "../base/index.ts";
import { ignoreNotFound, type NewObject } from "../machinery/index.ts";
import {
  ask,
  pass,
  pick,
  type RunOptions,
  type RunResult,
  runningContainers,
  storming,
  until,
  Violation,
} from "./driver.ts";
import { createStorm, type FaultKind, faultKinds, type Storm } from "./faults.ts";
import type { Weather } from "./network.ts";
import { createRolloutChecker, isComplete, type RolloutChecker } from "./rollout-checker.ts";
import { createWorld, type World } from "./world.ts";

const name = { namespace: "default", name: "web" } as const;
const controllerNames = [
  "deployment-controller",
  "replicaset-controller",
  "garbage-collector-controller",
  "node-lifecycle-controller",
  "taint-eviction-controller",
  "serviceaccount-controller",
];

interface Plan {
  readonly nodes: number;
  readonly skewMs: number;
  readonly weather: Partial<Weather>;
  readonly faults: readonly FaultKind[];
  readonly faultGapMs: number;
  readonly operations: number;
  readonly operationGapMs: number;
  /** The next operation waits for the rollout before. */
  readonly patient: boolean;
  readonly propagation: "Background" | "Foreground";
  readonly minReadySeconds: number;
}

interface Run {
  readonly world: World;
  readonly checker: RolloutChecker;
  readonly storm: Storm;
  readonly plan: Plan;
  readonly rng: Rng;
}

function planOf(rng: Rng): Plan {
  const calm = rng.next() < 0.15;
  const chosen = faultKinds.filter(() => rng.next() < 0.5);
  const skewMs = pick(rng, [0, 2_000, 600_000]);
  // Availability compares the wall clocks of two machines: it is only as early as they agree.
  const clocksAgree = skewMs < 600_000 && !chosen.includes("clockJump");
  return {
    nodes: 1 + rng.below(3),
    skewMs,
    minReadySeconds: clocksAgree ? pick(rng, [0, 0, 3, 15]) : 0,
    weather: pick(rng, [{}, { requestDelayMs: 5, watchDelayMs: 10 }, { requestDelayMs: 40, watchDelayMs: 200 }]),
    faults: calm ? [] : chosen,
    faultGapMs: pick(rng, [2_000, 5_000, 15_000]),
    operations: 1 + rng.below(3),
    operationGapMs: pick(rng, [500, 5_000, 20_000]),
    patient: rng.next() < 0.5,
    propagation: pick(rng, ["Background", "Foreground"]),
  };
}

export async function runDeploymentRollout(options: RunOptions): Promise<RunResult> {
  const rng = seededRng(options.seed);
  const plan = planOf(rng);
  const checker = createRolloutChecker(name);
  let commits = 0;
  const world = await createWorld({
    ...{ seed: rng.uint32(), nodes: plan.nodes, skewMs: plan.skewMs, controllers: controllerNames },
    weather: plan.weather,
    heard(commit) {
      commits++;
      checker.heard(commit);
    },
    ...(options.print ? { print: options.print } : {}),
  });
  options.print?.(`plan ${JSON.stringify(plan)}`);
  const storm = createStorm({ world, rng, kinds: plan.faults, weather: plan.weather, hit: checker.hit });
  let violation: string | undefined;
  try {
    await rollOut({ world, checker, storm, plan, rng });
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

async function rollOut(run: Run): Promise<void> {
  const { world, plan, rng, storm } = run;
  await pass(run, 1_000);
  await ask(run, "create", () => world.client.of(deployments).create(newDeployment(run)));
  if (plan.patient) await untilComplete(run, "the first rollout");
  for (let count = 0; count < plan.operations; count++) {
    await storming(run, rng.next() * plan.operationGapMs);
    const paused = rng.next() < 0.25;
    if (paused) await ask(run, "pause", () => edit(run, withPause(true)));
    const change = changeOf(rng);
    await ask(run, change.what, () => edit(run, change.apply));
    if (paused) {
      await storming(run, rng.next() * 20_000);
      await ask(run, "resume", () => edit(run, withPause(false)));
    }
    if (plan.patient && rng.next() < 0.7) {
      await storming(run, rng.next() * 20_000);
      await storm.calm();
      await untilComplete(run, change.what);
    }
  }
  await storming(run, plan.operationGapMs);
  await storm.calm();
  await untilComplete(run, "the last rollout");
  await checkEnd(run);
  await storming(run, rng.next() * 3_000);
  await ask(run, `delete (${plan.propagation})`, () => remove(run));
  await storming(run, 5_000);
  await storm.calm();
  await until(run, "everything the Deployment owned is gone", () => nothingLeft(run));
}

const untilComplete = (run: Run, what: string): Promise<void> =>
  until(run, `${what} is complete`, async () => {
    if (!run.world.running("apiserver")) return "the API server is down";
    const deployment = await run.world.client.of(deployments).get(name);
    return isComplete(deployment) ? undefined : JSON.stringify(deployment.status);
  });

const image = (rng: Rng): string => `web:${1 + rng.below(3)}`;
const bound = (rng: Rng): number | string => pick(rng, [0, 1, 2, "25%", "50%"]);

function strategy(rng: Rng): NonNullable<Deployment["spec"]["strategy"]> {
  if (rng.next() < 0.2) return { type: "Recreate" };
  const [maxSurge, maxUnavailable] = [bound(rng), bound(rng)];
  const nothing = maxSurge === 0 && maxUnavailable === 0;
  return { type: "RollingUpdate", rollingUpdate: { maxSurge: nothing ? 1 : maxSurge, maxUnavailable } };
}

function newDeployment({ rng, plan }: Run): NewObject<Deployment> {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: name,
    spec: {
      replicas: 1 + rng.below(5),
      strategy: strategy(rng),
      ...(plan.minReadySeconds > 0 ? { minReadySeconds: plan.minReadySeconds } : {}),
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          terminationGracePeriodSeconds: pick(rng, [0, 1, 30]),
          containers: [{ name: "web", image: image(rng) }],
        },
      },
    },
  } as NewObject<Deployment>;
}

interface Change {
  readonly what: string;
  readonly apply: (deployment: Deployment) => Deployment;
}

/** A new image (sometimes one that was there before: a rollback), another size, or other bounds. */
function changeOf(rng: Rng): Change {
  const kind = rng.next();
  if (kind < 0.6) {
    const wanted = image(rng);
    return { what: `image ${wanted}`, apply: (deployment) => withImage(deployment, wanted) };
  }
  if (kind < 0.85) {
    const replicas = rng.below(7);
    return { what: `scale to ${replicas}`, apply: (it) => ({ ...it, spec: { ...it.spec, replicas } }) };
  }
  const bounds = strategy(rng);
  return {
    what: `strategy ${JSON.stringify(bounds)}`,
    apply: (it) => ({ ...it, spec: { ...it.spec, strategy: bounds } }),
  };
}

const withPause =
  (paused: boolean) =>
  (deployment: Deployment): Deployment => ({ ...deployment, spec: { ...deployment.spec, paused } });

function withImage(deployment: Deployment, wanted: string): Deployment {
  const { template } = deployment.spec;
  const containers = template.spec!.containers.map((container) => ({ ...container, image: wanted }));
  return {
    ...deployment,
    spec: { ...deployment.spec, template: { ...template, spec: { ...template.spec!, containers } } },
  };
}

async function edit({ world }: Run, apply: (deployment: Deployment) => Deployment): Promise<void> {
  const client = world.client.of(deployments);
  await client.update(apply(await client.get(name)));
}

async function remove({ world, plan }: Run): Promise<void> {
  await world.client.of(deployments).delete(name, { propagationPolicy: plan.propagation }).catch(ignoreNotFound);
}

/** The complete rollout is what was asked for: the right pods, on the machines too. */
async function checkEnd(run: Run): Promise<void> {
  const { world } = run;
  await until(run, "the pods are those that were asked for", async () => {
    const deployment = await world.client.of(deployments).get(name);
    const wanted = deployment.spec.template.spec!.containers[0]!.image;
    const live = (await world.client.of(pods).list()).items.filter(
      (pod) => pod.metadata.deletionTimestamp === undefined && pod.status?.phase === "Running",
    );
    const right = live.filter((pod) => pod.spec.containers[0]!.image === wanted);
    if (live.length !== deployment.spec.replicas || right.length !== live.length)
      return `${live.length} pods, ${right.length} of them with image ${wanted}, ${deployment.spec.replicas} wanted`;
    return runningContainers(world, new Set(live.map((pod) => pod.metadata.uid)));
  });
}

async function nothingLeft({ world }: Run): Promise<string | undefined> {
  if (!world.running("apiserver")) return "the API server is down";
  const left: string[] = [];
  for (const kind of [deployments, replicaSets, pods] as const) {
    const { items } = await world.client.of(kind as typeof pods).list({ namespace: name.namespace });
    left.push(...items.map((item) => `${kind.resource}/${item.metadata.name}`));
  }
  return left.length > 0 ? `left: ${left.join(", ")}` : runningContainers(world, new Set());
}
