// What the machine has of the cluster against what the API says there should be: sandboxes, containers, shims, mounts, cgroups, address
// leases, links, service rules, and Leases of the API.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, silentLogger, sleep } from "../../src/base/index.ts";
import { commandLines, mountsBelow } from "../../src/cluster/index.ts";
import type { Transport } from "../../src/machinery/index.ts";
import { connectCri } from "../../src/runtime/cri/index.ts";
import { type ApiList, type ApiObject, get } from "./api.ts";
import type { Pod, Service } from "./workloads.ts";
import type { World, WorldNode } from "./world.ts";

interface Expected {
  /** Of pods that run there. */
  readonly uids: readonly string[];
  readonly ips: readonly string[];
  /** Also of pods that have ended but whose objects are there. */
  readonly known: readonly string[];
}

/** Sentences for what is too much or too little. */
async function leftovers(world: World, leases: ReadonlySet<string>): Promise<string[]> {
  const pods = (await get<ApiList<Pod>>(world.transport, "/api/v1/pods")).items;
  const wrong: string[] = [];
  for (const node of world.nodes) {
    const here = pods.filter(({ spec }) => spec.nodeName === node.name);
    const running = here.filter(({ status }) => status.phase === "Running" || status.phase === "Pending");
    const expected: Expected = {
      uids: running.map(({ metadata }) => metadata.uid).sort(),
      ips: running
        .filter(({ spec }) => !spec.hostNetwork)
        .map(({ status }) => status.podIP ?? "none")
        .sort(),
      known: here.map(({ metadata }) => metadata.uid),
    };
    wrong.push(...(await onNode(world, node, expected)).map((each) => `${node.name}: ${each}`));
  }
  const now = await leaseNames(world.transport);
  const news = [...now].filter((name) => !leases.has(name));
  if (news.length > 0) wrong.push(`leases ${news} were not there at the beginning`);
  return wrong;
}

export async function leaseNames(transport: Transport): Promise<Set<string>> {
  const { items } = await get<ApiList<ApiObject>>(transport, "/apis/coordination.k8s.io/v1/leases");
  return new Set(items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
}

export interface Cleaned {
  readonly afterMs: number;
  /** What was seen last before nothing was wrong any more; or what still is when the limit was over. */
  readonly last: readonly string[];
  readonly isClean: boolean;
}

/** Looks again until nothing is wrong or the limit is over: the end of a pod takes its time. */
export async function nothingLeft(
  world: World,
  options: { readonly leases: ReadonlySet<string>; readonly clock: Clock; readonly limitMs: number },
): Promise<Cleaned> {
  const { clock, leases, limitMs } = options;
  const startedMs = clock.monotonic();
  let last: readonly string[] = [];
  for (;;) {
    const wrong = await leftovers(world, leases).catch((error: Error) => [error.message]);
    const afterMs = clock.monotonic() - startedMs;
    if (wrong.length === 0) return { afterMs, last, isClean: true };
    last = wrong;
    if (afterMs > limitMs) return { afterMs, last, isClean: false };
    await sleep(clock, 500);
  }
}

const differs = (what: string, actual: readonly string[], expected: readonly string[]): string[] => {
  const more = actual.filter((each) => !expected.includes(each));
  const less = expected.filter((each) => !actual.includes(each));
  return [
    ...(more.length > 0 ? [`${what} too much: ${more.join(" ")}`] : []),
    ...(less.length > 0 ? [`${what} missing: ${less.join(" ")}`] : []),
    ...(more.length + less.length === 0 && actual.length !== expected.length
      ? [`${what} twice: ${actual.join(" ")}`]
      : []),
  ];
};

async function onNode(world: World, node: WorldNode, expected: Expected): Promise<string[]> {
  const { places } = node;
  const runtime = await connectCri({ socket: places.containerd.socket, clock: world.clock, log: silentLogger });
  try {
    const [sandboxes, containers] = await Promise.all([
      runtime.listPodSandboxes({ state: "ready" }),
      runtime.listContainers({ state: "running" }),
    ]);
    const ready = sandboxes.map(({ id }) => id);
    const uidOf = new Map(sandboxes.map(({ id, uid }) => [id, uid]));
    return [
      ...differs(
        "sandboxes",
        sandboxes.map(({ uid }) => uid),
        expected.uids,
      ),
      ...differs(
        "containers",
        containers.map(({ sandboxId }) => uidOf.get(sandboxId) ?? `of sandbox ${sandboxId}`),
        expected.uids,
      ),
      ...differs("shims", shims(places.containerd.socket), ready),
      ...differs("address leases", addressLeases(places.cni.stateDirectory), expected.ips),
      ...links(node, expected.ips.length),
      ...unknown("volume mounts", mountedPods(places.kubeletDirectory), expected.known),
      ...unknown("pod directories", entries(join(places.kubeletDirectory, "pods")), expected.known),
      ...unknown("cgroups", podCgroups(node), expected.uids),
      ...(await rules(world, node)),
    ];
  } finally {
    await runtime.close();
  }
}

const unknown = (what: string, actual: readonly string[], known: readonly string[]): string[] => {
  const more = actual.filter((each) => !known.includes(each));
  return more.length > 0 ? [`${what} of pods that are gone: ${more.join(" ")}`] : [];
};

const entries = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory) : []);

