// `npm run states`: plays the recorded scenarios on a real cluster of its own, with real containers, and
// prints which agree and by which causes the others differ. Ends with status 1 when fewer agree than the floor.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { persistentVolumes } from "../../src/api/index.ts";
import { onAbort, systemClock, systemRng } from "../../src/base/index.ts";
import { type Client, createClient } from "../../src/client/index.ts";
import { httpTransport, loadKubeconfig } from "../../src/client/node/index.ts";
import { importImage } from "../../src/cluster/images.ts";
import { commandLine } from "../../tools/command-line.ts";
import { needContainers } from "../../tools/needs.ts";
import { beginRun } from "../../tools/suite-run.ts";
import { startTestCluster, type TestCluster } from "../e2e/harness.ts";
import { causeOf, type Difference } from "./compare.ts";
import { imageArchives } from "./images.ts";
import { createObserver } from "./observer.ts";
import { type Stage, send } from "./play.ts";
import { playAll, type Results } from "./play-all.ts";
import { readScenarios, type Scenario } from "./scenarios.ts";

/** How many scenarios agree at least. This figure only rises. */
const floor = 208;
const atOnce = 6;

const usage = `Plays recorded scenarios of an upstream cluster on a real cluster of its own and compares every snapshot.

Usage: npm run states [-- FLAGS]

  --only TEXT   only scenarios whose group/name has this text; may be given more than once
  --skip TEXT   not those; may be given more than once
  --show        print every difference
  --json FILE   write every difference there, one JSON line each
  --name NAME   name of the cluster (default states)`;

const { values: options } = commandLine(
  {
    only: { type: "string", multiple: true },
    skip: { type: "string", multiple: true },
    show: { type: "boolean", default: false },
    json: { type: "string" },
    name: { type: "string", default: "states" },
  },
  { usage },
);

async function stageOf(cluster: TestCluster, signal: AbortSignal): Promise<Stage> {
  const transport = httpTransport(loadKubeconfig(cluster.kubeconfig).transport);
  const client = createClient(transport, { userAgent: "recorder" });
  await controllersRun(client, signal);
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

/**
 * Controllers begin in steps, and scenarios tell of a cluster that has been there for a while: a volume is made ready, and goes, by what begins last.
 */
async function controllersRun(client: Client, signal: AbortSignal): Promise<void> {
  const volumes = client.of(persistentVolumes);
  const name = "states-begin";
  const { metadata } = await volumes.create({
    ...{ apiVersion: "v1", kind: "PersistentVolume", metadata: { name } },
    spec: { capacity: { storage: "1Mi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/tmp" } },
  });
  const { resourceVersion } = metadata;
  for await (const event of volumes.watch({ signal, resourceVersion })) {
    if (event.type === "DELETED") return;
    if (
      event.type === "MODIFIED" &&
      event.object.status?.phase === "Available" &&
      !event.object.metadata.deletionTimestamp
    )
      await volumes.delete({ name });
  }
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

const told = (scenario: Scenario, found: readonly Difference[], tookMs: number): void => {
  if (options.json !== undefined)
    appendFileSync(options.json, found.map((each) => `${JSON.stringify(each)}\n`).join(""));
  const verdict = found.length === 0 ? "agrees " : "differs";
  console.log(`${verdict} ${scenario.group}/${scenario.id} (${(tookMs / 1000).toFixed(1)} s)`);
  if (options.show) for (const each of found) show(each);
};

const clip = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 600);
const show = ({ state, place, want, got }: Difference): void =>
  console.log(`    ${state}: ${place}\n      want ${clip(want)}\n      got  ${clip(got)}`);

function table(result: Results): string {
  const causes = Map.groupBy([...result.values()].flat(), causeOf);
  const rows = [...causes]
    .map(([cause, all]) => ({ cause, ids: [...new Set(all.map(({ scenario }) => scenario))] }))
    .sort((a, b) => b.ids.length - a.ids.length);
  return rows
    .map(({ cause, ids }) => `${String(ids.length).padStart(4)}  ${cause}  (${ids.slice(0, 6).join(", ")})`)
    .join("\n");
}

const named = ({ id, group }: Scenario, words: readonly string[] | undefined): boolean | undefined =>
  words?.some((word) => `${group}/${id}`.includes(word));
const scenarios = readScenarios().filter(
  (each) => named(each, options.only) !== false && named(each, options.skip) !== true,
);
const stop = new AbortController();
const stopped = new Promise<undefined>((resolve) => onAbort(stop.signal, () => resolve(undefined)));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop.abort());

/** Undefined when the run was told to end. */
async function playThemAll(): Promise<Results | undefined> {
  // An empty run would look like success.
  if (scenarios.length === 0)
    throw new Error(
      "no scenario fits the choice: names are those of test/states/scenarios.jsonl.gz, as in pod/pod-logs",
    );
  needContainers("npm run states", (line) => console.log(line));
  const dataDirectory = mkdtempSync(join(tmpdir(), "t8s-states-"));
  const { name } = options;
  const say = (line: string): void => console.log(line);
  const run = await beginRun({ suite: "states", name, dataDirectory, temporary: dataDirectory, say }).catch((error) => {
    rmSync(dataDirectory, { recursive: true });
    throw error;
  });
  const cluster = await startTestCluster({ name, dataDirectory });
  try {
    await provideImages(cluster);
    if (stop.signal.aborted) return undefined;
    const playing = playAll(await stageOf(cluster, stop.signal), scenarios, { atOnce, done: told });
    return await Promise.race([playing, stopped]);
  } finally {
    stop.abort();
    await cluster.remove();
    run.end();
  }
}

let result: Results | undefined;
try {
  if (options.json !== undefined) writeFileSync(options.json, "");
  result = await playThemAll();
} catch (error) {
  console.error(`states: ${(error as Error).message}`);
  process.exit(1);
}
if (result === undefined) process.exit(130); // and with the process whatever an interrupted scenario waits for
const agreed = [...result.values()].filter((found) => found.length === 0).length;
console.log(`\n${table(result)}\n\n${agreed} of ${scenarios.length} agree in every snapshot`);
process.exitCode = options.only === undefined && agreed < floor ? 1 : 0;
