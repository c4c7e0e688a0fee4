// Deployments: carries out what decide.ts decides. Upstream: pkg/controller/deployment.

import { deployments, pods, replicaSets } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { ResourceClient } from "../../client/index.ts";
import {
  controllerOf,
  deepEqual,
  ignoreNotFound,
  isAlreadyExists,
  labelSelectorMatcher,
  objectKey,
} from "../../machinery/index.ts";
import {
  addControllerIndex,
  type ControllerContext,
  claim,
  compactStatus,
  controlledBy,
  featureEnabled,
  intoQueue,
  isControlledBy,
  isNamespaceTerminating,
  newQueue,
  orphansIn,
  resolveOwner,
  runLoop,
  watch,
} from "../lib/index.ts";
import { annotation, type Deployment, hasProgressDeadline, type ReplicaSet, sameTemplate } from "./arithmetic.ts";
import { decide, type Plan, type Step } from "./decide.ts";
import { deadlineCheckMs, type Status, withCondition } from "./status.ts";

export async function runDeployments(context: ControllerContext): Promise<void> {
  const { client, clock } = context;
  const queue = newQueue(context, "deployment");
  const recorder = context.recorder("deployment-controller");
  const resource = client.of(deployments);
  const setResource = client.of(replicaSets);
  const tellsTerminating = featureEnabled(context, "DeploymentReplicaSetTerminatingReplicas");

  const informer = watch(context, deployments, intoQueue(queue));
  const wakeOwner = (set: ReplicaSet): boolean => {
    const reference = controllerOf(set);
    const owner = resolveOwner(informer, reference, set.metadata.namespace ?? "");
    if (owner !== undefined) queue.add(objectKey(owner));
    return reference !== undefined;
  };
  const wakeAdopters = (set: ReplicaSet): void => {
    if (Object.keys(set.metadata.labels ?? {}).length === 0) return;
    for (const deployment of informer.list(set.metadata.namespace)) {
      const selector = labelSelectorMatcher(deployment.spec.selector);
      if (!selector.everything && selector.matches(set.metadata.labels)) queue.add(objectKey(deployment));
    }
  };
  const setInformer = watch(context, replicaSets, {
    add(set) {
      if (!wakeOwner(set) && set.metadata.deletionTimestamp === undefined) wakeAdopters(set);
    },
    update(before, set) {
      if (controllerOf(before)?.uid !== controllerOf(set)?.uid) wakeOwner(before);
      if (wakeOwner(set)) return;
      if (controllerOf(before) !== undefined || !deepEqual(before.metadata.labels, set.metadata.labels))
        wakeAdopters(set);
    },
    delete: wakeOwner,
  });
  addControllerIndex(setInformer);
  const podInformer = watch(context, pods, {
    // Recreate waits until the last old pod is gone.
    delete(pod) {
      const set = resolveOwner(setInformer, controllerOf(pod), pod.metadata.namespace ?? "");
      const owner = set && resolveOwner(informer, controllerOf(set), pod.metadata.namespace ?? "");
      if (owner?.spec.strategy?.type === "Recreate") queue.add(objectKey(owner));
    },
  });
  addControllerIndex(podInformer);

  const reconcile = async (key: string): Promise<number | undefined> => {
    const deployment = informer.byKey(key);
    if (deployment === undefined) return undefined;
    const selector = labelSelectorMatcher(deployment.spec.selector);
    if (selector.everything) {
      const message = "This deployment is selecting all pods. A non-empty selector is required.";
      recorder.event(deployment, { type: "Warning", reason: "SelectingAll", message });
      const { generation } = deployment.metadata;
      if ((deployment.status?.observedGeneration ?? 0) < (generation ?? 0))
        await resource.updateStatus({
          ...deployment,
          status: { ...deployment.status, observedGeneration: generation! },
        });
      return undefined;
    }
    const sets = await claim({
      owner: deployment,
      selector,
      candidates: [
        ...controlledBy(setInformer, deployment.metadata.uid),
        ...orphansIn(setInformer, deployment.metadata.namespace ?? ""),
      ],
      owners: resource,
      resource: setResource,
    });
    const nowMs = clock.now();
    const podsOf = (set: ReplicaSet) => controlledBy(podInformer, set.metadata.uid);
    const plan = decide({ deployment, sets, podsOf, tellsTerminating, nowMs });
    await carryOut({ plan, deployment, sets, resource, setResource, recorder: recorder.event, nowMs });
    if (!plan.rollingOut || plan.status !== undefined) return undefined;
    return deadlineCheckMs(deployment, deployment.status ?? {}, nowMs);
  };
  await runLoop(context, { queue, informers: [informer, setInformer, podInformer], reconcile });
}