function run(node: WorldNode, ...words: string[]): string {
  const [command = "", ...rest] = [...node.within, ...words];
  const { stdout, status, stderr } = spawnSync(command, rest, { encoding: "utf8", timeout: 20_000 });
  if (status !== 0) throw new Error(`${words.join(" ")} on ${node.name}: ${stderr}`);
  return stdout;
}

/** Sandboxes that have a shim process below that containerd. */
const shims = (socket: string): string[] =>
  commandLines()
    .filter((line) => line.includes("containerd-shim") && line.includes(` -address ${socket}`))
    .map((line) => / -id (\S+)/.exec(line)?.[1] ?? line);

const addressLeases = (stateDirectory: string): string[] =>
  entries(stateDirectory)
    .flatMap((network) => entries(join(stateDirectory, network)))
    .filter((name) => /^\d+\.\d+\.\d+\.\d+$/.test(name))
    .sort();

function links(node: WorldNode, expected: number): string[] {
  const count = run(node, "ip", "-o", "link", "show", "master", node.bridge, "type", "veth")
    .split("\n")
    .filter(Boolean).length;
  return count === expected ? [] : [`${count} links of pods, ${expected} pods`];
}

const mountedPods = (kubeletDirectory: string): string[] => [
  ...new Set(
    mountsBelow(join(kubeletDirectory, "pods")).map((point) => point.slice(kubeletDirectory.length + 1).split("/")[1]!),
  ),
];

/** Of the memory hierarchy, or the only one. */
function podCgroups({ cgroupRoot }: WorldNode): string[] {
  const base = existsSync("/sys/fs/cgroup/cgroup.controllers") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
  const find = (directory: string): string[] =>
    entries(directory).flatMap((name) => {
      const uid = /^(?:kubepods-.*-)?pod([0-9a-f_-]{36})(?:\.slice)?$/.exec(name)?.[1];
      if (uid !== undefined) return [uid.replaceAll("_", "-")];
      return /^(besteffort|burstable|kubepods.*\.slice)$/.test(name) ? find(join(directory, name)) : [];
    });
  return find(join(base, cgroupRoot, "kubepods"));
}

/** The service proxy's rules name exactly the services that there are, and send only to pods that there are. */
async function rules({ config, transport }: World, node: WorldNode): Promise<string[]> {
  const table = run(node, "nft", "list", "table", "ip", `t8s-proxy-${config.name}`);
  const services = (await get<ApiList<Service>>(transport, "/api/v1/services")).items;
  const clusterIps = services.map(({ spec }) => spec.clusterIP ?? "").filter((ip) => ip !== "" && ip !== "None");
  const set = /set cluster-ips \{[^}]*elements = \{([^}]*)\}/.exec(table)?.[1] ?? "";
  const inRules = set
    .split(",")
    .map((text) => text.trim())
    .filter(Boolean);
  const slices = (
    await get<ApiList<ApiObject & { endpoints?: { addresses: string[] }[] }>>(
      transport,
      "/apis/discovery.k8s.io/v1/endpointslices",
    )
  ).items;
  const known = slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));
  const targets = [...new Set([...table.matchAll(/dnat to (\d+\.\d+\.\d+\.\d+)/g)].map(([, ip]) => ip!))];
  return [
    ...differs("service addresses in rules", inRules.sort(), clusterIps.sort()),
    ...unknown("targets in rules", targets, known),
  ];
}
