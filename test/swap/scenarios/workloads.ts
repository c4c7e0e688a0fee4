// Controllers that make pods: rollouts, identities, completions, schedules.
import {
  type CronJob,
  controllerRevisions,
  cronJobs,
  type DaemonSet,
  type Deployment,
  daemonSets,
  deployments,
  type Job,
  jobs,
  pods,
  replicaSets,
  type StatefulSet,
  services,
  statefulSets,
} from "../../../src/api/index.ts";
import type { NewObject } from "../../../src/machinery/index.ts";
import { conditionOf, expect, nameOf, podSpec, podTemplate, readyPods, type Scenario, type Stage } from "../stage.ts";

const deployment = ({ namespace }: Stage, name: string, replicas: number): NewObject<Deployment> => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: podTemplate({ app: name }) },
});

const withEnvironment = <T extends { readonly spec?: { readonly template: Deployment["spec"]["template"] } }>(
  object: T,
  value: string,
): T => {
  const template = object.spec!.template;
  const spec = template.spec!;
  const containers = spec.containers.map((each) => ({ ...each, env: [{ name: "VERSION", value }] }));
  return { ...object, spec: { ...object.spec!, template: { ...template, spec: { ...spec, containers } } } };
};

const revision = "deployment.kubernetes.io/revision";

export const rollout: Scenario = {
  name: "rollout",
  about: "a Deployment rolls to a new template and back; kubectl follows",
  async run(stage) {
    await stage.create(deployments, deployment(stage, "web", 2));
    await stage.kubectl("rollout", "status", "deployment/web", "--timeout=100s");
    await readyPods(stage, "web", 2);
    const changed = await stage.change(deployments, "web", (found) => withEnvironment(found, "2"));
    const rolled = await stage.untilOne(deployments, "web", {
      what: "the second template everywhere",
      holds: ({ metadata, status }) =>
        (status?.observedGeneration ?? 0) >= changed.metadata.generation! &&
        status?.updatedReplicas === 2 &&
        status.replicas === 2 &&
        status.availableReplicas === 2 &&
        metadata.annotations?.[revision] === "2",
    });
    expect(conditionOf(rolled, "Available") === "True", "Available is not True");
    await stage.untilOne(deployments, "web", {
      what: "Progressing for NewReplicaSetAvailable",
      holds: ({ status }) =>
        status?.conditions?.find(({ type }) => type === "Progressing")?.reason === "NewReplicaSetAvailable",
    });
    await stage.until(replicaSets, {
      what: "one full and one empty ReplicaSet",
      holds: (sets) =>
        sets.length === 2 &&
        sets
          .map((set) => set.status?.replicas ?? 0)
          .sort()
          .join() === "0,2",
    });
    await stage.kubectl("rollout", "undo", "deployment/web");
    await stage.kubectl("rollout", "status", "deployment/web", "--timeout=100s");
    const history = await stage.kubectl("rollout", "history", "deployment/web");
    expect(/^3 /m.test(history) && !/^1 /m.test(history), `the history is\n${history}`);
  },
};

export const scaling: Scenario = {
  name: "scaling",
  about: "the scale subresource up and down",
  async run(stage) {
    await stage.create(deployments, deployment(stage, "many", 1));
    await readyPods(stage, "many", 1);
    const name = { namespace: stage.namespace, name: "many" };
    for (const replicas of [4, 1]) {
      await stage.client.of(deployments).patch(name, { spec: { replicas } }, { type: "merge", subresource: "scale" });
      await readyPods(stage, "many", replicas);
      await stage.untilOne(deployments, "many", {
        what: `${replicas} available`,
        holds: ({ status }) => status?.availableReplicas === replicas && status.replicas === replicas,
      });
    }
    const scale = await stage.client.of(deployments).getSubresource<{ status: { selector: string } }>(name, "scale");
    expect(scale.status.selector === "app=many", `the scale's selector is ${scale.status.selector}`);
  },
};

export const statefulSet: Scenario = {
  name: "statefulset",
  about: "ordered pods keep their names; an update goes from the last to the first",
  async run(stage) {
    const { namespace } = stage;
    await stage.create(services, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "db", namespace },
      spec: { clusterIP: "None", selector: { app: "db" }, ports: [{ port: 80 }] },
    });
    const set: NewObject<StatefulSet> = {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "db", namespace },
      spec: {
        serviceName: "db",
        replicas: 2,
        selector: { matchLabels: { app: "db" } },
        template: podTemplate({ app: "db" }, { command: ["sh", "-c", "hostname; exec sleep 10000"] }),
      },
    };
    await stage.create(statefulSets, set);
    const first = await readyPods(stage, "db", 2);
    expect(first.map(nameOf).sort().join() === "db-0,db-1", `the pods are ${first.map(nameOf)}`);
    const before = first.find((pod) => pod.metadata.name === "db-0")!;
    await stage.client.of(pods).delete({ namespace, name: "db-0" });
    await stage.untilOne(pods, "db-0", {
      what: "made anew",
      holds: (pod) => pod.metadata.uid !== before.metadata.uid && conditionOf(pod, "Ready") === "True",
    });
    await stage.untilLog("db-0", (text) => text === "db-0\n");
    await stage.change(statefulSets, "db", (found) => withEnvironment(found, "2"));
    const updated = await stage.untilOne(statefulSets, "db", {
      what: "the update everywhere",
      holds: ({ status }) =>
        status?.updatedReplicas === 2 && status.readyReplicas === 2 && status.currentRevision === status.updateRevision,
    });
    expect(updated.status?.currentReplicas === 2, `currentReplicas is ${updated.status?.currentReplicas}`);
    await stage.until(controllerRevisions, { what: "two revisions", holds: (found) => found.length === 2 });
    await stage.change(statefulSets, "db", (found) => ({ ...found, spec: { ...found.spec!, replicas: 1 } }));
    const left = await stage.until(pods, { what: "one pod left", holds: (found) => found.length === 1 });
    expect(nameOf(left[0]!) === "db-0", `the pod left is ${nameOf(left[0]!)}`);
  },
};