interface Work {
  readonly plan: Plan;
  readonly deployment: Deployment;
  readonly sets: readonly ReplicaSet[];
  readonly resource: ResourceClient<Deployment>;
  readonly setResource: ResourceClient<ReplicaSet>;
  readonly recorder: ReturnType<ControllerContext["recorder"]>["event"];
  readonly nowMs: number;
}

async function carryOut(work: Work): Promise<void> {
  const { plan, deployment, resource } = work;
  /** Each update builds on the answer to the one before. */
  const latest = new Map(work.sets.map((set) => [set.metadata.name, set]));
  for (const step of plan.steps) await take(work, step, latest);
  if (plan.status === undefined && plan.revision === undefined) return;
  await resource.updateStatus({
    ...deployment,
    metadata: {
      ...deployment.metadata,
      ...(plan.revision === undefined
        ? {}
        : { annotations: { ...deployment.metadata.annotations, [annotation.revision]: plan.revision } }),
    },
    status: compactStatus(plan.status ?? deployment.status ?? {}, ["terminatingReplicas", "collisionCount"]),
  });
}

async function take(work: Work, step: Step, latest: Map<string, ReplicaSet>): Promise<void> {
  const { deployment, setResource, resource } = work;
  switch (step.do) {
    case "create": {
      latest.set(step.set.metadata.name, await createSet(work, step.set));
      return;
    }
    case "update": {
      const set = latest.get(step.name)!;
      const spec = {
        ...(set.spec as NonNullable<ReplicaSet["spec"]>),
        ...(step.replicas !== undefined ? { replicas: step.replicas.to } : {}),
        ...(step.minReadySeconds !== undefined ? { minReadySeconds: step.minReadySeconds } : {}),
      };
      const metadata = { ...set.metadata, annotations: step.annotations };
      latest.set(step.name, await setResource.update({ ...set, metadata, spec }));
      return;
    }
    case "delete":
      await setResource.delete(step.set.metadata).catch(ignoreNotFound);
      return;
    case "rollback": {
      const template = step.template ?? deployment.spec.template;
      const metadata = { ...deployment.metadata, annotations: step.annotations };
      await resource.update({ ...deployment, metadata, spec: { ...deployment.spec, template } });
      return;
    }
    case "tell":
      work.recorder(deployment, { type: step.type, reason: step.reason, message: step.message });
      return;
  }
}

async function createSet(work: Work, wanted: Extract<Step, { do: "create" }>["set"]): Promise<ReplicaSet> {
  const { deployment, setResource, recorder } = work;
  const { name } = wanted.metadata;
  try {
    const created = await setResource.create(wanted);
    const replicas = created.spec?.replicas ?? 0;
    if (replicas > 0) {
      const message = `Scaled up replica set ${name} from 0 to ${replicas}`;
      recorder(deployment, { type: "Normal", reason: "ScalingReplicaSet", message });
    }
    return created;
  } catch (error) {
    if (isAlreadyExists(error)) return await takeOver(work, name, error);
    if (!isNamespaceTerminating(error)) await tellFailedCreation(work, name, error);
    throw error;
  }
}

/** The name is taken: by our own set that the cache does not show yet, or by another template of the same hash. */
async function takeOver(work: Work, name: string, cause: unknown): Promise<ReplicaSet> {
  const { deployment, resource, setResource } = work;
  const existing = await setResource.get({ namespace: deployment.metadata.namespace ?? "", name });
  if (isControlledBy(existing, deployment) && sameTemplate(existing.spec?.template, deployment.spec.template))
    return existing;
  const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
  await resource.updateStatus({ ...deployment, status: { ...deployment.status, collisionCount } });
  throw cause;
}

async function tellFailedCreation(work: Work, name: string, error: unknown): Promise<void> {
  const { deployment, resource, recorder, nowMs } = work;
  const reason = "ReplicaSetCreateError";
  const message = `Failed to create new replica set ${JSON.stringify(name)}: ${errorText(error)}`;
  recorder(deployment, { type: "Warning", reason, message });
  if (!hasProgressDeadline(deployment)) return;
  const condition = { type: "Progressing", status: "False", reason, message } as const;
  const before: Status = deployment.status ?? {};
  const status = withCondition(before, condition, nowMs);
  if (status !== before) await resource.updateStatus({ ...deployment, status });
}
