// `npm run states [-- --only WORD] [--show] [--keep]`: plays the recorded scenarios on a real cluster of its own, with real containers, and
// prints which agree and by which causes the others differ. Ends with status 1 when fewer agree than the floor.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { systemClock, systemRng } from "../../src/base/index.ts";
import { createClient } from "../../src/client/index.ts";
import { httpTransport, loadKubeconfig } from "../../src/client/node/index.ts";
import { importImage } from "../../src/cluster/images.ts";
import { startTestCluster, type TestCluster } from "../e2e/harness.ts";
import { causeOf, compare, type Difference } from "./compare.ts";
import { imageArchives } from "./images.ts";
import { createObserver } from "./observer.ts";
import { clear, emptied, play, type Stage, send } from "./play.ts";
import { readScenarios, type Scenario } from "./scenarios.ts";

/** How many scenarios agree at least. This figure only rises. */
const floor = 137;
const atOnce = 6;

/** These use the node as a whole (its processors, its taints and labels) or the cluster's defaults: nothing runs beside them. */
const alone = (scenario: Scenario): boolean =>
  /nodes\/node1|priorityClassName|"cpu":"1500m"|hostPort|is-default-class/.test(JSON.stringify(scenario.steps));

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    skip: { type: "string", multiple: true },
    show: { type: "boolean", default: false },
    /** Writes every difference there, one JSON line each. */
    json: { type: "string" },
    name: { type: "string", default: "states" },
  },
});

async function stageOf(cluster: TestCluster, signal: AbortSignal): Promise<Stage> {
  const transport = httpTransport(loadKubeconfig(cluster.kubeconfig).transport);
  const client = createClient(transport, { userAgent: "recorder" });
  const observer = await createObserver(client, { clock: systemClock, rng: systemRng, signal });
  const nodes = (await send(transport, { method: "GET", path: "/api/v1/nodes" })).body as {
    items: readonly [
      {
        metadata: { name: string };
        spec: { podCIDR: string };
        status: { addresses: { type: string; address: string }[] };
      },
    ];
  };
  const [node] = nodes.items;
  const services = (await send(transport, { method: "GET", path: "/api/v1/namespaces/default/services/kubernetes" }))
    .body as { spec: { clusterIP: string } };
  const review = (
    await send(transport, {
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
    })
  ).body as { status: { userInfo: { username: string } } };
  const prefix = (address: string): string => `${address.split(".").slice(0, 2).join(".")}.`;
  return {
    transport,
    observer,
    clock: systemClock,
    userName: review.status.userInfo.username,
    nodeName: node.metadata.name,
    nodeIP: node.status.addresses.find(({ type }) => type === "InternalIP")!.address,
    podPrefix: prefix(node.spec.podCIDR),
    servicePrefix: prefix(services.spec.clusterIP),
    kubeletRoot: join(cluster.directory, "kubelet"),
  };
}

async function provideImages(cluster: TestCluster): Promise<void> {
  const socket = join(cluster.directory, "containerd", "containerd.sock");
  for (const [index, archive] of (await imageArchives()).entries()) {
    const path = join(cluster.dataDirectory, `image-${index}.tar`);
    writeFileSync(path, archive);
    await importImage(socket, path);
    rmSync(path);
  }
}

type Result = ReadonlyMap<string, readonly Difference[]>;

async function playAll(stage: Stage, scenarios: readonly Scenario[]): Promise<Result> {
  const result = new Map<string, readonly Difference[]>();
  const namespaces: string[] = [];
  const one = async (scenario: Scenario): Promise<string> => {
    const namespace = `st-${String(namespaces.length).padStart(4, "0")}`;
    namespaces.push(namespace);
    const startMs = systemClock.monotonic();
    let found: readonly Difference[];
    try {
      found = compare(scenario, await play(stage, scenario, namespace));
    } catch (error) {
      found = [{ scenario: scenario.id, state: "run", place: "failed", want: undefined, got: String(error) }];
    }
    result.set(scenario.id, found);
    if (options.json !== undefined)
      appendFileSync(options.json, found.map((each) => `${JSON.stringify(each)}\n`).join(""));
    const seconds = ((systemClock.monotonic() - startMs) / 1000).toFixed(1);
    console.log(`${found.length === 0 ? "agrees " : "differs"} ${scenario.group}/${scenario.id} (${seconds} s)`);
    if (options.show) for (const each of found) show(each);
    await clear(stage, namespace);
    return namespace;
  };
  const together = scenarios.filter((each) => !alone(each));
  const next = together[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const scenario of next) await one(scenario);
    }),
  );
  for (const namespace of namespaces) await emptied(stage, namespace);
  for (const scenario of scenarios.filter(alone)) await emptied(stage, await one(scenario));
  return result;
}

const clip = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 600);
const show = ({ state, place, want, got }: Difference): void =>
  console.log(`    ${state}: ${place}\n      want ${clip(want)}\n      got  ${clip(got)}`);

function table(result: Result): string {
  const causes = Map.groupBy([...result.values()].flat(), causeOf);
  const rows = [...causes]
    .map(([cause, all]) => ({ cause, ids: [...new Set(all.map(({ scenario }) => scenario))] }))
    .sort((a, b) => b.ids.length - a.ids.length);
  return rows
    .map(({ cause, ids }) => `${String(ids.length).padStart(4)}  ${cause}  (${ids.slice(0, 6).join(", ")})`)
    .join("\n");
}

if (options.json !== undefined) writeFileSync(options.json, "");
const named = ({ id, group }: Scenario, words: readonly string[] | undefined): boolean | undefined =>
  words?.some((word) => `${group}/${id}`.includes(word));
const scenarios = readScenarios().filter(
  (each) => named(each, options.only) !== false && named(each, options.skip) !== true,
);
const dataDirectory = mkdtempSync(join(tmpdir(), "t8s-states-"));
const stop = new AbortController();
const cluster = await startTestCluster({ name: options.name, dataDirectory });
let result: Result;
try {
  await provideImages(cluster);
  result = await playAll(await stageOf(cluster, stop.signal), scenarios);
} finally {
  stop.abort();
  await cluster.remove();
}
const agreed = [...result.values()].filter((found) => found.length === 0).length;
console.log(`\n${table(result)}\n\n${agreed} of ${scenarios.length} agree in every snapshot`);
process.exitCode = options.only === undefined && agreed < floor ? 1 : 0;
