// What runs on the cluster while it is struck, and when it counts as converged: as asked for, and reachable from both nodes.
import process from "node:process";
import { type Clock, sleep } from "../../src/base/index.ts";
import type { Transport } from "../../src/machinery/index.ts";
import { busyboxImage, runProgram } from "../e2e/harness.ts";
import { type ApiList, type ApiObject, get, type Reply, said, send } from "./api.ts";
import type { WorldNode } from "./world.ts";

const namespace = "chaos";
const core = `/api/v1/namespaces/${namespace}`;
const apps = `/apis/apps/v1/namespaces/${namespace}`;
const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;

export interface Wish {
  readonly round: number;
  readonly webReplicas: number;
  readonly databaseReplicas: number;
  readonly rollsOut: boolean;
}

const serving = {
  name: "main",
  image: busyboxImage,
  command: ["sh", "-c", "mkdir /www; hostname >/www/index.html; trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"],
  readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  volumeMounts: [{ name: "settings", mountPath: "/settings" }],
};
const podSpec = {
  terminationGracePeriodSeconds: 1,
  containers: [serving],
  volumes: [{ name: "settings", configMap: { name: "settings" } }],
};
const labels = (app: string) => ({ metadata: { labels: { app } } });
const service = (name: string, app: string, over: object = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app }, ports: [{ port: 80, targetPort: 8080 }], ...over },
});
const spread = [
  {
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: { app: "web" } },
  },
];

/** What a cluster has from the beginning. */
const standing: readonly (readonly [path: string, body: object])[] = [
  [`${core}/configmaps`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { a: "1" } }],
  [`${core}/services`, service("web", "web", { type: "NodePort" })],
  [`${core}/services`, service("db", "db", { clusterIP: "None" })],
  [
    `${apps}/deployments`,
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: "web" } },
        template: { ...labels("web"), spec: { ...podSpec, topologySpreadConstraints: spread } },
      },
    },
  ],
  [
    `${apps}/statefulsets`,
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "db" },
      spec: {
        replicas: 2,
        serviceName: "db",
        selector: { matchLabels: { app: "db" } },
        template: { ...labels("db"), spec: podSpec },
      },
    },
  ],
];

const roundName = (round: number): string => `round-${round}`;

/** Repeats until the server has answered; throws when it refused. */
export async function insist(
  transport: Transport,
  request: Parameters<typeof send>[1],
  { fine, clock, signal }: { readonly fine: readonly number[]; readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<Reply> {
  for (;;) {
    const reply = await send(transport, request).catch(() => undefined);
    if (reply !== undefined && (reply.code < 300 || fine.includes(reply.code))) return reply;
    // The address of a Service that could not be noted is a 422, as upstream's.
    const passes =
      reply !== undefined && (reply.code >= 500 || reply.code === 429 || /disk is full/.test(said(reply.body)));
    if (reply !== undefined && !passes)
      throw new Error(`${request.method} ${request.path}: ${reply.code} ${said(reply.body)}`);
    await sleep(clock, 100, signal);
  }
}

export async function createWorkloads(
  transport: Transport,
  namespaces: readonly string[],
  clock: Clock,
): Promise<void> {
  for (const name of namespaces)
    await insist(
      transport,
      { method: "POST", path: "/api/v1/namespaces", body: { apiVersion: "v1", kind: "Namespace", metadata: { name } } },
      { fine: [], clock },
    );
  for (const [path, body] of standing) await insist(transport, { method: "POST", path, body }, { fine: [], clock });
}

/** Asks for the round's replicas, Job and Service, and for the end of the round's before. Repeats what failed: all of it may be said twice. */
export async function wish(transport: Transport, wanted: Wish, clock: Clock): Promise<void> {
  const { round } = wanted;
  const patch = (path: string, body: object) =>
    insist(
      transport,
      { method: "PATCH", path, body, contentType: "application/merge-patch+json" },
      { fine: [], clock },
    );
  const template = { metadata: { annotations: { round: String(round) } } };
  await patch(`${apps}/deployments/web`, {
    spec: { replicas: wanted.webReplicas, ...(wanted.rollsOut ? { template } : {}) },
  });
  await patch(`${apps}/statefulsets/db`, { spec: { replicas: wanted.databaseReplicas } });
  await insist(transport, { method: "POST", path: jobs, body: job(round) }, { fine: [409], clock });
  const body = service(roundName(round), "web");
  await insist(transport, { method: "POST", path: `${core}/services`, body }, { fine: [409], clock });
  await forget(transport, round - 1, clock);
}

const job = (round: number): object => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: roundName(round) },
  spec: {
    completions: 2,
    parallelism: 2,
    backoffLimit: 50,
    template: {
      spec: {
        restartPolicy: "OnFailure",
        terminationGracePeriodSeconds: 1,
        containers: [{ name: "main", image: busyboxImage, command: ["sleep", "1"] }],
      },
    },
  },
});

async function forget(transport: Transport, round: number, clock: Clock): Promise<void> {
  const name = roundName(round);
  const background = `${jobs}/${name}?propagationPolicy=Background`;
  await insist(transport, { method: "DELETE", path: background }, { fine: [404], clock });
  await insist(transport, { method: "DELETE", path: `${core}/services/${name}` }, { fine: [404], clock });
}

/** Deletes one of the Deployment's pods, if it has any now. */
export async function deletePod(transport: Transport, choose: (count: number) => number): Promise<void> {
  const { items } = await get<ApiList<Pod>>(transport, `${core}/pods?labelSelector=app%3Dweb`);
  const pod = items[choose(items.length)];
  if (pod) await send(transport, { method: "DELETE", path: `${core}/pods/${pod.metadata.name}` });
}