export const daemonSet: Scenario = {
  name: "daemonset",
  about: "one pod on every node, replaced by a rolling update",
  async run(stage) {
    const { namespace, nodeName } = stage;
    const set: NewObject<DaemonSet> = {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "agent", namespace },
      spec: { selector: { matchLabels: { app: "agent" } }, template: podTemplate({ app: "agent" }) },
    };
    await stage.create(daemonSets, set);
    const [pod] = await readyPods(stage, "agent", 1);
    expect(pod?.spec?.nodeName === nodeName, `the pod runs on ${pod?.spec?.nodeName}`);
    await stage.untilOne(daemonSets, "agent", {
      what: "ready and available",
      holds: ({ status }) =>
        status?.numberReady === 1 && status.numberAvailable === 1 && status.desiredNumberScheduled === 1,
    });
    await stage.change(daemonSets, "agent", (found) => withEnvironment(found, "2"));
    await stage.kubectl("rollout", "status", "daemonset/agent", "--timeout=100s");
    await stage.until(pods, {
      what: "another pod",
      holds: ([found, more]) => more === undefined && found !== undefined && found.metadata.uid !== pod?.metadata.uid,
    });
  },
};

export const job: Scenario = {
  name: "job",
  about: "an Indexed Job completes; one that fails runs into its backoff limit",
  async run(stage) {
    const { namespace } = stage;
    const make = (name: string, command: string, spec: Partial<Job["spec"]>): NewObject<Job> =>
      ({
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name, namespace },
        spec: {
          ...spec,
          template: { spec: podSpec({ command: ["sh", "-c", command], spec: { restartPolicy: "Never" } }) },
        },
      }) as NewObject<Job>;
    await stage.create(
      jobs,
      make("sum", "echo $JOB_COMPLETION_INDEX", { completions: 3, parallelism: 2, completionMode: "Indexed" }),
    );
    await stage.create(jobs, make("bad", "exit 7", { backoffLimit: 0 }));
    const done = await stage.untilOne(jobs, "sum", {
      what: "Complete",
      holds: (found) => conditionOf(found, "Complete") === "True",
    });
    expect(done.status?.succeeded === 3, `succeeded is ${done.status?.succeeded}`);
    expect(done.status?.completedIndexes === "0-2", `completedIndexes is ${done.status?.completedIndexes}`);
    expect(conditionOf(done, "SuccessCriteriaMet") === "True", "SuccessCriteriaMet is not True");
    const failed = await stage.untilOne(jobs, "bad", {
      what: "Failed",
      holds: (found) => conditionOf(found, "Failed") === "True",
    });
    const reason = failed.status?.conditions?.find(({ type }) => type === "Failed")?.reason;
    expect(reason === "BackoffLimitExceeded", `the reason is ${reason}`);
    const leftover = await stage.client.of(pods).list({ namespace });
    const held = leftover.items.filter((pod) => pod.metadata.finalizers?.includes("batch.kubernetes.io/job-tracking"));
    expect(held.length === 0, `job-tracking finalizers stay on ${held.map(nameOf)}`);
  },
};

export const cronJob: Scenario = {
  name: "cronjob",
  about: "fires at the minute, keeps its history, rests when suspended",
  async run(stage) {
    const { namespace } = stage;
    const cron: NewObject<CronJob> = {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "tick", namespace },
      spec: {
        schedule: "* * * * *",
        concurrencyPolicy: "Forbid",
        jobTemplate: {
          spec: { template: { spec: podSpec({ command: ["echo", "tock"], spec: { restartPolicy: "OnFailure" } }) } },
        },
      },
    };
    await stage.create(cronJobs, cron);
    const [made] = await stage.until(jobs, {
      what: "a completed Job",
      holds: (found) => found.some((each) => conditionOf(each, "Complete") === "True"),
    });
    expect(/^tick-\d+$/.test(nameOf(made!)), `the Job's name is ${nameOf(made!)}`);
    await stage.untilOne(cronJobs, "tick", {
      what: "its last successful time",
      holds: ({ status }) => status?.lastSuccessfulTime !== undefined && (status.active ?? []).length === 0,
    });
    await stage.kubectl("create", "job", "--from=cronjob/tick", "by-hand");
    await stage.untilOne(jobs, "by-hand", {
      what: "Complete",
      holds: (each) => conditionOf(each, "Complete") === "True",
    });
  },
};