export interface Pod extends ApiObject {
  readonly metadata: ApiObject["metadata"] & { readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly nodeName?: string; readonly hostNetwork?: boolean };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}
interface Workload extends ApiObject {
  readonly spec: { readonly replicas: number };
  readonly status: Readonly<Record<string, number | undefined>>;
}
interface Conditioned extends ApiObject {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
export interface Service extends ApiObject {
  readonly spec: { readonly clusterIP?: string; readonly ports: readonly { readonly nodePort?: number }[] };
}

const has = (object: Conditioned, type: string): boolean =>
  object.status.conditions?.some((each) => each.type === type && each.status === "True") ?? false;

/** What is not yet as it was asked for; empty when everything is. */
async function unmet(transport: Transport, wanted: Wish): Promise<string[]> {
  const [nodes, deployment, database, work, pods] = await Promise.all([
    get<ApiList<Conditioned>>(transport, "/api/v1/nodes"),
    get<Workload>(transport, `${apps}/deployments/web`),
    get<Workload>(transport, `${apps}/statefulsets/db`),
    get<Conditioned>(transport, `${jobs}/${roundName(wanted.round)}`),
    get<ApiList<Pod>>(transport, `${core}/pods`),
  ]);
  const complete = ({ metadata, status }: Workload, replicas: number, of: readonly string[]): boolean =>
    status["observedGeneration"] === metadata.generation && of.every((name) => (status[name] ?? 0) === replicas);
  const webPods = pods.items.filter(({ metadata }) => metadata.labels?.["app"] === "web");
  const extra = pods.items.filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp !== undefined ||
      (metadata.labels?.["app"] === undefined ? status.phase !== "Succeeded" : !isReady({ status })),
  );
  return [
    ...nodes.items.filter((node) => !has(node, "Ready")).map(({ metadata }) => `node ${metadata.name} is not ready`),
    ...(complete(deployment, wanted.webReplicas, ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"])
      ? []
      : [`deployment ${JSON.stringify(deployment.status)}`]),
    ...(webPods.length === wanted.webReplicas ? [] : [`${webPods.length} pods of the deployment`]),
    ...(complete(database, wanted.databaseReplicas, ["replicas", "updatedReplicas", "readyReplicas"])
      ? []
      : [`stateful set ${JSON.stringify(database.status)}`]),
    ...(has(work, "Complete") ? [] : [`job ${JSON.stringify(work.status)}`]),
    ...extra.map(
      ({ metadata, status, spec }) =>
        `pod ${metadata.name} on ${spec.nodeName} is ${metadata.deletionTimestamp ? "being deleted" : status.phase}`,
    ),
  ];
}

const isReady = ({ status }: Pick<Pod, "status">): boolean =>
  status.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") ?? false;

/** Asks an address so many times, each time by a connection of its own, and prints each answer. */
const asker = `
  const [url, count] = process.argv.slice(1);
  const ask = () => new Promise((resolve) => {
    const request = require("node:http").get(url, { agent: false, timeout: 2000 }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve(text.trim());
    });
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", (error) => resolve(error.code ?? error.message));
  });
  (async () => { for (let index = 0; index < Number(count); index++) console.log(await ask()); })();
`;

/** Which of the services' backends do not answer at a node. */
async function unreached(transport: Transport, node: WorldNode, wanted: Wish): Promise<string[]> {
  const { items } = await get<ApiList<Service>>(transport, `${core}/services`);
  const pods = await get<ApiList<Pod>>(transport, `${core}/pods?labelSelector=app%3Dweb`);
  const expected = pods.items.map(({ metadata }) => metadata.name).sort();
  const missing: string[] = [];
  for (const { metadata, spec } of items.filter(({ metadata }) =>
    ["web", roundName(wanted.round)].includes(metadata.name),
  )) {
    const url = `http://${spec.clusterIP}/`;
    const words = [...node.within, process.execPath, "-e", asker, url, String(expected.length * 10)];
    const { stdout } = await runProgram(words[0]!, words.slice(1));
    const answers = [...new Set(stdout.trim().split("\n"))].sort();
    if (answers.join() !== expected.join())
      missing.push(`service ${metadata.name} at ${node.name} answers [${answers}], its pods are [${expected}]`);
  }
  return missing;
}

export interface Convergence {
  /** What was not as asked for in the end. */
  readonly wrong: readonly string[];
  /** What became so last. */
  readonly last: readonly string[];
}

/** Resolves when everything is as asked for, or with what is not within the limit. */
export async function converged(
  transport: Transport,
  wanted: Wish,
  options: {
    readonly nodes: readonly WorldNode[];
    readonly clock: Clock;
    readonly limitMs: number;
    readonly over: () => string | undefined;
  },
): Promise<Convergence> {
  const { nodes, clock, limitMs, over } = options;
  const deadline = clock.monotonic() + limitMs;
  let last: readonly string[] = [];
  for (;;) {
    const looked = await look();
    if (looked.length === 0) return { wrong: [], last };
    last = looked;
    if (over() !== undefined) return { wrong: [over()!], last };
    if (clock.monotonic() > deadline) return { wrong: [`not converged: ${looked.join("; ")}`], last };
    await sleep(clock, 300);
  }

  async function look(): Promise<string[]> {
    try {
      const wrong = await unmet(transport, wanted);
      if (wrong.length > 0) return wrong;
      return (await Promise.all(nodes.map((node) => unreached(transport, node, wanted)))).flat();
    } catch (error) {
      return [(error as Error).message];
    }
  }
}
